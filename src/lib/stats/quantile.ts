/**
 * Sample quantile with linear interpolation (Hyndman & Fan 1996, type 7: the default of R and NumPy). Any order;
 * undefined for no values. Throws a `RangeError` for a p outside [0,1].
 */
export function quantile(values: readonly number[], p: number): number | undefined {
  return quantileOfSorted(Float64Array.from(values).sort(), p)
}

/** The same of values that are sorted already, for many questions to one sample. */
export function quantileOfSorted(sorted: ArrayLike<number>, p: number): number | undefined {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability lies in [0,1]: ${p}`)
  const at = (sorted.length - 1) * p
  const low = sorted[Math.floor(at)]
  const high = sorted[Math.ceil(at)]
  if (low === undefined || high === undefined) return undefined
  return low + (high - low) * (at - Math.floor(at))
}
