import type { LlmReply, LlmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'

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
  /** Throws a `TypeError` where the body is not of this format. */
  readRequest(body: Json): LlmRequest
  writeRequest(request: LlmRequest): { readonly [key: string]: Json | undefined }
  readReply(body: Json): LlmReply
  writeReply(reply: LlmReply, request: LlmRequest): Json
}
