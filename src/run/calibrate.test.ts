import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Label } from '../schema/label.ts'
import {
  type CalibrationInput,
  calibrate,
  compareJudges,
  type JudgedLabel,
  type JudgesAnswer,
} from './calibrate.ts'
import { calibrationsText } from './calibrations-file.ts'
import { labelOf } from './testing/labels.ts'

const judge = {
  eval: 'support',
  judge: 'accuracy',
  fingerprint: 'f'.repeat(16),
  criterion: 'c'.repeat(16),
  model: 'gpt-4o-2024-11-20',
  instruments: [],
}
const said = (passed: boolean, reason = 'as it should', sure = 1): JudgesAnswer => ({ passed, reason, sure })
const judged = (
  label: 'pass' | 'fail',
  answer: JudgesAnswer,
  at: number,
  more: Partial<Label> = {},
): JudgedLabel => ({
  label: labelOf({ label, case: `case-${at}`, ...more }),
  answer,
})
/** So many of each: both pass, only the person, only the judge, neither. */
const counted = (tp: number, fn: number, fp: number, tn: number): JudgedLabel[] => {
  const kinds = [
    ...Array.from({ length: tp }, () => ['pass', true] as const),
    ...Array.from({ length: fn }, () => ['pass', false] as const),
    ...Array.from({ length: fp }, () => ['fail', true] as const),
    ...Array.from({ length: tn }, () => ['fail', false] as const),
  ]
  return kinds.map(([label, passed], at) => judged(label, said(passed), at))
}
const measure = (of: readonly JudgedLabel[], over: Partial<CalibrationInput> = {}) =>
  calibrate({
    judge,
    split: 'test',
    judged: of,
    labels: of.map(({ label }) => label),
    unlabelled: [],
    at: '2026-11-28T09:00:00.000Z',
    by: 'Ann',
    ...over,
  })

