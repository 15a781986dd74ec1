import { setImmediate } from 'node:timers/promises'
import { defined } from '../lib/defined.ts'
import { sha256 } from '../lib/hash.ts'
import { sameJson } from '../lib/json.ts'
import { createRedactor } from '../lib/redact.ts'
import { thrownAs } from '../lib/thrown.ts'
import { isAgentsModelCall, isApproval } from '../schema/call.ts'
import type { Case } from '../schema/case.ts'
import { type ErrorCode, EvalkitError } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import type { Divergence, Outcome } from '../schema/outcome.ts'
import { packRecording, type Recording, recordingOf } from '../schema/recording.ts'
import { totalsOf } from '../schema/totals.ts'
import { type Dialogue, dialogue, type Trace, stepsOf } from '../schema/trace.ts'
import { SpanLog } from '../tap/span-log.ts'
import { guardUntapped, TapAborted, withTap } from '../tap/tap.ts'
import { approvalsLeft } from './approvals.ts'
import { answeringInTime } from './arrivals.ts'
import { conductOf } from './conduct.ts'
import { createPlayer, type Player, type PlayerSettings } from './player.ts'
import { callName, lastWords, settingsOf } from './recorded.ts'
import { LimitReached, type Target } from './target.ts'
import type { UserKind, UserTrial } from './user.ts'
import { type PlainUser, userKind } from './users/index.ts'
import { runningOutside } from './world/live-tools.ts'
import { openWorld, type OpenWorld, recordedStart } from './world/open-world.ts'
import { withWorld } from './world/world.ts'

/** One trial to be played: everything it may depend on, time included. */
export interface Play {
  readonly target: Target
  readonly case: Case
  readonly trial: number
  /** What it is played against. Without one, any model or tool call at the tap is a miss. */
  readonly recording?: Recording | undefined
  readonly user: UserKind | PlainUser
  /** Milliseconds the agent may take before it has failed. */
  readonly timeoutMs: number
  /** Cancels the trial from outside (Ctrl-C). */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** What makes of a live request what its recording would hold. Default: the built-in rules and key. */
  readonly redact?: Redact | undefined
  /** How calls are answered. Default: from the recording alone. */
  readonly replay?: Omit<PlayerSettings, 'redact' | 'trial' | 'hold'> | undefined
  /** What the agent's chance hangs on, beside its case and trial. Default: 0. */
  readonly seed?: number | undefined
  /**
   * `virtual`, the default: the agent's clock stands still while it works, and jumps where it only waits. `real`: it is
   * the process's.
   */
  readonly time?: 'virtual' | 'real' | undefined
  /** When the agent's virtual time begins, in milliseconds since the epoch. Default: when the recorded run did. */
  readonly startTime?: number | undefined
  /** When the recorded run began, in milliseconds since the epoch. Default: at the first of its calls that tells. */
  readonly recordedStart?: number | undefined
  /** `guarded`, the default: what reaches the world past the tap ends the trial. `open`: it is let. */
  readonly network?: 'guarded' | 'open' | undefined
}

/** Takes secrets out of a JSON value. */
export type Redact = <T>(value: T) => T

/** Without a project: what a recorder does that nobody configured. */
const defaultRedact: Redact = createRedactor().json

/**
 * Plays one trial: runs the target with a player at its tap and says what came of it. Never throws for anything
 * the agent or the recording does; a cancelled trial is `aborted`. While it plays, nothing that meets no tap goes to
 * the world either (`guardUntapped`).
 */
export async function play(asked: Play): Promise<Outcome> {
  const trial = seated(asked)
  const { target, recording, case: given, now } = trial
  const log = new SpanLog(target.name)
  const started = now()
  const { time = 'virtual', network = 'guarded', seed = 0 } = trial
  const recordedAt = trial.recordedStart ?? (recording && recordedStart(recording)) ?? started
  const open: OpenWorld = openWorld({
    startTime: time === 'real' ? undefined : (trial.startTime ?? recordedAt),
    seed: [given.id, trial.trial, seed],
    ...(network === 'open' ? {} : { escaped: (what) => escaped(player, what) }),
  })
  const player = createPlayer(recording, log, {
    ...defined({ answersAnew: trial.user.answersAnew }),
    ...trial.replay,
    redact: trial.redact ?? defaultRedact,
    trial: trial.trial,
    hold: open.hold,
  })
  const release = guardUntapped((what) => player.stray(what))
  const tap =
    recording === undefined
      ? player.tap
      : answeringInTime(player.tap, recording, open.world.clock, recordedAt)
  const ended = await run(trial, { ...player, tap }, open).finally(() => {
    release()
    open.close()
  })
  player.close()
  const durationMs = Math.max(0, now() - started)
  const miss = player.aborted()
  const end: End =
    miss === undefined ? ended : { status: 'aborted', code: player.abortCode(), reason: miss.what }
  const trace = traceOf(trial, log, end, {
    // What a recording makes is the same whenever it is played: no clock of today in it.
    ...(recording === undefined
      ? { startedAt: new Date(started).toISOString(), durationMs }
      : recordedTime(log)),
  })
  return {
    status: end.status,
    ...(end.status === 'completed'
      ? defined({ output: end.output })
      : { reason: end.reason, ...defined({ code: end.code }) }),
    trace: { ...trace, id: traceIdOf(trace, given) },
    ...totalsOf(trace.spans),
    durationMs,
    fidelity: player.fidelity(),
    divergences: [...player.missed(), ...(miss === undefined ? divergencesOf(end, player, trial) : [miss])],
  }
}

