/**
 * Holm's step-down p-values (1979, Scand. J. Statistics 6:65), in the order given: reject where at most α, and the
 * chance of one false alarm among all stays at most α.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = ascending(pValues)
  const adjusted = pValues.map(() => 1)
  let highest = 0
  for (const [rank, index] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (pValues[index] ?? 1) * (pValues.length - rank)))
    adjusted[index] = highest
  }
  return adjusted
}

/**
 * Benjamini and Hochberg's p-values (1995, J. R. Stat. Soc. B 57:289), in the order given: of those at most α, no
 * more than a share of α are false alarms on average.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const order = ascending(pValues)
  const adjusted = pValues.map(() => 1)
  let lowest = 1
  for (let rank = order.length; rank >= 1; rank--) {
    const index = order[rank - 1] ?? 0
    lowest = Math.min(lowest, (pValues[index] ?? 1) * (pValues.length / rank))
    adjusted[index] = lowest
  }
  return adjusted
}

function ascending(pValues: readonly number[]): number[] {
  return pValues.map((_, index) => index).sort((a, b) => (pValues[a] ?? 1) - (pValues[b] ?? 1) || a - b)
}
