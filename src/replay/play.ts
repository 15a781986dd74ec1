import { sameJson } from '../lib/json.ts'
import { sha256 } from '../lib/hash.ts'
import { canonicalJson } from '../lib/json.ts'
import type { Case } from '../schema/case.ts'
import type { ErrorCode } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import type { Divergence, Outcome } from '../schema/outcome.ts'
import { packRecording, type Recording, recordingOf } from '../schema/recording.ts'
import type { Trace } from '../schema/trace.ts'
import { SpanLog, totalsOf } from '../tap/span-log.ts'
import { TapAborted, withTap } from '../tap/tap.ts'
import { callName, createPlayer, type Player, settingsOf } from './player.ts'
import { LimitReached, type Target } from './target.ts'
import { type UserKind, userOf } from './user.ts'

/** One trial to be played: everything it may depend on, time included. */
export interface Play {
  readonly target: Target
  readonly case: Case
  readonly trial: number
  /** What it is played against. Without one, any model or tool call at the tap is a miss. */
  readonly recording?: Recording | undefined
  readonly user: UserKind
  /** Milliseconds the agent may take before it has failed. */
  readonly timeoutMs: number
  /** Cancels the trial from outside (Ctrl-C). */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Plays one trial: runs the target with a player at its tap and says what came of it. Never throws for anything
 * the agent or the recording does; a cancelled trial is `aborted`.
 */
export async function play(trial: Play): Promise<Outcome> {
  const { target, recording, case: given, now } = trial
  const log = new SpanLog(target.name)
  const player = createPlayer(recording, log)
  const started = now()
  const ended = await run(trial, player)
  const durationMs = Math.max(0, now() - started)
  const miss = player.aborted()
  const end =
    miss === undefined ? ended : ({ status: 'aborted', code: 'EVK_FIXTURE_MISS', reason: miss.what } as const)
  const output = end.status === 'completed' ? end.output : undefined
  const divergences = miss === undefined ? divergencesOf(end, player, recording) : [miss]
  const trace = traceOf(trial, log, end, {
    // What a recording makes is the same whenever it is played: no clock of today in it.
    ...(recording === undefined
      ? { startedAt: new Date(started).toISOString(), durationMs }
      : recordedTime(log)),
  })
  return {
    status: end.status,
    ...(end.status === 'completed'
      ? {}
      : { reason: end.reason, ...(end.code === undefined ? {} : { code: end.code }) }),
    ...(output === undefined ? {} : { output }),
    trace: { ...trace, id: traceIdOf(trace, given) },
    ...totalsOf(trace.spans),
    durationMs,
    fidelity: player.fidelity(),
    divergences,
  }
}

type End =
  | { readonly status: 'completed'; readonly output: Json | undefined }
  | {
      readonly status: 'failed' | 'aborted'
      readonly reason: string
      readonly code?: ErrorCode
      /** Whether it ended at a limit rather than by an error. */
      readonly limit?: true
    }

async function run(
  { target, case: given, trial, recording, user, timeoutMs, signal }: Play,
  player: Player,
): Promise<End> {
  const timer = new AbortController()
  const context = {
    case: given,
    trial,
    user: userOf(user, recording),
    signal: signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]),
    dialogue: recording?.dialogue,
    recordedSettings: settingsOf(recording),
  }
  const timeout = setTimeout(
    () => timer.abort(new LimitReached(`no answer after ${timeoutMs} ms`)),
    timeoutMs,
  )
  try {
    const playing = withTap(player.tap, async () => target.play(given.input ?? null, context))
    const output = await Promise.race([playing, rejection(context.signal)])
    return { status: 'completed', output }
  } catch (error) {
    if (signal?.aborted === true) return { status: 'aborted', reason: 'The run was cancelled.' }
    if (error instanceof LimitReached) {
      return {
        status: 'failed',
        reason: `The agent was stopped: ${error.message}.`,
        code: 'EVK_AGENT_LIMIT',
        limit: true,
      }
    }
    // Only a miss throws TapAborted inside a play, and a miss is reported as such by the caller.
    const what = error instanceof TapAborted ? error.message : describe(error)
    return { status: 'failed', reason: `The agent threw ${what}`, code: 'EVK_AGENT_THREW' }
  } finally {
    clearTimeout(timeout)
  }
}

