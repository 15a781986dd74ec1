import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { metricOf, tally } from './metric.ts'
import { caseTally, type Trial } from './run.ts'
import type { Score } from './score.ts'

describe('metricOf', () => {
  it('is success when every gating check passed', () => {
    expect(metricOf(trial({ scores: [passed('polite'), passed('refunded')] }), 'success')).toEqual({
      value: 1,
      passed: true,
    })
  })

  it('is no success when one gating check failed, even beside an unscored one', () => {
    const scores = [unscored('polite', 'judge timed out'), failed('refunded'), passed('brief')]
    expect(metricOf(trial({ scores }), 'success')).toEqual({ value: 0, passed: false })
  })

  it('is unscored, with the check that could not say, when none failed', () => {
    const scores = [passed('refunded'), unscored('polite', 'judge timed out')]
    expect(metricOf(trial({ scores }), 'success')).toEqual({ unscored: 'polite: judge timed out' })
  })

  it('ignores checks that do not gate, and is unscored when none does', () => {
    const scores = [passed('refunded'), { ...failed('tone'), gating: false }]
    expect(metricOf(trial({ scores }), 'success')).toEqual({ value: 1, passed: true })
    expect(metricOf(trial({ scores: [{ ...failed('tone'), gating: false }] }), 'success')).toHaveProperty(
      'unscored',
    )
    expect(metricOf(trial({ scores: [] }), 'success')).toHaveProperty('unscored')
  })

  it('takes any other metric from the score of that name', () => {
    const graded: Score = {
      name: 'tone',
      source: 'judge',
      gating: false,
      status: 'scored',
      value: 0.4,
      passed: false,
    }
    const one = trial({ scores: [graded, unscored('polite', 'no answer')] })
    expect(metricOf(one, 'tone')).toEqual({ value: 0.4, passed: false })
    expect(metricOf(one, 'polite')).toEqual({ unscored: 'no answer' })
    expect(metricOf(one, 'brief')).toEqual({ unscored: 'the trial has no score "brief"' })
  })

  it('is never taken from a score that calls itself success', () => {
    const impostor = { ...passed('success'), gating: false }
    expect(metricOf(trial({ scores: [impostor, failed('refunded')] }), 'success')).toEqual({
      value: 0,
      passed: false,
    })
  })

  it('is 0 where the agent failed and unscored where we did', () => {
    const scores = [passed('refunded')]
    const crashed = trial({ status: 'failed', reason: 'the agent threw', scores })
    expect(metricOf(crashed, 'success')).toEqual({ value: 0, passed: false })
    expect(metricOf(crashed, 'refunded')).toEqual({ value: 0, passed: false })
    const missed = trial({ status: 'aborted', reason: 'fixture miss', scores })
    expect(metricOf(missed, 'success')).toEqual({ unscored: 'fixture miss' })
    expect(metricOf(missed, 'refunded')).toEqual({ unscored: 'fixture miss' })
  })
})

