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

/** A part of a run that is played apart from the others: `at` (from 1) of `of`. */
export const shard = z
  .strictObject({ at: z.number().int().positive(), of: z.number().int().positive().max(10_000) })
  .refine(({ at, of }) => at <= of, 'a shard is one of those there are')
export type Shard = DeepReadonly<z.infer<typeof shard>>

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
  /** Which part of a whole run it is: partial, too. */
  shard: shard.optional(),
  /** Trials a case at each look, where more are played as long as the verdict is open; `trials` are those of the look it is at. */
  looks: z.array(z.number().int().positive()).min(2).optional(),
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

const acceptance = z.strictObject({
  at: z.string(),
  by: z.string(),
  reason: z.string(),
  /** The last day it holds, in UTC; absent where it holds until another is accepted. */
  expires: z.iso.date().optional(),
})

/** `evals/<eval>.baseline.json`: the tallies of a run that somebody accepted. */
export const baseline = z.strictObject({
  v: z.literal(baselineVersion),
  accepted: acceptance,
  ...tallies.shape,
})
export type Baseline = DeepReadonly<z.infer<typeof baseline>>

/** `evals/<eval>.release.json`: the baseline that was in force when a release was made. */
export const release = z.strictObject({
  v: z.literal(1),
  released: z.strictObject({
    at: z.string(),
    by: z.string(),
    name: z.string().min(1).max(100),
    commit: z.string().optional(),
  }),
  accepted: acceptance,
  ...tallies.shape,
})
export type Release = DeepReadonly<z.infer<typeof release>>

const decisionBase = { v: z.literal(1), at: z.string(), by: z.string(), eval: slug }

/** What is known of the tree a decision was made in, and of what was decided on; lines of older versions know none of it. */
const decidedOn = {
  /** The commit that was checked out. */
  commit: z.string().optional(),
  /** Files under version control were changed and not committed. */
  dirty: z.literal(true).optional(),
  /** `contentHash` of the tallies: what the file of this decision must hold. */
  tallies: z.string().optional(),
}

/** One line of `evals/decisions.jsonl`: who accepted what, and why. */
export const decision = z.discriminatedUnion('action', [
  z.strictObject({
    ...decisionBase,
    ...decidedOn,
    action: z.literal('baseline-accept'),
    run: z.string(),
    reason: z.string(),
    /** Mean of the primary metric before and after; `before` is absent for a first baseline. */
    metric: z.string(),
    before: z.number().optional(),
    after: z.number(),
    /** The difference of the cases both hold, and the gate's interval of it; absent where they are not comparable. */
    change: z
      .strictObject({
        difference: z.number(),
        lower: z.number(),
        upper: z.number(),
        cases: z.number().int().positive(),
      })
      .optional(),
    broken: z.array(z.string()),
    /** Cases of the baseline before that are gone with it, or are others now. */
    removed: z.array(z.string()).optional(),
    edited: z.array(z.string()).optional(),
    expires: z.iso.date().optional(),
  }),
  z.strictObject({
    ...decisionBase,
    ...decidedOn,
    action: z.literal('baseline-release'),
    run: z.string(),
    /** Of the release. */
    name: z.string(),
    metric: z.string(),
    after: z.number(),
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
