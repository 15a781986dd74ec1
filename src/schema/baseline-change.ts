import * as z from 'zod'
import { judgeStanding } from './calibration.ts'
import type { DeepReadonly } from './json.ts'

const decided = {
  by: z.string(),
  at: z.string(),
  /** Days, commits and reasons are what the log says of itself. */
  reason: z.string().optional(),
  expires: z.string().optional(),
  dirty: z.literal(true).optional(),
}

/** What became of the accepted state of an eval since a base commit. Shares of 1. */
export const baselineChange = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('baseline'),
    /**
     * By the difference of the cases both hold: `same` where none moved, `replaced` where the two measure other things,
     * `first` and `deleted` where there is one alone.
     */
    how: z.enum(['first', 'lowered', 'raised', 'same', 'replaced', 'deleted']),
    metric: z.string(),
    before: z.number().optional(),
    after: z.number().optional(),
    change: z
      .strictObject({ difference: z.number(), lower: z.number(), upper: z.number(), cases: z.number().int() })
      .optional(),
    broken: z.array(z.string()),
    removed: z.array(z.string()),
    edited: z.array(z.string()),
    /** The line of the log that says so. */
    decision: z.strictObject(decided).optional(),
    /** Why no line of the log stands for it; absent where one does. */
    undecided: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('release'),
    how: z.enum(['first', 'moved', 'deleted']),
    name: z.string().optional(),
    before: z.string().optional(),
    decision: z.strictObject(decided).optional(),
    undecided: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('calibration'),
    judge: z.string(),
    ...decided,
    before: judgeStanding.optional(),
    after: judgeStanding,
    j: z.number(),
  }),
  /** Lines of the log, about this eval, that the base has and that are gone. */
  z.strictObject({ kind: z.literal('log'), lost: z.number().int().positive() }),
])
export type BaselineChange = DeepReadonly<z.infer<typeof baselineChange>>

/** All of them, and since when; or why that is not known. */
export const baselineChanges = z.strictObject({
  /** The base commit. */
  since: z.string().optional(),
  /** Why what changed cannot be told; then `changes` is empty. */
  unknown: z.string().optional(),
  changes: z.array(baselineChange),
})
export type BaselineChanges = DeepReadonly<z.infer<typeof baselineChanges>>
