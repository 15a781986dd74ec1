import type { LiveRun } from '../replay/live/live-models.ts'
import { type MatrixColumn, playMatrix } from '../replay/faults/matrix.ts'
import { type Play, play, type Redact } from '../replay/play.ts'
import { defined } from '../lib/defined.ts'
import type { Case } from '../schema/case.ts'
import { type ErrorCode, EvalkitError } from '../schema/errors.ts'
import type { FaultCell } from '../schema/fault.ts'
import { type KnownTools, knownTools } from '../schema/known-tools.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Trace } from '../schema/trace.ts'
import type { TrialWhatIf } from '../schema/what-if.ts'
import { score } from '../score/score.ts'
import { Backlog } from './backlog.ts'
import type { RunJudging } from './judging.ts'
import { type Plan, trialCount } from './plan.ts'
import { playedRecording, type Unit, unitsOf } from './units.ts'
import { type Asked, playWhatIf } from './what-if.ts'

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
  /** What makes of a live request what its recording would hold. */
  readonly redact?: Redact
  /** What tools do to the world. Default: what their names say. */
  readonly known?: KnownTools | undefined
  /** The models, where the plan's mode lets them be asked. */
  readonly models?: LiveRun | undefined
  /** What is put into every trial: what the plan's `whatIf` says. */
  readonly asked?: Asked | undefined
  /** What answers judges. Left out: nothing does. */
  readonly judging?: RunJudging | undefined
}

/**
 * Plays a plan, some trials at once, and yields what is finished, in batches as large as what came together while
 * the last one was being committed. Nothing is yielded twice; what was not yielded did not happen. After the trials
 * under way have been yielded, throws what reading a fixture throws, what keeps live models from being asked, and `EVK_RUN_INPUT_CHANGED` where a case or
 * fixture is no longer the one that was planned. A consumer that stops early stops the trials under way.
 */
export function execute(plan: Plan, execution: Execution): AsyncGenerator<readonly FinishedTrial[]> {
  return playAll(plan, execution, async (unit, signal) => {
    const result = await playUnit(plan, unit, { ...execution, signal })
    // A trial that was cancelled is not finished: it is played when the run is resumed.
    if (signal.aborted && result.trial.status === 'aborted') return undefined
    assertAnswered(result.trial)
    return result
  })
}

/** The matrix of one trial: what each fault did at each of its calls. */
export interface TrialMatrix {
  readonly case: string
  readonly trial: number
  /** Of the replay without faults. One that is aborted has no cells: nothing could be told apart. */
  readonly clean: Pick<Outcome, 'status' | 'reason'>
  readonly cells: readonly FaultCell[]
}

/** Plays each trial of a plan with each fault at each of its calls, as `execute` plays it once. Nothing is scored. */
export function executeMatrix(
  plan: Plan,
  execution: Omit<Execution, 'run' | 'asked'>,
  columns: readonly MatrixColumn[],
): AsyncGenerator<readonly TrialMatrix[]> {
  const known = execution.known ?? knownTools()
  return playAll(plan, execution, async (unit, signal) => {
    const fresh = (): Play => trialOf(plan, unit, { ...execution, signal })
    const clean = await play(fresh())
    if (signal.aborted) return undefined
    assertAnswered(clean)
    const { recording } = fresh()
    const there = clean.status !== 'aborted' && recording !== undefined
    const cells = there ? await playMatrix(() => ({ ...fresh(), recording }), columns, { clean, known }) : []
    if (signal.aborted) return undefined
    const { status, reason } = clean
    const of = unit.case.id
    return {
      case: of,
      trial: unit.trial,
      clean: { status, ...defined({ reason }) },
      cells: cells.map((cell) => ({ ...cell, case: of })),
    }
  })
}

