import {
  type Confusion,
  confusion,
  correlation,
  krippendorffAlpha,
  mcnemar,
  ppiPlusPlusMean,
  roganGladen,
  wilson,
} from '../lib/stats/index.ts'
import { byCodeUnit } from '../lib/json.ts'
import { shellWord } from '../lib/shell-word.ts'
import type { Calibration } from '../schema/calibration.ts'
import type {
  CalibrationReport,
  ComparedJudge,
  CorrectedLevels,
  Disagreement,
  JudgeComparison,
  LevelEstimate,
} from '../schema/calibration-report.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Label, LabelSplit } from '../schema/label.ts'
import { standingOf } from '../score/judge/standing.ts'
import { keyOf, labelsHash, newestLabels } from './labels-file.ts'

/** What a judge said of a labelled outcome. */
export type JudgesAnswer =
  | {
      readonly passed: boolean
      readonly reason: string
      /** The share of its samples (of a panel: of its members) that said so. */
      readonly sure: number
    }
  | { readonly unscored: string }

/** A label, and what the judge said of the same outcome. */
export interface JudgedLabel {
  readonly label: Label
  readonly answer: JudgesAnswer
  /** Characters of the answer that was judged, where it is at hand. */
  readonly length?: number | undefined
  /** Whether the outcome stands in the judge's own prompt. */
  readonly isLeaked?: boolean
}

/** What is known of the judge itself. */
export type MeasuredJudge = Pick<
  Calibration,
  'eval' | 'judge' | 'fingerprint' | 'criterion' | 'model' | 'instruments'
>

export interface CalibrationInput {
  readonly judge: MeasuredJudge
  readonly split: LabelSplit
  /** Labels that hold, of this split and judge. */
  readonly judged: readonly JudgedLabel[]
  /** All labels of the judge, of everybody: what people agree on. */
  readonly labels: readonly Label[]
  /** What the judge said of outcomes nobody labelled: whether it passed them. */
  readonly unlabelled: readonly boolean[]
  readonly at: string
  readonly by: string
}

/** Disagreements that are told of. */
const mostDisagreements = 50

/**
 * Measures a judge on labels. Labels it gave no verdict on count neither for nor against it, and are named; labels that stand in
 * its own prompt are left out. Pure. Throws `EVK_LABELS_TOO_FEW` where people passed none, or failed none, of what it judged: then
 * one of its rates is unknown, and so is J.
 */
export function calibrate(input: CalibrationInput): CalibrationReport {
  const { judge, split, at, by } = input
  const judged = input.judged.filter(({ isLeaked }) => isLeaked !== true)
  const pairs = judged.flatMap(scoredPair)
  const counted = confusion(pairs)
  refuseTooFew(input, counted)
  const unscored = judged.length - pairs.length
  const { tpr, tnr, j, kappa, standing, why } = standingOf({ ...counted, unscored })
  const said = judged.map(({ label }) => label)
  const calibration: Calibration = {
    v: 1,
    ...judge,
    labels: { pass: countOf(said, 'pass'), fail: countOf(said, 'fail'), unscored, hash: labelsHash(said) },
    tpr,
    tnr,
    j,
    kappa,
    alpha: krippendorffAlpha(pairs.map((pair) => [pair.people, pair.judge])),
    standing,
    why,
    at,
    by,
  }
  return {
    calibration,
    split,
    confusion: counted,
    byTag: byTag(judged),
    unscored: reasonsOf(judged),
    leaked: input.judged.flatMap(({ label, isLeaked }) =>
      isLeaked === true ? [{ case: label.case, trial: label.trial }] : [],
    ),
    level: levelsOf(counted, pairs, input.unlabelled),
    length: lengthsOf(judged),
    people: peopleOf(input.labels),
    disagreements: disagreementsOf(judged).slice(0, mostDisagreements),
  }
}

/** What a judge said of labels that several judges are compared on. */
export interface JudgedBy {
  readonly name: string
  readonly model: string
  readonly fingerprint: string
  readonly judged: readonly JudgedLabel[]
}

