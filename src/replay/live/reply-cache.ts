import { canonicalJson } from '../../lib/json.ts'
import { sha256 } from '../../lib/hash.ts'
import type { CachedReply } from '../../schema/cached-reply.ts'
import type { LlmRequest } from '../../schema/call.ts'
import type { Wire } from '../../tap/wire/wire.ts'

/** Where live replies are kept: `getReply` and `putReply` of the store, or a map. */
export interface ReplyCache {
  /** The newest reply under this key. */
  get(key: string): Promise<CachedReply | undefined>
  /** Resolves when it is kept. */
  put(key: string, reply: CachedReply): Promise<void>
}

/** A cache that lives as long as its process. */
export function memoryReplyCache(): ReplyCache {
  const replies = new Map<string, CachedReply>()
  return {
    get: async (key) => replies.get(key),
    put: async (key, reply) => void replies.set(key, reply),
  }
}

export interface CacheKeyParts {
  readonly wire: Wire
  readonly request: LlmRequest
  /** Where it was asked: two servers may have two models of one name. Its query and fragment do not count. */
  readonly url: URL
  readonly trial: number
  /** How many same requests the trial has made before, from 0: each of them gets a reply of its own. */
  readonly nth: number
}

/**
 * Identity of a live call: the whole request as the wire shows it to the model, where, and which trial asks it for the
 * how-manieth time. Trials never share replies: n of them are n samples of the model, cached or not.
 */
export function cacheKey({ wire, request, url, trial, nth }: CacheKeyParts): string {
  const asked = wire.writeRequest(request)
  const model = request.model ?? null
  const at = `${url.origin}${url.pathname}`
  return sha256(canonicalJson({ v: 1, wire: wire.name, at, model, asked, trial, nth }))
}
