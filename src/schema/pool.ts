import * as z from 'zod'
import { slug } from './case.ts'
import type { DeepReadonly } from './json.ts'
import { tallies } from './run.ts'

export const poolVersion = 1

/** A whole run of the base branch, as it is pooled. */
export const pooledRun = z.strictObject({ ...tallies.shape, startedAt: z.iso.datetime() })
export type PooledRun = DeepReadonly<z.infer<typeof pooledRun>>

/**
 * Runs of the base branch under one accepted baseline: more trials of the same cases. All of one eval, mode, checks and
 * user, each run once, whatever its score: a pool that chose would be a baseline nobody accepted.
 */
export const pool = z.strictObject({
  v: z.literal(poolVersion),
  eval: slug,
  /** Id of the run that was accepted as the baseline when these were played. */
  baseline: z.string(),
  runs: z.array(pooledRun).max(200),
})
export type Pool = DeepReadonly<z.infer<typeof pool>>

/** What of a pool stands in a comparison; `why` says why nothing does. Means of the gated metric over cases. */
export const poolUse = z.strictObject({
  runs: z.number().int().nonnegative(),
  trials: z.number().int().nonnegative(),
  /** Cases that got trials from it. */
  cases: z.number().int().nonnegative(),
  why: z.string().optional(),
  acceptedMean: z.number().optional(),
  pooledMean: z.number().optional(),
})
export type PoolUse = DeepReadonly<z.infer<typeof poolUse>>
