import { mulberry32 } from './mulberry32.ts'
import { normalCdf, normalQuantile } from './normal.ts'
import { quantileOfSorted } from './quantile.ts'

/** Replicates this near to the observed value are ties: summation order makes exact ties unequal. */
const tie = 1e-12

export interface BootstrapInterval {
  readonly low: number
  readonly high: number
  /** `degenerate`: the data cannot vary, so neither can the interval; it says nothing about what was not seen. */
  readonly method: 'bca' | 'degenerate'
  readonly bias: number
  readonly acceleration: number
}

/**
 * Bias-corrected and accelerated bootstrap (Efron 1987, JASA 82:171) of any statistic. For medians, latency and cost,
 * not for the gate: it cannot resample a failure it has not seen. Resample cases or whole clusters, never trials.
 * The same seed gives the same interval everywhere.
 */
export function bcaBootstrap<T>(
  data: readonly T[],
  statistic: (sample: readonly T[]) => number,
  options: { readonly seed: number; readonly resamples?: number; readonly level?: number },
): BootstrapInterval {
  if (data.length === 0) throw new RangeError('a bootstrap needs data')
  const random = mulberry32(options.seed)
  const replicates = new Float64Array(options.resamples ?? 10_000)
  const sample = [...data]
  for (let draw = 0; draw < replicates.length; draw++) {
    for (let index = 0; index < sample.length; index++) {
      const drawn = data[Math.floor(random() * data.length)]
      if (drawn !== undefined) sample[index] = drawn
    }
    replicates[draw] = statistic(sample)
  }
  return bcaInterval(data, statistic, replicates, options.level)
}

/** The same interval from replicates made elsewhere, such as `allResamples`. */
export function bcaInterval<T>(
  data: readonly T[],
  statistic: (sample: readonly T[]) => number,
  replicates: ArrayLike<number>,
  level = 0.95,
): BootstrapInterval {
  const observed = statistic(data)
  const acceleration = accelerationOf(data, statistic)
  const sorted = Float64Array.from(replicates).sort()
  const varies = (sorted.at(-1) ?? observed) - (sorted[0] ?? observed) > tie
  if (!varies || acceleration === undefined) {
    return { low: observed, high: observed, method: 'degenerate', bias: 0, acceleration: 0 }
  }
  const bias = normalQuantile(shareBelow(sorted, observed))
  const shifted = (z: number): number => normalCdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
  const z = normalQuantile(0.5 + level / 2)
  return {
    low: quantileOfSorted(sorted, shifted(-z)) ?? observed,
    high: quantileOfSorted(sorted, shifted(z)) ?? observed,
    method: 'bca',
    bias,
    acceleration,
  }
}

/** The statistic of all nⁿ resamples, in order: for small data and for tests, without chance. */
export function allResamples<T>(
  data: readonly T[],
  statistic: (sample: readonly T[]) => number,
): Float64Array {
  const n = data.length
  const replicates = new Float64Array(n ** n)
  const sample = [...data]
  for (let which = 0; which < replicates.length; which++) {
    let rest = which
    for (let index = 0; index < n; index++) {
      const drawn = data[rest % n]
      if (drawn !== undefined) sample[index] = drawn
      rest = Math.floor(rest / n)
    }
    replicates[which] = statistic(sample)
  }
  return replicates
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

/** From the jackknife; undefined where leaving one out changes nothing. */
function accelerationOf<T>(
  data: readonly T[],
  statistic: (sample: readonly T[]) => number,
): number | undefined {
  if (data.length < 2) return undefined
  const jackknife = data.map((_, out) => statistic(data.filter((_kept, index) => index !== out)))
  const centre = jackknife.reduce((sum, value) => sum + value, 0) / jackknife.length
  let squares = 0
  let cubes = 0
  for (const value of jackknife) {
    squares += (centre - value) ** 2
    cubes += (centre - value) ** 3
  }
  return squares > tie ** 2 ? cubes / (6 * squares ** 1.5) : undefined
}
