import * as z from 'zod'
import type { DeepReadonly } from './json.ts'
import { slug } from './case.ts'
import { hashes, mode, shard, trial } from './run.ts'
import { trace, versions } from './trace.ts'

export const shardFileVersion = 1

/**
 * The first line of a shard's file: which part of which run it is, and all that must be the same in every part. Nothing of
 * it names a path.
 */
export const shardHeader = z.strictObject({
  kind: z.literal('shard'),
  v: z.literal(shardFileVersion),
  eval: slug,
  dataset: slug,
  shard,
  mode,
  hashes,
  versions,
  /** Cases of the whole run, and trials per case. */
  cases: z.number().int().positive(),
  trials: z.number().int().positive().max(100_000),
  /** Cases of this shard. More shards than cases leave some with none. */
  share: z.number().int().nonnegative(),
  /** The commit that was checked out, where a job of GitHub Actions says it. */
  commit: z.string().max(64).optional(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
})
export type ShardHeader = DeepReadonly<z.infer<typeof shardHeader>>

/** A finished trial and the trace it left: one line each. The run it becomes a part of has no id yet. */
export const shardTrial = z.strictObject({
  kind: z.literal('trial'),
  trial: trial.omit({ run: true }),
  trace: trace.optional(),
})
export type ShardTrial = DeepReadonly<z.infer<typeof shardTrial>>

/** How a tool of the code differs from its contract: what a process that plays nothing cannot see of tools made late. */
const contractChange = z.strictObject({
  tool: z.string(),
  side: z.enum(['input', 'result', 'tool']),
  path: z.string(),
  kind: z.string(),
  class: z.enum(['breaking', 'unknown', 'compatible', 'note']),
  what: z.string(),
})

/** The last line. A file without it was cut off. */
export const shardEnd = z.strictObject({
  kind: z.literal('end'),
  /** Lines of trials before it. */
  trials: z.number().int().nonnegative(),
  contracts: z.array(contractChange).max(10_000),
  /** SHA-256 of all lines before it, newlines included. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
})
export type ShardEnd = DeepReadonly<z.infer<typeof shardEnd>>

export type ShardLine = ShardHeader | ShardTrial | ShardEnd
