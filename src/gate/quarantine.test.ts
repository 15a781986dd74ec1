import { describe, expect, it } from 'vitest'
import { gate } from './gate.ts'
import { many, policyOf, talliesOf } from './testing/tallies.ts'

const entry = {
  eval: 'refunds',
  case: 'c000',
  owner: 'ann',
  reason: 'The shop is slow.',
  expires: '2026-12-01',
}
const baseline = talliesOf(many(100, 1))
const candidate = talliesOf([0, ...many(99, 1)])
const policy = policyOf({ hardBreaks: 'fail' })

function on(today: string, cases = [entry]): ReturnType<typeof gate> {
  return gate({ candidate, baseline, policy, quarantine: { cases, today } })
}

describe('quarantine', () => {
  it('keeps a flaky case out of the hard breaks, and in the mean', () => {
    expect(gate({ candidate, baseline, policy }).word).toBe('fail')
    const verdict = on('2026-12-01')
    expect(verdict.word).toBe('pass')
    expect(verdict.comparison).toMatchObject({ cases: 100, difference: -0.01 })
    expect(verdict.comparison?.broken).toEqual([
      { case: 'c000', baseline: 1, candidate: 0, hard: true, quarantined: true },
    ])
    expect(verdict.reasons.map(({ code, what }) => [code, what])).toContainEqual([
      'in-quarantine',
      '1 case is in quarantine, still in the mean and no hard break: c000 (ann, until 2026-12-01).',
    ])
  })

  it('ends on its day, and says so', () => {
    const verdict = on('2026-12-02')
    expect(verdict.word).toBe('fail')
    expect(verdict.reasons.map(({ code }) => code)).toEqual([
      'hard-breaks',
      'no-regression',
      'quarantine-expired',
    ])
    expect(verdict.comparison?.broken[0]?.quarantined).toBeUndefined()
  })

  it('is a finding where it is of a case there is not', () => {
    const verdict = on('2026-12-01', [{ ...entry, case: 'gone' }])
    expect(verdict.reasons.find(({ code }) => code === 'quarantine-unknown')?.what).toBe(
      '1 case in quarantine is not in the run: gone (ann, until 2026-12-01).',
    )
  })

  it('does not save a run whose mean fell', () => {
    const fell = talliesOf([...many(10, 0), ...many(90, 1)])
    const cases = fell.cases.map(({ case: id }) => ({ ...entry, case: id }))
    const verdict = gate({ candidate: fell, baseline, policy, quarantine: { cases, today: '2026-12-01' } })
    expect([verdict.word, verdict.reasons[0]?.code]).toEqual(['fail', 'regression'])
  })
})
