import { hasFixture, readFixture } from '../dataset/fixture-file.ts'
import type { Dataset } from '../dataset/load.ts'
import { defined } from '../lib/defined.ts'
import { canonicalJson } from '../lib/json.ts'
import type { Case } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { JudgementLine } from '../schema/judgement.ts'
import { unjudged } from '../schema/judgement.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Label } from '../schema/label.ts'
import type { Trace } from '../schema/trace.ts'
import type { Answer, Check, Subject } from '../score/check.ts'
import { decided } from '../score/judge/decide.ts'
import { sketchedQuestions } from '../score/judge/instruments.ts'
import type { JudgeFacts, Judging } from '../score/judge/judge.ts'
import { subjectOf } from '../score/subject.ts'
import type { JudgedLabel, JudgesAnswer } from './calibrate.ts'
import { standsInPrompt } from './label-leaks.ts'
import { recordedMode } from './plan.ts'
import { playedRecording, worldIn } from './units.ts'

/** A check that a model answers. */
export type JudgeCheck = Check & { readonly judge: JudgeFacts }

/** Where labelled outcomes are found again. */
export interface LabelledOutcomes {
  /** Of the dataset the labels are about, by id. */
  readonly cases: ReadonlyMap<string, Case>
  readonly dataset: Dataset
  /** The folder fixtures stand in. */
  readonly fixtures: string
  readonly traceOf: (id: string) => Promise<Trace>
  readonly known?: KnownTools | undefined
  /** The judge the labels are about: its questions tell whether an outcome is the one that was labelled. */
  readonly labelled: JudgeCheck
}

export interface LabelJudging {
  readonly check: JudgeCheck
  /** Recorded verdicts, and models where they may be asked. */
  readonly judging: Judging
  /** Recorded verdicts alone. */
  readonly recorded: Judging
  readonly outcomes: LabelledOutcomes
}

/** Outcomes in memory at once. */
const batch = 32

/**
 * What a judge says of labelled outcomes. An outcome is found by its trace, or made anew of the case and the output that stands
 * with the label; either has to be the very one that was labelled. Where neither is there, a verdict that was recorded of it
 * counts. Never throws for what a model does.
 */
export async function judgeLabels(
  labels: readonly Label[],
  given: LabelJudging,
): Promise<readonly JudgedLabel[]> {
  const instructions = sketchedQuestions(given.check.judge).map(({ system }) => system)
  const judged: JudgedLabel[] = []
  for (let from = 0; from < labels.length; from += batch) {
    judged.push(
      ...(await Promise.all(
        labels.slice(from, from + batch).map(async (label): Promise<JudgedLabel> => {
          const subject = await subjectFor(label, given.outcomes)
          const output = subject?.outcome.output ?? label.output
          const isLeaked = standsInPrompt(instructions, label, output)
          const answer =
            subject === undefined
              ? await answerOnRecord(given, label)
              : await given.check.answer({ ...subject, judging: given.judging })
          const length = output === undefined ? undefined : lengthOf(output)
          return { label, answer: answerIn(answer), isLeaked, ...defined({ length }) }
        }),
      )),
    )
  }
  return judged
}

/**
 * What a judge was recorded to say of outcomes that no label is about, each answer once: whether it passed them. None of a judge
 * that is shown an outcome in several ways, for whose record one hash of what it was shown is not enough.
 */
export async function unlabelledVerdicts(
  lines: readonly JudgementLine[],
  labels: readonly Label[],
  given: Pick<LabelJudging, 'check' | 'recorded'>,
): Promise<readonly boolean[]> {
  const [first] = sketchedQuestions(given.check.judge)
  if (first === undefined) return []
  const known = new Set(labels.map(({ case: id, subject }) => `${id} ${subject}`))
  const verdicts: boolean[] = []
  for (const line of lines) {
    if (line.kind !== 'verdict') continue
    if (line.fingerprint !== first.fingerprint || line.criterion !== first.criterion) continue
    const key = `${line.case} ${line.subject}`
    if (known.has(key)) continue
    known.add(key)
    const answer = answerIn(await answerOnRecord(given, line))
    if (!('unscored' in answer)) verdicts.push(answer.passed)
  }
  return verdicts
}

