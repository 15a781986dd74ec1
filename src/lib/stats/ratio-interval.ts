import { bcaOf } from './bca.ts'
import { mulberry32 } from './mulberry32.ts'
import { normalQuantile } from './normal.ts'

/** What one unit (a case, or a whole cluster) brings to both sums of a ratio. Neither is negative. */
export interface RatioUnit {
  readonly numerator: number
  readonly denominator: number
}

export interface RatioInterval {
  /** Σ numerators / Σ denominators. */
  readonly ratio: number
  /** The one-sided lower and upper bound at a level such as 0.95. */
  lower(level: number): number
  upper(level: number): number
}

/** More units are put into so many groups first: what is resampled stays small, and what it says stays the same. */
const mostUnits = 1000
const resamples = 2000

/**
 * The ratio of two sums over the same units with bias-corrected and accelerated bootstrap bounds (Efron 1987, JASA 82:171),
 * by 2,000 resamples of the units. Beyond 1,000 units these are put at random into 1,000 groups, and the groups are
 * resampled: sums over independent units stay independent. The same units in the same order give the same bounds
 * everywhere. Undefined where the denominators add up to 0. Where all units have the same ratio the bounds are that ratio:
 * a bootstrap knows nothing of what was not seen.
 */
export function ratioInterval(given: readonly RatioUnit[], seed: number): RatioInterval | undefined {
  const random = mulberry32(seed)
  const units = grouped(given, random)
  const observed = ratioOf(units)
  if (observed === undefined) return undefined
  const replicates = Float64Array.from({ length: resamples }, () => replicate(units, random, observed)).sort()
  const bca = bcaOf(replicates, observed, () => leftOut(units))
  if (bca === undefined) return { ratio: observed, lower: () => observed, upper: () => observed }
  return {
    ratio: observed,
    lower: (level) => bca.at(-normalQuantile(level)),
    upper: (level) => bca.at(normalQuantile(level)),
  }
}

function replicate(units: readonly RatioUnit[], random: () => number, observed: number): number {
  let numerator = 0
  let denominator = 0
  for (let draw = 0; draw < units.length; draw++) {
    const unit = units[Math.floor(random() * units.length)]
    numerator += unit?.numerator ?? 0
    denominator += unit?.denominator ?? 0
  }
  // Only units without a denominator were drawn: that says nothing either way.
  return denominator > 0 ? numerator / denominator : observed
}

/** Each unit to a random place, and the places dealt out in turn. */
function grouped(units: readonly RatioUnit[], random: () => number): readonly RatioUnit[] {
  if (units.length <= mostUnits) return units
  const order = Uint32Array.from({ length: units.length }, (_, index) => index)
  for (let index = order.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    const held = order[index] ?? 0
    order[index] = order[other] ?? 0
    order[other] = held
  }
  const groups = Array.from({ length: mostUnits }, () => ({ numerator: 0, denominator: 0 }))
  for (const [place, index] of order.entries()) {
    const group = groups[place % mostUnits]
    const unit = units[index]
    if (group === undefined || unit === undefined) continue
    group.numerator += unit.numerator
    group.denominator += unit.denominator
  }
  return groups
}

function ratioOf(units: readonly RatioUnit[]): number | undefined {
  const numerator = units.reduce((sum, unit) => sum + unit.numerator, 0)
  const denominator = units.reduce((sum, unit) => sum + unit.denominator, 0)
  return denominator > 0 ? numerator / denominator : undefined
}

/** The ratio without each unit in turn, by sums that each leave one out. */
function leftOut(units: readonly RatioUnit[]): readonly number[] {
  if (units.length < 2) return []
  const numerator = units.reduce((sum, unit) => sum + unit.numerator, 0)
  const denominator = units.reduce((sum, unit) => sum + unit.denominator, 0)
  return units.flatMap((unit) => {
    const rest = denominator - unit.denominator
    return rest > 0 ? [(numerator - unit.numerator) / rest] : []
  })
}
