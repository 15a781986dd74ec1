import { describe, expect, it } from 'vitest'
import type { CalibrationReport } from '../schema/calibration-report.ts'
import type { Calibration } from '../schema/calibration.ts'
import { fixed, rateLine, showCalibration } from './show-calibration.ts'

const style = { colour: false, width: 100 }
const calibration: Calibration = {
  v: 1,
  eval: 'support',
  judge: 'accuracy',
  fingerprint: 'f'.repeat(16),
  criterion: 'c'.repeat(16),
  model: 'gpt-4o-2024-11-20',
  instruments: [],
  labels: { pass: 80, fail: 41, unscored: 1, hash: '0'.repeat(16) },
  tpr: { passed: 76, of: 80, rate: 0.95, low: 0.8784, high: 0.9804 },
  tnr: { passed: 38, of: 40, rate: 0.95, low: 0.835, high: 0.9862 },
  j: 0.9,
  kappa: 0.8889,
  alpha: null,
  standing: 'can gate',
  why: ['It passed 76 of 80.'],
  at: '2026-11-28T09:00:00.000Z',
  by: 'Ann',
}
const report = (over: Partial<CalibrationReport> = {}): CalibrationReport => ({
  calibration,
  split: 'test',
  confusion: { tp: 76, fn: 4, fp: 2, tn: 38 },
  byTag: [],
  unscored: [{ why: 'refusal', count: 1 }],
  leaked: [],
  level: undefined,
  length: { of: 120, judge: 0.5, people: 0.1 },
  people: { names: ['Ann', 'Ben'], shared: 12, alpha: 0.7 },
  disagreements: [],
  ...over,
})

describe('a calibration as people read it', () => {
  it('rounds bounds outwards, and says where there is nothing to tell from', () => {
    expect(rateLine(calibration.tpr)).toBe('0.95 (0.87 … 0.99), 76 of 80')
    expect(rateLine({ passed: 5, of: 5, rate: 1, low: 0.57, high: 1 })).toBe('1.00 (0.57 … 1.00), 5 of 5')
    expect(rateLine({ passed: 0, of: 0, rate: 0, low: 0, high: 1 })).toBe('nothing to tell from')
    expect([fixed(null), fixed(-0.001), fixed(0.885)]).toEqual(['–', '0.00', '0.89'])
  })

  it('says all that was measured', () => {
    expect(showCalibration(report(), style)).toBe(`judge "accuracy" of support: can gate
- It passed 76 of 80.

model        gpt-4o-2024-11-20
instrument   fingerprint ${'f'.repeat(16)}, criterion ${'c'.repeat(16)}
labels       test: 80 pass, 41 fail; without a verdict: 1 (refusal 1)
TPR          0.95 (0.87 … 0.99), 76 of 80 that people passed, it passed
TNR          0.95 (0.83 … 0.99), 38 of 40 that people failed, it failed
agreement    J 0.90 · κ 0.89 · α –
length       correlation of its verdict with the answer's length 0.50, of people's 0.10: it likes long answers more than people do
labelled by  Ann, Ben; of 12 outcomes that several labelled, α 0.70
`)
  })

  it('shows the level as the judge says it, and corrected', () => {
    const estimate = { level: 0.8, low: 0.7, high: 0.9 }
    const text = showCalibration(
      report({
        level: {
          judged: { passed: 76, of: 100 },
          roganGladen: undefined,
          predictionPowered: estimate,
          labels: estimate,
        },
      }),
      style,
    )
    expect(text).toContain(
      'pass rate    76.0 % of 100 outcomes nobody labelled, as the judge says; corrected:',
    )
    expect(text).toContain('by PPI++                  80.0 % (70.0 % … 90.0 %)')
    expect(text).not.toContain('Gladen')
  })

  it('keeps what people and judges wrote inert, and short', () => {
    const hostile = '\u001b[2J::error::x\u202e'
    const text = showCalibration(
      report({
        leaked: [{ case: 'refund', trial: 0 }],
        byTag: [{ tag: hostile, tp: 1, fn: 0, fp: 0, tn: 0 }],
        people: { names: [hostile], shared: 0, alpha: null },
        disagreements: Array.from({ length: 7 }, (_, trial) => ({
          case: 'refund',
          trial,
          person: 'fail' as const,
          judge: 'pass' as const,
          critique: hostile + 'long '.repeat(10_000),
          note: undefined,
          by: hostile,
        })),
      }),
      style,
    )
    expect(['\u001b', '\u202e'].filter((one) => text.includes(one))).toEqual([])
    expect(text.split('\n').some((line) => line.trimStart().startsWith('::'))).toBe(false)
    expect(text).toContain("left out: 1 label of outcomes that stand in the judge's own prompt")
    expect(text).toContain('… 2 more disagreements')
    expect(text.length).toBeLessThan(15_000)
  })
})
