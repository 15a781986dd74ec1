import * as z from 'zod'
import { attempts, llmReply } from './call.ts'
import type { DeepReadonly } from './json.ts'

/**
 * A reply a model gave once, kept so that the same request of the same trial gets it again. `reply.costUsd` is what it
 * cost then. It holds no credentials, and what was asked is not in it: its key is made of that.
 */
export const cachedReply = z.strictObject({
  v: z.literal(1),
  reply: llmReply,
  ...attempts,
  /** When it was given, ISO 8601. */
  startedAt: z.string().optional(),
  durationMs: z.number().nonnegative().optional(),
})
export type CachedReply = DeepReadonly<z.infer<typeof cachedReply>>
