import { sameJson } from '../lib/json.ts'
import type { Attempt } from '../schema/attempt.ts'
import type { CallKind, LlmReply, RequestOf } from '../schema/call.ts'
import { wholeOf, writtenAttempt } from '../tap/answer.ts'
import { isStream, readAttempt } from '../tap/read-attempt.ts'
import { readCall, type ReadCall, type Sent } from '../tap/sent.ts'
import { isRetriable, served } from '../tap/serve.ts'
import { TapAborted } from '../tap/tap.ts'
import type { LiveModels } from './live/live-models.ts'
import type { Taken, Ways } from './taken.ts'

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
  /** Attempts that are left of calls whose last one failed, by the request that will be made again. */
  const left = new Map<string, (readonly Attempt[])[]>()

  return async (given) => {
    given.signal?.throwIfAborted()
    const sent = await wholeOf(given)
    const key = `${sent.method} ${sent.url.href}\n${sent.body ?? ''}`
    const again = sent.headers.get('x-stainless-retry-count') === '0' ? undefined : left.get(key)?.shift()
    const [now, ...later] = again ?? (await attemptsFor(readCall(sent), sent))
    if (now === undefined) throw new TapAborted('the recording holds no attempt of this call')
    if (later.length > 0 && failed(now)) left.set(key, [...(left.get(key) ?? []), later])
    return served(now, sent, { ranOut: stray })
  }

  async function attemptsFor(read: ReadCall, sent: Sent): Promise<readonly Attempt[]> {
    if (read.kind === 'custom') {
      if (read.unreadable !== undefined) stray(read.unreadable)
      return (await take('custom', read.request, {})).call.attempts ?? []
    }
    const live = models === undefined ? undefined : () => models.exchange(sent, { trial })
    const { call, how, before } = await take('llm', read.request, { wire: read.wire, live })
    const { reply, attempts } = call
    // What a provider says now was retried where it could be: only the end of it is the agent's to see.
    if (how === 'live' || how === 'cached') return attempts?.slice(-1) ?? [writtenAttempt(reply, read)]
    const recorded =
      attempts !== undefined && says(attempts, reply, read) ? attempts : [writtenAttempt(reply, read)]
    return [...before, ...recorded]
  }
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
