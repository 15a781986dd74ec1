import * as z from 'zod'
import type { DeepReadonly } from './json.ts'
import { diffClass, diffRow, diffSeverity, traceDiff, writeEffects } from './trace-diff.ts'

const runNamed = z.strictObject({ run: z.string(), name: z.string(), eval: z.string() })

const trialAt = { case: z.string(), trial: z.number().int().nonnegative() }

/** One trial that both runs have, summed up. */
export const trialDiff = z.strictObject({
  ...trialAt,
  /** Trace ids: `evalkit diff <left> <right>` shows them step by step. */
  left: z.string(),
  right: z.string(),
  severity: diffSeverity,
  counts: traceDiff.shape.counts,
  writes: writeEffects,
  ends: traceDiff.shape.ends,
  /** The first row that is a divergence or a regression; where there is none, the first that differs at all. */
  first: diffRow.optional(),
  /** The case or its fixture is not the same in both runs. */
  caseChanged: z.literal(true).optional(),
})
export type TrialDiff = DeepReadonly<z.infer<typeof trialDiff>>

/** Two runs, trial by trial. */
export const runDiff = z.strictObject({
  left: runNamed,
  right: runNamed,
  severity: diffSeverity,
  /** Sums over all trials that both have. */
  counts: z.partialRecord(diffClass, z.number().int().positive()),
  writes: writeEffects,
  /** Trials in which every row is identical or commuted, and that ended the same: they are not listed. */
  identical: z.number().int().nonnegative(),
  /** The others, worst first. */
  trials: z.array(trialDiff),
  /** Trials that could not be compared, each with the reason. */
  uncompared: z.array(z.strictObject({ ...trialAt, reason: z.string() })),
  guessed: traceDiff.shape.guessed,
})
export type RunDiff = DeepReadonly<z.infer<typeof runDiff>>
