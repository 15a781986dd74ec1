import { describe, expect, it } from 'vitest'
import { compare } from './compare.ts'
import { many, talliesOf } from './testing/tallies.ts'

const ids = (flips: readonly { readonly case: string }[]): string[] => flips.map((flip) => flip.case)

describe('compare', () => {
  it('pairs cases and states both means, the difference and the bounds', () => {
    const baseline = talliesOf([...many(98, 1), 0, 0])
    const candidate = talliesOf([...many(10, 0), ...many(88, 1), 1, 1])
    const comparison = compare(candidate, baseline, 'success', 0.05)
    expect(comparison).toMatchObject({
      metric: 'success',
      margin: 0.05,
      cases: 100,
      units: 100,
      clustered: false,
    })
    expect(comparison.baselineMean).toBeCloseTo(0.98, 12)
    expect(comparison.candidateMean).toBeCloseTo(0.9, 12)
    expect(comparison.difference).toBeCloseTo(-0.08, 12)
    // The oracle's row `ten_broken_two_fixed_of_100`.
    expect(comparison.lower).toBeCloseTo(-0.1374017875770198, 12)
    expect(comparison.upper).toBeCloseTo(-0.019460957521019423, 12)
    expect(comparison.mcnemar).toMatchObject({ fixed: 2, broken: 10 })
    expect(comparison.mcnemar?.twoSided).toBeCloseTo(0.03857421875, 12)
    expect(comparison.broken).toHaveLength(10)
    expect(ids(comparison.fixed)).toEqual(['c098', 'c099'])
  })

  it('names every case it leaves out, and leaves it out of the numbers', () => {
    const baseline = talliesOf([1, { sum: 1, hash: 'old' }, { sum: 0, n: 0, unscored: 1 }, 1, 1])
    const candidate = talliesOf([
      1,
      { sum: 0, hash: 'new' },
      0,
      { sum: 0, n: 0, unscored: 1 },
      { sum: 0, case: 'zebra' },
    ])
    const comparison = compare(candidate, baseline, 'success', 0.05)
    expect(comparison).toMatchObject({
      cases: 1,
      difference: 0,
      added: ['zebra'],
      removed: ['c004'],
      edited: ['c001'],
      unscored: ['c002', 'c003'],
      broken: [],
    })
  })

  it('leaves out cases that left their recording, says whose, and how many cases both have', () => {
    const baseline = talliesOf([1, { sum: 1, fidelity: 0.5 }, 1, { sum: 0, n: 0, unscored: 1 }, 1])
    const candidate = talliesOf([
      1,
      { sum: 0, fidelity: 0.7 },
      { sum: 0, fidelity: 0.79 },
      { sum: 1, fidelity: 0.1 },
      { sum: 1, fidelity: 0.8 },
    ])
    const asked = compare(candidate, baseline, 'success', 0.05, 0.8)
    expect(asked).toMatchObject({ cases: 2, common: 5, broken: [], difference: 0, unscored: ['c003'] })
    expect(asked.inconclusive).toEqual([
      { case: 'c001', baseline: 0.5, candidate: 0.7, sides: ['baseline', 'candidate'] },
      { case: 'c002', baseline: 1, candidate: 0.79, sides: ['candidate'] },
    ])
    expect(compare(candidate, baseline, 'success', 0.05)).toMatchObject({ cases: 4, inconclusive: [] })
    const live = { mode: { llm: 'live', tools: 'live' } } as const
    expect(compare({ ...candidate, ...live }, { ...baseline, ...live }, 'success', 0.05, 0.8)).toMatchObject({
      cases: 4,
      inconclusive: [],
    })
  })

  it('knows nothing where no case is shared', () => {
    const comparison = compare(
      talliesOf([{ sum: 1, case: 'a' }]),
      talliesOf([{ sum: 1, case: 'b' }]),
      'success',
      0.05,
    )
    expect(comparison).toMatchObject({ cases: 0, units: 0, difference: 0, lower: -1, upper: 1 })
    expect(comparison.detectable).toBeUndefined()
    expect(comparison.mcnemar).toBeUndefined()
  })

  it('lists flips worst first, hard ones marked, with their category', () => {
    const baseline = talliesOf([
      { sum: 3, n: 3 },
      { sum: 3, n: 3, category: 'edge' },
      { sum: 2, n: 3 },
      { sum: 0, n: 3 },
    ])
    const candidate = talliesOf([
      { sum: 2, n: 3 },
      { sum: 0, n: 3, category: 'edge' },
      { sum: 1, n: 3 },
      { sum: 3, n: 3 },
    ])
    const { broken, fixed } = compare(candidate, baseline, 'success', 0.05)
    expect(broken).toEqual([
      { case: 'c001', category: 'edge', baseline: 1, candidate: 0, hard: true },
      { case: 'c000', baseline: 1, candidate: 2 / 3, hard: false },
      { case: 'c002', baseline: 2 / 3, candidate: 1 / 3, hard: false },
    ])
    expect(fixed).toEqual([{ case: 'c003', baseline: 0, candidate: 1, hard: true }])
  })

  it('takes rounding for no difference', () => {
    const { broken, fixed } = compare(
      talliesOf([{ sum: 0.1 + 0.2, n: 1 }]),
      talliesOf([{ sum: 0.3, n: 1 }]),
      'success',
      0.05,
    )
    expect([broken, fixed]).toEqual([[], []])
  })

  it('asks McNemar only of single pass/fail trials that stand alone', () => {
    const single = talliesOf([1, 0, 1])
    expect(compare(single, single, 'success', 0.05).mcnemar).toEqual({
      fixed: 0,
      broken: 0,
      twoSided: 1,
      oneSided: 1,
    })
    const repeated = talliesOf([1, 0, { sum: 2, n: 2 }])
    expect(compare(repeated, single, 'success', 0.05).mcnemar).toBeUndefined()
    const graded = talliesOf([1, 0, 0.5])
    expect(compare(graded, single, 'success', 0.05).mcnemar).toBeUndefined()
    const clustered = talliesOf([{ sum: 1, cluster: 'vip' }, { sum: 0, cluster: 'vip' }, { sum: 1 }])
    expect(compare(clustered, single, 'success', 0.05).mcnemar).toBeUndefined()
  })

  it('takes declared clusters as units, and a case without one as its own', () => {
    const clusters = ['a', 'a', 'b', undefined]
    const candidate = talliesOf(
      clusters.map((cluster) => ({ sum: 1, ...(cluster === undefined ? {} : { cluster }) })),
    )
    const comparison = compare(candidate, talliesOf([1, 1, 1, 1]), 'success', 0.05)
    expect(comparison).toMatchObject({ cases: 4, units: 3, clustered: true })
  })

  it('reads only a metric the case has itself', () => {
    const run = talliesOf([1])
    expect(compare(run, run, 'constructor', 0.05).unscored).toEqual(['c000'])
    expect(compare(run, run, '__proto__', 0.05).unscored).toEqual(['c000'])
  })
})
