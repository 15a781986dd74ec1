import { readJson } from '../lib/json.ts'
import type { Attempt } from '../schema/attempt.ts'
import type { LlmReply } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { readEvents } from './wire/sse.ts'
import { bytesOf } from './serve.ts'
import type { Wire } from './wire/wire.ts'

/** What an attempt brought: a reply, an error, or, of a stream that broke off, both. */
export interface Brought {
  readonly reply?: LlmReply
  readonly error?: { readonly type: string; readonly message: string }
}

/** The longest text of an error's body that is kept as its message, in UTF-16 units. */
const longestMessage = 2000

/** Reads what a model's endpoint sent back. Never throws: what cannot be read is an error of type `unreadable`. */
export function readAttempt(attempt: Attempt, wire: Wire): Brought {
  const { status, error, ended } = attempt
  if (status === undefined) {
    const { type, message } = error ?? { type: 'Error', message: 'no response came' }
    return { error: { type, message } }
  }
  try {
    if (isStream(attempt)) return ofStream(attempt, wire)
    const parsed = readJson(bodyText(attempt))
    if (status >= 400) return { error: errorIn(status, parsed.ok ? parsed.value : undefined, attempt, wire) }
    if (!parsed.ok) {
      const why = ended === undefined ? 'the reply is not JSON' : `the reply was cut off (${ended})`
      return { error: { type: ended ?? 'unreadable', message: why } }
    }
    return { reply: wire.readReply(parsed.value as Json) }
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    return { error: { type: 'unreadable', message: thrown.message } }
  }
}

/** Whether a stream that nobody reads any further was all there: clients stop at its last event. */
export function isComplete(attempt: Attempt, wire: Wire): boolean {
  if (!isStream(attempt)) return false
  const last = readEvents(bodyText(attempt)).at(-1)
  return last !== undefined && wire.isLast(last)
}

/** The text of a body; one that was cut off inside a character ends in U+FFFD. */
function bodyText(attempt: Attempt): string {
  return attempt.body ?? new TextDecoder().decode(bytesOf(attempt))
}

/** Whether a body is a stream of server-sent events. */
export function isStream({ headers }: Attempt): boolean {
  return headers['content-type']?.toLowerCase().startsWith('text/event-stream') === true
}

function ofStream(attempt: Attempt, wire: Wire): Brought {
  const { status = 200, ended, error } = attempt
  const events = readEvents(bodyText(attempt))
  if (status >= 400) return { error: { type: `http_${status}`, message: cut(bodyText(attempt)) } }
  if (events.length === 0) return ended === 'reset' ? { error: brokenOff(error) } : {}
  // What a stream says went wrong stands beside what came before it.
  const body = wire.assemble(events)
  const told = wire.readError(body)
  const broken = ended === 'reset' ? brokenOff(error) : told
  // It may say that and nothing else.
  const reply = told === undefined ? wire.readReply(body) : replyIn(body, wire)
  return { ...(reply === undefined ? {} : { reply }), ...(broken === undefined ? {} : { error: broken }) }
}

function replyIn(body: Json, wire: Wire): LlmReply | undefined {
  try {
    return wire.readReply(body)
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    return undefined
  }
}

function brokenOff(error: Attempt['error']): { readonly type: string; readonly message: string } {
  return { type: error?.type ?? 'reset', message: error?.message ?? 'the stream broke off' }
}

function errorIn(
  status: number,
  body: unknown,
  attempt: Attempt,
  wire: Wire,
): { readonly type: string; readonly message: string } {
  const told = body === undefined ? undefined : wire.readError(body as Json)
  return told ?? { type: `http_${status}`, message: cut(bodyText(attempt)) }
}

function cut(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text
}
