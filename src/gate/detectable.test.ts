import { describe, expect, it } from 'vitest'
import { mulberry32, pairedInterval, type Unit } from '../lib/stats/index.ts'
import {
  casesThatPass,
  detectableAmong,
  detectableDrop,
  smallestPassableCases,
  trialsThatPass,
} from './detectable.ts'

const unchanged = (cases: number): Unit[] => Array.from({ length: cases }, () => ({ size: 1, difference: 0 }))

describe('the fewest cases that can pass', () => {
  it('are the reference values', () => {
    expect([0.01, 0.02, 0.03, 0.05, 0.1].map((margin) => smallestPassableCases(margin))).toEqual([
      231, 115, 76, 45, 22,
    ])
  })

  it('pass, and one fewer does not', () => {
    for (const margin of [0.01, 0.025, 0.05, 0.08, 0.2, 0.5]) {
      const cases = smallestPassableCases(margin)
      expect(pairedInterval(unchanged(cases)).lower).toBeGreaterThan(-margin)
      expect(pairedInterval(unchanged(cases - 1)).lower).toBeLessThanOrEqual(-margin)
    }
  })
})

describe('the cases and trials an unchanged agent passes with', () => {
  it('are the fewest that can pass at all, where nothing varies', () => {
    for (const margin of [0.02, 0.05, 0.1]) {
      expect(casesThatPass(margin, 1, 0)).toBe(smallestPassableCases(margin))
      expect(trialsThatPass(smallestPassableCases(margin), margin, 0)).toBe(1)
      expect(trialsThatPass(smallestPassableCases(margin) - 1, margin, 0.08)).toBeUndefined()
    }
  })

  it('agree with each other, and shrink with the margin’s width', () => {
    const cases = casesThatPass(0.05, 3, 0.08)
    expect(trialsThatPass(cases, 0.05, 0.08)).toBe(3)
    expect(trialsThatPass(cases - 1, 0.05, 0.08)).toBe(4)
    expect(casesThatPass(0.1, 3, 0.08)).toBeLessThan(cases)
  })

  it('do pass about 4 times in 5', () => {
    const random = mulberry32(7)
    for (const trials of [1, 3]) {
      // Every case passes 4 times in 5: a variance of 0.16.
      const cases = casesThatPass(0.05, trials, 0.16)
      let passed = 0
      for (let run = 0; run < 600; run++) {
        const units = Array.from({ length: cases }, () => {
          let difference = 0
          for (let trial = 0; trial < trials; trial++)
            difference += Number(random() < 0.8) - Number(random() < 0.8)
          return { size: 1, difference: difference / trials }
        })
        if (pairedInterval(units).lower > -0.05) passed++
      }
      expect(passed / 600).toBeGreaterThan(0.75)
      expect(passed / 600).toBeLessThan(0.85)
    }
  })
})

describe('the smallest detectable drop', () => {
  it('is never 0, shrinks with cases and trials, and is unknown for a handful of cases', () => {
    expect(detectableDrop(0)).toBeUndefined()
    expect(detectableDrop(2)).toBeUndefined()
    const byCases = [10, 20, 50, 100, 1000, 100_000].map((cases) => detectableDrop(cases) ?? 0)
    expect(byCases).toEqual(byCases.toSorted((a, b) => b - a))
    expect(byCases.at(-1)).toBeGreaterThan(0)
    const byTrials = [1, 3, 10].map((trials) => detectableDrop(50, trials) ?? 0)
    expect(byTrials).toEqual(byTrials.toSorted((a, b) => b - a))
    expect(byTrials.at(-1)).toBeGreaterThan(detectableDrop(50) ?? 1)
  })

  it('of a comparison in which nothing moved is what the dataset promised', () => {
    expect(detectableAmong(unchanged(50))).toBeCloseTo(detectableDrop(50) ?? 0, 12)
  })

  it('does not count the drop itself as noise, but what moved both ways', () => {
    const dropped = unchanged(100).map((unit, index) => (index < 10 ? { ...unit, difference: -1 } : unit))
    expect(detectableAmong(dropped)).toBeCloseTo(detectableDrop(100) ?? 0, 12)
    const churned = dropped.map((unit, index) => (index >= 90 ? { ...unit, difference: 1 } : unit))
    expect(detectableAmong(churned)).toBeGreaterThan(1.3 * (detectableAmong(dropped) ?? 1))
  })

  it('is found about 4 times in 5', () => {
    const random = mulberry32(2026)
    for (const cases of [50, 200]) {
      const drop = detectableDrop(cases) ?? 0
      let found = 0
      for (let run = 0; run < 2000; run++) {
        const units = unchanged(cases).map((unit) => (random() < drop ? { ...unit, difference: -1 } : unit))
        if (pairedInterval(units).upper < 0) found++
      }
      // A count cannot hit 80 % exactly: one broken case more or less is worth ten points of power.
      expect(found / 2000).toBeGreaterThan(0.7)
      expect(found / 2000).toBeLessThan(0.92)
    }
  })
})
