import { defined } from '../lib/defined.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { JudgeStanding } from '../schema/calibration.ts'
import type { Judged } from '../schema/judgement.ts'
import type { JudgeReport, Report } from '../schema/report.ts'
import type { Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import { totalOf } from '../schema/totals.ts'
import { count, percent, plural, tokens, usd } from './format.ts'

/** Sums up what judges said in a run, by the name of their score; `undefined` where none was asked. */
export function judgesOf(
  trials: readonly Trial[],
  standings: ReadonlyMap<string, JudgeStanding> = new Map(),
): readonly JudgeReport[] | undefined {
  const scores = trials.flatMap((trial) => trial.scores.filter(({ source }) => source === 'judge'))
  if (scores.length === 0) return undefined
  return [...Map.groupBy(scores, ({ name }) => name)]
    .map(([name, own]) => judgeOf(name, own, standings.get(name)))
    .sort((a, b) => byCodeUnit(a.name, b.name))
}

function judgeOf(name: string, own: readonly Score[], standing: JudgeStanding | undefined): JudgeReport {
  const told = own.flatMap(({ judged }) => (judged === undefined ? [] : [judged]))
  const sum = (of: (one: Judged) => number): number => told.reduce((total, one) => total + of(one), 0)
  const [first] = told
  const verdicts = sum(({ samples }) => samples)
  const pairs = told.filter(({ flipped }) => flipped !== undefined)
  const scored = own.filter(({ status }) => status === 'scored').length
  return {
    name,
    gating: own.some(({ gating }) => gating),
    model: first?.model ?? '',
    fingerprint: first?.fingerprint ?? '',
    scored,
    unscored: own.length - scored,
    verdicts,
    recorded: sum(({ recorded }) => recorded),
    ...(verdicts === 0 ? {} : { agreement: sum(({ agreeing }) => agreeing) / verdicts }),
    ...(pairs.length === 0
      ? {}
      : { flipRate: pairs.filter(({ flipped }) => flipped === true).length / pairs.length }),
    ...totalOf(told),
    ...defined({ standing }),
  }
}

/** A judge in one line of parts: what it is, what it said, how sure that is. Names and models are not made inert here. */
export function judgeParts(judge: JudgeReport): readonly string[] {
  const {
    model,
    scored,
    unscored,
    verdicts,
    recorded,
    agreement,
    flipRate,
    usage,
    costUsd,
    gating,
    standing,
  } = judge
  const calibrated =
    standing === undefined ? 'not calibrated' : standing === 'can gate' ? 'calibrated' : standing
  return [
    model,
    gating ? 'gates' : 'advisory',
    calibrated,
    `${plural(scored, 'trial')} scored${unscored === 0 ? '' : `, ${count(unscored)} unscored`}`,
    ...(verdicts === 0
      ? []
      : [`${percent(recorded / verdicts)} of ${plural(verdicts, 'verdict')} recorded before`]),
    ...(agreement === undefined || agreement === 1 ? [] : [`agreement ${percent(agreement)}`]),
    ...(flipRate === undefined ? [] : [`flip rate ${percent(flipRate)}`]),
    ...(usage === undefined ? [] : [tokens(usage)]),
    ...(costUsd === undefined || costUsd === 0 ? [] : [usd(costUsd)]),
  ].filter((part) => part !== '')
}

/** `polite: claude-… · gates · calibrated · …`, one for each judge. */
export function judgeLines({ judges = [] }: Pick<Report, 'judges'>): readonly string[] {
  const more = judges.length - mostLines
  return [
    ...judges.slice(0, mostLines).map((judge) => `judge ${judge.name}: ${judgeParts(judge).join(' · ')}`),
    ...(more > 0 ? [`and ${count(more)} more judges`] : []),
  ]
}

const mostLines = 10
