import { describe, expect, it } from 'vitest'
import { bcaBootstrap } from './bootstrap.ts'
import { mulberry32 } from './mulberry32.ts'
import { type RatioUnit, ratioInterval } from './ratio-interval.ts'

/** Units whose amounts are skewed as costs are, and whose true ratio is `rise`. */
function drawn(count: number, rise: number, seed: number): RatioUnit[] {
  const random = mulberry32(seed)
  const noise = (): number => Math.exp(random() + random() + random() - 1.5)
  return Array.from({ length: count }, () => {
    const size = noise() ** 2
    return { numerator: rise * size * noise(), denominator: size * noise() }
  })
}

describe('the interval of a ratio', () => {
  it('is the general bootstrap’s, where both draw alike', () => {
    const units = drawn(40, 1.1, 3)
    const ratio = (sample: readonly RatioUnit[]): number =>
      sample.reduce((sum, one) => sum + one.numerator, 0) /
      sample.reduce((sum, one) => sum + one.denominator, 0)
    const general = bcaBootstrap(units, ratio, { seed: 9, resamples: 2000, level: 0.9 })
    const own = ratioInterval(units, 9)
    expect(own?.ratio).toBeCloseTo(ratio(units), 12)
    expect(own?.lower(0.95)).toBeCloseTo(general.low, 12)
    expect(own?.upper(0.95)).toBeCloseTo(general.high, 12)
  })

  it('is the ratio alone where nothing varies, and unknown where there is nothing to divide by', () => {
    const same = ratioInterval(
      Array.from({ length: 20 }, (_, index) => ({ numerator: 2 * index, denominator: index })),
      1,
    )
    expect([same?.lower(0.95), same?.ratio, same?.upper(0.95)]).toEqual([2, 2, 2])
    expect(ratioInterval([], 1)).toBeUndefined()
    expect(ratioInterval([{ numerator: 1, denominator: 0 }], 1)).toBeUndefined()
  })

  it('says the same of many units in groups as the normal approximation does', () => {
    const units = drawn(20_000, 1.2, 5)
    const told = ratioInterval(units, 5)
    const ratio = told?.ratio ?? 0
    const total = units.reduce((sum, one) => sum + one.denominator, 0)
    const squares = units.reduce((sum, one) => sum + (one.numerator - ratio * one.denominator) ** 2, 0)
    const half = 1.645 * (Math.sqrt(squares) / total)
    expect(((told?.upper(0.95) ?? 0) - (told?.lower(0.95) ?? 0)) / (2 * half)).toBeCloseTo(1, 1)
  })

  it('has each true ratio below its upper bound about 19 times in 20', () => {
    const runs = 300
    const misses = { below: 0, above: 0 }
    // The true ratio of the sums is 1 by symmetry.
    for (let seed = 1; seed <= runs; seed++) {
      const told = ratioInterval(drawn(50, 1, seed), seed)
      if ((told?.lower(0.95) ?? 0) > 1) misses.below++
      if ((told?.upper(0.95) ?? 2) < 1) misses.above++
    }
    expect(misses.below / runs).toBeLessThan(0.09)
    expect(misses.above / runs).toBeLessThan(0.09)
  })
})
