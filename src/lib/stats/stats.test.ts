import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as stats from './index.ts'

const mean = (sample: readonly number[]): number => stats.mean(sample)

describe('far into the tails, against 40-digit arithmetic (mpmath)', () => {
  it('normal', () => {
    expect(stats.normalCdf(-5) / 2.866515718791939e-7).toBeCloseTo(1, 12)
    expect(stats.normalCdf(-10) / 7.619853024160525e-24).toBeCloseTo(1, 12)
    expect(stats.normalCdf(-37) / 5.725571222524577e-300).toBeCloseTo(1, 11)
    expect(stats.normalQuantile(1e-10) / -6.361340902404057).toBeCloseTo(1, 13)
    expect(stats.normalQuantile(1e-100) / -21.273453560965326).toBeCloseTo(1, 13)
    expect(stats.normalQuantile(1e-300) / -37.0470962993612).toBeCloseTo(1, 13)
    expect(stats.normalQuantile(0)).toBe(-Infinity)
    expect(stats.normalQuantile(1)).toBe(Infinity)
    expect(() => stats.normalQuantile(1.01)).toThrow(RangeError)
  })

  it('Student', () => {
    expect(stats.studentTUpperTail(50, 2) / 0.00019988007994404028).toBeCloseTo(1, 12)
    expect(stats.studentTUpperTail(8, 9) / 1.1067408404700078e-5).toBeCloseTo(1, 12)
    expect(stats.studentTUpperTail(40, 30) / 6.863022597203201e-28).toBeCloseTo(1, 11)
    expect(stats.studentTUpperTail(0.001, 5) / 0.4996203933860988).toBeCloseTo(1, 13)
    expect(stats.studentTQuantile(1.1067408404700078e-5, 9) / -8).toBeCloseTo(1, 11)
    expect(stats.studentTQuantile(0.4996203933860988, 5) / -0.001).toBeCloseTo(1, 9)
  })

  it('beta, binomial and gamma', () => {
    expect(stats.regularizedBeta(0.001, 50, 3) / 1.323401275e-147).toBeCloseTo(1, 10)
    expect(stats.regularizedBeta(0.3, 200, 20) / 3.41423566719545e-81).toBeCloseTo(1, 10)
    // Exact fractions.
    expect(stats.binomialUpperTail(95, 100, 0.5) / 6.26162256269268e-23).toBeCloseTo(1, 11)
    expect(stats.binomialCdf(300, 2000, 0.2) / 4.382386351665006e-9).toBeCloseTo(1, 10)
    expect(stats.logGamma(0.001) / 6.907178885383854).toBeCloseTo(1, 14)
    expect(stats.logGamma(12345.6) / 103959.18506616846).toBeCloseTo(1, 14)
  })

  it('holds at a hundred thousand trials', () => {
    // I_½(a, a) is ½ by symmetry, whatever a is.
    expect(stats.regularizedBeta(0.5, 100_000, 100_000)).toBeCloseTo(0.5, 9)
  })

  it('quantiles undo distributions', () => {
    const probability = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true })
    fc.assert(
      fc.property(
        probability,
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 300 }),
        (p, a, b) => {
          expect(stats.normalCdf(stats.normalQuantile(p))).toBeCloseTo(p, 12)
          expect(stats.studentTCdf(stats.studentTQuantile(p, a), a)).toBeCloseTo(p, 11)
          expect(stats.regularizedBeta(stats.betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 10)
        },
      ),
      { seed: 42, numRuns: 200 },
    )
  })

  it('a binomial adds up', () => {
    const all = Array.from({ length: 41 }, (_, k) => stats.binomialPmf(k, 40, 0.3))
    expect(all.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
    expect(stats.binomialCdf(12, 40, 0.3) + stats.binomialUpperTail(13, 40, 0.3)).toBeCloseTo(1, 12)
    expect([
      stats.binomialPmf(-1, 5, 0.5),
      stats.binomialCdf(-1, 5, 0.5),
      stats.binomialCdf(5, 5, 0.5),
    ]).toEqual([0, 0, 1])
  })
})

