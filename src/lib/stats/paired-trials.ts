import { correlation, mean, variance } from './moments.ts'
import { studentTQuantile, studentTUpperTail } from './student-t.ts'

/** The paired t view of two runs on the same cases; the case, not the trial, is the unit. */
export interface PairedTrials {
  readonly baselineMeans: readonly number[]
  readonly candidateMeans: readonly number[]
  readonly differences: readonly number[]
  readonly meanDifference: number
  readonly standardDeviation: number
  readonly standardError: number
  readonly t: number
  readonly degreesOfFreedom: number
  readonly pTwoSided: number
  /** That it got worse. */
  readonly pDrop: number
  /** What the error would be had the runs been on different cases. */
  readonly unpairedStandardError: number
  readonly correlation: number
  /** Mean variance of trials within a case; NaN where no case has two. */
  readonly withinBaseline: number
  readonly withinCandidate: number
  /** Variance of the true differences between cases, by the method of moments: may be negative, read as 0. */
  readonly betweenVariance: number
}

/** `baseline[i]` and `candidate[i]` hold the scores of case i's trials, at least one each. */
export function pairedTrials(
  baseline: readonly (readonly number[])[],
  candidate: readonly (readonly number[])[],
): PairedTrials {
  if (baseline.length !== candidate.length) throw new RangeError('both runs need the same cases')
  const baselineMeans = baseline.map(mean)
  const candidateMeans = candidate.map(mean)
  const differences = candidateMeans.map((value, index) => value - (baselineMeans[index] ?? Number.NaN))
  const n = differences.length
  const meanDifference = mean(differences)
  const spread = variance(differences)
  const standardError = Math.sqrt(spread / n)
  const t = meanDifference / standardError
  return {
    baselineMeans,
    candidateMeans,
    differences,
    meanDifference,
    standardDeviation: Math.sqrt(spread),
    standardError,
    t,
    degreesOfFreedom: n - 1,
    pTwoSided: 2 * studentTUpperTail(Math.abs(t), n - 1),
    pDrop: studentTUpperTail(-t, n - 1),
    unpairedStandardError: Math.sqrt((variance(baselineMeans) + variance(candidateMeans)) / n),
    correlation: correlation(baselineMeans, candidateMeans),
    withinBaseline: withinVariance(baseline),
    withinCandidate: withinVariance(candidate),
    betweenVariance: spread - trialVariance(baseline) - trialVariance(candidate),
  }
}

/** Estimate ∓ t·se at a two-sided level. */
export function tInterval(
  estimate: number,
  standardError: number,
  degreesOfFreedom: number,
  level: number,
): { readonly low: number; readonly high: number } {
  const half = studentTQuantile(0.5 + level / 2, degreesOfFreedom) * standardError
  return { low: estimate - half, high: estimate + half }
}

function withinVariance(cases: readonly (readonly number[])[]): number {
  return mean(cases.filter((trials) => trials.length > 1).map(variance))
}

/** The part of a case mean's variance that comes from its own trials, averaged over cases. */
function trialVariance(cases: readonly (readonly number[])[]): number {
  return mean(cases.filter((trials) => trials.length > 1).map((trials) => variance(trials) / trials.length))
}