/** Rejects when the signal aborts, so that an agent that ignores it cannot hold the run. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void =>
      reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}

function divergencesOf(end: End, player: Player, recording: Recording | undefined): Divergence[] {
  if (recording === undefined || end.status === 'aborted') return []
  const { steps } = player.fidelity()
  const step = Math.max(1, steps)
  const unused = player.unused()
  const found: Divergence[] = []
  const cutOff = end.status === 'failed' && end.limit === true && recording.dialogue?.maxTurns !== undefined
  if (end.status === 'failed' && !(cutOff && unused.length === 0)) {
    found.push({ step, kind: 'end', what: `${end.reason} The recorded run did not.`, differences: [] })
  }
  const [first] = unused
  if (first !== undefined) {
    const more = unused.length === 1 ? '' : ` and ${unused.length - 1} more`
    const what = `The recording goes on after step ${step}: ${callName(first.call)} (recorded step ${first.step})${more}.`
    found.push({ step, kind: 'unused', what, differences: [] })
  }
  if (
    end.status === 'completed' &&
    comparable(end.output, recording.output) &&
    !sameJson(end.output, recording.output)
  ) {
    found.push({
      step,
      kind: 'output',
      what: 'The output is not the recorded one.',
      differences: [{ path: '', expected: recording.output ?? null, got: end.output ?? null }],
    })
  }
  return found
}

/** Outputs of different kinds (text here, an object there) are two views of a run, not two answers. */
function comparable(ours: Json | undefined, recorded: Json | undefined): boolean {
  return ours !== undefined && recorded !== undefined && typeof ours === typeof recorded
}

function traceOf(
  { target, case: given, trial, recording }: Play,
  log: SpanLog,
  end: End,
  timing: object,
): Omit<Trace, 'id'> {
  const error = end.status === 'completed' ? undefined : { type: end.code ?? end.status, message: end.reason }
  const output = end.status === 'completed' ? end.output : undefined
  const spans = log.spans({
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
  })
  return {
    v: 1,
    name: target.name,
    source: { format: 'evalkit', ...(recording === undefined ? {} : { at: recording.trace }) },
    ...timing,
    status: error === undefined ? 'ok' : 'error',
    ...(end.status === 'completed' ? {} : { ended: end.code ?? end.status }),
    ...(given.input === undefined ? {} : { input: given.input }),
    ...(output === undefined ? {} : { output }),
    task: { id: given.id, ...(given.reference === undefined ? {} : { reference: given.reference }) },
    trial,
    versions: { ...recording?.versions, ...target.versions },
    tags: [],
    attributes: {},
    ...totalsOf(spans),
    scores: [],
    spans,
  }
}

/** The recorded run's own time, where every call of it knew how long it took. */
function recordedTime(log: SpanLog): { durationMs?: number } {
  let sum = 0
  for (const span of log.spans().slice(1)) {
    if (span.durationMs === undefined) return {}
    sum += span.durationMs
  }
  return sum === 0 ? {} : { durationMs: sum }
}

/** Identity by content, packed: hashing whole requests would cost the square of the conversation's length. */
function traceIdOf(trace: Omit<Trace, 'id'>, given: Case): string {
  const { spans, ...head } = trace
  const { calls } = packRecording(recordingOf({ ...trace, id: 't_' }))
  const unanswered = spans.filter((span) => 'request' in span && span.reply === undefined)
  return `t_${sha256(canonicalJson({ head, calls, unanswered, case: given.id })).slice(0, 20)}`
}

function describe(error: unknown): string {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return said.length > 500 ? `${said.slice(0, 500)}…` : said
}
