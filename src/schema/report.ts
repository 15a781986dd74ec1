import * as z from 'zod'
import { provenance, usage } from './call.ts'
import type { DeepReadonly } from './json.ts'
import { judgeStanding } from './calibration.ts'
import { faultWord } from './fault.ts'
import { baselineChanges } from './baseline-change.ts'
import { judgement } from './judgement.ts'
import { poolUse } from './pool.ts'
import { baseline, hashes, metricTally, mode, trial } from './run.ts'
import { trace, versions } from './trace.ts'
import { traceDiff } from './trace-diff.ts'
import { verdict } from './verdict.ts'
import { whatIf } from './what-if.ts'

export const reportVersion = 1

/** A proportion with its Wilson 95 % interval. */
export const rate = z.strictObject({
  passed: z.number().int(),
  of: z.number().int(),
  rate: z.number(),
  low: z.number(),
  high: z.number(),
})
export type Rate = DeepReadonly<z.infer<typeof rate>>

/** How a set of trials did. `passHatK[k]` is τ-bench's pass^k, `passAtK[k]` the unbiased pass@k, for k = 1 … the
 * smallest number of scored trials of the cases that were scored at all. */
export const runStats = z.strictObject({
  cases: z.number().int(),
  trials: z.number().int(),
  scored: z.number().int(),
  unscored: z.number().int(),
  /** Over scored trials; absent when none was scored. */
  passRate: rate.optional(),
  passAtK: z.record(z.string(), z.number()),
  passHatK: z.record(z.string(), z.number()),
})
export type RunStats = DeepReadonly<z.infer<typeof runStats>>

export const metricStats = z.strictObject({
  name: z.string(),
  gating: z.boolean(),
  scored: z.number().int(),
  unscored: z.number().int(),
  mean: z.number().optional(),
  passed: z.number().int(),
})
export type MetricStats = DeepReadonly<z.infer<typeof metricStats>>

export const caseReport = z.strictObject({
  case: z.string(),
  category: z.string().optional(),
  tags: z.array(z.string()),
  /** Mean of the primary metric over scored trials; absent when none was scored. */
  mean: z.number().optional(),
  baseline: z.number().optional(),
  /** Every metric in the baseline, by name; absent where the baseline has not this very case. */
  before: z.record(z.string(), metricTally).optional(),
  /** Mean share over trials. */
  fidelity: z.number(),
  trials: z.array(trial.omit({ run: true, caseHash: true, cluster: true, category: true, tags: true })),
})
export type CaseReport = DeepReadonly<z.infer<typeof caseReport>>

/** How far a run rests on its recordings. */
export const runFidelity = z.strictObject({
  /** Mean share over trials. */
  mean: z.number(),
  /** How replies were found. What the mode takes live is counted, and is no part of the share. */
  counts: z.partialRecord(provenance, z.number()),
  /** Of the replies of live models, those that a cache gave; absent where none was asked for. */
  cacheHits: z.number().optional(),
  /** Trials that left their recording, and at which step (from 1); absent where none did. */
  offTape: z
    .strictObject({
      trials: z.number().int().positive(),
      earliest: z.strictObject({
        case: z.string(),
        trial: z.number().int(),
        step: z.number().int(),
        steps: z.number().int(),
      }),
      /** The lower median over these trials. */
      medianStep: z.number().int(),
    })
    .optional(),
})
export type RunFidelity = DeepReadonly<z.infer<typeof runFidelity>>

/** How a judge did in a run: an instrument says how sure it is. */
export const judgeReport = z.strictObject({
  /** The score's name. */
  name: z.string(),
  gating: z.boolean(),
  model: z.string(),
  fingerprint: z.string(),
  /** Trials it scored, and those it gave no verdict on. */
  scored: z.number().int(),
  unscored: z.number().int(),
  /** Verdicts the scores rest on, and how many of them were recorded before: the hit rate. */
  verdicts: z.number().int(),
  recorded: z.number().int(),
  /** Share of verdicts that said the same as the score they went into; where one verdict is asked for each, 1. */
  agreement: z.number().optional(),
  /** Of pairs: in how many the two orders disagreed. */
  flipRate: z.number().optional(),
  usage: usage.optional(),
  /** Spent in this run. */
  costUsd: z.number().optional(),
  /** How it does on labels of people, where that was measured. */
  standing: judgeStanding.optional(),
})
export type JudgeReport = DeepReadonly<z.infer<typeof judgeReport>>

