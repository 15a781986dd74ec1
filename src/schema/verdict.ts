import * as z from 'zod'
import type { DeepReadonly } from './json.ts'

const budgetRule = z.strictObject({ maxRise: z.number().min(0).max(100) })

/**
 * What a team demands of judges that gate, beyond what every judge that gates must show (docs/calibration.md). Nothing here
 * can be lower than that.
 */
export const judgeDemand = z.strictObject({
  minLabels: z
    .number()
    .int()
    .min(100)
    .optional()
    .describe('Labels of the test split it was measured on, with a verdict.'),
  minFails: z.number().int().min(30).optional().describe('Of these, outcomes that people failed.'),
  minTpr: z
    .number()
    .min(0.8)
    .max(1)
    .optional()
    .describe('Lower end of the 95 % interval of its true pass rate.'),
  minTnr: z
    .number()
    .min(0.7)
    .max(1)
    .optional()
    .describe('Lower end of the 95 % interval of its true fail rate.'),
  minJ: z.number().min(0.5).max(1).optional().describe('Its J (TPR + TNR − 1).'),
  maxAgeDays: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Days since it was calibrated, when the run begins.'),
})
export type JudgeDemand = DeepReadonly<z.infer<typeof judgeDemand>>

/**
 * The team's rules for one eval. The defaults are the design's; the eval file wins over the config. The descriptions
 * stand in docs/config.md.
 */
export const policy = z.strictObject({
  metric: z
    .string()
    .default('success')
    .describe('The one metric that gates: `success`, or a check by its name.'),
  margin: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.05)
    .describe('The largest drop of the metric’s mean the team accepts.'),
  floor: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('The lowest acceptable mean, held against its one-sided 95 % Wilson lower bound.'),
  hardBreaks: z
    .enum(['report', 'fail'])
    .default('report')
    .describe(
      'Whether a case that passed every baseline trial and fails every trial now fails the gate by itself.',
    ),
  fidelityFloor: z
    .number()
    .min(0)
    .max(1)
    .default(0.8)
    .describe(
      'The fidelity a replay must keep. A case below it stands outside the comparison; where the mean, or the share of common cases that are compared, is below it, the verdict is `inconclusive`.',
    ),
  maxUnscored: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe('Share of trials that may be unscored before the verdict is `invalid`.'),
  onInconclusive: z
    .enum(['warn', 'fail', 'escalate'])
    .default('warn')
    .describe(
      'Whether `inconclusive` is only said (exit 0), stops a merge (exit 3), or first makes live models play more trials of every case.',
    ),
  escalation: z
    .strictObject({
      trials: z
        .array(z.number().int().min(1).max(50))
        .min(2)
        .max(6)
        .refine((trials) => trials.every((now, at) => at === 0 || now > (trials[at - 1] ?? 0)), {
          error: 'expected more trials at each look, such as [1, 3, 5]',
        })
        .optional(),
      otherwise: z.enum(['warn', 'fail']).optional(),
    })
    .optional()
    .describe(
      'Under `escalate`: how many trials a case there are at each look (`[1, 3, 5]` where nothing is said), and whether what is inconclusive after the last look, or cannot be escalated, stops a merge (`fail`, where nothing is said) or is only said.',
    ),
  secondary: z
    .record(z.string(), z.strictObject({ margin: z.number().gt(0).lt(1) }))
    .optional()
    .describe(
      'More metrics that gate, each with a margin of its own: `{ "tool-calls": { margin: 0.1 } }`. A real drop fails where one beyond the margin is not ruled out; they are corrected for each other (Holm).',
    ),
  categories: z
    .strictObject({
      margin: z.number().gt(0).lt(1),
      names: z.array(z.string().min(1)).min(1).optional(),
    })
    .optional()
    .describe(
      'No category drops by more than the margin: those in `names` gate, corrected for each other (Holm), and the others are shown. Without `names` all categories gate.',
    ),
  budgets: z
    .strictObject({
      costUsd: budgetRule.optional(),
      tokens: budgetRule.optional(),
      durationMs: budgetRule.optional(),
    })
    .optional()
    .describe(
      'The largest rise against the baseline, as a share of it: `{ costUsd: { maxRise: 0.1 } }` accepts 10 % more. `costUsd`, `tokens` and `durationMs` of the agent, over the cases both runs hold.',
    ),
  drift: z
    .strictObject({ margin: z.number().gt(0).lt(1) })
    .optional()
    .describe(
      'The largest drop against the baseline of the last release (`evalkit baseline release`). Where there is a release and nothing is said, twice the `margin`.',
    ),
  judgeAliases: z
    .enum(['warn', 'refuse'])
    .default('warn')
    .describe(
      'Whether a judge may be asked under a name that stands for another model tomorrow (`gpt-4o`): said, or refused.',
    ),
  judges: judgeDemand
    .optional()
    .describe('What a calibration must show, beyond the built-in bar, before its judge may gate.'),
  spend: z
    .strictObject({ usd: z.number().positive() })
    .optional()
    .describe('The most a run may spend on live models and judges. Without it they are not asked in CI.'),
})
export type Policy = DeepReadonly<z.infer<typeof policy>>
export type PolicyInput = DeepReadonly<z.input<typeof policy>>

