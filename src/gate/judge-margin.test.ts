import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RateShare } from '../schema/calibration.ts'
import { floorForJudges, type JudgeScale, marginForJudges } from './judge-margin.ts'

const shareOf = (rate: number): RateShare => ({ passed: rate * 100, of: 100, rate, low: 0, high: 1 })
const judge = (tpr: number, tnr: number, name = 'accuracy'): JudgeScale => ({
  judge: name,
  tpr: shareOf(tpr),
  tnr: shareOf(tnr),
  j: tpr + tnr - 1,
})

describe('rules on the scale of a judge', () => {
  it('leaves them as they are where no judge decides', () => {
    expect(marginForJudges(0.05, [])).toEqual({ value: 0.05, told: '' })
    expect(floorForJudges(0.9, [])).toEqual({ value: 0.9, told: '' })
  })

  it('takes the judge that hides most, and says how', () => {
    const { value, told } = marginForJudges(0.05, [judge(0.95, 0.95), judge(0.9, 0.8, 'tone')])
    expect(value).toBeCloseTo(0.035, 12)
    expect(told).toBe('margin 5 points × J 0.70 of the judge "tone" = 3.5 points of what it says')
  })

  it('says what a floor looks like to a judge', () => {
    const { value, told } = floorForJudges(0.9, [judge(0.9, 0.8)])
    expect(value).toBeCloseTo(0.83, 12)
    expect(told).toBe('floor 90 % looks like 83 % to the judge "accuracy" (TPR 0.90, TNR 0.80)')
  })

  it('scales a floor and a drop below it as one: the difference of two floors is J times what it was', () => {
    const rate = fc.double({ min: 0.6, max: 1, noNaN: true })
    const level = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(rate, rate, level, level, (tpr, tnr, a, b) => {
        const of = [judge(tpr, tnr)]
        const apparent = floorForJudges(a, of).value - floorForJudges(b, of).value
        expect(apparent).toBeCloseTo((a - b) * (tpr + tnr - 1), 10)
      }),
      { seed: 42 },
    )
  })

  it('refuses a judge that sees nothing', () => {
    expect(() => marginForJudges(0.05, [judge(0.5, 0.5)])).toThrow(RangeError)
    expect(() => floorForJudges(0.9, [judge(0.4, 0.5)])).toThrow(RangeError)
  })
})
