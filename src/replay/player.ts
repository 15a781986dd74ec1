import { defined } from '../lib/defined.ts'
import type { CallKind, CallOf, LlmRequest, Provenance, ReplyOf, RequestOf } from '../schema/call.ts'
import type { Divergence, Fidelity } from '../schema/outcome.ts'
import type { Json } from '../schema/json.ts'
import type { Recording } from '../schema/recording.ts'
import type { Answered, SpanLog } from '../tap/span-log.ts'
import { type Crossing, type Tap, TapAborted } from '../tap/tap.ts'
import type { Wire } from '../tap/wire/wire.ts'
import { httpPlayer } from './http-player.ts'
import { type Match, type Matcher, matcher, type Miss } from './match.ts'

/** A tap that answers from one recording, and knows afterwards how far the run rested on it. */
export interface Player {
  readonly tap: Tap
  /** The first call that could not be served, if one could not. */
  aborted(): Divergence | undefined
  /** Notes a call that never reached the tap, and so could not be served: it ends the trial like any miss. */
  stray(what: string): void
  /** The trial is over: an agent that goes on is answered nothing more, and no count changes. */
  close(): void
  fidelity(): Fidelity
  /** Recorded calls nobody asked for, by their step in the recording. */
  unused: Matcher['unused']
}

/** Rungs whose reply is as good as recorded for this very call. */
const onTape: ReadonlySet<Provenance> = new Set(['exact', 'normalized', 'repeat-read', 'pure-live'])

/**
 * A player of one recording for one trial. A call it cannot serve ends the trial: the agent gets a `TapAborted`,
 * every later call too, and `aborted()` tells what happened even if the agent swallows it. Nothing ever goes live.
 * `redact` makes of a live request what its recording would hold.
 */
export function createPlayer(
  recording: Recording | undefined,
  log: SpanLog,
  redact: <T>(asked: T) => T = (asked) => asked,
): Player {
  const match = matcher(recording ?? { calls: [] })
  const counts: Partial<Record<Provenance, number>> = {}
  let step = 0
  let served = 0
  let firstOffTape: number | undefined
  let aborted: Divergence | undefined
  let closed = false

  function count(provenance: Provenance): void {
    counts[provenance] = (counts[provenance] ?? 0) + 1
    if (onTape.has(provenance) && firstOffTape === undefined) served++
    else firstOffTape ??= step
  }

  function abort(divergence: Divergence): TapAborted {
    count('miss')
    aborted = divergence
    return new TapAborted(divergence.what)
  }

  function assertOpen(): void {
    if (aborted !== undefined) throw new TapAborted(aborted.what)
    if (closed) throw new TapAborted('The trial is over.')
  }

  function stray(what: string): void {
    if (aborted !== undefined || closed) return
    step++
    abort({ step, kind: 'miss', what: `At step ${step} ${what}.`, differences: [] })
  }

  /** The recorded call for a live one, which is served by that: counted and noted. */
  function take<K extends CallKind>(kind: K, asked: RequestOf<K>, wire?: Wire): CallOf<K> {
    assertOpen()
    step++
    // A recording holds no secrets: what the agent asks is compared as it would have been recorded.
    const request = redact(asked)
    const done = log.start(kind, request)
    const found = find(match, kind, step, request, wire)
    if ('miss' in found) {
      const missed = abort(missAt(step, found.miss, recording))
      done({ missed: missed.message })
      throw missed
    }
    count(found.served)
    const { call, served: how } = found
    const attempts = 'attempts' in call ? call.attempts : undefined
    const { startedAt, durationMs } = call
    done({
      reply: call.reply as ReplyOf<K>,
      served: how,
      ...defined({ attempts, startedAt, durationMs }),
    } as Answered<K>)
    return call as CallOf<K>
  }

  const http = httpPlayer({ take, stray: (what) => tap.pass(what) })

  const tap: Tap = {
    closed: true,
    async handle<K extends CallKind>(
      kind: K,
      request: RequestOf<K>,
      { wire }: Crossing<K>,
    ): Promise<ReplyOf<K>> {
      return take(kind, request, wire).reply as ReplyOf<K>
    },
    meet: (sent) => ({ answer: http(sent) }),
    // Parts of an agent are not what is served: only calls are.
    within: (_, body) => body(),
    pass(what) {
      assertOpen()
      stray(what)
      assertOpen()
    },
  }

  return {
    tap,
    stray,
    close() {
      closed = true
    },
    aborted: () => aborted,
    fidelity: () => ({
      share: step === 0 ? 1 : served / step,
      steps: step,
      ...defined({ firstOffTape }),
      counts: { ...counts },
    }),
    unused: () => match.unused(),
  }
}

/** What the recording's first model request was sent with, beside its messages. */
export function settingsOf(recording: Recording | undefined): Omit<LlmRequest, 'messages'> {
  const first = recording?.calls.find((call) => call.kind === 'llm')
  if (first === undefined) return {}
  const { messages: _, ...settings } = first.request
  return settings
}

function find<K extends CallKind>(
  match: Matcher,
  kind: K,
  step: number,
  request: RequestOf<K>,
  wire: Wire | undefined,
): Match<CallKind> {
  switch (kind) {
    case 'custom':
      return match.custom(step, request as RequestOf<'custom'>)
    case 'llm':
      return match.llm(step, request as RequestOf<'llm'>, wire)
    case 'tool':
      return match.tool(step, request as RequestOf<'tool'>)
    default:
      return match.human(step, request as RequestOf<'human'>)
  }
}

function missAt(step: number, miss: Miss, recording: Recording | undefined): Divergence {
  if (recording === undefined) {
    return { step, kind: 'miss', what: 'A call was made, but this case has no recording.', differences: [] }
  }
  const [nearest, ...others] = miss.nearest
  const consumed = miss.nearest.flatMap(({ step: at, consumedBy }) =>
    consumedBy === undefined ? [] : [`recorded step ${at} was already served at step ${consumedBy}`],
  )
  const also = others.map(
    ({ step: at, differences }) => `recorded step ${at} differs in ${differences.length}`,
  )
  const notes = [...consumed, ...also]
  return {
    step,
    kind: nearest === undefined ? 'miss' : 'request',
    what: `At step ${step} ${miss.what}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}.`,
    differences: (nearest?.differences ?? []).map(({ path, expected, got }) => ({
      path,
      ...(expected === undefined ? {} : { expected: expected as Json }),
      ...(got === undefined ? {} : { got: got as Json }),
    })),
  }
}

/** The call a recorded step made, as a person would name it. */
export function callName(call: CallOf<CallKind>): string {
  if (call.kind === 'llm') return 'model call'
  if (call.kind === 'custom') return `request ${call.request.method} ${call.request.url}`
  return call.kind === 'tool' ? `tool ${call.request.name}` : `turn of ${call.request.name}`
}
