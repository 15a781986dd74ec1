import { describe, expect, it } from 'vitest'
import type { MetricTally, Tallies } from '../schema/run.ts'
import type { SecondaryPart, Verdict } from '../schema/verdict.ts'
import { gate } from './gate.ts'
import { many, policyOf, talliesOf } from './testing/tallies.ts'

const cases = 100

/** A run whose primary metric always passes; of each other metric, how many cases fail. */
function runOf(failing: Readonly<Record<string, number>>, change: Partial<Tallies> = {}): Tallies {
  const base = talliesOf(many(cases, 1))
  const secondary = Object.fromEntries(Object.keys(failing).map((name) => [name, `of ${name}`]))
  return {
    ...base,
    hashes: { ...base.hashes, secondary },
    cases: base.cases.map((tally, index) => ({
      ...tally,
      metrics: {
        ...tally.metrics,
        ...Object.fromEntries(
          Object.entries(failing).map(([name, broken]): [string, MetricTally] => [
            name,
            { n: 1, sum: index < broken ? 0 : 1, unscored: 0 },
          ]),
        ),
      },
    })),
    ...change,
  }
}

const policy = policyOf({ secondary: { tone: { margin: 0.05 }, tools: { margin: 0.05 } } })
const before = runOf({ tone: 0, tools: 0 })

function part(verdict: Verdict, metric: string): SecondaryPart | undefined {
  return verdict.secondary?.find((one) => one.metric === metric)
}

describe('secondary metrics', () => {
  it('fail the verdict by a real drop, each with a comparison of its own', () => {
    const verdict = gate({ candidate: runOf({ tone: 10, tools: 0 }), baseline: before, policy })
    expect([verdict.word, verdict.sentence]).toEqual([
      'fail',
      'regression of "tone": -10.0 pp (90 % CI -15.2 to -4.5), limit -5.0: 10 cases broke, 0 were fixed of 100',
    ])
    expect(part(verdict, 'tone')).toMatchObject({
      word: 'fail',
      comparison: { metric: 'tone', difference: -0.1 },
    })
    expect(part(verdict, 'tone')?.comparison?.broken).toHaveLength(10)
    expect(part(verdict, 'tools')?.word).toBe('pass')
    expect(verdict.comparison?.metric).toBe('success')
  })

  it('are corrected for each other: what fails alone may be chance among several', () => {
    const alone = policyOf({ secondary: { tone: { margin: 0.05 } } })
    const candidate = runOf({ tone: 4, tools: 0 })
    expect(gate({ candidate, baseline: before, policy: alone }).word).toBe('fail')
    const among = gate({ candidate, baseline: before, policy })
    expect(among.word).toBe('pass')
    expect(part(among, 'tone')?.word).toBe('inconclusive')
    expect(part(among, 'tone')?.p).toBeGreaterThan(0.05)
    expect(among.reasons.map(({ code }) => code)).toEqual([
      'no-regression',
      'secondary-undecided',
      'secondary-held',
    ])
    // Two that drop together are held against the run again.
    expect(
      gate({ candidate: runOf({ tone: 10, tools: 10 }), baseline: before, policy }).secondary,
    ).toMatchObject([{ word: 'fail' }, { word: 'fail' }])
  })

  it('pass by their own margin without a correction, and say a real drop within it nowhere', () => {
    const wide = policyOf({ secondary: { tone: { margin: 0.2 }, tools: { margin: 0.2 } } })
    const verdict = gate({ candidate: runOf({ tone: 10, tools: 0 }), baseline: before, policy: wide })
    expect([verdict.word, part(verdict, 'tone')?.word]).toEqual(['pass', 'pass'])
  })

  it.each([
    ['the baseline does not have it', talliesOf(many(cases, 1))],
    [
      'the baseline was not accepted with this rule',
      { ...before, hashes: { dataset: 'd1', checks: 'k1', fixtures: 'f1' } },
    ],
    [
      'its checks are not those of the baseline',
      { ...before, hashes: { ...before.hashes, secondary: { tone: 'other', tools: 'of tools' } } },
    ],
  ])('are incomparable, and no pass, where %s', (why, baseline) => {
    const { word, secondary, reasons } = gate({ candidate: before, baseline, policy })
    expect(word).toBe('inconclusive')
    expect(secondary?.[0]).toMatchObject({ metric: 'tone', word: 'incomparable', why })
    expect(secondary?.[0]?.comparison).toBeUndefined()
    expect(reasons[0]).toMatchObject({
      code: 'secondary-incomparable',
      what: `The secondary metric "tone" is incomparable: ${why}.`,
    })
  })

  it('are incomparable where too much of them is unscored, and inconclusive where a little decides', () => {
    const holed = (count: number): Tallies => ({
      ...before,
      cases: before.cases.map((tally, index) => ({
        ...tally,
        metrics: {
          ...tally.metrics,
          ...(index < count ? { tone: { n: 0, sum: 0, unscored: 1 } } : {}),
        },
      })),
    })
    const many = gate({ candidate: holed(3), baseline: before, policy })
    expect(part(many, 'tone')).toMatchObject({
      word: 'incomparable',
      why: '3 of 100 trials of the run are unscored',
    })
    const few = gate({ candidate: holed(2), baseline: before, policy })
    expect(part(few, 'tone')).toMatchObject({
      word: 'inconclusive',
      why: 'it hangs on what was not scored, or left its recording',
    })
    expect(few.word).toBe('pass')
  })

  it('of a run that does not have them make it invalid', () => {
    const { word, reasons } = gate({ candidate: talliesOf(many(cases, 1)), baseline: before, policy })
    expect([word, reasons.map(({ code }) => code)]).toEqual(['invalid', ['unknown-metric', 'unknown-metric']])
  })

  it('of a judge that may not decide are shown and fail nothing; of one that may, its errors narrow the margin', () => {
    const candidate = runOf({ tone: 10, tools: 0 })
    const shown = gate({ candidate, baseline: before, policy, advisory: new Set(['tone']) })
    expect(shown.word).toBe('pass')
    expect(part(shown, 'tone')).toMatchObject({ word: 'fail', gates: false })
    const share = (rate: number) => ({ passed: rate * 100, of: 100, rate, low: 0, high: 1 })
    const judges = [{ judge: 'tone', tpr: share(0.9), tnr: share(0.9), j: 0.8 }]
    expect(part(gate({ candidate, baseline: before, policy, judges }), 'tone')?.margin).toBeCloseTo(0.04, 12)
  })

  it('are not asked without a baseline, and leave a verdict without them as it was', () => {
    expect(gate({ candidate: before, policy }).secondary).toBeUndefined()
    expect(Object.keys(gate({ candidate: before, baseline: before, policy: policyOf() }))).toEqual([
      'word',
      'sentence',
      'reasons',
      'comparison',
      'policy',
    ])
  })
})
