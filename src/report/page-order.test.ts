import { describe, expect, it } from 'vitest'
import type { Report } from '../schema/report.ts'
import { buildReport } from './build.ts'
import { statusesOf } from './case-status.ts'
import { placedCases, trialsByWorth } from './page-order.ts'
import { sampleRun, samples, sampleTrial } from './report.sample.ts'

const off = { share: 0.5, steps: 4, firstOffTape: 2, counts: { exact: 2 } } as const

function reportWith(change: Partial<NonNullable<NonNullable<Report['verdict']>['comparison']>> = {}): Report {
  const trials = [
    sampleTrial('fine', 0, true),
    sampleTrial('fine', 1, true),
    sampleTrial('flaky', 0, true),
    sampleTrial('flaky', 1, false),
    sampleTrial('failing', 0, false),
    sampleTrial('left', 0, true, { fidelity: off }),
    sampleTrial('mute', 0, true, { status: 'aborted', reason: 'miss', scores: [] }),
    sampleTrial('worse', 0, false),
    sampleTrial('worst', 0, false),
  ]
  const { verdict } = samples()['red']?.report ?? {}
  if (verdict?.comparison === undefined) throw new Error('the sample is gone')
  const flip = { baseline: 1, candidate: 0.5, hard: false }
  const comparison = {
    ...verdict.comparison,
    broken: [
      { ...flip, case: 'worse', quarantined: true as const },
      { ...flip, case: 'worst', candidate: 0, hard: true },
    ],
    fixed: [],
    ...change,
  }
  return buildReport({ run: sampleRun(), trials, verdict: { ...verdict, comparison }, metric: 'success' })
}

describe('statusesOf', () => {
  it('says everything that holds for a case, most urgent first', () => {
    const report = reportWith({
      added: ['fine'],
      edited: ['flaky'],
      fixed: [{ case: 'left', baseline: 0, candidate: 1, hard: true }],
    })
    const of = statusesOf(report)
    expect(Object.fromEntries(report.cases.map((one) => [one.case, of(one)]))).toEqual({
      failing: ['failing'],
      fine: ['new', 'passing'],
      flaky: ['flaky', 'edited'],
      left: ['off tape', 'fixed', 'passing'],
      mute: ['unscored'],
      worse: ['broken', 'failing', 'quarantined'],
      worst: ['broken', 'failing'],
    })
  })

  it('counts a case as unscored and off tape that the gate set aside for its baseline', () => {
    const report = reportWith({
      unscored: ['fine'],
      inconclusive: [{ case: 'failing', baseline: 0.3, candidate: 1, sides: ['baseline'] }],
    })
    const of = statusesOf(report)
    expect(report.cases.filter((one) => of(one).includes('unscored')).map((one) => one.case)).toEqual([
      'fine',
      'mute',
    ])
    expect(report.cases.filter((one) => of(one).includes('off tape')).map((one) => one.case)).toEqual([
      'failing',
      'left',
    ])
  })
})

describe('placedCases and trialsByWorth', () => {
  it('put broken cases first, worst of them first, and what is fine last', () => {
    const cases = placedCases(reportWith())
    expect(cases.map(({ found, urgency }) => `${found.case} ${urgency}`)).toEqual([
      'worst 0',
      'worse 0',
      'mute 1',
      'left 1',
      'failing 2',
      'flaky 2',
      'fine 4',
    ])
  })

  it('take of each case the trial that failed, and second trials when every case of its kind has one', () => {
    const report = reportWith()
    expect(
      trialsByWorth(report, placedCases(report)).map(({ found, trial }) => `${found.case} ${trial.trial}`),
    ).toEqual([
      'worst 0',
      'worse 0',
      'mute 0',
      'left 0',
      'failing 0',
      'flaky 1',
      'flaky 0',
      'fine 0',
      'fine 1',
    ])
  })
})
