import { describe, expect, it } from 'vitest'
import { mulberry32 } from '../lib/stats/index.ts'
import type { CaseTally, Tallies } from '../schema/run.ts'
import { gate } from './gate.ts'
import { many, policyOf, talliesOf } from './testing/tallies.ts'

/** Costs that differ from case to case; those of a run are `factor` of the baseline's, with noise. */
function runOf(
  factor: number,
  { noise = 0, cases = 100, change = {} }: { noise?: number; cases?: number; change?: Partial<Tallies> } = {},
): Tallies {
  const random = mulberry32(11)
  const base = talliesOf(many(cases, 1))
  const spent = (): CaseTally['spent'] => {
    const cost = 0.01 + random() * 0.1
    return { costUsd: { n: 2, sum: 2 * cost * factor * (1 + noise * (random() - 0.5)) } }
  }
  return { ...base, cases: base.cases.map((tally) => ({ ...tally, spent: spent() })), ...change }
}

const policy = policyOf({ budgets: { costUsd: { maxRise: 0.1 } } })
const before = runOf(1)
const asked = (
  candidate: Tallies,
  baseline = before,
  rules = policy,
): [string, unknown, string | undefined] => {
  const { word, budgets, reasons } = gate({ candidate, baseline, policy: rules })
  return [word, budgets?.[0]?.word, reasons.find(({ code }) => code.startsWith('budget-'))?.what]
}

describe('budgets', () => {
  it('hold where a rise beyond them is ruled out', () => {
    expect(asked(before)).toEqual([
      'pass',
      'pass',
      'The budget of cost holds: 0 % (90 % CI 0 % to 0 %), limit +10 %, 100 cases, as recorded.',
    ])
    expect(asked(runOf(1.1))[1]).toBe('pass')
    expect(asked(runOf(0.5, { noise: 0.5 }))[1]).toBe('pass')
  })

  it('fail the verdict where the rise is real and may be beyond them', () => {
    const [word, part, what] = asked(runOf(1.3, { noise: 0.3 }))
    expect([word, part]).toEqual(['fail', 'fail'])
    expect(what).toMatch(
      /^The rise of cost is real, and one beyond the budget is not ruled out: \+\d\d\.\d % \(90 % CI \+/,
    )
    expect(gate({ candidate: runOf(1.3), baseline: before, policy }).sentence).toBe(
      'over budget: cost +30 % (90 % CI +30 % to +30 %), limit +10 %, 100 cases, as recorded',
    )
  })

  it('settle nothing where costs vary too much, or cases are too few', () => {
    expect(asked(runOf(1.02, { noise: 2, cases: 12 }), runOf(1, { cases: 12 }))[2]).toContain(
      'A rise of cost beyond the budget is neither ruled out nor shown: ',
    )
    expect(asked(runOf(1.3, { cases: 9 }), runOf(1, { cases: 9 }))[2]).toContain(
      '9 cases are too few to tell: it takes 10',
    )
  })

  it('are incomparable, and no pass, where a side does not know, or too few cases do', () => {
    const bare = talliesOf(many(100, 1))
    expect(asked(before, bare)).toEqual([
      'inconclusive',
      'incomparable',
      'The budget of cost is incomparable: the baseline does not know it.',
    ])
    expect(asked(bare)[2]).toContain('the run does not know it')
    const half = { ...before, cases: before.cases.map((it, at) => (at < 6 ? { ...it, spent: {} } : it)) }
    expect(asked(half)[2]).toContain('it is known in 94 of 100 common cases')
    const free = {
      ...before,
      cases: before.cases.map((it) => ({ ...it, spent: { costUsd: { n: 1, sum: 0 } } })),
    }
    expect(asked(before, free)[2]).toContain('the baseline used nothing')
  })

  it('of time are not asked of replays', () => {
    const rules = policyOf({ budgets: { durationMs: { maxRise: 0.1 } } })
    expect(asked(before, before, rules)[2]).toContain('replies that were recorded take no time')
  })

  it('leave out cases that were edited', () => {
    const edited = { ...before, cases: before.cases.map((it, at) => (at < 50 ? { ...it, hash: 'new' } : it)) }
    const { budgets } = gate({ candidate: edited, baseline: before, policy })
    expect(budgets?.[0]).toMatchObject({ word: 'pass', cases: 50, ratio: 1 })
  })

  it('say the same of the same runs, in whatever order their cases come', () => {
    const candidate = runOf(1.05, { noise: 1 })
    const turned = { ...candidate, cases: candidate.cases.toReversed() }
    expect(gate({ candidate: turned, baseline: before, policy }).budgets).toEqual(
      gate({ candidate, baseline: before, policy }).budgets,
    )
  })

  it('take a cluster as one unit', () => {
    const inClusters = (tallies: Tallies): Tallies => ({
      ...tallies,
      cases: tallies.cases.map((it, at) => ({ ...it, cluster: `k${at % 5}` })),
    })
    const { budgets } = gate({ candidate: inClusters(runOf(1.3)), baseline: inClusters(before), policy })
    expect(budgets?.[0]).toMatchObject({
      word: 'inconclusive',
      why: '5 clusters are too few to tell: it takes 10',
    })
  })
})
