import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apparentDifference, marginOnJudgeScale, youdenJ } from './attenuation.ts'
import { mulberry32 } from './mulberry32.ts'
import { ppiMean, ppiPlusPlusMean } from './ppi.ts'
import { roganGladen } from './rogan-gladen.ts'

function fail(): never {
  throw new Error('nothing was corrected')
}

const perfect = { tp: 50, fn: 0, fp: 0, tn: 50 }

describe('roganGladen', () => {
  it('corrects nothing of a judge that never errs', () => {
    expect(roganGladen({ passed: 30, of: 40 }, perfect)).toMatchObject({ apparent: 0.75, level: 0.75, j: 1 })
  })

  it('undoes what errors of the judge do to a level', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100 }),
        fc.integer({ min: 60, max: 100 }),
        fc.integer({ min: 60, max: 100 }),
        (percent, tp, tn) => {
          const level = percent / 100
          const apparent = (level * tp + (1 - level) * (100 - tn)) / 100
          const labelled = { tp, fn: 100 - tp, fp: 100 - tn, tn }
          const corrected = roganGladen({ passed: apparent * 1000, of: 1000 }, labelled)
          expect(corrected?.level).toBeCloseTo(level, 9)
          expect(corrected?.interval.low).toBeLessThanOrEqual(level)
          expect(corrected?.interval.high).toBeGreaterThanOrEqual(level)
        },
      ),
      { seed: 42 },
    )
  })

  it.each([
    ['judged nothing', { passed: 0, of: 0 }, perfect],
    ['has no labelled fail', { passed: 1, of: 2 }, { tp: 5, fn: 5, fp: 0, tn: 0 }],
    ['has no labelled pass', { passed: 1, of: 2 }, { tp: 0, fn: 0, fp: 5, tn: 5 }],
    ['is a coin', { passed: 1, of: 2 }, { tp: 5, fn: 5, fp: 5, tn: 5 }],
    ['is upside down', { passed: 1, of: 2 }, { tp: 1, fn: 9, fp: 9, tn: 1 }],
  ])('corrects nothing where the judge %s', (_, judged, labelled) => {
    expect(roganGladen(judged, labelled)).toBeUndefined()
  })

  it('is never certain, however far from the truth an apparent level is', () => {
    const count = fc.integer({ min: 1, max: 60 })
    fc.assert(
      fc.property(fc.nat({ max: 200 }), count, count, count, count, (passed, tp, fn, fp, tn) => {
        fc.pre(tp / (tp + fn) + tn / (tn + fp) > 1)
        const { clipped, interval } = roganGladen({ passed, of: 200 }, { tp, fn, fp, tn }) ?? fail()
        expect(interval.high).toBeGreaterThan(interval.low)
        expect(clipped).toBeGreaterThanOrEqual(0)
        expect(clipped).toBeLessThanOrEqual(1)
      }),
      { seed: 42, numRuns: 2000 },
    )
    const sure = roganGladen({ passed: 198, of: 200 }, { tp: 45, fn: 5, fp: 2, tn: 18 })
    expect(sure).toMatchObject({ clipped: 1, interval: { high: 1 } })
    expect(sure?.interval.low).toBeLessThan(0.98)
  })

  it('knows nothing from a judge that is hardly better than chance', () => {
    const labelled = { tp: 4, fn: 2, fp: 20, tn: 11 }
    expect(roganGladen({ passed: 100, of: 200 }, labelled)?.interval).toEqual({ low: 0, high: 1 })
  })

  it('covers the true level with Lang and Reiczigel’s interval, where the judge as truth does not', () => {
    const random = mulberry32(42)
    const times = (count: number, chance: number): number =>
      Array.from({ length: count }, () => random()).filter((value) => value < chance).length
    let covered = 0
    let naive = 0
    const runs = 1000
    for (let run = 0; run < runs; run++) {
      const passes = times(200, 0.8)
      const passed = times(passes, 0.9) + times(200 - passes, 0.2)
      const [tp, tn] = [times(70, 0.9), times(30, 0.8)]
      const corrected = roganGladen({ passed, of: 200 }, { tp, fn: 70 - tp, fp: 30 - tn, tn })
      if (corrected !== undefined && corrected.interval.low <= 0.8 && corrected.interval.high >= 0.8)
        covered++
      if (Math.abs(passed / 200 - 0.8) < 1.96 * Math.sqrt(0.16 / 200)) naive++
    }
    expect(covered / runs).toBeGreaterThanOrEqual(0.94)
    expect(naive / runs).toBeLessThan(covered / runs)
  })
})

describe('ppiMean', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  const many = fc.array(share, { minLength: 2, maxLength: 40 })
  const labels = fc.array(fc.record({ people: share, judge: share }), { minLength: 2, maxLength: 40 })

  it('is the judge’s mean where the judge is always right', () => {
    fc.assert(
      fc.property(many, many, (unlabelled, said) => {
        const labelled = said.map((value) => ({ people: value, judge: value }))
        const total = unlabelled.reduce((sum, value) => sum + value, 0) / unlabelled.length
        expect(ppiMean(unlabelled, labelled).mean).toBeCloseTo(total, 9)
      }),
      { seed: 42 },
    )
  })

  it('is not moved by a judge that is wrong by the same everywhere', () => {
    fc.assert(
      fc.property(many, labels, fc.double({ min: -1, max: 1, noNaN: true }), (unlabelled, labelled, bias) => {
        const straight = ppiMean(unlabelled, labelled)
        const biased = ppiMean(
          unlabelled.map((value) => value + bias),
          labelled.map(({ people, judge }) => ({ people, judge: judge + bias })),
        )
        expect(biased.mean).toBeCloseTo(straight.mean, 9)
        expect(biased.standardError).toBeCloseTo(straight.standardError, 9)
      }),
      { seed: 42 },
    )
  })

  it('refuses less than two of each', () => {
    expect(() => ppiMean([1], [{ people: 1, judge: 1 }])).toThrow(RangeError)
    expect(() => ppiPlusPlusMean([1, 0], [{ people: 1, judge: 1 }])).toThrow(RangeError)
  })
})

describe('ppiPlusPlusMean', () => {
  it('leaves a judge alone that always says the same', () => {
    const labelled = [1, 0, 1].map((people) => ({ people, judge: 1 }))
    expect(ppiPlusPlusMean([1, 1, 1], labelled)).toMatchObject({ lambda: 0, mean: expect.closeTo(2 / 3, 12) })
  })

  it('does not lean on a judge that says the opposite', () => {
    const labelled = [1, 0, 1, 0].map((people) => ({ people, judge: 1 - people }))
    expect(ppiPlusPlusMean([1, 0, 1], labelled).lambda).toBe(0)
  })
})

describe('attenuation', () => {
  it('shrinks a difference and a margin alike, so that a gate decides as it would on the truth', () => {
    const rate = fc.double({ min: 0.6, max: 1, noNaN: true })
    const signed = fc.double({ min: -1, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        rate,
        rate,
        signed,
        fc.double({ min: 0.01, max: 0.5, noNaN: true }),
        (tpr, tnr, drop, margin) => {
          fc.pre(Math.abs(drop + margin) > 1e-9)
          const j = youdenJ(tpr, tnr)
          expect(apparentDifference(drop, j) > -marginOnJudgeScale(margin, j)).toBe(drop > -margin)
        },
      ),
      { seed: 42 },
    )
  })

  it.each([0, -0.2, 1.1, Number.NaN])('has no scale for a J of %d', (j) => {
    expect(() => marginOnJudgeScale(0.05, j)).toThrow(RangeError)
  })
})
