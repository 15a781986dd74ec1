import { describe, expect, it } from 'vitest'
import { oracle } from '../lib/stats/testing/oracle.ts'
import type { Verdict } from '../schema/verdict.ts'
import { gate } from './gate.ts'
import { type Did, many, policyOf, talliesOf } from './testing/tallies.ts'

const unscored: Did = { sum: 0, n: 0, unscored: 1 }
const fifty = talliesOf(many(50, 1))

describe('the gate', () => {
  it('asks what the unscored trials of the baseline could have been, for better and for worse', () => {
    const held = {
      candidate: talliesOf([...many(59, 1), 0]),
      baseline: talliesOf([...many(59, 1), unscored]),
    }
    expect(gate({ ...held, policy: policyOf() }).sentence).toBe(
      'inconclusive: the verdict hangs on unscored trials: pass without them, inconclusive if they count against the run, pass if they count for it',
    )
    const broke = {
      candidate: talliesOf([...many(4, 0), ...many(96, 1)]),
      baseline: talliesOf([...many(99, 1), unscored]),
    }
    expect(gate({ ...broke, policy: policyOf() }).sentence).toBe(
      'inconclusive: the verdict hangs on unscored trials: fail without them, fail if they count against the run, inconclusive if they count for it',
    )
  })

  it('states the smallest drop it could have found, and what would settle it', () => {
    const [first] = inconclusive().reasons
    expect(first?.what).toContain('The smallest drop this comparison could find 4 times in 5: 27 pp.')
    expect(first?.hint).toBe(
      '20 cases cannot pass this limit even when nothing changes: it takes 45. About 25 more cases would probably settle it.',
    )
  })

  it('decides nothing by a judge that may not decide', () => {
    const held = { candidate: talliesOf(many(200, 1)), baseline: talliesOf(many(200, 1)), policy: policyOf() }
    expect(gate(held).word).toBe('pass')
    const { word, reasons } = gate({ ...held, advisory: new Set(['success']) })
    expect([word, reasons[0]?.code]).toEqual(['invalid', 'judge-may-not-gate'])
  })

  it('holds a judge to a margin that its errors make narrower, and says so', () => {
    const held = {
      candidate: talliesOf([...many(198, 1), 0, 0]),
      baseline: talliesOf(many(200, 1)),
      policy: policyOf({ margin: 0.04 }),
    }
    const share = (rate: number) => ({ passed: rate * 100, of: 100, rate, low: 0, high: 1 })
    const judges = [{ judge: 'polite', tpr: share(0.8), tnr: share(0.7), j: 0.5 }]
    expect(gate(held).word).toBe('pass')
    const judged = gate({ ...held, judges })
    expect(judged.word).toBe('inconclusive')
    expect(judged.comparison?.margin).toBeCloseTo(0.02, 12)
    expect(judged.policy.margin).toBe(0.04)
    expect(judged.reasons.find(({ code }) => code === 'judge-scale')?.what).toContain(
      'margin 4 points × J 0.50',
    )
    const wide = gate({ ...held, judges, policy: policyOf({ margin: 0.1 }) })
    expect([wide.word, wide.comparison?.margin]).toEqual(['pass', 0.05])
  })

  it('offers more trials where noise within cases is what hides the answer', () => {
    const flaky = talliesOf(many(100, { sum: 2, n: 3 }))
    const { sentence } = gate({
      candidate: talliesOf([...many(50, { sum: 1, n: 3 }), ...many(50, { sum: 3, n: 3 })]),
      baseline: flaky,
      policy: policyOf(),
    })
    expect(sentence).toMatch(
      /; 17 trials a case in both runs, or about \d+ more cases would probably settle it$/,
    )
  })

  it('tells why a floor is out of reach', () => {
    const { reasons } = gate({ candidate: talliesOf(many(20, 1)), policy: policyOf({ floor: 0.9 }) })
    expect(reasons[0]).toMatchObject({
      code: 'floor-broken',
      hint: 'Even if every case passed, 20 could show no more than 88.1 %: add cases, or lower the floor.',
    })
  })

  it('gives no numbers of runs that may not be compared, and gives them where only the trust is missing', () => {
    const other = gate({ candidate: fifty, baseline: { ...fifty, eval: 'returns' }, policy: policyOf() })
    expect(other.comparison).toBeUndefined()
    const unsure = gate({
      candidate: talliesOf([...many(40, 1), ...many(10, unscored)]),
      baseline: fifty,
      policy: policyOf(),
    })
    expect(unsure.comparison).toMatchObject({ cases: 40 })
  })

  it('never writes a bound as the limit it does not reach, nor a minus before zero', () => {
    for (let cases = 20; cases < 400; cases += cases < 50 ? 1 : 13) {
      for (const broken of [0, 1, 3]) {
        const candidate = talliesOf([...many(broken, 0), ...many(cases - broken, 1)])
        const { sentence, word } = gate({
          candidate,
          baseline: talliesOf(many(cases, 1)),
          policy: policyOf(),
        })
        const bounds = /CI (\S+) to (\S+)\), limit (\S+):|between (\S+) and (\S+) pp, limit (\S+):/.exec(
          sentence,
        )
        const [lower, upper, limit] = (bounds ?? []).slice(1).filter((text) => text !== undefined)
        expect(lower).not.toBe(limit)
        expect(Number(lower) > Number(limit)).toBe(word === 'pass')
        expect(Number(upper) !== 0).toBe(true)
        expect(sentence).not.toMatch(/-0(\.0+)? /)
      }
    }
  })
})