/** Of a judge's recorded verdicts, those of this instrument and criterion: of a panel those of its first member. */
export function recordedCount(lines: readonly JudgementLine[], judge: JudgeFacts): number {
  const [first] = sketchedQuestions(judge)
  return lines.filter(
    (line) =>
      line.kind === 'verdict' &&
      line.fingerprint === first?.fingerprint &&
      line.criterion === first.criterion,
  ).length
}

async function subjectFor(label: Label, outcomes: LabelledOutcomes): Promise<Subject | undefined> {
  const given = outcomes.cases.get(label.case)
  if (given === undefined) return undefined
  const isLabelled = (subject: Subject): boolean =>
    outcomes.labelled.judge.questionsOf(subject)[0]?.subject === label.subject
  const trace = label.trace === undefined ? undefined : await keptTrace(label.trace, outcomes)
  const candidates = [
    ...(trace === undefined ? [] : tracedSubjects(given, label, trace, outcomes)),
    ...(label.output === undefined ? [] : [toldSubject(given, label, label.output)]),
  ]
  return candidates.find(isLabelled)
}

/** A store that is another one, or lost a trace, is no failure: the label may hold what is needed. */
async function keptTrace(id: string, { traceOf }: LabelledOutcomes): Promise<Trace | undefined> {
  try {
    return await traceOf(id)
  } catch (error) {
    if (EvalkitError.is(error) && error.code.startsWith('EVK_TRACE_')) return undefined
    throw error
  }
}

/** What was played beside it is not told by a label: a run that was recorded, or one that asked live models. */
function tracedSubjects(
  given: Case,
  label: Label,
  trace: Trace,
  { dataset, fixtures, known }: LabelledOutcomes,
): readonly Subject[] {
  const { usage, costUsd, durationMs = 0, output } = trace
  const subject: Subject = {
    case: given,
    trial: label.trial,
    outcome: {
      status: 'completed',
      ...defined({ output, usage, costUsd }),
      trace,
      durationMs,
      fidelity: { share: 1, steps: 0, counts: {} },
      divergences: [],
    },
    ...defined({ tools: known }),
  }
  if (!hasFixture(fixtures, dataset.name, given.id)) return [subject]
  const world = worldIn(readFixture(fixtures, dataset.name, given.id).fixture)
  return [recordedMode, { ...recordedMode, llm: 'live' as const }].map((mode) => ({
    ...subject,
    ...defined({ recordedOutput: playedRecording(world, label.trial, mode)?.output }),
  }))
}

/** An outcome of which only what was put out is known. */
function toldSubject(given: Case, { trial }: Label, output: Json): Subject {
  return { ...subjectOf({ output }), case: given, trial }
}

/** An answer by the record alone: the key says what was judged, and nothing of it has to be at hand. */
async function answerOnRecord(
  { check: { judge }, recorded }: Pick<LabelJudging, 'check' | 'recorded'>,
  { case: id, trial, subject }: Pick<Label, 'case' | 'trial' | 'subject'>,
): Promise<Answer> {
  const questions = sketchedQuestions(judge)
  if (questions.length === 0 || new Set(questions.map((one) => one.subject)).size > 1) {
    return { unscored: 'the outcome that was labelled is not at hand' }
  }
  return decided(
    {
      questions: questions.map((one) => [{ ...one, case: id, trial, subject, shown: [] }]),
      samples: judge.samples,
      fingerprint: judge.fingerprint,
      criterion: judge.criterion,
      isPanel: judge.models.length > 1,
    },
    recorded,
  )
}

function answerIn(answer: Answer): JudgesAnswer {
  if ('unscored' in answer) return { unscored: wordOf(answer.unscored) }
  const { value, passed = value === 1, reason = '', judged } = answer
  const sure = judged === undefined || judged.samples === 0 ? 1 : judged.agreeing / judged.samples
  return { passed, reason, sure }
}

/** The kind of silence, without what is said of this one outcome: so that they can be counted. */
function wordOf(why: string): string {
  return unjudged.options.find((word) => why === word || why.startsWith(`${word}:`)) ?? why
}

function lengthOf(output: Json): number {
  return typeof output === 'string' ? output.length : canonicalJson(output).length
}
