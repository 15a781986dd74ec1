import { sameJson } from '../lib/json.ts'
import type { Attempt } from '../schema/attempt.ts'
import type { CallKind, LlmReply, RequestOf } from '../schema/call.ts'
import { wholeOf, writtenAttempt } from '../tap/answer.ts'
import { isStream, readAttempt } from '../tap/read-attempt.ts'
import { readCall, type ReadCall, type Sent } from '../tap/sent.ts'
import { isRetriable, served } from '../tap/serve.ts'
import { TapAborted } from '../tap/tap.ts'
import type { Whole } from './injection.ts'
import type { LiveModels } from './live/live-models.ts'
import type { Taken, Ways } from './taken.ts'
import { worldHere } from './world/world.ts'

/** What a player of HTTP needs of the player it belongs to. */
export interface Serving {
  /** The call that answers a live one. Throws `TapAborted` where there is none. */
  readonly take: <K extends CallKind>(kind: K, request: RequestOf<K>, ways: Ways) => Promise<Taken<K>>
  /** A request that cannot be a call. Throws `TapAborted`. */
  readonly stray: (what: string) => void
  /** Where models are asked, in a trial whose models are live. */
  readonly models?: Pick<LiveModels, 'exchange'> | undefined
  readonly trial: number
}

/**
 * Answers HTTP requests from a recording: byte for byte where the bytes are known, else written anew in the form
 * that was asked for. A client that retries gets the recorded attempts one after the other, without waiting.
 */
export function httpPlayer({ take, stray, models, trial }: Serving): (sent: Sent) => Promise<Response> {
  /** Tries that are left of calls whose last one failed, by the request that will be made again. */
  const left = new Map<string, Tries[]>()

  return async (given) => {
    given.signal?.throwIfAborted()
    // Where waiting costs no time it is done as it was.
    const waits = worldHere()?.clock
    const sent = await wholeOf(given)
    const key = `${sent.method} ${sent.url.href}\n${sent.body ?? ''}`
    const { tries, putIn } = waiting(key, sent) ?? (await triesFor(readCall(sent), sent))
    const [first, ...later] = tries
    if (first === undefined) throw new TapAborted('the recording holds no attempt of this call')
    const keep = (): unknown =>
      later.length > 0 && left.set(key, [...(left.get(key) ?? []), { tries: later, putIn }])
    // A try that is put in may take longer than its client waits.
    if (putIn) keep()
    const now = await first(sent)
    if (!putIn && failed(now)) keep()
    return served(now, sent, { ranOut: stray, waits: waits !== undefined })
  }

  /** A client that counts its tries says when it asks anew. What is put in stands before its reply whoever asks. */
  function waiting(key: string, { headers }: Sent): Tries | undefined {
    const all = left.get(key)
    const asksAnew = headers.get('x-stainless-retry-count') === '0'
    return asksAnew && all?.[0]?.putIn !== true ? undefined : all?.shift()
  }

  async function triesFor(read: ReadCall, sent: Sent): Promise<Tries> {
    if (read.kind === 'custom') {
      if (read.unreadable !== undefined) stray(read.unreadable)
      const { call, injection } = await take('custom', read.request, { overHttp: true })
      return triesOf(call.attempts ?? [], injection, undefined)
    }
    const live = models === undefined ? undefined : () => models.exchange(sent, { trial })
    const { call, how, injection } = await take('llm', read.request, {
      wire: read.wire,
      live,
      signal: sent.signal,
      overHttp: true,
    })
    const { reply, attempts } = call
    const model = { reply, write: (other: LlmReply) => writtenAttempt(other, read) }
    if (how === 'live' || how === 'cached') return triesOf(attempts ?? [model.write(reply)], injection, model)
    const recorded = attempts !== undefined && says(attempts, reply, read) ? attempts : [model.write(reply)]
    return triesOf(recorded, injection, model)
  }
}

/** The tries that bring a reply, one after the other. */
interface Tries {
  readonly tries: readonly ((sent: Sent) => Attempt | Promise<Attempt>)[]
  /** Whether some of them are put in. */
  readonly putIn: boolean
}

function triesOf(
  recorded: readonly Attempt[],
  { before = [], delivered }: NonNullable<Taken<'llm'>['injection']> = {},
  model: Whole['model'],
): Tries {
  const last = recorded.at(-1)
  if (before.length === 0 || last === undefined)
    return { tries: recorded.map((attempt) => () => attempt), putIn: false }
  const keyOf = ({ headers }: Sent): string | undefined => headers.get('idempotency-key') ?? undefined
  const put = before.map((one) => (sent: Sent) => {
    return one({ attempt: last, idempotencyKey: keyOf(sent), signal: sent.signal, model })
  })
  const rest = recorded.map((attempt) => (sent: Sent) => {
    if (attempt === last) delivered?.(keyOf(sent))
    return attempt
  })
  return { tries: [...put, ...rest], putIn: true }
}

/**
 * Whether recorded bytes are what this client can be given: in the form it asks for, and still what the reply says.
 * Who edits a reply in a fixture means it: the bytes beside it are then of yesterday.
 */
function says(
  attempts: readonly Attempt[],
  reply: LlmReply,
  { wire, streamed }: Extract<ReadCall, { kind: 'llm' }>,
): boolean {
  const last = attempts.at(-1)
  if (last === undefined) return false
  const brought = readAttempt(last, wire).reply
  if (brought === undefined) return reply.message.parts.length === 0
  const { costUsd: _, ...said } = reply
  return isStream(last) === streamed && sameJson(brought, said)
}

function failed({ status, ended }: Attempt): boolean {
  return status === undefined || isRetriable(status) || ended === 'reset'
}