describe('a proportion', () => {
  it('never leaves [0,1], holds its estimate, and narrows with more cases', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (of, share) => {
          const passed = Math.round(of * share)
          for (const interval of [stats.wilson, stats.clopperPearson, stats.agrestiCoull]) {
            const { low, high } = interval(passed, of)
            expect(low).toBeGreaterThanOrEqual(0)
            expect(high).toBeLessThanOrEqual(1)
            expect(low).toBeLessThanOrEqual(passed / of + 1e-12)
            expect(high).toBeGreaterThanOrEqual(passed / of - 1e-12)
          }
          expect(stats.wilsonLower(passed * 2, of * 2)).toBeGreaterThanOrEqual(
            stats.wilsonLower(passed, of) - 1e-12,
          )
        },
      ),
      { seed: 42, numRuns: 200 },
    )
  })

  it('refuses counts that cannot be', () => {
    expect(() => stats.wilson(3, 2)).toThrow(RangeError)
    expect(() => stats.wilsonLower(0, 0)).toThrow(RangeError)
    expect(() => stats.clopperPearson(-1, 2)).toThrow(RangeError)
  })
})

describe('pass@k and pass^k', () => {
  it('are undefined where fewer trials were made, never 0 or 1', () => {
    expect(stats.passAtK(3, 3, 4)).toBeUndefined()
    expect(stats.passHatK(3, 0, 4)).toBeUndefined()
    const uneven = [
      { trials: 4, passed: 4 },
      { trials: 1, passed: 1 },
    ]
    expect(stats.meanOverCases(stats.passHatK, uneven, 2)).toBeUndefined()
    expect(stats.meanOverCases(stats.passHatK, [], 1)).toBeUndefined()
  })

  it('refuse counts that cannot be', () => {
    expect(() => stats.passAtK(3, 4, 1)).toThrow(RangeError)
    expect(() => stats.passHatK(3, 2, 0)).toThrow(RangeError)
    expect(() => stats.passHatK(3, 1.5, 1)).toThrow(RangeError)
  })

  it('agree at k = 1, and stay exact for many trials', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (trials, share) => {
          const passed = Math.round(trials * share)
          expect(stats.passAtK(trials, passed, 1)).toBeCloseTo(passed / trials, 12)
          expect(stats.passHatK(trials, passed, 1)).toBeCloseTo(passed / trials, 12)
          expect(stats.passHatK(trials, passed, trials)).toBe(passed === trials ? 1 : 0)
        },
      ),
      { seed: 42 },
    )
  })
})

describe('sign flips', () => {
  it('beyond 20 differences are drawn, near the exact answer, the same for the same seed and never 0', () => {
    const drop = Array.from({ length: 24 }, () => -1)
    const drawn = stats.signFlip(drop, { seed: 7, draws: 5000 })
    expect(drawn.method).toBe('monte-carlo')
    expect(drawn.oneSided).toBe(1 / 5001)
    expect(stats.signFlip(drop, { seed: 7, draws: 5000 })).toEqual(drawn)
    // 21 differences of which one drop outweighs: P(mean <= observed) is P(16 or more of 21 heads).
    const mixed = [...Array.from({ length: 16 }, () => -1), ...Array.from({ length: 5 }, () => 1)]
    expect(stats.signFlip(mixed, { seed: 1 }).oneSided).toBeCloseTo(stats.binomialUpperTail(16, 21, 0.5), 2)
  })

  it('count a million patterns exactly', () => {
    const sixteen = [...Array.from({ length: 15 }, () => -1 / 3), ...Array.from({ length: 5 }, () => 1 / 3)]
    expect(stats.signFlip(sixteen).oneSided).toBeCloseTo(stats.binomialUpperTail(15, 20, 0.5), 12)
  })

  it('find nothing in nothing', () => {
    expect(stats.signFlip([])).toEqual({ oneSided: 1, twoSided: 1, method: 'exact' })
    expect(stats.signFlip([0, 0])).toEqual({ oneSided: 1, twoSided: 1, method: 'exact' })
  })
})