describe('calibrate', () => {
  it('measures a good judge on enough labels: it can gate', () => {
    const { calibration, confusion } = measure(counted(76, 4, 2, 38))
    expect(confusion).toEqual({ tp: 76, fn: 4, fp: 2, tn: 38 })
    expect(calibration).toMatchObject({
      labels: { pass: 80, fail: 40, unscored: 0 },
      tpr: { passed: 76, of: 80, rate: 0.95 },
      tnr: { passed: 38, of: 40, rate: 0.95 },
      standing: 'can gate',
    })
    expect(calibration.j).toBeCloseTo(0.9, 12)
    expect(calibration.kappa).toBeCloseTo(0.8889, 3)
  })

  it('refuses what is no better than chance, and only shows what was measured on few', () => {
    expect(measure(counted(46, 0, 46, 0)).calibration.standing).toBe('refuse')
    expect(measure(counted(9, 0, 1, 9)).calibration.standing).toBe('advisory')
  })

  it('counts what has no verdict neither for nor against, and says why', () => {
    const silent = [
      judged('fail', { unscored: 'refusal: no' }, 200),
      judged('fail', { unscored: 'not recorded' }, 201),
      judged('pass', { unscored: 'not recorded' }, 202),
    ]
    const { calibration, unscored } = measure([...counted(5, 0, 0, 5), ...silent])
    expect(calibration.labels).toMatchObject({ pass: 6, fail: 7, unscored: 3 })
    expect(calibration.tnr).toMatchObject({ passed: 5, of: 5 })
    expect(unscored).toEqual([
      { why: 'not recorded', count: 2 },
      { why: 'refusal: no', count: 1 },
    ])
  })

  it('leaves out what stands in the prompt', () => {
    const [one, ...others] = counted(5, 0, 0, 5)
    if (one === undefined) throw new Error('none')
    const { calibration, leaked } = measure([{ ...one, isLeaked: true }, ...others])
    expect(calibration.labels.pass).toBe(4)
    expect(leaked).toEqual([{ case: 'case-0', trial: 0 }])
  })

  it('puts first what the judge let pass, what it was surest of, and what a person gave a reason for', () => {
    const { disagreements } = measure([
      ...counted(3, 0, 0, 3),
      judged('pass', said(false, 'too short'), 10),
      judged('fail', said(true, 'it seems right', 0.6), 11),
      judged('fail', said(true, 'it is right'), 12),
      judged('fail', said(true, 'it is polite'), 13, { note: 'the amount is wrong' }),
    ])
    expect(disagreements.map((one) => one.case)).toEqual(['case-13', 'case-12', 'case-11', 'case-10'])
    expect(disagreements[0]).toEqual({
      case: 'case-13',
      trial: 0,
      person: 'fail',
      judge: 'pass',
      critique: 'it is polite',
      note: 'the amount is wrong',
      by: 'Ann',
    })
  })

  it('tells confusion by tag', () => {
    const { byTag } = measure([
      ...counted(2, 0, 0, 2),
      judged('fail', said(true), 10, { tags: ['refund', 'edge'] }),
      judged('pass', said(true), 11, { tags: ['refund'] }),
    ])
    expect(byTag).toEqual([
      { tag: 'edge', tp: 0, fn: 0, fp: 1, tn: 0 },
      { tag: 'refund', tp: 1, fn: 0, fp: 1, tn: 0 },
    ])
  })

  it('corrects the level of what nobody labelled', () => {
    // Of a true share of 0.8, TPR 0.9 and TNR 0.8 make an apparent one of 0.76.
    const unlabelled = Array.from({ length: 100 }, (_, at) => at < 76)
    const { level } = measure(counted(72, 8, 4, 16), { unlabelled })
    expect(level?.judged).toEqual({ passed: 76, of: 100 })
    expect(level?.roganGladen?.level).toBeCloseTo(0.8, 10)
    expect(level?.predictionPowered?.level).toBeCloseTo(0.8, 1)
    expect(measure(counted(5, 0, 0, 5)).level).toBeUndefined()
  })

  it('tells whether a judge likes length, and whether people do', () => {
    const of = counted(4, 0, 4, 0).map((one, at) => ({ ...one, length: at * 10 }))
    const long = of.map((one) => ({ ...one, answer: said((one.length ?? 0) >= 40) }))
    const { length } = measure(long)
    expect(length.of).toBe(8)
    expect(length.judge).toBeGreaterThan(0.8)
    expect(length.people).toBeCloseTo(-(length.judge ?? 0), 10)
    expect(measure(of).length.judge).toBeNull()
  })

  it('tells how far people agree who labelled the same', () => {
    const ann = ['pass', 'pass', 'fail', 'fail'] as const
    const ben = ['pass', 'fail', 'fail', 'fail'] as const
    const labels = [
      ...ann.map((label, at) => labelOf({ label, case: `case-${at}`, by: 'Ann' })),
      ...ben.map((label, at) => labelOf({ label, case: `case-${at}`, by: 'Ben' })),
    ]
    const { people } = measure(counted(2, 0, 0, 2), { labels })
    expect(people).toMatchObject({ names: ['Ann', 'Ben'], shared: 4 })
    expect(people.alpha).toBeCloseTo(0.5333, 3)
  })

  it.each([
    ['no pass', counted(0, 0, 1, 3), 'people passed'],
    ['no fail', counted(3, 1, 0, 0), 'people failed'],
    ['no verdict', [judged('pass', { unscored: 'not recorded' }, 1)], 'people passed'],
    ['no label', [], 'people passed'],
  ])('says that there is nothing to measure on: %s', (_, of, what) => {
    expect(() => measure(of)).toThrow(expect.objectContaining({ code: 'EVK_LABELS_TOO_FEW', exit: 3 }))
    expect(() => measure(of)).toThrow(what)
  })

  it('is the same whatever order labels come in, and bounds J and its rates', () => {
    const some = fc.array(fc.tuple(fc.boolean(), fc.option(fc.boolean(), { freq: 5 })), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(some, (rows) => {
        const of = [...counted(1, 0, 0, 1)].concat(
          rows.map(([passes, answer], at) =>
            judged(
              passes ? 'pass' : 'fail',
              answer === null ? { unscored: 'abstain' } : said(answer),
              at + 10,
            ),
          ),
        )
        const one = measure(of)
        const { tpr, tnr, j, labels } = one.calibration
        expect(tpr.of + tnr.of + labels.unscored).toBe(of.length)
        expect(j).toBeCloseTo(tpr.rate + tnr.rate - 1, 12)
        expect(tpr.low).toBeLessThanOrEqual(tpr.rate)
        const other = measure(of.toReversed())
        expect(other).toEqual(one)
        expect(calibrationsText({ v: 1, calibrations: [one.calibration] })).toBe(
          calibrationsText({ v: 1, calibrations: [other.calibration] }),
        )
      }),
      { seed: 42 },
    )
  })
})

describe('compareJudges', () => {
  const by = (name: string, of: readonly JudgedLabel[]) => ({
    name,
    model: 'gpt-4o-2024-11-20',
    fingerprint: name,
    judged: of,
  })
  const answers = (words: readonly (boolean | undefined)[]): JudgedLabel[] =>
    words.map((passed, at) =>
      judged(
        at < 4 ? 'pass' : 'fail',
        passed === undefined ? { unscored: 'not recorded' } : said(passed),
        at,
      ),
    )

  it('takes only labels that all have a verdict on', () => {
    const compared = compareJudges('accuracy', 'test', [
      by('strict', answers([true, true, false, undefined, false, false, false, false])),
      by('kind', answers([true, true, true, true, true, true, undefined, false])),
    ])
    expect(compared.labels).toEqual({ of: 'accuracy', split: 'test', common: 6, all: 8 })
    expect(compared.judges).toMatchObject([
      { name: 'strict', unscored: 1, tpr: { passed: 2, of: 3 }, tnr: { passed: 3, of: 3 } },
      { name: 'kind', unscored: 1, tpr: { passed: 3, of: 3 }, tnr: { passed: 1, of: 3 } },
    ])
    // Right alone: strict on two fails, kind on one pass. 2 of 3 is no sign of anything.
    expect(compared.pairs).toEqual([{ a: 'strict', b: 'kind', onlyA: 2, onlyB: 1, p: 1 }])
  })

  it('says that no label has a verdict of all', () => {
    const none = [by('strict', answers([true, undefined])), by('kind', answers([undefined, true]))]
    expect(() => compareJudges('accuracy', 'test', none)).toThrow(expect.objectContaining({ exit: 3 }))
  })
})