/** Plays the units of a plan. One that gives nothing was cancelled. */
async function* playAll<T>(
  plan: Plan,
  execution: Pick<Execution, 'fixtures' | 'isDone' | 'signal'>,
  playOne: (unit: Unit, signal: AbortSignal) => Promise<T | undefined>,
): AsyncGenerator<readonly T[]> {
  const stopped = new AbortController()
  const signal = AbortSignal.any([execution.signal, stopped.signal])
  const units = unitsOf(plan, execution)
  const finished = new Backlog<T>()
  let failure: { error: unknown } | undefined

  async function work(): Promise<void> {
    while (failure === undefined && !signal.aborted) {
      await finished.room()
      if (signal.aborted) return
      const next = await units.next()
      if (next.done === true) return
      const result = await playOne(next.value, signal)
      if (result === undefined) return
      finished.push(result)
    }
  }

  const { target, concurrency } = plan.eval
  const atOnce = Math.min(concurrency, target.concurrency ?? concurrency, trialCount(plan))
  const close = await target.open?.(signal).catch((error: unknown) => {
    // Who stops a run while it begins has stopped it.
    if (!signal.aborted) throw error
  })
  const workers = Array.from({ length: atOnce }, () =>
    work().catch((error: unknown) => {
      failure ??= { error }
    }),
  )
  const over = Promise.all(workers).then(() => finished.close())
  try {
    for (let batch = await finished.take(); batch.length > 0; batch = await finished.take()) yield batch
  } finally {
    // Where the consumer threw or left, nothing goes on behind its back.
    stopped.abort()
    finished.close()
    await over
    await close?.()
  }
  if (failure !== undefined) throw failure.error
}

/** What keeps every further trial from being played too: the run stops, and can be resumed. */
const endsRun: ReadonlySet<string> = new Set<ErrorCode>([
  'EVK_KEY_MISSING',
  'EVK_PRICE_UNKNOWN',
  'EVK_PROVIDER_DOWN',
  'EVK_PROVIDER_REFUSED',
  'EVK_SPEND_CAP',
])

function assertAnswered({ code, reason = '' }: Pick<Trial, 'code' | 'reason'>): void {
  if (code !== undefined && endsRun.has(code)) throw new EvalkitError(code as ErrorCode, reason)
}

async function playUnit(plan: Plan, unit: Unit, execution: Execution): Promise<FinishedTrial> {
  const { run, known, asked } = execution
  const { case: given, hash, trial } = unit
  const played = trialOf(plan, unit, execution)
  const { recording } = played
  const { outcome, whatIf } =
    asked === undefined || recording === undefined
      ? { outcome: await play(played), whatIf: undefined }
      : await playWhatIf(() => ({ ...trialOf(plan, unit, execution), recording }), asked)
  const beside = defined({
    recorded: recording?.scores,
    recordedOutput: recording?.output,
    tools: known,
    judging: execution.judging,
  })
  const scores = await score({ case: given, outcome, trial, ...beside }, plan.eval.checks)
  // What keeps judges from being asked at all keeps every further trial from being judged: the run can be resumed.
  const failure = execution.judging?.failure()
  if (failure !== undefined) throw failure
  const at = { run, case: given.id, caseHash: hash, trial }
  return { trial: { ...at, ...resultOf(given, outcome, scores, whatIf) }, trace: outcome.trace }
}

/** A trial of a plan, ready to be played. */
function trialOf(
  { mode, eval: of }: Plan,
  { case: given, trial, world }: Unit,
  { signal, now, redact, known, models }: Omit<Execution, 'run'>,
): Play {
  const { recordings, normalizers } = world
  const recording = playedRecording(world, trial, mode)
  const { target, user, timeoutMs, replay: policy, simulate } = of
  const pool = mode.tools === 'pooled' ? recordings.filter((other) => other !== recording) : []
  return {
    target,
    case: given,
    trial,
    recording,
    user,
    timeoutMs,
    signal,
    now,
    redact,
    time: policy.time,
    network: policy.network,
    seed: policy.seed,
    replay: {
      mode,
      policy,
      simulate,
      pool,
      ...defined({ known, normalizers, models: models?.forTrial({ signal }) }),
    },
  }
}

function resultOf(
  { cluster, category, tags }: Case,
  outcome: Outcome,
  scores: readonly Score[],
  whatIf: TrialWhatIf | undefined,
): Omit<Trial, 'run' | 'case' | 'caseHash' | 'trial'> {
  const { status, reason, code, fidelity, divergences, usage, costUsd, durationMs, trace } = outcome
  return {
    ...defined({ cluster, category }),
    tags,
    status,
    ...defined({ reason, code }),
    scores,
    fidelity,
    divergences,
    ...defined({ whatIf, usage, costUsd }),
    durationMs,
    trace: trace.id,
  }
}
