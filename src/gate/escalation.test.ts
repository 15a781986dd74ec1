import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { usualLevel } from '../lib/confidence.ts'
import type { Verdict } from '../schema/verdict.ts'
import { escalationOf, isOpen, lookAt, looksOf, notEscalated, withEscalation } from './escalation.ts'
import { gate } from './gate.ts'
import { type Did, many, policyOf, talliesOf } from './testing/tallies.ts'

const looks = [1, 3, 5]
const seeded = { seed: 42, numRuns: 300 }

/** Two runs of the same cases; some trials of the first may be unscored. */
const runsOf = (unscored: boolean) =>
  fc
    .integer({ min: 1, max: 120 })
    .chain((cases) =>
      fc.tuple(
        fc.array(fc.constantFrom(0, 1, 1, 1, 1, 1), { minLength: cases, maxLength: cases }),
        fc.array(fc.constantFrom(0, 1, 1, 1, 1), { minLength: cases, maxLength: cases }),
        unscored ? fc.integer({ min: 0, max: 2 }) : fc.constant(0),
      ),
    )

const wordAt = (
  [before, now, unscored]: readonly [readonly number[], readonly number[], number],
  level: number,
  rules = {},
): Verdict['word'] => {
  const did = now.map((sum, at): Did => (at < unscored ? { sum: 0, n: 0, unscored: 1 } : { sum }))
  return gate({
    candidate: talliesOf(did),
    baseline: talliesOf(before),
    policy: policyOf({ maxUnscored: 1, ...rules }),
    look: { level, isOpen: true },
  }).word
}
const levels = fc
  .tuple(fc.double({ min: 0.001, max: 0.3, noNaN: true }), fc.double({ min: 0.001, max: 0.3, noNaN: true }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

describe('a level that is stricter', () => {
  it('leaves open what was open, where all is scored', () => {
    fc.assert(
      fc.property(runsOf(false), levels, (runs, [strict, lax]) => {
        fc.pre(wordAt(runs, lax) === 'inconclusive')
        expect(wordAt(runs, strict)).toBe('inconclusive')
      }),
      seeded,
    )
  })

  it('passes nothing that did not pass, with every kind of rule and with trials unscored', () => {
    const rules = {
      floor: 0.6,
      hardBreaks: 'fail',
      categories: { margin: 0.1 },
      secondary: { success: { margin: 0.1 } },
    }
    fc.assert(
      fc.property(runsOf(true), levels, (runs, [strict, lax]) => {
        const [strictly, laxly] = [wordAt(runs, strict, rules), wordAt(runs, lax, rules)]
        expect(strictly === 'pass' && laxly !== 'pass').toBe(false)
      }),
      seeded,
    )
  })

  it('is not passed because something was not scored', () => {
    fc.assert(
      fc.property(runsOf(true), levels, ([before, now, unscored], [level]) => {
        const failed = now.map((sum, at) => (at < unscored ? 0 : sum))
        const known = wordAt([before, failed, 0], level)
        expect(wordAt([before, now, unscored], level) === 'pass' && known !== 'pass').toBe(false)
      }),
      seeded,
    )
  })

  it('of 0.05 is the gate that looks once', () => {
    fc.assert(
      fc.property(runsOf(true), (runs) => {
        const [before, now] = runs
        const once = gate({ candidate: talliesOf(now), baseline: talliesOf(before), policy: policyOf() })
        const look = { level: usualLevel, isOpen: false }
        const looked = gate({
          candidate: talliesOf(now),
          baseline: talliesOf(before),
          policy: policyOf(),
          look,
        })
        expect(looked.word).toBe(once.word)
        expect(looked.sentence).toBe(once.sentence)
      }),
      seeded,
    )
  })
})

describe('looks', () => {
  it('stop exactly where the verdict is certain', () => {
    fc.assert(
      fc.property(runsOf(true), (runs) => {
        const [before, now] = runs
        const verdict = gate({
          candidate: talliesOf(now),
          baseline: talliesOf(before),
          policy: policyOf(),
          look: lookAt(looks, 1),
        })
        expect(isOpen(verdict)).toBe(verdict.word === 'inconclusive')
      }),
      seeded,
    )
    const at = (sums: readonly number[], rules = {}) =>
      gate({
        candidate: talliesOf(sums),
        baseline: talliesOf(many(60, 1)),
        policy: policyOf(rules),
        look: lookAt(looks, 1),
      })
    expect(isOpen(at(sums(60, 0)))).toBe(false)
    expect(isOpen(at(sums(60, 2)))).toBe(true)
    expect(isOpen(at(sums(60, 20)))).toBe(false)
    expect(isOpen(gate({ candidate: talliesOf(sums(60, 2)), policy: policyOf() }))).toBe(false)
    // A budget nobody can hold against the baseline is not settled by more trials.
    expect(isOpen(at(sums(60, 2), { budgets: { tokens: { maxRise: 0.1 } } }))).toBe(false)
    expect(isOpen(at(sums(60, 2), { drift: { margin: 0.1 } }))).toBe(false)
  })

  it('are as wide as they say, in words too', () => {
    const { comparison, sentence } = gate({
      candidate: talliesOf(sums(100, 1)),
      baseline: talliesOf(many(100, 1)),
      policy: policyOf({ floor: 0.9, categories: { margin: 0.2 } }),
      look: lookAt(looks, 3),
    })
    expect(comparison).toMatchObject({ level: 0.0214 })
    expect(sentence).toContain('95.7 % CI')
    const once = gate({
      candidate: talliesOf(sums(100, 1)),
      baseline: talliesOf(many(100, 1)),
      policy: policyOf(),
    })
    expect(once.sentence).toContain('90 % CI')
    expect(once.comparison).not.toHaveProperty('level')
    expect(comparison?.lower).toBeLessThan(once.comparison?.lower ?? 0)
    expect(comparison?.upper).toBeGreaterThan(once.comparison?.upper ?? 0)
  })

  it('leave a floor open as long as it is neither shown nor ruled out, and show it at the last', () => {
    const at = (broken: number, trials: number) =>
      gate({
        candidate: talliesOf(sums(60, broken)),
        baseline: talliesOf(sums(60, broken)),
        policy: policyOf({ floor: 0.9, margin: 0.2 }),
        look: lookAt(looks, trials),
      })
    expect(at(3, 1)).toMatchObject({ word: 'inconclusive', reasons: [{ code: 'floor-open' }, {}] })
    expect(at(3, 1).reasons[0]?.what).toContain('97.9 % one-sided')
    expect(at(3, 5)).toMatchObject({ word: 'fail', reasons: [{ code: 'floor-broken' }, {}] })
    expect(at(30, 1).word).toBe('fail')
    expect(at(0, 1).word).toBe('pass')
  })

  it('are those of the policy', () => {
    expect(looksOf(policyOf())).toEqual([1, 3, 5])
    expect(looksOf(policyOf({ escalation: { trials: [2, 4] } }))).toEqual([2, 4])
    for (const trials of [[3], [3, 3], [5, 1], [0, 1], [1, 99], [1, 2, 3, 4, 5, 6, 7]])
      expect(() => policyOf({ escalation: { trials } })).toThrow('trials')
  })
})

describe('what is told of looks', () => {
  const verdict = (broken: number, trials: number) =>
    gate({
      candidate: talliesOf(sums(60, broken)),
      baseline: talliesOf(many(60, 1)),
      policy: policyOf({ onInconclusive: 'escalate' }),
      look: lookAt(looks, trials),
    })
  const open = { trials: 1, verdict: verdict(2, 1) }

  it('what was saved, and what each look said', () => {
    const passed = { trials: 3, verdict: verdict(0, 3) }
    const saved = { trials: 120, modelCalls: 400, costUsd: 3.2 }
    const told = withEscalation(passed.verdict, escalationOf(looks, [open, passed], { saved }))
    expect(told.reasons[1]).toEqual({
      code: 'escalation',
      what: 'Settled after 3 of up to 5 trials a case: about 400 model calls and about $3.20 not spent. Looks: 1 trial inconclusive (-3.3 pp, 95.7 % CI -9.7 to +3.3); 3 trials pass (0.0 pp, 95.7 % CI -4.6 to +4.6).',
    })
    expect(told.word).toBe('pass')
    expect(told.escalation).toMatchObject({
      ended: 'settled',
      level: 0.0214,
      saved,
      taken: [{ trials: 1 }, { trials: 3 }],
    })
  })

  it.each([
    [
      'last look',
      [open, { trials: 5, verdict: verdict(2, 5) }],
      {},
      'Still open after the last look, at 5 trials a case.',
    ],
    [
      'spend cap',
      [open],
      { unfinished: { trials: 7, costUsd: 0.031 } },
      'in the look after 1 trial a case: 7 further trials of it are kept ($0.031)',
    ],
    [
      'hopeless',
      [open],
      { saved: { trials: 240 } },
      'nothing that more trials settle: 240 trials not spent.',
    ],
  ] as const)('that it ended by: %s', (ended, taken, more, says) => {
    const told = withEscalation(
      verdict(2, 1),
      escalationOf(looks, taken, { unfinished: undefined, saved: undefined, ...more }),
    )
    expect(told.escalation?.ended).toBe(ended)
    expect(told.reasons.find(({ code }) => code === 'escalation')?.what).toContain(says)
    expect(told.word).toBe('inconclusive')
  })

  it('that nothing was escalated, only where that matters', () => {
    expect(notEscalated(open.verdict, 'nobody is asked').reasons.at(-1)).toMatchObject({
      code: 'not-escalated',
    })
    const passed = verdict(0, 1)
    expect(notEscalated(passed, 'nobody is asked')).toBe(passed)
  })
})

/** So many cases, of which the first few fail. */
function sums(cases: number, broken: number): number[] {
  return Array.from({ length: cases }, (_, at) => Number(at >= broken))
}
