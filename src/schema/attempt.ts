import * as z from 'zod'
import type { DeepReadonly } from './json.ts'

/**
 * One HTTP try, byte for byte: what a client retries is several of them. Without a `status` no response came, and
 * `error` says why.
 */
export const attempt = z.strictObject({
  status: z.number().int().min(100).max(999).optional(),
  /** Those that are known to be harmless and useful, in lower case; credentials are never among them. */
  headers: z.record(z.string(), z.string()).default({}),
  /** The body after content decoding, where it is UTF-8 text. */
  body: z.string().optional(),
  /** The same where it is not. */
  base64: z.base64().optional(),
  /**
   * Where the body was cut as it arrived: offsets in bytes, ascending, each inside the body (a cut can stand in the
   * middle of a character). None: it came in one piece.
   */
  cuts: z.array(z.number().int().positive()).optional(),
  /**
   * How the body ended where it did not end by itself: `reset` by the other side, `cancelled` by the agent (it broke
   * out of the stream or aborted), `abandoned` (never read to its end), `truncated` (too large to be kept whole).
   */
  ended: z.enum(['reset', 'cancelled', 'abandoned', 'truncated']).optional(),
  error: z.strictObject({ type: z.string(), message: z.string(), code: z.string().optional() }).optional(),
  /** ISO 8601. */
  startedAt: z.string().optional(),
  /** Milliseconds until the first byte of the body. */
  firstByteMs: z.number().nonnegative().optional(),
  /** Milliseconds until the body ended. */
  durationMs: z.number().nonnegative().optional(),
})
export type Attempt = DeepReadonly<z.infer<typeof attempt>>
