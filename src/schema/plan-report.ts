import * as z from 'zod'
import { usage } from './call.ts'
import type { DeepReadonly } from './json.ts'
import { mode } from './run.ts'

export const planReportVersion = 1

/** What so many trials use, by what was recorded. */
export const estimate = z.strictObject({
  /** Of the agent. */
  modelCalls: z.number().int().nonnegative(),
  toolCalls: z.number().int().nonnegative(),
  /** Of a simulated user. */
  userCalls: z.number().int().nonnegative(),
  /** Of agent and user, over the calls that know theirs. */
  usage: usage.optional(),
  /** USD, over the calls whose price is known, whoever answers them. */
  costUsd: z.number().nonnegative().optional(),
  /** Model calls whose cost is not known: the estimate is then too low. */
  unpriced: z.number().int().nonnegative(),
  /** Cases that have no recording, and are in no number here. */
  casesWithout: z.number().int().nonnegative(),
})
export type Estimate = DeepReadonly<z.infer<typeof estimate>>

/** What an eval would do and could find, before anything of it runs. */
export const planReport = z.strictObject({
  schemaVersion: z.literal(planReportVersion),
  eval: z.string(),
  dataset: z.string(),
  mode,
  /** Cases to be played, and those the dataset has. */
  cases: z.number().int().positive(),
  of: z.number().int().positive(),
  /** Trials a case, and in all. */
  trials: z.number().int().positive(),
  total: z.number().int().positive(),
  /** Cases, or declared clusters of them. */
  units: z.number().int().positive(),
  recorded: estimate,
  /** Whether models are asked for what `recorded` counts. */
  asksModels: z.boolean(),
  /** Judges among the checks, and whether they are asked for verdicts that are not recorded. */
  judges: z.array(z.string()),
  asksJudges: z.boolean(),
  /** USD: the cap that would hold. */
  capUsd: z.number().positive().optional(),
  /**
   * Where an open verdict lets live models play more trials: what each look would have used by then. `trials`, `total` and
   * `recorded` above are those of the first, `detectable` and `wanted` those of the last.
   */
  escalation: z
    .strictObject({
      /** One-sided level of every bound at every look. */
      level: z.number().gt(0).lt(0.5),
      looks: z
        .array(
          z.strictObject({
            trials: z.number().int().positive(),
            total: z.number().int().positive(),
            recorded: estimate,
            /** The smallest drop this look finds 4 times in 5. */
            detectable: z.number().optional(),
          }),
        )
        .min(2),
    })
    .optional(),
  /** Variance of a trial within its case that is planned with, and whether a baseline tells it. 0 where nothing varies. */
  variance: z.strictObject({
    value: z.number().nonnegative(),
    from: z.enum(['recorded', 'baseline', 'usual']),
  }),
  /** The smallest drop found 4 times in 5; absent where there are too few cases to find any. */
  detectable: z.number().optional(),
  wanted: z.strictObject({
    margin: z.number(),
    /** The fewest cases (clusters) that pass it, even when nothing changes and nothing varies. */
    fewest: z.number().int().positive(),
    /** An unchanged agent passes it 4 times in 5 from so many cases on, at these trials. */
    cases: z.number().int().positive(),
    /** The same from so many trials a case on, with these cases; absent where no number of trials is enough. */
    trials: z.number().int().positive().optional(),
  }),
})
export type PlanReport = DeepReadonly<z.infer<typeof planReport>>
