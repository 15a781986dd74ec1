import { describe, expect, it } from 'vitest'
import type { Decision } from '../schema/run.ts'
import { showDecisions } from './show-decisions.ts'

const style = { colour: false, width: 100 }
const base = { v: 1, at: '2026-11-28T10:00:00.000Z', by: 'Ann', eval: 'support' } as const
const accepted: Decision = {
  ...base,
  action: 'baseline-accept',
  run: 'support-1',
  reason: 'the shop moved',
  metric: 'success',
  before: 0.9,
  after: 0.82,
  broken: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
}
const calibrated: Decision = {
  ...base,
  action: 'calibration-accept',
  judge: 'polite',
  fingerprint: 'f',
  criterion: 'c',
  after: 'can gate',
  j: 0.9,
}

describe('the log of decisions', () => {
  it('says who accepted what, when, why, and what it did', () => {
    expect(showDecisions([accepted, calibrated], style)).toMatchInlineSnapshot(`
      "2026-11-28T10:00:00.000Z Ann accepted the baseline of support
        success 82.0 % (90.0 % before), run support-1; 7 cases got worse: a, b, c, d, e and 2 more
        the shop moved
      2026-11-28T10:00:00.000Z Ann accepted the calibration of a judge of support
        polite: can gate, J 0.90
      "
    `)
  })

  it('says what is known of the tree, the interval, the cases that are gone, and the day', () => {
    const known: Decision = {
      ...accepted,
      change: { difference: -0.08, lower: -0.137, upper: -0.019, cases: 100 },
      removed: ['old'],
      edited: ['new'],
      expires: '2026-12-31',
      commit: '0123456789abcdef',
      dirty: true,
    }
    const released: Decision = {
      ...base,
      action: 'baseline-release',
      run: 'support-1',
      name: 'v1.4',
      metric: 'success',
      after: 0.82,
    }
    expect(showDecisions([known, released], { colour: false, width: 200 })).toMatchInlineSnapshot(`
      "2026-11-28T10:00:00.000Z Ann accepted the baseline of support
        success 82.0 % (90.0 % before), run support-1; -8.0 pp over 100 cases (90 % CI -13.7 to -1.9); 7 cases got worse: a, b, c, d, e and 2 more; 1 case removed: old; 1 case edited: new; until 2026-12-31;
        commit 0123456789ab with changes that were not committed
        the shop moved
      2026-11-28T10:00:00.000Z Ann marked the baseline of support as that of the release v1.4
        success 82.0 %, run support-1
      "
    `)
  })

  it('says that there is none, and how many more there are', () => {
    expect(showDecisions([], style)).toBe('Nobody has accepted anything yet.\n')
    expect(
      showDecisions(
        Array.from({ length: 53 }, () => accepted),
        style,
      ),
    ).toContain('and 3 more; --json lists all')
  })

  it('is inert, whatever people wrote', () => {
    const hostile = '\u001b[2J::error::x\n::warning::y'
    const text = showDecisions([{ ...accepted, by: hostile, reason: hostile, broken: [hostile] }], style)
    expect(text).not.toMatch(/(?!\n)\p{Cc}|^::/mu)
  })
})
