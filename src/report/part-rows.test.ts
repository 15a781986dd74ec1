import { describe, expect, it } from 'vitest'
import type { Report } from '../schema/report.ts'
import type { Verdict } from '../schema/verdict.ts'
import { htmlPage } from './html.ts'
import { partRows } from './part-rows.ts'
import { samples } from './report.sample.ts'
import { terminal } from './terminal.ts'

const style = { colour: false, width: 100 }
const hostile = '<b>&\u001b[2J::error::x'
const parts: Pick<Verdict, 'budgets' | 'categories'> = {
  budgets: [
    {
      of: 'costUsd',
      word: 'fail',
      gates: true,
      maxRise: 0.1,
      cases: 12,
      baseline: 0.02,
      candidate: 0.03,
      ratio: 1.5,
      lower: 1.2,
      upper: 1.8,
    },
    { of: 'durationMs', word: 'incomparable', gates: true, why: hostile, maxRise: 0.1, cases: 0 },
  ],
  categories: [
    {
      category: hostile,
      word: 'inconclusive',
      gates: false,
      margin: 0.05,
      cases: 4,
      units: 4,
      baselineMean: 1,
      candidateMean: 0.75,
      difference: -0.25,
      lower: -0.6,
      upper: 0.1,
      p: 0.2,
    },
  ],
}
const green = greenReport()
const report = withParts(green)

function greenReport(): Report {
  const { report: found } = samples()['green'] ?? {}
  if (found === undefined) throw new Error('there is a green sample')
  return found
}

function withParts(given: Report): Report {
  if (given.verdict === undefined) throw new Error('the sample has a verdict')
  return { ...given, verdict: { ...given.verdict, ...parts } }
}

describe('what was asked beside the primary metric', () => {
  it('has its numbers, whether they are more than noise, and a word of its own', () => {
    expect(partRows(report)).toMatchObject([
      {
        name: 'cost a trial',
        change: '+50 %',
        interval: '+20 % … +80 %',
        isReal: true,
        word: 'fail',
        gates: true,
      },
      {
        name: 'time a trial',
        base: '–',
        now: '–',
        change: '–',
        interval: '–',
        isReal: false,
        word: 'incomparable',
      },
      { name: hostile, base: '100 %', now: '75.0 %', isReal: false, word: 'inconclusive', gates: false },
    ])
    expect(partRows(green)).toEqual([])
  })

  it('stands in the terminal and on the page, inert', () => {
    const text = terminal.render(report, { style, traces: {} })
    expect(text).toMatch(/^cost a trial +\S+ +\S+ +\+50 % +\+20 % … \+80 % +fail$/m)
    expect(text).toMatch(/inconclusive \(shown only\)$/m)
    expect(text).not.toMatch(/(?!\n)\p{Cc}|^::/mu)
    const page = htmlPage.render(report, { style, traces: {} })
    expect(page).toContain('<h2>Beside the metric</h2>')
    expect(page).toContain('<b>+50 %</b>')
    expect(page).not.toContain('<b>&')
  })
})