/**
 * Sets judges side by side on the labels all of them gave a verdict on: on others a judge that is silent where it is hard would
 * look better than it is. Pure. Throws `EVK_LABELS_TOO_FEW` where there is no such label.
 */
export function compareJudges(of: string, split: LabelSplit, judges: readonly JudgedBy[]): JudgeComparison {
  const answers = judges.map(
    ({ judged }) =>
      new Map(
        judged.flatMap((one) =>
          one.isLeaked === true ? [] : scoredPair(one).map((pair) => [keyOf(one.label), pair] as const),
        ),
      ),
  )
  const [first] = answers
  const common = [...(first?.keys() ?? [])].filter((key) => answers.every((one) => one.has(key)))
  if (common.length === 0) {
    throw new EvalkitError('EVK_LABELS_TOO_FEW', 'No label has a verdict of every judge.', {
      details: judges.map(({ name }, at) => `${name}: ${answers[at]?.size ?? 0} labels with a verdict`),
      hint: 'evalkit judge compare … --judges live asks for what is not recorded.',
    })
  }
  const compared = judges.map(({ name, model, fingerprint, judged }, at): ComparedJudge => {
    const { tpr, tnr, j, kappa, agreement, standing } = standingOf(
      confusion(common.flatMap((key) => answers[at]?.get(key) ?? [])),
    )
    const unscored = judged.length - (answers[at]?.size ?? 0)
    return { name, model, fingerprint, unscored, tpr, tnr, j, kappa, agreement, standing }
  })
  const isRight = (at: number, key: string): boolean => {
    const pair = answers[at]?.get(key)
    return pair !== undefined && pair.people === pair.judge
  }
  const pairs = judges.flatMap(({ name: a }, left) =>
    judges.slice(left + 1).map(({ name: b }, offset) => {
      const right = left + 1 + offset
      const onlyA = common.filter((key) => isRight(left, key) && !isRight(right, key)).length
      const onlyB = common.filter((key) => !isRight(left, key) && isRight(right, key)).length
      return { a, b, onlyA, onlyB, p: mcnemar(onlyB, onlyA).twoSided }
    }),
  )
  const all = Math.max(0, ...judges.map(({ judged }) => judged.length))
  return { labels: { of, split, common: common.length, all }, judges: compared, pairs }
}

interface Pair {
  readonly people: boolean
  readonly judge: boolean
}

function scoredPair({ label, answer }: JudgedLabel): readonly Pair[] {
  return 'unscored' in answer ? [] : [{ people: label.label === 'pass', judge: answer.passed }]
}

function refuseTooFew({ judge, split, judged }: CalibrationInput, { tp, fn, fp, tn }: Confusion): void {
  const missing = tp + fn === 0 ? 'pass' : fp + tn === 0 ? 'fail' : undefined
  if (missing === undefined) return
  const labels = judged.map(({ label }) => label)
  const silent = reasonsOf(judged).slice(0, 3)
  throw new EvalkitError(
    'EVK_LABELS_TOO_FEW',
    `No outcome that people ${missing === 'pass' ? 'passed' : 'failed'} has a verdict of the judge "${judge.judge}".`,
    {
      details: [
        `labels of the ${split} split: ${countOf(labels, 'pass')} pass, ${countOf(labels, 'fail')} fail`,
        ...silent.map(({ why, count }) => `without a verdict: ${count} (${why})`),
      ],
      ...(silent.some(({ why }) => why === 'not recorded')
        ? {
            hint: `evalkit judge calibrate ${shellWord(judge.judge)} --judges live asks for what is not recorded.`,
          }
        : {}),
    },
  )
}

function byTag(judged: readonly JudgedLabel[]): CalibrationReport['byTag'] {
  const tags = [...new Set(judged.flatMap(({ label }) => label.tags))].sort(byCodeUnit)
  return tags.map((tag) => {
    const tagged = judged.filter(({ label }) => label.tags.includes(tag))
    return { tag, ...confusion(tagged.flatMap(scoredPair)) }
  })
}

