import { mean, variance } from './moments.ts'
import { normalQuantile } from './normal.ts'
import type { Bounds } from './proportion.ts'

export interface PredictionPoweredMean {
  readonly mean: number
  readonly standardError: number
  readonly interval: Bounds
  /** How far the judge is leant on: 1 is all the way (PPI), 0 is labels alone. */
  readonly lambda: number
}

/**
 * The mean of what people would say, from a few labels and a judge's values of many more (prediction-powered inference,
 * Angelopoulos et al. 2023, Science 382:669, https://arxiv.org/abs/2301.09633): the judge's mean, moved by its mean error on
 * what is labelled. Valid however bad the judge is; it is only shorter than labels alone where the judge is good. `lambda` is
 * 1 unless it is given. Both lists hold two values at least; the two are disjoint draws from one population.
 */
export function ppiMean(
  unlabelled: readonly number[],
  labelled: readonly { readonly people: number; readonly judge: number }[],
  { lambda = 1, confidence = 0.95 }: { readonly lambda?: number; readonly confidence?: number } = {},
): PredictionPoweredMean {
  assertEnough(unlabelled, labelled)
  const errors = labelled.map(({ people, judge }) => people - lambda * judge)
  const estimate = lambda * mean(unlabelled) + mean(errors)
  const standardError = Math.sqrt(
    (lambda ** 2 * variance(unlabelled)) / unlabelled.length + variance(errors) / errors.length,
  )
  const half = normalQuantile(0.5 + confidence / 2) * standardError
  return {
    mean: estimate,
    standardError,
    interval: { low: estimate - half, high: estimate + half },
    lambda,
  }
}

/**
 * PPI++ (Angelopoulos, Duchi & Zrnic 2023, https://arxiv.org/abs/2311.01453): the judge is leant on as far as it helps, so that
 * the interval is asymptotically no longer than that of labels alone. λ = cov(y, f) / ((1 + n/N) var(f)), within [0,1]; the
 * variance of the judge's values is that of both lists together.
 */
export function ppiPlusPlusMean(
  unlabelled: readonly number[],
  labelled: readonly { readonly people: number; readonly judge: number }[],
  confidence = 0.95,
): PredictionPoweredMean {
  assertEnough(unlabelled, labelled)
  const spread = variance([...unlabelled, ...labelled.map(({ judge }) => judge)])
  const share = 1 + labelled.length / unlabelled.length
  // A judge that always says the same says nothing.
  const best = spread === 0 ? 0 : covariance(labelled) / (share * spread)
  return ppiMean(unlabelled, labelled, { lambda: Math.min(1, Math.max(0, best)), confidence })
}

function covariance(labelled: readonly { readonly people: number; readonly judge: number }[]): number {
  const people = mean(labelled.map((one) => one.people))
  const judge = mean(labelled.map((one) => one.judge))
  const sum = labelled.reduce((total, one) => total + (one.people - people) * (one.judge - judge), 0)
  return sum / (labelled.length - 1)
}

function assertEnough(unlabelled: readonly unknown[], labelled: readonly unknown[]): void {
  if (unlabelled.length < 2 || labelled.length < 2) {
    throw new RangeError(
      `a mean from labels and a judge needs two of each, not ${labelled.length} and ${unlabelled.length}`,
    )
  }
}