/** A trial whose user sits in its place, and is played against what that user answers from. */
interface Seated extends Play {
  readonly user: UserKind
}

function seated(trial: Play): Seated {
  const { recording } = trial
  const user = userKind(trial.user)
  const tape = recording === undefined ? undefined : user.tape?.(recording, trial.case)
  return { ...trial, user, recording: tape ?? recording }
}

type End =
  | { readonly status: 'completed'; readonly output: Json | undefined }
  | {
      readonly status: 'failed' | 'aborted'
      readonly reason: string
      readonly code?: ErrorCode
      /** Whether it was cut off after so many turns, as a recorded run may have been. */
      readonly cutOff?: true
    }

/** Longer ones make a timer fire at once. */
const longestTimer = 2 ** 31 - 1

async function run(
  { target, case: given, trial, recording, user, timeoutMs, signal, replay }: Seated,
  player: Player,
  { world }: OpenWorld,
): Promise<End> {
  const cancelled: End = { status: 'aborted', reason: 'The run was cancelled.' }
  const isCancelled = (): boolean => signal?.aborted === true
  if (isCancelled()) return cancelled
  const stop = new AbortController()
  const cancel = (): void => stop.abort(signal?.reason)
  signal?.addEventListener('abort', cancel, { once: true })
  let late: Error | undefined
  const timeout = setTimeout(
    () => {
      late = new Error(`no answer after ${timeoutMs} ms`)
      stop.abort(late)
    },
    Math.min(timeoutMs, longestTimer),
  )
  const context = {
    case: given,
    trial,
    user: user.join({ case: given, recording, fail: failing(player) }),
    signal: stop.signal,
    dialogue: recording?.dialogue,
    recordedSettings: settingsOf(recording),
    conduct: recording && (() => conductOf(recording)),
  }
  try {
    const halted = whenAborted(stop.signal)
    const { mode, policy } = replay ?? {}
    const tap = runningOutside(player.tap, (tool) => mode?.tools === 'live' || policy?.tools[tool] === 'live')
    const playing = withTap(tap, () =>
      withWorld(world, async () => target.play(given.input ?? null, context)),
    )
    const output = await Promise.race([playing, halted])
    // What was started and not awaited was asked for all the same: a request on its way to the tap gets there.
    await setImmediate()
    return { status: 'completed', output }
  } catch (error) {
    if (isCancelled()) return cancelled
    if (late !== undefined) return stopped(late.message)
    if (EvalkitError.is(error) && error.code === 'EVK_TARGET_UNREACHABLE') {
      // There was no agent that could have failed.
      return { status: 'aborted', reason: error.message, code: error.code }
    }
    if (LimitReached.is(error)) return { ...stopped(error.message), cutOff: true }
    return { status: 'failed', reason: `The agent threw ${described(error)}`, code: 'EVK_AGENT_THREW' }
  } finally {
    clearTimeout(timeout)
    signal?.removeEventListener('abort', cancel)
  }
}

function escaped(player: Player, what: string): Error {
  player.stray(`${what}, past every tap`, 'EVK_ESCAPE')
  return new TapAborted(`Refused: ${what}, which is not recorded. A replay lets nothing out.`)
}

function failing(player: Player): UserTrial['fail'] {
  return (what, code) => {
    player.stray(what, code)
    throw new TapAborted(what)
  }
}

function stopped(why: string): Extract<End, { reason: string }> {
  return { status: 'failed', reason: `The agent was stopped: ${why}.`, code: 'EVK_AGENT_LIMIT' }
}

/**
 * Rejects when the signal aborts, so that an agent that ignores it cannot hold the run. It listens before the agent
 * can: one that heeds the signal and returns in good order was stopped all the same.
 */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
  })
}

