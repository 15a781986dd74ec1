import { sha256 } from '../lib/hash.ts'
import { defined } from '../lib/defined.ts'
import { byCodeUnit, canonicalJson, sameJson } from '../lib/json.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Run, Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Trace } from '../schema/trace.ts'
import type { Check, Subject } from '../score/check.ts'
import { checks as builtIn } from '../score/checks/index.ts'
import { score } from '../score/score.ts'
import type { RunJudging } from './judging.ts'
import { keptOutcome } from './kept-outcomes.ts'
import { type Plan, trialKey } from './plan.ts'
import { playedRecording, type Unit, unitsOf } from './units.ts'

/** What scoring anew depends on beside the plan. */
export interface Rescoring {
  /** The run whose trials are scored. */
  readonly run: Run
  /** Its trials, by `trialKey`. */
  readonly trials: ReadonlyMap<string, Trial>
  /** The run the scored trials are filed under. */
  readonly as: string
  /** The folder fixtures stand in. */
  readonly fixtures: string
  /** A trace of the store. */
  readonly traceOf: (id: string) => Promise<Trace>
  readonly known?: KnownTools | undefined
  readonly cache: ScoreCache
  /** Of evalkit: the code of its own checks. */
  readonly version: string
  /** What answers judges. Left out: nothing does. */
  readonly judging?: RunJudging | undefined
  /** Which scorers are asked; the others' scores stay as they are. Default: all. */
  readonly only?: 'checks' | 'judges' | undefined
}

/** Scores that were given once: the same question of the same outcome is not asked twice. */
export interface ScoreCache {
  get(key: string): Promise<Score | undefined>
  put(scores: readonly (readonly [string, Score])[]): Promise<void>
}

/** A trial scored anew, and how many of its scores were known already. */
export interface Rescored {
  readonly trial: Trial
  readonly fromCache: number
}

/**
 * Scores the outcomes of a run anew, as its eval asks now; nothing is played. What a right answer shows may have been
 * edited since: then the outcome is held against that. Throws `EVK_RUN_INPUT_CHANGED` where what was played is no longer
 * what the case asks, and `EVK_TRACE_NOT_FOUND` where a trial left no trace, or it was deleted.
 */
export async function* rescore(plan: Plan, rescoring: Rescoring): AsyncGenerator<Rescored> {
  const { run, trials, fixtures, as } = rescoring
  const isDone = (caseId: string, trial: number): boolean => !trials.has(trialKey(caseId, trial))
  for await (const unit of unitsOf(plan, { fixtures, isDone })) {
    const trial = trials.get(trialKey(unit.case.id, unit.trial))
    if (trial === undefined) continue
    const outcome = await outcomeOf(trial, rescoring)
    if (trial.caseHash !== unit.hash && !isSameQuestion(unit, outcome.trace, run, plan)) {
      throw new EvalkitError(
        'EVK_RUN_INPUT_CHANGED',
        'The case, or its fixture, was changed after it was played.',
        {
          at: { case: unit.case.id },
          hint: 'What a right answer shows may be edited; for what is asked the eval has to be run.',
        },
      )
    }
    const { scores, fromCache } = await scoresOf(plan, unit, { outcome, before: trial.scores }, rescoring)
    const failure = rescoring.judging?.failure()
    if (failure !== undefined) throw failure
    yield { trial: { ...trial, run: as, caseHash: unit.hash, scores }, fromCache }
  }
}

async function outcomeOf(trial: Trial, { traceOf }: Rescoring): Promise<Outcome> {
  const { case: id, trial: nth, trace: traceId } = trial
  if (traceId === undefined) {
    throw new EvalkitError('EVK_TRACE_NOT_FOUND', `Trial ${nth} left no trace that could be scored.`, {
      at: { case: id },
    })
  }
  return keptOutcome(trial, await traceOf(traceId))
}

/** Whether an edited case asks what was played: its input is the same, and so are its user and all recordings. */
function isSameQuestion({ case: given }: Unit, trace: Trace, run: Run, plan: Plan): boolean {
  if (
    run.hashes.fixtures !== plan.hashes.fixtures ||
    given.input === undefined ||
    given.messages !== undefined
  )
    return false
  return sameJson(given.input, trace.input ?? null) && sameJson(given.user ?? null, trace.task?.user ?? null)
}

/** An outcome, and what it was scored before. */
interface ScoredBefore {
  readonly outcome: Outcome
  readonly before: readonly Score[]
}

async function scoresOf(
  plan: Plan,
  { case: given, trial, world }: Unit,
  { outcome, before }: ScoredBefore,
  { known, cache, version, judging, only }: Rescoring,
): Promise<{ readonly scores: Score[]; readonly fromCache: number }> {
  const recording = playedRecording(world, trial, plan.mode)
  const beside = defined({
    recorded: recording?.scores,
    recordedOutput: recording?.output,
    tools: known,
    judging,
  })
  const subject: Subject = { case: given, outcome, trial, ...beside }
  const key = keysFor(subject, version)
  const scores: Score[] = []
  const fresh: [string, Score][] = []
  let fromCache = 0
  for (const check of plan.eval.checks) {
    const kept = isAsked(check, only) ? undefined : before.find(({ name }) => name === check.name)
    // A scorer that is new has no score that could stay.
    if (kept !== undefined) {
      scores.push(kept)
      continue
    }
    const at = isBuiltIn(check) ? key(check) : undefined
    const earlier = at === undefined ? undefined : await cache.get(at)
    if (earlier !== undefined) {
      fromCache++
      scores.push(earlier)
      continue
    }
    const [anew] = await score(subject, [check])
    if (anew === undefined) continue
    scores.push(anew)
    // Why a check could not say may be gone the next time.
    if (at !== undefined && anew.status === 'scored') fresh.push([at, anew])
  }
  if (fresh.length > 0) await cache.put(fresh)
  return { scores, fromCache }
}

function isAsked({ judge }: Check, only: Rescoring['only']): boolean {
  return only === undefined || (only === 'judges') === (judge !== undefined)
}

const ours: ReadonlySet<object> = new Set(Object.values(builtIn).map(({ definition }) => definition))

/** Whether the code of a check is known by our version. What a project's own check calls nobody can hash. */
function isBuiltIn({ definition }: Check): boolean {
  return definition !== undefined && ours.has(definition)
}

/** The key of a check's score: the outcome, what it is held against, and the scorer. */
function keysFor(
  { case: given, outcome, recorded, tools }: Subject,
  version: string,
): (check: Check) => string {
  const { trace, ...rest } = outcome
  const names = new Set(trace.spans.flatMap((span) => (span.kind === 'tool' ? [span.request.name] : [])))
  // A trace's id is its content.
  const subject = sha256(
    canonicalJson({ case: given, outcome: rest, trace: trace.id, recorded: recorded ?? null }),
  )
  const facts =
    tools === undefined
      ? null
      : [...names].sort(byCodeUnit).map((name) => [name, defined({ ...tools(name) })])
  return ({ identity, usesTools }) =>
    sha256(canonicalJson(['score', version, identity, subject, usesTools === true ? facts : null]))
}
