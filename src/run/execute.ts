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
import { type Plan, trialCount } from './plan.ts'

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

/** A commit costs the same for one trial as for many: so many come together, or so many ms pass, before one is made. */
const batchSize = 128
const batchMs = 20
/** Finished trials wait here to be committed; when that many do, no new one is started. */
const backlog = 2 * batchSize

/**
 * Plays a plan, some trials at once, and yields what is finished, in batches as large as what came together while
 * the last one was being committed. Nothing is yielded twice; what was not yielded did not happen. Throws what
 * reading a fixture throws, after the trials under way have been yielded.
 */
export async function* execute(plan: Plan, execution: Execution): AsyncGenerator<readonly FinishedTrial[]> {
  const units = unitsOf(plan, execution)
  const queue = new Backlog()
  let failure: { error: unknown } | undefined

  async function work(): Promise<void> {
    while (failure === undefined && !execution.signal.aborted) {
      await queue.room()
      const next = await units.next()
      if (next.done === true) return
      const result = await playUnit(plan, next.value, execution)
      // A trial that was cancelled is not finished: it is played when the run is resumed.
      if (execution.signal.aborted && result.trial.status === 'aborted') return
      queue.push(result)
    }
  }

  const workers = Array.from({ length: Math.min(plan.eval.concurrency, trialCount(plan)) }, () =>
    work().catch((error: unknown) => {
      failure ??= { error }
    }),
  )
  const over = Promise.all(workers).then(() => queue.close())
  for (let batch = await queue.take(); batch.length > 0; batch = await queue.take()) yield batch
  await over
  if (failure !== undefined) throw failure.error
}

/** Finished trials between the workers that play and the consumer that commits. */
class Backlog {
  readonly #waiting: FinishedTrial[] = []
  #ready = Promise.withResolvers<void>()
  #room = Promise.withResolvers<void>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  push(finished: FinishedTrial): void {
    this.#waiting.push(finished)
    if (this.#waiting.length >= batchSize) this.#ready.resolve()
    else this.#timer ??= setTimeout(() => this.#ready.resolve(), batchMs)
  }

  close(): void {
    this.#closed = true
    this.#ready.resolve()
  }

  /** Resolves when another trial may be started. */
  async room(): Promise<void> {
    while (this.#waiting.length >= backlog) await this.#room.promise
  }

  /** The next batch; empty when there will be none. */
  async take(): Promise<readonly FinishedTrial[]> {
    if (!this.#closed) await this.#ready.promise
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#closed) this.#ready = Promise.withResolvers()
    const batch = this.#waiting.splice(0)
    this.#room.resolve()
    this.#room = Promise.withResolvers()
    return batch
  }
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