/** A pool by its file, and what of it was used. */
export const namedPool = z.strictObject({ name: z.string(), ...poolUse.shape })
export type NamedPool = DeepReadonly<z.infer<typeof namedPool>>

/**
 * Everything a reporter may print of one run, gathered before: reporters are pure. Only `run` (id, times) changes
 * when the same thing is run again; all else is the same bytes.
 */
export const report = z.strictObject({
  schemaVersion: z.literal(reportVersion),
  eval: z.string(),
  /** The file of the eval, in its project; absent where the run was imported. */
  evalFile: z.string().optional(),
  dataset: z.string(),
  mode,
  hashes,
  versions,
  metric: z.string(),
  stats: runStats,
  byCategory: z.record(z.string(), runStats),
  byTag: z.record(z.string(), runStats),
  metrics: z.array(metricStats),
  /** Absent where no judge was asked. */
  judges: z.array(judgeReport).optional(),
  outcomes: z.strictObject({ completed: z.number(), failed: z.number(), aborted: z.number() }),
  fidelity: runFidelity,
  /** What was put into the trials, in how many of them anything of it came to pass, and what faults did to the agent. */
  whatIf: z
    .strictObject({
      put: whatIf,
      happened: z.number().int().nonnegative(),
      words: z.partialRecord(faultWord, z.number().int().positive()).optional(),
    })
    .optional(),
  /** Trials that asked for what their recording does not hold. */
  misses: z.number().int(),
  usage: usage.optional(),
  costUsd: z.number().optional(),
  verdict: verdict.optional(),
  /** Where the baseline came from, where there is one: a file or a run. */
  baseline: z.string().optional(),
  /** What the baseline stood on; `accepted` where it is a file that somebody accepted. */
  baselineOf: z
    .strictObject({
      run: z.string(),
      mode,
      hashes,
      versions,
      accepted: baseline.shape.accepted.optional(),
    })
    .optional(),
  /** The pool of base-branch runs that was asked for, and what of it stands in the baseline. */
  pool: namedPool.optional(),
  /** What became of the accepted state since the base commit: of a pull request, what it lowers. Absent where nobody asked. */
  baselineChanges: baselineChanges.optional(),
  /** Version of evalkit that made the report. */
  evalkit: z.string().optional(),
  cases: z.array(caseReport),
  /** Command lines that help: reproduce the first broken case, record what was missed, ask judges, accept this run. */
  commands: z.strictObject({
    reproduce: z.string().optional(),
    record: z.string().optional(),
    judge: z.string().optional(),
    accept: z.string().optional(),
  }),
  run: z.strictObject({
    id: z.string(),
    name: z.string(),
    startedAt: z.string(),
    finishedAt: z.string().optional(),
    /** Wall time in ms. */
    durationMs: z.number().optional(),
  }),
})
export type Report = DeepReadonly<z.infer<typeof report>>

/** Traces by id, for reporters that show runs step by step; only those worth showing are gathered. */
export const reportTraces = z.record(z.string(), trace)
export type ReportTraces = DeepReadonly<z.infer<typeof reportTraces>>

/** What a page shows beside the traces of a report: gathered only for trials whose trace is. */
export const reportEvidence = z.strictObject({
  /** By the id of a trial's trace: the recording it was played against, and both step by step. */
  recorded: z.record(z.string(), z.strictObject({ trace, diff: traceDiff })),
  /** What judges said, by the id of the case. */
  verdicts: z.record(z.string(), z.array(judgement)),
})
export type ReportEvidence = DeepReadonly<z.infer<typeof reportEvidence>>
