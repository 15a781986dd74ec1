import { describe, expect, it } from 'vitest'
import { policy, type PolicyInput, type VerdictWord } from '../schema/verdict.ts'
import { exitOf } from './exit.ts'

const exit = (word: VerdictWord, rules: PolicyInput = {}): number =>
  exitOf({ word, sentence: '', reasons: [], policy: policy.parse(rules) })

describe('the exit code of a verdict', () => {
  it('is 0 only for what may be merged', () => {
    expect((['pass', 'not gated', 'fail', 'invalid'] as const).map((word) => exit(word))).toEqual([
      0, 0, 1, 3,
    ])
  })

  it('of an open verdict is what the policy makes of it: escalated in vain, it stops', () => {
    const open = (rules: PolicyInput): number => exit('inconclusive', rules)
    expect(open({})).toBe(0)
    expect(open({ onInconclusive: 'fail' })).toBe(3)
    expect(open({ onInconclusive: 'escalate' })).toBe(3)
    expect(open({ onInconclusive: 'escalate', escalation: { trials: [1, 2] } })).toBe(3)
    expect(open({ onInconclusive: 'escalate', escalation: { otherwise: 'warn' } })).toBe(0)
    // What comes after an escalation says nothing where there is none.
    expect(open({ onInconclusive: 'fail', escalation: { otherwise: 'warn' } })).toBe(3)
  })
})