function divergencesOf(end: End, player: Player, { recording, target }: Seated): Divergence[] {
  if (recording === undefined || end.status === 'aborted') return []
  const step = Math.max(1, player.fidelity().steps)
  const unused = player.unused()
  const found: Divergence[] = [...approvalsLeft(unused, step)]
  if (!endsAlike(end, recording, unused.length === 0)) {
    const ours = end.status === 'completed' ? 'The agent completed' : end.reason.replace(/\.$/, '')
    const theirs = recording.ended === undefined ? 'did not' : `ended otherwise (${recording.ended})`
    found.push({ step, kind: 'end', what: `${ours}. The recorded run ${theirs}.`, differences: [] })
  }
  const others = unused.filter(({ call }) => !isApproval(call))
  const [first] = others
  if (first !== undefined) {
    const more = others.length === 1 ? '' : ` and ${others.length - 1} more`
    const what = `The recording goes on after step ${step}: ${callName(first.call)} (recorded step ${first.step})${more}.`
    found.push({ step, kind: 'unused', what, differences: [] })
  }
  const isOtherView = target.lastWords === true && recording.output !== lastWords(recording)
  if (end.status === 'completed' && !isOtherView && otherOutput(end.output, recording.output)) {
    found.push({
      step,
      kind: 'output',
      what: 'The output is not the recorded one.',
      differences: [{ path: '', expected: recording.output ?? null, got: end.output ?? null }],
    })
  }
  return found
}

/** Whether a run ended as the recorded one did, as far as the recording tells. */
function endsAlike(end: End, { ended, dialogue, calls }: Recording, usedUp: boolean): boolean {
  // Only our own codes say for certain that a recorded agent failed.
  if (end.status === 'completed') return ended?.startsWith('EVK_') !== true
  if (end.code !== undefined && ended === end.code) return true
  const turns = calls.filter(isAgentsModelCall).length
  return usedUp && end.cutOff === true && dialogue?.maxTurns !== undefined && turns >= dialogue.maxTurns
}

/** Outputs of different kinds (text here, an object there) are two views of a run, not two answers. */
function otherOutput(ours: Json | undefined, recorded: Json | undefined): boolean {
  if (ours === undefined || recorded === undefined || kindOf(ours) !== kindOf(recorded)) return false
  return !sameJson(ours, recorded)
}

function kindOf(value: Json): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value
}

function traceOf(
  { target, case: given, trial, recording, user }: Seated,
  log: SpanLog,
  end: End,
  timing: object,
): Omit<Trace, 'id'> {
  const error = end.status === 'completed' ? undefined : { type: end.code ?? end.status, message: end.reason }
  const output = defined({ output: end.status === 'completed' ? end.output : undefined })
  const spans = log.spans({ ...output, ...defined({ error }) })
  return {
    v: 1,
    name: target.name,
    source: { format: 'evalkit', ...(recording === undefined ? {} : { at: recording.trace }) },
    ...timing,
    status: error === undefined ? 'ok' : 'error',
    ...defined({ ended: error?.type, input: given.input }),
    ...output,
    task: { id: given.id, ...defined({ reference: given.reference, user: given.user }) },
    trial,
    versions: { ...recording?.versions, ...target.versions },
    ...defined({ plan: log.plan() }),
    // How the conversation was run, so that this trace can be replayed as its recording was.
    ...defined({ dialogue: dialogueOf(recording?.dialogue, user) }),
    tags: [],
    attributes: {},
    ...totalsOf(spans),
    scores: [],
    spans,
  }
}

function dialogueOf(recorded: Dialogue | undefined, { stopTexts = [] }: UserKind): Dialogue | undefined {
  if (stopTexts.length === 0) return recorded
  const known = recorded ?? dialogue.parse({})
  return { ...known, stopTexts: [...new Set([...known.stopTexts, ...stopTexts])] }
}

/** The recorded run's own time, where every call of it knew how long it took. */
function recordedTime(log: SpanLog): { durationMs?: number } {
  let sum = 0
  for (const span of stepsOf({ spans: log.spans() })) {
    if (span.durationMs === undefined) return {}
    sum += span.durationMs
  }
  return sum === 0 ? {} : { durationMs: sum }
}

/**
 * Identity by content, packed: hashing whole requests would cost the square of the conversation's length. Plain JSON
 * will do: the members are put together here and in the tap, in an order that is always the same.
 */
function traceIdOf(trace: Omit<Trace, 'id'>, given: Case): string {
  const { spans, ...head } = trace
  const { calls } = packRecording(recordingOf({ ...trace, id: 't_' }))
  const unanswered = spans.filter((span) => 'request' in span && span.reply === undefined)
  return `t_${sha256(JSON.stringify({ head, calls, unanswered, case: given.id })).slice(0, 20)}`
}

function described(error: unknown): string {
  const { name, message } = thrownAs(error)
  const said = `${name}: ${message}`
  return said.length > 500 ? `${said.slice(0, 500)}…` : said
}