describe('tally', () => {
  it('sums trials up by case, sorted by id', () => {
    const tallies = tally([
      trial({ case: 'refund-2', trial: 0, scores: [failed('refunded')] }),
      trial({ case: 'refund-1', trial: 0, scores: [passed('refunded')], category: 'edge', tags: ['eu'] }),
      trial({ case: 'refund-1', trial: 1, scores: [failed('refunded')], category: 'edge', tags: ['eu'] }),
    ])
    expect(tallies).toEqual([
      {
        case: 'refund-1',
        hash: 'h1',
        category: 'edge',
        tags: ['eu'],
        metrics: { success: { n: 2, sum: 1, unscored: 0 }, refunded: { n: 2, sum: 1, unscored: 0 } },
        fidelity: 1,
      },
      {
        case: 'refund-2',
        hash: 'h1',
        metrics: { success: { n: 1, sum: 0, unscored: 0 }, refunded: { n: 1, sum: 0, unscored: 0 } },
        fidelity: 1,
      },
    ])
  })

  it('counts a case that never got to its checks under every metric of the run', () => {
    const tallies = tally([
      trial({ case: 'a', scores: [passed('refunded')] }),
      trial({ case: 'b', status: 'failed', scores: [] }),
      trial({ case: 'c', status: 'aborted', scores: [] }),
    ])
    expect(tallies.map((it) => it.metrics.refunded)).toEqual([
      { n: 1, sum: 1, unscored: 0 },
      { n: 1, sum: 0, unscored: 0 },
      { n: 0, sum: 0, unscored: 1 },
    ])
  })

  it('gives a case that was edited between its trials a hash that matches no baseline', () => {
    const [mixed] = tally([trial({ caseHash: 'h2', trial: 0 }), trial({ caseHash: 'h1', trial: 1 })])
    expect(mixed?.hash).toBe('h1+h2')
  })

  it('sums up what the agent used, over trials that know it and were not aborted', () => {
    const usage = { input: 10, cacheRead: 5, cacheWrite: 1, output: 4, reasoning: 3 }
    const trials = [
      trial({ costUsd: 0.1, usage, durationMs: 200 }),
      trial({ costUsd: 0.2, durationMs: 300 }),
      trial({ status: 'failed', costUsd: 0.3, durationMs: 100 }),
      trial({ status: 'aborted', costUsd: 9, usage, durationMs: 9 }),
    ]
    const spent = { costUsd: { n: 3, sum: 0.6 }, tokens: { n: 1, sum: 20 } }
    expect(tally(trials)[0]?.spent).toEqual(spent)
    expect(tally(trials, { llm: 'recorded', tools: 'live' })[0]?.spent).toEqual(spent)
    expect(tally(trials, { llm: 'live', tools: 'recorded' })[0]?.spent).toEqual({
      ...spent,
      durationMs: { n: 3, sum: 600 },
    })
    expect(tally([trial({})])[0]).not.toHaveProperty('spent')
    expect(caseTally.parse(tally(trials)[0])).toEqual(tally(trials)[0])
  })

  it('agrees with metricOf for every metric, in any order of trials', () => {
    fc.assert(
      fc.property(fc.array(anyTrial, { maxLength: 12 }), (drawn) => {
        const trials = drawn.map((it, index) => ({ ...it, trial: index }))
        const tallies = tally(trials)
        expect(tally([...trials].reverse())).toEqual(tallies)
        for (const one of tallies) {
          expect(caseTally.safeParse(one).success).toBe(true)
          for (const [name, { n, sum, unscored }] of Object.entries(one.metrics)) {
            const worths = trials.filter((it) => it.case === one.case).map((it) => metricOf(it, name))
            const values = worths.flatMap((it) => ('value' in it ? [it.value] : []))
            expect(n).toBe(values.length)
            expect(unscored).toBe(worths.length - values.length)
            expect(sum).toBeCloseTo(
              values.reduce((a, b) => a + b, 0),
              9,
            )
          }
        }
      }),
      { seed: 42 },
    )
  })
})

function trial(change: Partial<Trial>): Trial {
  return {
    run: 'r1',
    case: 'refund-1',
    caseHash: 'h1',
    trial: 0,
    tags: [],
    status: 'completed',
    scores: [passed('refunded')],
    fidelity: { share: 1, steps: 0, counts: {} },
    divergences: [],
    durationMs: 1,
    ...change,
  }
}

function passed(name: string): Score {
  return { name, source: 'check', gating: true, status: 'scored', value: 1, passed: true }
}

function failed(name: string): Score {
  return { name, source: 'check', gating: true, status: 'scored', value: 0, passed: false }
}

function unscored(name: string, reason: string): Score {
  return { name, source: 'check', gating: true, status: 'unscored', reason }
}

const anyScore: fc.Arbitrary<Score> = fc
  .record({
    name: fc.constantFrom('refunded', 'polite', 'brief'),
    gating: fc.boolean(),
    value: fc.constantFrom(0, 0.1, 1 / 3, 0.7, 1),
    scored: fc.boolean(),
  })
  .map(({ name, gating, value, scored }) =>
    scored
      ? { name, source: 'check', gating, status: 'scored', value, passed: value === 1 }
      : { name, source: 'check', gating, status: 'unscored', reason: 'could not say' },
  )

const anyTrial: fc.Arbitrary<Trial> = fc
  .record({
    case: fc.constantFrom('a', 'b', 'c'),
    status: fc.constantFrom('completed', 'completed', 'failed', 'aborted'),
    scores: fc.uniqueArray(anyScore, { selector: (it) => it.name, maxLength: 3 }),
    share: fc.constantFrom(0, 1 / 3, 0.9, 1),
  })
  .map(({ share, ...rest }) => trial({ ...rest, fidelity: { share, steps: 3, counts: {} } }))