/**
 * Rules as people write them: what is left out stays out, so that it can come from elsewhere. (A default inside
 * `policy.partial()` would fill in what nobody wrote, and win over what somebody did.)
 */
export const policyRules = z.strictObject(
  Object.fromEntries(
    Object.entries(policy.shape).map(([name, rule]) => [
      name,
      z.optional(rule instanceof z.ZodDefault ? rule.unwrap() : rule),
    ]),
  ),
) as unknown as z.ZodType<PolicyInput, PolicyInput>

export const verdictWord = z.enum(['pass', 'fail', 'inconclusive', 'invalid', 'not gated'])
export type VerdictWord = z.infer<typeof verdictWord>

/** Why the verdict is what it is. `code` is permanent; `hint` says what to do. */
export const reason = z.strictObject({ code: z.string(), what: z.string(), hint: z.string().optional() })
export type Reason = DeepReadonly<z.infer<typeof reason>>

/** A case whose mean moved between baseline and candidate. Means in [0,1]. */
export const flip = z.strictObject({
  case: z.string(),
  category: z.string().optional(),
  baseline: z.number(),
  candidate: z.number(),
  /** Passed every baseline trial and fails every trial now (or the reverse, under `fixed`). */
  hard: z.boolean(),
  /** It is in quarantine: it counts in every mean, and is no hard break. */
  quarantined: z.literal(true).optional(),
})
export type Flip = DeepReadonly<z.infer<typeof flip>>

/**
 * A case that both runs scored, and that rests too little on its recording to be compared. Fidelities in [0,1], each the
 * mean over the case's trials.
 */
export const offTape = z.strictObject({
  case: z.string(),
  baseline: z.number(),
  candidate: z.number(),
  /** Whose fidelity is below the floor. */
  sides: z.array(z.enum(['baseline', 'candidate'])).min(1),
})
export type OffTape = DeepReadonly<z.infer<typeof offTape>>

/** The one-sided level of each bound, where it is not 0.05: of one of several looks (docs/gate.md). */
const level = { level: z.number().gt(0).lt(0.5).optional() }

/**
 * What was compared: the cases that both runs hold with the same content, scored, and played close enough to their
 * recording. All differences are candidate minus baseline: negative is a regression.
 */
export const comparison = z.strictObject({
  metric: z.string(),
  margin: z.number(),
  /** Cases compared, and the units of the interval: the same, or declared clusters. */
  cases: z.number().int().nonnegative(),
  units: z.number().int().nonnegative(),
  /** Cases that both runs hold with the same content: those compared, `unscored` and `inconclusive`. */
  common: z.number().int().nonnegative(),
  clustered: z.boolean(),
  baselineMean: z.number(),
  candidateMean: z.number(),
  /** The raw mean difference over cases. */
  difference: z.number(),
  /** One-sided 95 % bounds of the generalised Bonett–Price interval (docs/gate.md). */
  lower: z.number(),
  upper: z.number(),
  ...level,
  /** The smallest drop this comparison could have detected 80 % of the time; absent where it cannot be said. */
  detectable: z.number().optional(),
  /** Exact McNemar, where both sides are pass or fail with one trial a case. */
  mcnemar: z
    .strictObject({
      fixed: z.number().int(),
      broken: z.number().int(),
      twoSided: z.number(),
      oneSided: z.number(),
    })
    .optional(),
  broken: z.array(flip),
  fixed: z.array(flip),
  /** Outside the difference, each named: cases only one side has, or whose content changed. */
  added: z.array(z.string()),
  removed: z.array(z.string()),
  edited: z.array(z.string()),
  /** Left out because one side has no scored trial. */
  unscored: z.array(z.string()),
  /** Left out because a side left its recording. */
  inconclusive: z.array(offTape),
})
export type Comparison = DeepReadonly<z.infer<typeof comparison>>

/**
 * What one rule beside the primary metric says. `incomparable`: it could not be asked, and `why` says what is missing.
 */
export const partWord = z.enum(['pass', 'fail', 'inconclusive', 'incomparable'])
export type PartWord = z.infer<typeof partWord>

/** What every part of a verdict says of itself. */
const part = {
  word: partWord,
  /** Whether it can fail the verdict, or is only shown. */
  gates: z.boolean(),
  /** Why it was not asked, or settles nothing. */
  why: z.string().optional(),
}

