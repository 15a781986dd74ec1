import { describe, expect, it } from 'vitest'
import { limitOf, named, percent, pointsOf } from './words.ts'

function written(lower: number, upper: number, margin: number): string[] {
  const points = pointsOf({ lower, upper, margin })
  return [points(lower), points(upper), limitOf(margin, points)]
}

describe('numbers in sentences', () => {
  it('have the decimals the interval supports, and no more', () => {
    expect(written(-0.137402, -0.019461, 0.05)).toEqual(['-13.7', '-1.9', '-5.0'])
    expect(written(-0.298854, 0.132188, 0.05)).toEqual(['-30', '+13', '-5'])
    expect(written(-0.017666, -0.002268, 0.05)).toEqual(['-1.77', '-0.23', '-5.00'])
    expect(percent(0.8234, 0.11)).toBe('82 %')
    expect(percent(0.8234, 0.05)).toBe('82.3 %')
  })

  it('get one more where rounding would contradict the verdict', () => {
    expect(written(-0.0498, 0.06, 0.05)).toEqual(['-4.98', '+6.00', '-5.00'])
    expect(written(-0.12, -0.0003, 0.05)).toEqual(['-12.00', '-0.03', '-5.00'])
  })

  it('keep all of a limit, which is exact', () => {
    expect(written(-0.3, 0.3, 0.025)).toEqual(['-30', '+30', '-2.5'])
  })

  it('never have a minus before zero', () => {
    expect(pointsOf({ lower: -0.1, upper: 0.02, margin: 0.05 })(-0.0001)).toBe('0.0')
  })

  it('name a few cases and count the rest', () => {
    expect(named(['a', 'b'])).toBe('a, b')
    expect(named(['a', 'b', 'c'], 2)).toBe('a, b and 1 more')
  })
})
