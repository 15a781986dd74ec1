import * as z from 'zod'
import type { DeepReadonly } from './json.ts'

/**
 * What happens to a tool call the recording has no answer to. `abort`: the trial ends unscored. `tool-error`: the agent
 * gets an error that is plainly ours, and goes on; everything after it is off the tape. `live`: the tool runs, where it
 * writes nothing.
 */
export const onMiss = z.enum(['abort', 'tool-error', 'live'])
export type OnMiss = z.infer<typeof onMiss>

/** How a replay answers what the recording does not hold. Part of an eval, because its scores hang on it. */
export const replayPolicy = z.strictObject({
  /** Reads are never answered with a reply that was recorded after other writes. */
  strict: z.boolean().default(false),
  onMiss: onMiss.exclude(['live']).default('abort'),
  /** By tool; never `live` for one that writes. */
  tools: z.record(z.string(), onMiss).default({}),
  /** Whose clock the agent sees: its own, in which waiting costs nothing, or the process's. */
  time: z.enum(['virtual', 'real']).default('virtual'),
  /** Whether what reaches the world past every tap ends the trial, or is let. */
  network: z.enum(['guarded', 'open']).default('guarded'),
  /** What the agent's chance hangs on, beside its case and trial. */
  seed: z.number().int().nonnegative().default(0),
})
export type ReplayPolicy = DeepReadonly<z.infer<typeof replayPolicy>>
export type ReplayPolicyInput = DeepReadonly<z.input<typeof replayPolicy>>

export const defaultReplayPolicy: ReplayPolicy = replayPolicy.parse({})
