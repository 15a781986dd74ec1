import * as z from 'zod'
import { judgeStanding } from './calibration.ts'
import { usage } from './call.ts'
import { slug } from './case.ts'
import type { DeepReadonly } from './json.ts'
import { divergence, fidelity } from './outcome.ts'
import { score } from './score.ts'
import { versions } from './trace.ts'
import { trialWhatIf, whatIf } from './what-if.ts'

export const runVersion = 1
export const baselineVersion = 1

/** Where replies came from. Part of a run's identity: the gate never compares runs of different modes. */
export const mode = z.strictObject({
  llm: z.enum(['recorded', 'cached', 'live', 'imported']),
  tools: z.enum(['recorded', 'pooled', 'live', 'imported']),
})
export type Mode = DeepReadonly<z.infer<typeof mode>>

/** Whether replies came from fixtures, so that fixtures and fidelity mean something. */
export function onTape({ llm, tools }: Mode): boolean {
  return llm === 'recorded' || llm === 'cached' || tools === 'recorded' || tools === 'pooled'
}

/** SHA-256 (first 16 hex digits) of what a run stood on. Different hashes are not comparable. */
export const hashes = z.strictObject({
  dataset: z.string(),
  checks: z.string(),
  fixtures: z.string(),
  /** Of what the user of a dialogue is told, where a model plays them; absent where recorded turns decide. */
  user: z.string().optional(),
  /** By secondary metric that gates: of the checks behind it. */
  secondary: z.record(z.string(), z.string()).optional(),
})
export type Hashes = DeepReadonly<z.infer<typeof hashes>>

/** One execution of a plan. `name` is what people call it; the newest of a name wins. */
export const run = z.strictObject({
  v: z.literal(runVersion),
  id: z.string(),
  name: slug,
  eval: slug,
  dataset: slug,
  mode,
  hashes,
  versions: versions.default({}),
  /** Cases planned, before any trial ran: what makes a half-finished run recognisable. */
  cases: z.number().int().nonnegative(),
  /** Trials per case. */
  trials: z.number().int().positive(),
  /** Whether only a part of the dataset was selected: such a run is shown, never gated, never a baseline. */
  partial: z.literal(true).optional(),
  /** What was put into its trials: such a run is shown, never gated, never a baseline. */
  whatIf: whatIf.optional(),
  /** The run whose trials these are, where they were scored anew and not played. */
  rescored: z.string().optional(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  status: z.enum(['running', 'finished', 'interrupted']),
})
export type Run = DeepReadonly<z.infer<typeof run>>

/** What is kept of one finished trial. Written once; a second write of the same (run, case, trial) is the same. */
export const trial = z.strictObject({
  run: z.string(),
  case: slug,
  /** Hash of what was played: the case's content and, in a replay, its fixture. What was edited is another case. */
  caseHash: z.string(),
  trial: z.number().int().nonnegative(),
  cluster: z.string().optional(),
  category: z.string().optional(),
  tags: z.array(z.string()).default([]),
  status: z.enum(['completed', 'failed', 'aborted']),
  reason: z.string().optional(),
  code: z.string().optional(),
  scores: z.array(score),
  fidelity,
  divergences: z.array(divergence).default([]),
  /** What came to pass of what the run puts into its trials. */
  whatIf: trialWhatIf.optional(),
  usage: usage.optional(),
  costUsd: z.number().nonnegative().optional(),
  durationMs: z.number().nonnegative(),
  /** Id of the trace it left in the store. */
  trace: z.string().optional(),
})
export type Trial = DeepReadonly<z.infer<typeof trial>>

/** Of one metric over a case's trials: how many were scored, their sum, and how many were not scored. */
export const metricTally = z.strictObject({
  n: z.number().int().nonnegative(),
  sum: z.number(),
  unscored: z.number().int().nonnegative(),
})
export type MetricTally = DeepReadonly<z.infer<typeof metricTally>>

/** Of one thing that trials use: how many trials know how much, and the sum over them. */
export const spentTally = z.strictObject({
  n: z.number().int().positive(),
  sum: z.number().nonnegative(),
})
export type SpentTally = DeepReadonly<z.infer<typeof spentTally>>

/** A case summed up over its trials: all the gate ever sees. */
export const caseTally = z.strictObject({
  case: slug,
  hash: z.string(),
  cluster: z.string().optional(),
  category: z.string().optional(),
  tags: z.array(z.string()).optional(),
  /** By metric name; `success` is always there. */
  metrics: z.record(z.string(), metricTally),
  /** Mean share over all trials, aborted ones too. Below the policy's floor the case is not conclusive. */
  fidelity: z.number().min(0).max(1),
  /**
   * What the agent used, over trials that were not aborted; absent where nobody knows, and in older baselines. Tokens are
   * all of them: read from a cache, written to one, neither, and put out.
   */
  spent: z
    .strictObject({
      costUsd: spentTally.optional(),
      tokens: spentTally.optional(),
      /** Only where models are live or runs were imported: a recorded reply takes no time. */
      durationMs: spentTally.optional(),
    })
    .optional(),
})
export type CaseTally = DeepReadonly<z.infer<typeof caseTally>>

/** The tallies of a run, with what makes them comparable to another's. */
export const tallies = z.strictObject({
  eval: slug,
  run: z.string(),
  mode,
  hashes,
  versions: versions.default({}),
  /** Cases planned: fewer tallies than this is a part of a run, never a run. */
  planned: z.number().int().nonnegative(),
  trials: z.number().int().positive(),
  cases: z.array(caseTally),
})
export type Tallies = DeepReadonly<z.infer<typeof tallies>>

/** `evals/<eval>.baseline.json`: the tallies of a run that somebody accepted. */
export const baseline = z.strictObject({
  v: z.literal(baselineVersion),
  accepted: z.strictObject({ at: z.string(), by: z.string(), reason: z.string() }),
  ...tallies.shape,
})
export type Baseline = DeepReadonly<z.infer<typeof baseline>>

const decisionBase = { v: z.literal(1), at: z.string(), by: z.string(), eval: slug }

/** One line of `evals/decisions.jsonl`: who accepted what, and why. */
export const decision = z.discriminatedUnion('action', [
  z.strictObject({
    ...decisionBase,
    action: z.literal('baseline-accept'),
    run: z.string(),
    reason: z.string(),
    /** Mean of the primary metric before and after; `before` is absent for a first baseline. */
    metric: z.string(),
    before: z.number().optional(),
    after: z.number(),
    broken: z.array(z.string()),
  }),
  z.strictObject({
    ...decisionBase,
    action: z.literal('calibration-accept'),
    judge: z.string(),
    fingerprint: z.string(),
    criterion: z.string(),
    reason: z.string().optional(),
    /** What it stood at before, where this instrument was calibrated already. */
    before: judgeStanding.optional(),
    after: judgeStanding,
    j: z.number(),
  }),
])
export type Decision = DeepReadonly<z.infer<typeof decision>>
