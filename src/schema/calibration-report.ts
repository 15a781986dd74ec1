import type { Calibration, JudgeStanding, RateShare } from './calibration.ts'
import type { LabelSplit } from './label.ts'

/** How often a person and a judge said what: `tp` both passed it, `fn` only the person did, `fp` only the judge, `tn` neither. */
export interface JudgeConfusion {
  readonly tp: number
  readonly fn: number
  readonly fp: number
  readonly tn: number
}

/** A share with its interval, both within [0,1]. */
export interface LevelEstimate {
  readonly level: number
  readonly low: number
  readonly high: number
}

/** What was measured of a judge, and what of it a person should look at. */
export interface CalibrationReport {
  readonly calibration: Calibration
  /** Which labels it was measured on. Only `test` counts. */
  readonly split: LabelSplit
  readonly confusion: JudgeConfusion
  readonly byTag: readonly (JudgeConfusion & { readonly tag: string })[]
  /** Labels without a verdict, by the reason, most frequent first. */
  readonly unscored: readonly { readonly why: string; readonly count: number }[]
  /** Labels of the test split that stand in the judge's own prompt: left out. */
  readonly leaked: readonly { readonly case: string; readonly trial: number }[]
  /** Of all outcomes with a verdict, where more than the labelled ones have one. */
  readonly level: CorrectedLevels | undefined
  /** Pearson's correlation of the verdict, and of people's labels, with the length of the answer. */
  readonly length: { readonly of: number; readonly judge: number | null; readonly people: number | null }
  /** Who labelled, and how far those who labelled the same outcomes agree. */
  readonly people: {
    readonly names: readonly string[]
    readonly shared: number
    readonly alpha: number | null
  }
  /** What the judge lets pass first, then what it fails. */
  readonly disagreements: readonly Disagreement[]
}

/** The pass rate of an eval by this judge, as it is and corrected by what is known of its errors. 95 % intervals. */
export interface CorrectedLevels {
  /** Of outcomes nobody labelled. */
  readonly judged: { readonly passed: number; readonly of: number }
  /** Rogan and Gladen's estimate with Lang and Reiczigel's interval: the one where fails are scarce. */
  readonly roganGladen: LevelEstimate | undefined
  /** PPI++. */
  readonly predictionPowered: LevelEstimate | undefined
  /** Labels alone, with Wilson's interval. */
  readonly labels: LevelEstimate
}

/** An outcome a person and the judge see differently, with both reasonings. Hostile text, whoever wrote it. */
export interface Disagreement {
  readonly case: string
  readonly trial: number
  readonly person: 'pass' | 'fail'
  readonly judge: 'pass' | 'fail'
  readonly critique: string
  readonly note: string | undefined
  readonly by: string
}

/** Several judges on the same labels. */
export interface JudgeComparison {
  /** Whose labels, and which. */
  readonly labels: {
    readonly of: string
    readonly split: LabelSplit
    readonly common: number
    readonly all: number
  }
  readonly judges: readonly ComparedJudge[]
  /** Each pair of judges: labels only one of them is right on. */
  readonly pairs: readonly {
    readonly a: string
    readonly b: string
    readonly onlyA: number
    readonly onlyB: number
    /** McNemar's exact test, two-sided. */
    readonly p: number
  }[]
}

export interface ComparedJudge {
  readonly name: string
  readonly model: string
  readonly fingerprint: string
  /** Labels it has no verdict on: they are left out for all. */
  readonly unscored: number
  readonly tpr: RateShare
  readonly tnr: RateShare
  readonly j: number
  readonly kappa: number | null
  readonly agreement: number
  readonly standing: JudgeStanding
}

/** A judge of an eval, and what is known of it. */
export interface ListedJudge {
  readonly eval: string
  readonly judge: string
  readonly kind: string
  readonly models: readonly string[]
  readonly fingerprint: string
  readonly criterion: string
  /** Whether the eval lets it gate. */
  readonly gating: boolean
  /** What it may do; `uncalibrated` where nobody measured this instrument. */
  readonly standing: JudgeStanding | 'uncalibrated'
  readonly why: string
  readonly labels: { readonly pass: number; readonly fail: number; readonly test: number }
  /** Verdicts that are recorded of this fingerprint and criterion. */
  readonly recorded: number
}