describe('the bootstrap', () => {
  it('gives the same interval for the same seed, near the enumerated one', () => {
    const data = [0.13, 0.94, 0.41, 0.77, 0.58]
    const options = { seed: 11, resamples: 4000 }
    const drawn = stats.bcaBootstrap(data, mean, options)
    expect(stats.bcaBootstrap(data, mean, options)).toEqual(drawn)
    const enumerated = stats.bcaInterval(data, mean, stats.allResamples(data, mean))
    expect(drawn.low).toBeCloseTo(enumerated.low, 1)
    expect(drawn.high).toBeCloseTo(enumerated.high, 1)
  })

  it('says so where the data cannot vary', () => {
    expect(stats.bcaBootstrap([3, 3, 3], mean, { seed: 1 })).toMatchObject({
      low: 3,
      high: 3,
      method: 'degenerate',
    })
    expect(stats.bcaBootstrap([3], mean, { seed: 1 })).toMatchObject({
      low: 3,
      high: 3,
      method: 'degenerate',
    })
    expect(() => stats.bcaBootstrap([], mean, { seed: 1 })).toThrow(RangeError)
  })

  it('stays finite where the observed value lies outside all replicates', () => {
    const { low, high } = stats.bcaInterval([1, 2, 3], mean, [5, 6, 7])
    expect(Number.isFinite(low) && Number.isFinite(high)).toBe(true)
  })
})

describe('many questions at once', () => {
  it('no correction makes a p-value smaller, and order does not matter', () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 })
    fc.assert(
      fc.property(pValues, (values) => {
        const byHolm = stats.holm(values)
        const byHochberg = stats.benjaminiHochberg(values)
        for (const [index, value] of values.entries()) {
          expect(byHochberg[index]).toBeGreaterThanOrEqual(value)
          expect(byHolm[index]).toBeGreaterThanOrEqual((byHochberg[index] ?? 1) - 1e-12)
          expect(byHolm[index]).toBeLessThanOrEqual(1)
        }
        expect(stats.holm(values.toReversed())).toEqual(byHolm.toReversed())
      }),
      { seed: 42 },
    )
  })
})

describe('small things', () => {
  it('a quantile of nothing is undefined, and sorts numbers as numbers', () => {
    expect(stats.quantile([], 0.5)).toBeUndefined()
    expect(stats.quantile([10, 9, 100], 0)).toBe(9)
    expect(stats.quantile([10, 9, 100], 1)).toBe(100)
    expect(() => stats.quantile([1], 1.1)).toThrow(RangeError)
  })

  it('a clustered error of one cluster cannot be told', () => {
    expect(stats.clusteredError([1, 0, 1], ['a', 'a', 'a']).cr1).toBeNaN()
    expect(() => stats.clusteredError([1, 0], ['a'])).toThrow(RangeError)
  })

  it('each score its own cluster is no cluster', () => {
    const error = stats.clusteredError([1, 0, 1, 1], [0, 1, 2, 3])
    expect(error.cr1).toBeCloseTo(error.independent, 12)
    expect(error.miller).toBeCloseTo(error.independent, 12)
  })

  it('an interval over nothing knows nothing, and none leaves [-1,1]', () => {
    expect(stats.pairedInterval([])).toMatchObject({ difference: 0, lower: -1, upper: 1 })
    expect(stats.pairedInterval([{ size: 1, difference: -1 }])).toMatchObject({ difference: -1, lower: -1 })
  })

  it('runs of unequal cases cannot be paired', () => {
    expect(() => stats.pairedTrials([[1]], [])).toThrow(RangeError)
  })
})
