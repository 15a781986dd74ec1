import { readFixture } from '../dataset/fixture-file.ts'
import { play } from '../replay/play.ts'
import type { Case } from '../schema/case.ts'
import { caseHash } from '../schema/case.ts'
import { defined } from '../lib/defined.ts'
import type { Outcome } from '../schema/outcome.ts'
import { type Recording, unpackRecording } from '../schema/recording.ts'
import type { Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Trace } from '../schema/trace.ts'
import { score } from '../score/score.ts'
import type { Plan } from './plan.ts'

/** A trial that is over: what is kept of it, and the trace it left. */
export interface FinishedTrial {
  readonly trial: Trial
  readonly trace: Trace
}

/** What a run depends on beside its plan. */
export interface Execution {
  readonly run: string
  /** The folder fixtures stand in. */
  readonly fixtures: string
  /** Whether a trial was finished by an earlier, killed run: it is not played again. */
  readonly isDone: (caseId: string, trial: number) => boolean
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

interface Unit {
  readonly case: Case
  readonly trial: number
  readonly recordings: readonly Recording[]
}

/** Finished trials wait here to be committed; when that many do, no new one is started. */
const backlog = 256

/**
 * Plays a plan, some trials at once, and yields what is finished, in batches as large as what came together while
 * the last one was being committed. Nothing is yielded twice; what was not yielded did not happen. Throws what
 * reading a fixture throws, after the trials under way have been yielded.
 */
export async function* execute(plan: Plan, execution: Execution): AsyncGenerator<readonly FinishedTrial[]> {
  const units = unitsOf(plan, execution)
  const finished: FinishedTrial[] = []
  let wake = Promise.withResolvers<void>()
  let drained = Promise.withResolvers<void>()
  let failure: { error: unknown } | undefined

  async function work(): Promise<void> {
    while (failure === undefined && !execution.signal.aborted) {
      if (finished.length >= backlog) {
        await drained.promise
        continue
      }
      const next = await units.next()
      if (next.done === true) return
      const result = await playUnit(plan, next.value, execution)
      if (execution.signal.aborted && result.trial.status === 'aborted') return
      finished.push(result)
      wake.resolve()
    }
  }

  const workers = Array.from({ length: Math.min(plan.eval.concurrency, plan.cases.size * plan.trials) }, () =>
    work().catch((error: unknown) => {
      failure ??= { error }
    }),
  )
  let over = false
  const allOver = Promise.all(workers).then(() => {
    over = true
    wake.resolve()
  })
  while (!over || finished.length > 0) {
    if (finished.length === 0) await wake.promise
    wake = Promise.withResolvers()
    const batch = finished.splice(0)
    drained.resolve()
    drained = Promise.withResolvers()
    if (batch.length > 0) yield batch
  }
  await allOver
  if (failure !== undefined) throw failure.error
}

async function* unitsOf(plan: Plan, { fixtures, isDone }: Execution): AsyncGenerator<Unit> {
  for await (const given of plan.dataset.cases()) {
    if (!plan.cases.has(given.id)) continue
    const trials = Array.from({ length: plan.trials }, (_, trial) => trial).filter(
      (trial) => !isDone(given.id, trial),
    )
    if (trials.length === 0) continue
    const recordings = plan.recorded.has(given.id)
      ? readFixture(fixtures, plan.dataset.name, given.id).fixture.recordings.map(unpackRecording)
      : []
    for (const trial of trials) yield { case: given, trial, recordings }
  }
}

async function playUnit(
  plan: Plan,
  { case: given, trial, recordings }: Unit,
  { run, signal, now }: Execution,
): Promise<FinishedTrial> {
  const recording = recordings[trial]
  const { target, user, timeoutMs, checks } = plan.eval
  const outcome = await play({ target, case: given, trial, recording, user, timeoutMs, signal, now })
  const scores = await score({ case: given, outcome, ...defined({ recorded: recording?.scores }) }, checks)
  return { trial: trialOf(run, given, trial, outcome, scores), trace: outcome.trace }
}

function trialOf(run: string, given: Case, trial: number, outcome: Outcome, scores: readonly Score[]): Trial {
  const { status, reason, code, fidelity, divergences, usage, costUsd, durationMs, trace } = outcome
  return {
    run,
    case: given.id,
    caseHash: caseHash(given),
    trial,
    ...defined({ cluster: given.cluster, category: given.category }),
    tags: given.tags,
    status,
    ...defined({ reason, code }),
    scores,
    fidelity,
    divergences,
    ...defined({ usage, costUsd }),
    durationMs,
    trace: trace.id,
  }
}
