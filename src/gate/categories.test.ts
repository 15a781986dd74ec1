import { describe, expect, it } from 'vitest'
import type { Tallies } from '../schema/run.ts'
import { gate } from './gate.ts'
import { type Did, policyOf, talliesOf } from './testing/tallies.ts'

/** By category: how many of its cases pass, and how many fail. */
function runOf(categories: Readonly<Record<string, readonly [number, number]>>, fidelity = 1): Tallies {
  return talliesOf(
    Object.entries(categories).flatMap(([category, [pass, fail]]) => [
      ...Array.from({ length: pass }, (): Did => ({ sum: 1, category })),
      ...Array.from({ length: fail }, (): Did => ({ sum: 0, category, fidelity })),
    ]),
  )
}

const before = runOf({ edge: [60, 0], plain: [300, 0], rare: [5, 0] })
const dropped = runOf({ edge: [54, 6], plain: [300, 0], rare: [5, 0] })
const margin = 0.05
const words = (verdict: ReturnType<typeof gate>): unknown =>
  Object.fromEntries((verdict.categories ?? []).map(({ category, word }) => [category, word]))

describe('rules of categories', () => {
  it('fail a run whose mean holds, where one category breaks', () => {
    expect(gate({ candidate: dropped, baseline: before, policy: policyOf() }).word).toBe('pass')
    const verdict = gate({
      candidate: dropped,
      baseline: before,
      policy: policyOf({ categories: { margin } }),
    })
    expect(verdict.word).toBe('fail')
    expect(verdict.sentence).toBe(
      'regression in the category "edge": -10.0 pp (90 % CI -16.9 to -2.5), limit -5.0, 60 cases',
    )
    expect(words(verdict)).toEqual({ edge: 'fail', plain: 'pass', rare: 'inconclusive' })
  })

  it('say of a category with too few cases that it cannot pass, and fail nothing by it', () => {
    const verdict = gate({
      candidate: before,
      baseline: before,
      policy: policyOf({ categories: { margin } }),
    })
    expect(verdict.word).toBe('pass')
    expect(verdict.categories?.find(({ category }) => category === 'rare')?.why).toBe(
      '5 cases cannot pass it even when nothing changes: it takes 45',
    )
    expect(verdict.reasons.find(({ code }) => code === 'category-undecided')?.what).toContain(
      'rare (5 cases cannot',
    )
  })

  it('gate the named ones, and show the others', () => {
    const policy = policyOf({ categories: { margin, names: ['plain'] } })
    const verdict = gate({ candidate: dropped, baseline: before, policy })
    expect(verdict.word).toBe('pass')
    expect(verdict.categories?.find(({ category }) => category === 'edge')).toMatchObject({
      gates: false,
      word: 'fail',
    })
    expect(verdict.reasons.find(({ code }) => code === 'category-dropped')?.what).toContain('edge -10.0 pp')
  })

  it('are no pass where a named category is in neither run', () => {
    const policy = policyOf({ categories: { margin, names: ['plane'] } })
    const { word, reasons } = gate({ candidate: before, baseline: before, policy })
    expect(word).toBe('inconclusive')
    expect(reasons[0]).toMatchObject({
      code: 'category-incomparable',
      what: 'The category "plane" is incomparable: no case of it is in both runs.',
    })
  })

  it('correct for how many are asked', () => {
    const policy = policyOf({ categories: { margin } })
    const one = { edge: [60, 0] } as const
    const others = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [`other-${index}`, [60, 0] as const]),
    )
    const broken = { edge: [56, 4] } as const
    const alone = gate({ candidate: runOf(broken), baseline: runOf(one), policy })
    expect(words(alone)).toEqual({ edge: 'fail' })
    const among = gate({
      candidate: runOf({ ...broken, ...others }),
      baseline: runOf({ ...one, ...others }),
      policy,
    })
    expect(words(among)).toMatchObject({ edge: 'inconclusive', 'other-0': 'pass' })
  })

  it('do not hang on cases that left their recording', () => {
    const policy = policyOf({ categories: { margin } })
    const off = gate({
      candidate: runOf({ edge: [57, 3], plain: [300, 0], rare: [5, 0] }, 0.1),
      baseline: before,
      policy,
    })
    expect(words(off)).toMatchObject({ edge: 'inconclusive', plain: 'pass' })
  })
})
