import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownTools } from '../schema/known-tools.ts'
import { effectsIn } from './effects.ts'
import { matchWrites } from './match-writes.ts'
import { subjectOf } from './subject.ts'

const known = knownTools()
const options = { mode: 'unordered', args: 'exact', allowExtra: [] } as const
const pay = (usd: number) => ({ name: 'pay', arguments: { usd } })

function matched(made: readonly number[], wanted: readonly number[], more: object = {}) {
  const effects = effectsIn(subjectOf({ calls: made.map(pay) }).outcome, known)
  return matchWrites(effects, wanted.map(pay), { ...options, ...more })
}

describe('writes', () => {
  it('may be made as often as the reference has them', () => {
    expect(matched([1, 1], [1, 1])).toMatchObject({ passed: true, twice: [] })
    expect(matched([1, 1, 1], [1, 1])).toMatchObject({ passed: false, twice: [2], extra: [] })
  })

  it('are twice also where more may be written, or nothing was wanted', () => {
    expect(matched([1, 2, 2], [1], { allowExtra: true })).toMatchObject({ twice: [2], extra: [] })
    expect(matched([1, 2], [1], { allowExtra: ['pay'] })).toMatchObject({ passed: true })
  })

  it('are twice where two references that differ take the same call', () => {
    expect(matched([1, 1], [1, 2], { args: 'ignore' })).toMatchObject({ passed: false, twice: [1] })
    expect(matched([1, 1], [1, 1], { args: 'ignore' })).toMatchObject({ passed: true })
  })

  it('give partial credit', () => {
    expect(matched([1, 2], [1, 3]).value).toBeCloseTo(1 / 3)
    expect(matched([], [1]).value).toBe(0)
    expect(matched([], []).value).toBe(1)
  })
})

it('passes for the same writes in any order, and for nothing else', () => {
  const amounts = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 })
  fc.assert(
    fc.property(amounts, amounts, (made, wanted) => {
      const same =
        JSON.stringify(made.toSorted((a, b) => a - b)) === JSON.stringify(wanted.toSorted((a, b) => a - b))
      expect(matched(made, wanted).passed).toBe(same)
      expect(matched(made.toReversed(), made).passed).toBe(true)
    }),
    { seed: 42 },
  )
})
