import * as z from 'zod'
import { provenance, usage } from './call.ts'
import { type DeepReadonly, json } from './json.ts'
import { trace } from './trace.ts'

/** Path-level differences, most telling first: `messages[4].parts[0].arguments.zip`. */
const differences = z
  .array(z.strictObject({ path: z.string(), expected: json.optional(), got: json.optional() }))
  .default([])

/** Where a replay left its recording: the first difference of a request, at the call it happened in. */
export const divergence = z.strictObject({
  /** The step of the live run, from 1. */
  step: z.number().int().positive(),
  /** `approval`: a person who decided in the recording is no longer asked. */
  kind: z.enum(['request', 'miss', 'approval', 'unused', 'output', 'end']),
  /** A sentence a person understands. */
  what: z.string(),
  /** To the recorded call that comes nearest. Paths are as `volatile` in `evals/tools.json` takes them. */
  differences,
  /** Of a miss: the recorded calls that come nearest, and the live step that took one already. */
  nearest: z
    .array(
      z.strictObject({
        step: z.number().int().positive(),
        name: z.string(),
        consumedBy: z.number().int().positive().optional(),
        differences,
      }),
    )
    .max(3)
    .optional(),
})
export type Divergence = DeepReadonly<z.infer<typeof divergence>>

/**
 * How far a replay rests on its recording. `share` is the part of replies that were exact, normalized,
 * repeat-read or pure-live before the first off-tape step (1 where nothing had to be served); `counts` says how
 * each reply was found.
 */
export const fidelity = z.strictObject({
  share: z.number().min(0).max(1),
  steps: z.number().int().nonnegative(),
  firstOffTape: z.number().int().positive().optional(),
  counts: z.partialRecord(provenance, z.number().int().positive()),
})
export type Fidelity = DeepReadonly<z.infer<typeof fidelity>>

/**
 * What one trial of one case produced. `completed`; `failed`: the agent threw, timed out or hit a limit, and its
 * metric is 0; `aborted`: a miss, our fault or infrastructure, and it is not scored at all.
 */
export const outcome = z.strictObject({
  status: z.enum(['completed', 'failed', 'aborted']),
  /** Why it failed or was aborted. */
  reason: z.string().optional(),
  /** The `EVK_…` code where there is one. */
  code: z.string().optional(),
  output: json.optional(),
  trace,
  usage: usage.optional(),
  costUsd: z.number().nonnegative().optional(),
  /** Wall time of the trial in ms. */
  durationMs: z.number().nonnegative(),
  fidelity,
  divergences: z.array(divergence).default([]),
})
export type Outcome = DeepReadonly<z.infer<typeof outcome>>
export type OutcomeStatus = Outcome['status']
