import { normalCdf, normalQuantile } from './normal.ts'

/**
 * The one-sided level of every single look, so that all looks together err in no more than `total`: Pocock's constant
 * boundary (1977, Biometrika 64:191), for looks after amounts of information that need not be equally far apart. The chance
 * to cross it is integrated from look to look (Armitage, McPherson and Rowe 1969, Journal of the Royal Statistical Society A
 * 132:235). Rounded down to four decimals: 0.0214 for looks after 1, 3 and 5 trials.
 *
 * Increments are taken to be independent, as trials are where all noise is within cases. Whatever looks share beyond that
 * (cases that differ for good, the same baseline) makes them more alike, and then they err less often.
 *
 * Throws `RangeError` where `information` does not rise, or is not above 0.
 */
export function sequentialLevel(information: readonly number[], total = 0.05): number {
  const isRising = information.every((now, at) => now > (at === 0 ? 0 : (information[at - 1] ?? 0)))
  if (information.length === 0 || !isRising)
    throw new RangeError('looks come after more and more information')
  if (information.length === 1) return total
  // Between what is always enough (every look alone) and what never is (Bonferroni errs on the safe side).
  let [enough, tooMuch] = [total / information.length, total]
  for (let step = 0; step < 18; step++) {
    const middle = (enough + tooMuch) / 2
    if (crossing(information, normalQuantile(1 - middle)) <= total) enough = middle
    else tooMuch = middle
  }
  return Math.floor(enough * 1e4) / 1e4
}

/** Points of the integral's grid: errors are below 1e-6. */
const points = 161
/** Standard deviations below 0 that still count. */
const lowest = 8

/** The chance that at some look the sum so far is more than `z` of its standard deviations above 0, where nothing is there. */
function crossing(information: readonly number[], z: number): number {
  let [grid, density] = [[] as number[], [] as number[]]
  let stayed = 1
  for (const [at, now] of information.entries()) {
    const deviation = Math.sqrt(now)
    const step = ((z + lowest) * deviation) / (points - 1)
    const next = Array.from({ length: points }, (_, index) => -lowest * deviation + index * step)
    const before = information[at - 1]
    const spread = Math.sqrt(now - (before ?? 0))
    const of = (value: number): number =>
      before === undefined
        ? normalDensity(value, spread)
        : grid.reduce(
            (sum, from, index) => sum + (density[index] ?? 0) * normalDensity(value - from, spread),
            0,
          )
    // Weighted for the next integral at once.
    density = next.map((value, index) => of(value) * simpson(index) * step)
    grid = next
    stayed = density.reduce((sum, share) => sum + share, 0)
  }
  // What lay below the grid never crossed.
  return Math.max(0, 1 - stayed - normalCdf(-lowest))
}

function simpson(index: number): number {
  return index === 0 || index === points - 1 ? 1 / 3 : index % 2 === 1 ? 4 / 3 : 2 / 3
}

function normalDensity(value: number, deviation: number): number {
  return Math.exp(-0.5 * (value / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI))
}