describe('verdicts of the reference intervals', () => {
  it.each(oracle.gate_interval_generalised_bonett_price.rows)(
    '$name',
    ({ diffs, clusters, margin, verdict, ...bounds }) => {
      // A difference d between means in [0,1]: from (1 − d)/2 to (1 + d)/2.
      const dids = (sign: 1 | -1): Did[] =>
        diffs.map((diff, index) => {
          const cluster = clusters?.[index]
          return { sum: (1 + sign * diff) / 2, ...(cluster === undefined ? {} : { cluster: `k${cluster}` }) }
        })
      const answer = gate({
        candidate: talliesOf(dids(1)),
        baseline: talliesOf(dids(-1)),
        policy: policyOf({ margin }),
      })
      expect(answer.word).toBe(verdict)
      expect(answer.comparison?.lower).toBeCloseTo(bounds.lower_one_sided_95, 9)
      expect(answer.comparison?.upper).toBeCloseTo(bounds.upper_one_sided_95, 9)
      expect(answer.reasons.some((reason) => reason.code === 'small-real-drop')).toBe(
        verdict === 'pass' && bounds.upper_one_sided_95 < 0,
      )
    },
  )
})

function inconclusive(): Verdict {
  const baseline = talliesOf(many(20, 1))
  return gate({ candidate: baseline, baseline, policy: policyOf() })
}

describe('broken tool contracts', () => {
  const change = { tool: 'pay', side: 'input', path: 'iban', kind: 'required' } as const
  const broken = { ...change, class: 'breaking', what: '"iban" must be given now' } as const
  const same = talliesOf(many(50, 1))

  it('fail the gate, whatever the numbers say', () => {
    const { word, sentence, reasons } = gate({
      candidate: same,
      baseline: same,
      policy: policyOf(),
      contracts: [broken, { ...broken, tool: 'refund', class: 'unknown' }],
    })
    expect(word).toBe('fail')
    expect(sentence).toBe(
      'broken tool contract: the contract of 2 tools is broken (pay, refund): pay input iban: "iban" must be given now, and 1 more change',
    )
    expect(reasons.map(({ code }) => code)).toEqual(['tool-contract', 'no-regression'])
  })

  it('are no matter of doubt, and stand beside what makes a run invalid', () => {
    const lost = talliesOf(Array.from({ length: 50 }, () => ({ sum: 1, fidelity: 0.1 })))
    const doubtful = { candidate: lost, baseline: same, policy: policyOf() }
    expect(gate(doubtful).word).toBe('inconclusive')
    expect(gate({ ...doubtful, contracts: [broken] }).word).toBe('fail')
    const none = gate({ candidate: talliesOf([]), policy: policyOf(), contracts: [broken] })
    expect([none.word, none.reasons.map(({ code }) => code)]).toEqual([
      'invalid',
      ['no-cases', 'tool-contract'],
    ])
    expect(gate({ candidate: same, policy: policyOf(), contracts: [broken] }).word).toBe('fail')
  })

  it('are not broken by what is compatible, or only said otherwise', () => {
    const contracts = [{ ...broken, class: 'compatible' } as const, { ...broken, class: 'note' } as const]
    expect(gate({ candidate: same, baseline: same, policy: policyOf(), contracts }).word).toBe('pass')
  })
})
