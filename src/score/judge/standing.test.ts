import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gatingNeeds, standingOf } from './standing.ts'

describe('standingOf', () => {
  it('lets a judge gate that was measured and is good', () => {
    const standing = standingOf({ tp: 66, fn: 4, fp: 2, tn: 38 })
    expect(standing).toMatchObject({
      standing: 'can gate',
      why: [
        'It passed 66 of 70 outcomes that people passed (at least 0.86) and failed 38 of 40 that they failed (at least 0.83); its J is 0.89.',
      ],
      tpr: { passed: 66, of: 70 },
      tnr: { passed: 38, of: 40 },
    })
    expect(standing.j).toBeCloseTo(66 / 70 + 38 / 40 - 1, 12)
    expect(standing.agreement).toBeCloseTo(104 / 110, 12)
    expect(standing.kappa).toBeCloseTo((104 / 110 - 6440 / 12100) / (1 - 6440 / 12100), 12)
  })

  it.each([
    [
      'too few labels',
      { tp: 60, fn: 0, fp: 0, tn: 39 },
      'It was measured on 99 labels; a judge that gates needs 100.',
    ],
    [
      'too few fails',
      { tp: 171, fn: 0, fp: 0, tn: 29 },
      'People failed 29 of these outcomes; 30 fails are needed to know what it lets pass.',
    ],
    [
      'a true pass rate that may be lower',
      { tp: 62, fn: 8, fp: 0, tn: 30 },
      'Of 70 outcomes that people passed it passed 62: the true rate may be as low as 0.79, and 0.80 is needed.',
    ],
    [
      'a true fail rate that may be lower',
      { tp: 100, fn: 0, fp: 5, tn: 25 },
      'Of 30 outcomes that people failed it failed 25: the true rate may be as low as 0.66, and 0.70 is needed.',
    ],
  ])('keeps a judge advisory for %s alone', (_, verdicts, why) => {
    expect(standingOf(verdicts)).toMatchObject({ standing: 'advisory', why: [why] })
  })

  it('needs exactly what it says', () => {
    // 26 of 30 may be as low as 0.703, 25 of 30 as 0.664; and 99 labels are not 100.
    expect(standingOf({ tp: 64, fn: 6, fp: 4, tn: 26 }).standing).toBe('can gate')
    expect(standingOf({ tp: 64, fn: 6, fp: 5, tn: 25 }).standing).toBe('advisory')
    expect(standingOf({ tp: 64, fn: 5, fp: 4, tn: 26 }).standing).toBe('advisory')
  })

  it('names a J that is not over a half', () => {
    const said = 'Its J (TPR + TNR − 1) is 0.50; it has to be over 0.50.'
    expect(standingOf({ tp: 75, fn: 25, fp: 25, tn: 75 }).why).toContain(said)
    expect(standingOf({ tp: 76, fn: 24, fp: 25, tn: 75 }).why).not.toContain(said)
  })

  it('refuses a judge that is no better than chance', () => {
    expect(standingOf({ tp: 14, fn: 9, fp: 21, tn: 6 })).toMatchObject({
      standing: 'refuse',
      why: [
        'It passed 14 of 23 outcomes that people passed and failed 6 of 27 that they failed: 0.60 + 0.22 is no more than 1, so it is no better than chance.',
      ],
    })
    expect(standingOf({ tp: 500, fn: 500, fp: 500, tn: 500 }).standing).toBe('refuse')
    // Who passes everything agrees with most people most of the time.
    const always = standingOf({ tp: 900, fn: 0, fp: 100, tn: 0 })
    expect(always).toMatchObject({ standing: 'refuse', agreement: 0.9, kappa: 0 })
  })

  it('knows nothing from nothing', () => {
    expect(standingOf({ tp: 0, fn: 0, fp: 0, tn: 0 })).toMatchObject({
      standing: 'advisory',
      tpr: { passed: 0, of: 0, rate: 0, low: 0, high: 1 },
      agreement: 0,
      kappa: null,
    })
    expect(standingOf({ tp: 200, fn: 0, fp: 0, tn: 0 })).toMatchObject({ standing: 'advisory', kappa: null })
    expect(standingOf({ tp: 0, fn: 0, fp: 0, tn: 200 })).toMatchObject({ standing: 'advisory', kappa: null })
  })

  it('names the labels a judge gave no verdict on', () => {
    const standing = standingOf({ tp: 66, fn: 4, fp: 2, tn: 38, unscored: 12 })
    expect(standing.standing).toBe('can gate')
    expect(standing.why.at(-1)).toBe('It gave no verdict on 12 of 122 labels.')
  })

  const counts = fc.nat({ max: 300 })
  const confusions = fc.record({ tp: counts, fn: counts, fp: counts, tn: counts })

  it('never lets a judge gate that misses a need', () => {
    fc.assert(
      fc.property(confusions, (verdicts) => {
        const { standing, why, tpr, tnr, j } = standingOf(verdicts)
        const all = tpr.of + tnr.of >= gatingNeeds.labels && tnr.of >= gatingNeeds.fails
        const meets = all && tpr.low >= gatingNeeds.tpr && tnr.low >= gatingNeeds.tnr && j > gatingNeeds.j
        expect(standing === 'can gate').toBe(meets)
        expect(why.length).toBeGreaterThan(0)
      }),
      { seed: 42, numRuns: 2000 },
    )
  })

  it('never falls by a verdict that is right', () => {
    const order = ['refuse', 'advisory', 'can gate']
    fc.assert(
      fc.property(confusions, fc.constantFrom('tp', 'tn'), (verdicts, right) => {
        fc.pre(verdicts.tp + verdicts.fn > 0 && verdicts.tn + verdicts.fp > 0)
        const before = standingOf(verdicts).standing
        const after = standingOf({ ...verdicts, [right]: verdicts[right] + 1 }).standing
        expect(order.indexOf(after)).toBeGreaterThanOrEqual(order.indexOf(before))
      }),
      { seed: 42, numRuns: 2000 },
    )
  })
})
