/** NaN for no values: the caller says what no evidence means. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Sample variance, n − 1 below; NaN for fewer than two values. */
export function variance(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN
  const centre = mean(values)
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1)
}

/** Pearson's correlation; NaN where one side does not vary. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const centreA = mean(a)
  const centreB = mean(b)
  const shared = a.reduce(
    (sum, value, index) => sum + (value - centreA) * ((b[index] ?? Number.NaN) - centreB),
    0,
  )
  return shared / Math.sqrt(variance(a) * (a.length - 1) * variance(b) * (b.length - 1))
}
