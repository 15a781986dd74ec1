import { normalCdf, normalQuantile } from './normal.ts'
import { quantileOfSorted } from './quantile.ts'

/** Replicates this near to the observed value are ties: summation order makes exact ties unequal. */
const tie = 1e-12

/** The bias-corrected and accelerated bootstrap (Efron 1987, JASA 82:171) of replicates that were made. */
export interface Bca {
  readonly bias: number
  readonly acceleration: number
  /** The value at a normal quantile such as 1.645. */
  at(z: number): number
}

/**
 * From sorted replicates, the observed value, and the statistic with each unit left out. Undefined where the data cannot
 * vary: then it says nothing about what was not seen.
 */
export function bcaOf(
  sorted: Float64Array,
  observed: number,
  jackknife: () => readonly number[],
): Bca | undefined {
  const varies = (sorted.at(-1) ?? observed) - (sorted[0] ?? observed) > tie
  const acceleration = varies ? accelerationOf(jackknife()) : undefined
  if (acceleration === undefined) return undefined
  const bias = normalQuantile(shareBelow(sorted, observed))
  return {
    bias,
    acceleration,
    at: (z) =>
      quantileOfSorted(sorted, normalCdf(bias + (bias + z) / (1 - acceleration * (bias + z)))) ?? observed,
  }
}

/** Share of replicates below the observed value, ties half; kept off 0 and 1, whose normal quantile is infinite. */
function shareBelow(replicates: Float64Array, observed: number): number {
  let twice = 0
  for (const replicate of replicates) {
    if (replicate < observed - tie) twice += 2
    else if (replicate <= observed + tie) twice += 1
  }
  const half = 1 / (2 * replicates.length)
  return Math.min(1 - half, Math.max(half, twice / (2 * replicates.length)))
}

/** Undefined where leaving one out changes nothing. */
function accelerationOf(jackknife: readonly number[]): number | undefined {
  const centre = jackknife.reduce((sum, value) => sum + value, 0) / jackknife.length
  let squares = 0
  let cubes = 0
  for (const value of jackknife) {
    squares += (centre - value) ** 2
    cubes += (centre - value) ** 3
  }
  return squares > tie ** 2 ? cubes / (6 * squares ** 1.5) : undefined
}
