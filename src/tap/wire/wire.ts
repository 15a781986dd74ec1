import type { LlmReply, LlmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { ServerSentEvent } from './sse.ts'

/**
 * One provider's wire format, one file each: between the JSON bodies that cross the network and our nouns. Both
 * directions exist because replay answers real SDK clients. What a format cannot carry is lost in `writeRequest`
 * on purpose: it is how replay knows what the model would really have seen.
 */
export interface Wire {
  readonly name: string
  readonly description: string
  /** Whether a POST to this address speaks this format. */
  matches(url: URL): boolean
  /** Throws a `TypeError` where the body is not of this format. Some formats name the model in the address. */
  readRequest(body: Json, url?: URL): LlmRequest
  writeRequest(request: LlmRequest): { readonly [key: string]: Json | undefined }
  readReply(body: Json): LlmReply
  writeReply(reply: LlmReply, request: LlmRequest): Json
  /** Whether this request asks for a streamed reply. */
  streams(body: Json, url: URL): boolean
  /**
   * A streamed reply as the plain body the same call would have brought. Of a stream that was cut off: what came.
   * Throws a `TypeError` where the events are not of this format.
   */
  assemble(events: readonly ServerSentEvent[]): Json
  /** Whether this event is the last one of a stream: who stops reading after it has missed nothing. */
  isLast(event: ServerSentEvent): boolean
  /** A reply as the stream a client of this format expects: the text of one server-sent event an item. */
  writeStream(reply: LlmReply, request: LlmRequest): readonly string[]
  /** What a body says went wrong, where it is this format's error; `undefined` where it is none. */
  readError(body: Json): { readonly type: string; readonly message: string } | undefined
}