/** A secondary metric against the baseline. Its `upper` is not corrected; its word is. */
export const secondaryPart = z.strictObject({
  ...part,
  metric: z.string(),
  margin: z.number(),
  /** Of the test for a drop, corrected by Holm among the secondary metrics. */
  p: z.number().optional(),
  comparison: comparison.optional(),
})
export type SecondaryPart = DeepReadonly<z.infer<typeof secondaryPart>>

/** The primary metric in one category against the baseline. */
export const categoryPart = z.strictObject({
  ...part,
  category: z.string(),
  margin: z.number(),
  cases: z.number().int().nonnegative(),
  units: z.number().int().nonnegative(),
  baselineMean: z.number(),
  candidateMean: z.number(),
  difference: z.number(),
  lower: z.number(),
  upper: z.number(),
  ...level,
  /** Of the test for a drop: Holm's among those that gate, Benjamini and Hochberg's among those that are shown. */
  p: z.number(),
})
export type CategoryPart = DeepReadonly<z.infer<typeof categoryPart>>

export const budgetName = z.enum(['costUsd', 'tokens', 'durationMs'])
export type BudgetName = z.infer<typeof budgetName>

/** What the agent used against what it used in the baseline. */
export const budgetPart = z.strictObject({
  ...part,
  of: budgetName,
  maxRise: z.number(),
  /** Cases in which both runs know it. */
  cases: z.number().int().nonnegative(),
  /** Mean a trial, over these cases. */
  baseline: z.number().optional(),
  candidate: z.number().optional(),
  /** `candidate / baseline`, with one-sided 95 % bounds. */
  ratio: z.number().optional(),
  lower: z.number().optional(),
  upper: z.number().optional(),
  ...level,
})
export type BudgetPart = DeepReadonly<z.infer<typeof budgetPart>>

/** Why no further look was taken. */
export const escalationEnd = z.enum(['settled', 'last look', 'spend cap', 'hopeless'])
export type EscalationEnd = z.infer<typeof escalationEnd>

/** What came of playing more trials as long as the verdict was open. */
export const escalation = z.strictObject({
  /** Trials a case, in all, at each look there could have been. */
  looks: z.array(z.number().int().positive()).min(2),
  /** One-sided level of every bound at every look, so that all looks together err as rarely as one at 0.05. */
  level: z.number().gt(0).lt(0.5),
  /** What each look that was taken said, in order. */
  taken: z
    .array(
      z.strictObject({
        trials: z.number().int().positive(),
        word: verdictWord,
        sentence: z.string(),
        /** Of the primary metric, where it was compared. */
        difference: z.number().optional(),
        lower: z.number().optional(),
        upper: z.number().optional(),
      }),
    )
    .min(1),
  /** `hopeless`: what is open is nothing that more trials settle. */
  ended: escalationEnd,
  /** Trials of a look that began and did not end: kept, and in no number of this verdict. */
  unfinished: z
    .strictObject({ trials: z.number().int().nonnegative(), costUsd: z.number().nonnegative().optional() })
    .optional(),
  /** What the looks that were not taken would have used, by what the trials so far did; absent after the last. */
  saved: z
    .strictObject({
      trials: z.number().int().positive(),
      /** Live replies of models, where the trials tell. */
      modelCalls: z.number().nonnegative().optional(),
      costUsd: z.number().nonnegative().optional(),
    })
    .optional(),
})
export type Escalation = DeepReadonly<z.infer<typeof escalation>>

/** The primary metric against the baseline of the last release. Numbers are absent where it could not be asked. */
export const driftPart = z.strictObject({
  ...part,
  /** Its name; absent where no baseline is marked as that of one. */
  release: z.string().optional(),
  margin: z.number(),
  cases: z.number().int().nonnegative().optional(),
  units: z.number().int().nonnegative().optional(),
  /** Cases of the release that are not among those compared: gone, edited, unscored or off their recording. */
  outside: z.number().int().nonnegative().optional(),
  baselineMean: z.number().optional(),
  candidateMean: z.number().optional(),
  difference: z.number().optional(),
  lower: z.number().optional(),
  upper: z.number().optional(),
  ...level,
})
export type DriftPart = DeepReadonly<z.infer<typeof driftPart>>

/** The gate's answer. `sentence` stands alone in an e-mail. */
export const verdict = z.strictObject({
  word: verdictWord,
  sentence: z.string(),
  reasons: z.array(reason),
  comparison: comparison.optional(),
  /** Rules beside the primary metric, each where the policy has it and there is a baseline. */
  secondary: z.array(secondaryPart).optional(),
  categories: z.array(categoryPart).optional(),
  budgets: z.array(budgetPart).optional(),
  /** Where there is a release, or the policy asks for one. */
  drift: driftPart.optional(),
  /** Where `onInconclusive: 'escalate'` let the run play more trials. */
  escalation: escalation.optional(),
  policy,
})
export type Verdict = DeepReadonly<z.infer<typeof verdict>>
