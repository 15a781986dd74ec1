import * as z from 'zod'
import { slug } from './case.ts'
import type { DeepReadonly } from './json.ts'

export const quarantineVersion = 1

/**
 * A flaky case that somebody looks after. It is still run and still in every mean; only its hard breaks are not held against
 * a change, until the day it expires.
 */
export const quarantined = z.strictObject({
  eval: slug,
  case: slug,
  /** Who mends it. */
  owner: z.string().trim().min(1).max(200),
  reason: z.string().trim().min(1).max(1000),
  /** The last day it holds, in UTC. */
  expires: z.iso.date(),
})
export type Quarantined = DeepReadonly<z.infer<typeof quarantined>>

/** `evals/quarantine.json` */
export const quarantineFile = z.strictObject({
  v: z.literal(quarantineVersion),
  cases: z.array(quarantined).max(10_000),
})
export type QuarantineFile = DeepReadonly<z.infer<typeof quarantineFile>>
