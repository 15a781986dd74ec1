import { readFixture } from '../dataset/fixture-file.ts'
import type { LiveRun } from '../replay/live/live-models.ts'
import { play, type Redact } from '../replay/play.ts'
import { defined } from '../lib/defined.ts'
import { contentHash } from '../lib/hash.ts'
import { type Case, caseHash } from '../schema/case.ts'
import { type ErrorCode, EvalkitError } from '../schema/errors.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Normalizers } from '../schema/normalizers.ts'
import type { Outcome } from '../schema/outcome.ts'
import { type Recording, unpackRecording } from '../schema/recording.ts'
import type { Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Trace } from '../schema/trace.ts'
import { score } from '../score/score.ts'
import { Backlog } from './backlog.ts'
import { type Plan, playedHash, trialCount } from './plan.ts'

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
}

interface Unit {
  readonly case: Case
  /** Hash of what is played: the case and, where there is one, its fixture. */
  readonly hash: string
  readonly trial: number
  readonly world: World
}

/** What a case is replayed against. */
interface World {
  readonly recordings: readonly Recording[]
  /** What live models said since, by trial. */
  readonly rerecordings: ReadonlyMap<number, Recording>
  readonly normalizers?: Normalizers | undefined
}

/**
 * Plays a plan, some trials at once, and yields what is finished, in batches as large as what came together while
 * the last one was being committed. Nothing is yielded twice; what was not yielded did not happen. After the trials
 * under way have been yielded, throws what reading a fixture throws, what keeps live models from being asked, and `EVK_RUN_INPUT_CHANGED` where a case or
 * fixture is no longer the one that was planned. A consumer that stops early stops the trials under way.
 */
export async function* execute(plan: Plan, execution: Execution): AsyncGenerator<readonly FinishedTrial[]> {
  const stopped = new AbortController()
  const signal = AbortSignal.any([execution.signal, stopped.signal])
  const units = unitsOf(plan, execution)
  const finished = new Backlog<FinishedTrial>()
  let failure: { error: unknown } | undefined

  async function work(): Promise<void> {
    while (failure === undefined && !signal.aborted) {
      await finished.room()
      if (signal.aborted) return
      const next = await units.next()
      if (next.done === true) return
      const result = await playUnit(plan, next.value, { ...execution, signal })
      // A trial that was cancelled is not finished: it is played when the run is resumed.
      if (signal.aborted && result.trial.status === 'aborted') return
      const { code, reason = '' } = result.trial
      if (code !== undefined && endsRun.has(code)) throw new EvalkitError(code as ErrorCode, reason)
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

/** What is to be played, one case in memory at a time (and those under way). */
async function* unitsOf(plan: Plan, { fixtures, isDone }: Execution): AsyncGenerator<Unit> {
  const left = new Map(
    plan.dataset.index.filter(({ id }) => plan.cases.has(id)).map((one) => [one.id, one.hash]),
  )
  for await (const given of plan.dataset.cases()) {
    const planned = left.get(given.id)
    if (planned === undefined) continue
    left.delete(given.id)
    if (caseHash(given) !== planned) throw changed(given.id, 'The case')
    const trials = Array.from({ length: plan.trials }, (_, trial) => trial).filter(
      (trial) => !isDone(given.id, trial),
    )
    if (trials.length === 0) continue
    const world = worldOf(plan, fixtures, given.id)
    const fixture = plan.recorded.get(given.id)?.worldHash
    const hash = fixture === undefined ? planned : contentHash([planned, fixture])
    for (const trial of trials) yield { case: given, hash, trial, world }
  }
  const [gone] = left.keys()
  if (gone !== undefined) throw changed(gone, 'The case')
}

function worldOf(plan: Plan, folder: string, caseId: string): World {
  const planned = plan.recorded.get(caseId)
  if (planned === undefined) return { recordings: [], rerecordings: new Map() }
  const { fixture, ...hashes } = readFixture(folder, plan.dataset.name, caseId)
  const now = { ...hashes, recordings: fixture.recordings.length }
  if (playedHash(now, plan.mode) !== playedHash(planned, plan.mode)) throw changed(caseId, 'The fixture')
  const rerecorded = fixture.rerecordings?.map((packed) => [packed.trial, unpackRecording(packed)] as const)
  return {
    recordings: fixture.recordings.map(unpackRecording),
    rerecordings: new Map(rerecorded),
    normalizers: fixture.normalizers,
  }
}

/** What keeps every further trial from being played too: the run stops, and can be resumed. */
const endsRun: ReadonlySet<string> = new Set<ErrorCode>([
  'EVK_KEY_MISSING',
  'EVK_PRICE_UNKNOWN',
  'EVK_PROVIDER_DOWN',
  'EVK_PROVIDER_REFUSED',
  'EVK_SPEND_CAP',
])

/** A run is filed under the hashes it was planned with: what is no longer that must not stand under them. */
function changed(caseId: string, what: string): EvalkitError {
  return new EvalkitError('EVK_RUN_INPUT_CHANGED', `${what} was changed after the run had begun.`, {
    at: { case: caseId },
  })
}

async function playUnit(
  plan: Plan,
  { case: given, hash, trial, world }: Unit,
  { run, signal, now, redact, known, models }: Execution,
): Promise<FinishedTrial> {
  const { mode } = plan
  const { recordings, rerecordings, normalizers } = world
  // A live model is asked in the world as it was recorded; more trials than recordings go round.
  const recorded = recordings[mode.llm === 'recorded' ? trial : trial % Math.max(1, recordings.length)]
  const recording = (mode.llm === 'recorded' ? rerecordings.get(trial) : undefined) ?? recorded
  const { target, user, timeoutMs, checks, replay: policy, simulate } = plan.eval
  const pool = mode.tools === 'pooled' ? recordings.filter((other) => other !== recording) : []
  const outcome = await play({
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
  })
  const scores = await score(
    { case: given, outcome, ...defined({ recorded: recording?.scores, tools: known }) },
    checks,
  )
  const played = { run, case: given.id, caseHash: hash, trial }
  return { trial: { ...played, ...trialOf(given, outcome, scores) }, trace: outcome.trace }
}

function trialOf(
  { cluster, category, tags }: Case,
  outcome: Outcome,
  scores: readonly Score[],
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
    ...defined({ usage, costUsd }),
    durationMs,
    trace: trace.id,
  }
}
