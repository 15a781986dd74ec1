import { describe, expect, it } from 'vitest'
import { mulberry32 } from './mulberry32.ts'
import { normalQuantile } from './normal.ts'
import { sequentialLevel } from './sequential-level.ts'

describe('the level of one of several looks', () => {
  it('is Pocock’s, where looks are equally far apart', () => {
    // Nominal one-sided levels behind his constants for 0.05: 1.875, 1.992, 2.067 and 2.122.
    const published = [0.0304, 0.0232, 0.0194, 0.0169]
    for (const [at, level] of published.entries()) {
      const looks = Array.from({ length: at + 2 }, (_, look) => look + 1)
      expect(Math.abs(sequentialLevel(looks) - level)).toBeLessThanOrEqual(0.0001)
    }
  })

  it('lies between Bonferroni’s and that of one look, and hangs on how far apart looks are, not on their unit', () => {
    expect(sequentialLevel([4])).toBe(0.05)
    expect(sequentialLevel([1, 3, 5])).toBe(0.0214)
    expect(sequentialLevel([2, 6, 10])).toBe(0.0214)
    // Looks that share next to nothing are tests of their own: 1 − √0.95.
    expect(sequentialLevel([1, 1000])).toBe(0.0253)
    expect(sequentialLevel([49, 50])).toBeGreaterThan(sequentialLevel([1, 50]))
    for (const looks of [
      [1, 2],
      [1, 3, 5],
      [1, 2, 4, 8],
      [1, 10, 50],
    ]) {
      expect(sequentialLevel(looks)).toBeGreaterThanOrEqual(0.05 / looks.length - 1e-4)
      expect(sequentialLevel(looks)).toBeLessThan(0.05)
    }
  })

  it('errs in one run of twenty, counted', () => {
    const looks = [1, 3, 5]
    const z = normalQuantile(1 - sequentialLevel(looks))
    const random = mulberry32(5)
    const runs = 40_000
    let wrong = 0
    for (let run = 0; run < runs; run++) {
      let sum = 0
      let crossed = false
      for (let trial = 1; trial <= 5; trial++) {
        sum += normalQuantile(random() || 0.5)
        if (looks.includes(trial) && sum > z * Math.sqrt(trial)) crossed = true
      }
      if (crossed) wrong++
    }
    expect(wrong / runs).toBeGreaterThan(0.046)
    expect(wrong / runs).toBeLessThan(0.054)
  })

  it.each([[[]], [[0, 1]], [[1, 1]], [[3, 2]]])('refuses looks that bring nothing more: %j', (looks) => {
    expect(() => sequentialLevel(looks)).toThrow(RangeError)
  })
})
