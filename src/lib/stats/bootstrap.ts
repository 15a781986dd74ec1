import { bcaOf } from './bca.ts'
import { mulberry32 } from './mulberry32.ts'
import { normalQuantile } from './normal.ts'

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
  const sorted = Float64Array.from(replicates).sort()
  const bca = bcaOf(sorted, observed, () => leftOut(data, statistic))
  if (bca === undefined) {
    return { low: observed, high: observed, method: 'degenerate', bias: 0, acceleration: 0 }
  }
  const { bias, acceleration } = bca
  const z = normalQuantile(0.5 + level / 2)
  return { low: bca.at(-z), high: bca.at(z), method: 'bca', bias, acceleration }
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

/** The statistic without each of the data in turn. */
function leftOut<T>(data: readonly T[], statistic: (sample: readonly T[]) => number): readonly number[] {
  if (data.length < 2) return []
  return data.map((_, out) => statistic(data.filter((_kept, index) => index !== out)))
}
