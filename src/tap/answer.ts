import type { Attempt } from '../schema/attempt.ts'
import type { LlmReply, LlmRequest } from '../schema/call.ts'
import type { Sent } from './sent.ts'
import type { Wire } from './wire/wire.ts'

/** A body read before it is answered, however it was handed over. */
export async function wholeOf(sent: Sent): Promise<Sent> {
  if (sent.consume === undefined) return sent
  const { unread: _, consume: _consume, ...rest } = sent
  return { ...rest, body: await sent.consume() }
}

/** A reply written anew, in the form its provider sends it: for recordings that do not know the bytes. */
export function writtenAttempt(
  reply: LlmReply,
  asked: { readonly wire: Wire; readonly request: LlmRequest; readonly streamed: boolean },
): Attempt {
  const { wire, request, streamed } = asked
  const ids = { 'request-id': 'recorded', 'x-request-id': 'recorded' }
  if (!streamed) {
    const body = JSON.stringify(wire.writeReply(reply, request))
    return { status: 200, headers: { ...ids, 'content-type': 'application/json' }, body }
  }
  const events = wire.writeStream(reply, request)
  return {
    status: 200,
    headers: { ...ids, 'content-type': 'text/event-stream' },
    body: events.join(''),
    cuts: cutsAfter(events),
  }
}

function cutsAfter(pieces: readonly string[]): number[] {
  const cuts: number[] = []
  let at = 0
  for (const piece of pieces.slice(0, -1)) cuts.push((at += new TextEncoder().encode(piece).length))
  return cuts
}
