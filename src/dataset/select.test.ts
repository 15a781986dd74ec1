import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { selects } from './select.ts'

const one = { id: 'refund-42', tags: ['refund', 'slow'] }

describe('selects', () => {
  it.each([
    [[], []],
    [['refund-42'], []],
    [['refund-*'], []],
    [['*'], []],
    [['**42'], []],
    [['refund-??'], []],
    [['r*d*4*'], []],
    [['exchange-*', '*-42'], []],
    [[], ['slow']],
    [['*'], ['refund', 'slow']],
  ])('takes it for cases %j and tags %j', (cases, tags) => expect(selects({ cases, tags }, one)).toBe(true))

  it.each([
    [['refund'], []],
    [['refund-4'], []],
    [['refund-?'], []],
    [['refund-42?'], []],
    [['Refund-42'], []],
    [['und-*'], []],
    [[''], []],
    [['refund-[0-9]+'], []],
    [['refund.42'], []],
    [['(refund-42)'], []],
    [[], ['fast']],
    [['*'], ['slow', 'fast']],
    [['exchange-*'], ['slow']],
  ])('leaves it for cases %j and tags %j', (cases, tags) => expect(selects({ cases, tags }, one)).toBe(false))

  it('law: agrees with the regular expression of the same glob', () => {
    const letters = (list: string[]) =>
      fc.array(fc.constantFrom(...list), { maxLength: 8 }).map((x) => x.join(''))
    fc.assert(
      fc.property(letters(['a', 'b', '*', '?', '.']), letters(['a', 'b', '.']), (glob, id) => {
        const pattern = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
        expect(selects({ cases: [glob], tags: [] }, { id, tags: [] })).toBe(
          new RegExp(`^${pattern}$`).test(id),
        )
      }),
      { seed: 42, numRuns: 2000 },
    )
  })

  it('takes no time for a glob of many stars', () => {
    const id = 'a'.repeat(128)
    expect(selects({ cases: [`${'*a'.repeat(60)}*b`], tags: [] }, { id, tags: [] })).toBe(false)
  })
})