function reasonsOf(judged: readonly JudgedLabel[]): CalibrationReport['unscored'] {
  const counts = new Map<string, number>()
  for (const { answer } of judged)
    if ('unscored' in answer) counts.set(answer.unscored, (counts.get(answer.unscored) ?? 0) + 1)
  return [...counts]
    .map(([why, count]) => ({ why, count }))
    .sort((a, b) => b.count - a.count || byCodeUnit(a.why, b.why))
}

/** What was labelled is left out of what the judge measures: two disjoint draws, as both estimates ask. */
function levelsOf(
  counted: Confusion,
  pairs: readonly Pair[],
  unlabelled: readonly boolean[],
): CorrectedLevels | undefined {
  if (unlabelled.length < 2 || pairs.length < 2) return undefined
  const judged = { passed: unlabelled.filter(Boolean).length, of: unlabelled.length }
  const corrected = roganGladen(judged, counted)
  const powered = ppiPlusPlusMean(
    unlabelled.map(Number),
    pairs.map(({ people, judge }) => ({ people: Number(people), judge: Number(judge) })),
  )
  const passed = counted.tp + counted.fn
  return {
    judged,
    roganGladen:
      corrected === undefined ? undefined : within({ level: corrected.clipped, ...corrected.interval }),
    predictionPowered: within({ level: powered.mean, ...powered.interval }),
    labels: { level: passed / pairs.length, ...wilson(passed, pairs.length) },
  }
}

function within({ level, low, high }: LevelEstimate): LevelEstimate {
  const clip = (share: number): number => Math.min(1, Math.max(0, share))
  return { level: clip(level), low: clip(low), high: clip(high) }
}

function lengthsOf(judged: readonly JudgedLabel[]): CalibrationReport['length'] {
  const rows = judged.flatMap((one) =>
    scoredPair(one).flatMap((pair) => (one.length === undefined ? [] : [{ ...pair, length: one.length }])),
  )
  const lengths = rows.map(({ length }) => length)
  const against = (said: readonly boolean[]): number | null => {
    const r = correlation(said.map(Number), lengths)
    return Number.isFinite(r) ? r : null
  }
  return {
    of: rows.length,
    judge: against(rows.map(({ judge }) => judge)),
    people: against(rows.map(({ people }) => people)),
  }
}

function peopleOf(labels: readonly Label[]): CalibrationReport['people'] {
  const units = [...Map.groupBy(labels, keyOf).values()].map((unit) => {
    const byPerson = Map.groupBy(unit, ({ by }) => by)
    return [...byPerson.values()].flatMap((own) => newestLabels(own).map(({ label }) => label))
  })
  const shared = units.filter((unit) => unit.length > 1)
  const names = [...new Set(labels.map(({ by }) => by))].sort(byCodeUnit)
  return { names, shared: shared.length, alpha: shared.length === 0 ? null : krippendorffAlpha(shared) }
}

/** What a judge lets pass does more harm than what it fails; of these, what it was surest of, and what somebody gave a reason for. */
function disagreementsOf(judged: readonly JudgedLabel[]): readonly Disagreement[] {
  return judged
    .flatMap(({ label, answer }) => {
      if ('unscored' in answer || answer.passed === (label.label === 'pass')) return []
      return [{ label, answer }]
    })
    .sort(
      (a, b) =>
        Number(b.answer.passed) - Number(a.answer.passed) ||
        b.answer.sure - a.answer.sure ||
        Number(b.label.note !== undefined) - Number(a.label.note !== undefined) ||
        byCodeUnit(a.label.case, b.label.case) ||
        a.label.trial - b.label.trial,
    )
    .map(({ label, answer }) => ({
      case: label.case,
      trial: label.trial,
      person: label.label,
      judge: answer.passed ? 'pass' : 'fail',
      critique: answer.reason,
      note: label.note,
      by: label.by,
    }))
}

function countOf(labels: readonly Label[], word: Label['label']): number {
  return labels.filter(({ label }) => label === word).length
}
