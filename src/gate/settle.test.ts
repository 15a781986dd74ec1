import { describe, expect, it } from 'vitest'
import { meanVarianceWithin } from './settle.ts'

const tally = (n: number, sum: number) => ({ n, sum, unscored: 0 })

describe('the variance of trials within their cases', () => {
  it('is the mean of the sample variances of pass and fail', () => {
    expect(meanVarianceWithin([tally(2, 1), tally(2, 2)])).toBeCloseTo(0.25, 12)
    expect(meanVarianceWithin([tally(4, 3)])).toBeCloseTo(0.25, 12)
    expect(meanVarianceWithin([tally(5, 5), tally(5, 0)])).toBe(0)
  })

  it('is not known where a case has one trial, or grades, or there is none', () => {
    expect(meanVarianceWithin([tally(2, 1), tally(1, 1)])).toBeUndefined()
    expect(meanVarianceWithin([tally(2, 1.5)])).toBeUndefined()
    expect(meanVarianceWithin([])).toBeUndefined()
  })
})
