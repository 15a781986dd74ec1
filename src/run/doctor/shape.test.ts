import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonDifferences } from '../../lib/json-diff.ts'
import { shapeOf, withOrders } from './shape.ts'

describe('shapeOf', () => {
  it.each([
    ['uuid', '9f1c2b7a-9d3e-4c5f-8a7b-1f0c2b7a9d3e', '00000000-7a1b-4c2d-8e3f-0123456789ab'],
    ['time', '2026-01-02', '2026-01-03'],
    ['time', '2026-01-02T10:00:00.000Z', '2026-01-02T10:00:01Z'],
    ['time', 1_767_348_000_000, 1_767_348_000_001],
    ['time', '1767348000', '1767348001'],
    ['hex', '4bf92f3577b34da6', 'a3ce929d0e0e4736'],
    ['id', 'req_8fKz93hD', 'req_Q1xx93hP'],
    ['counter', 17, 18],
    ['counter', 'call-17', 'call-18'],
    ['number', 0.25, 0.75],
    ['order', ['a', 'b'], ['b', 'a']],
    ['text', 'It is 2026-01-02.', 'It is 2026-01-03.'],
    ['other', 'Momo', 'Krabat'],
    ['other', true, false],
    ['other', ['a'], ['b']],
    ['other', undefined, 'a'],
  ] as const)('is %s', (shape, one, other) => {
    expect(shapeOf(one, other)).toBe(shape)
    expect(shapeOf(other, one)).toBe(shape)
  })
})

describe('withOrders', () => {
  it('makes one of items that only changed places', () => {
    const one = { items: [{ id: 1 }, { id: 2 }, { id: 3 }], q: 'a' }
    const other = { items: [{ id: 3 }, { id: 2 }, { id: 1 }], q: 'b' }
    expect(withOrders(jsonDifferences(one, other)).map(({ path }) => path)).toEqual(['items', 'q'])
  })

  it('leaves what is really different', () => {
    const differences = jsonDifferences({ items: ['a', 'b'] }, { items: ['b', 'c'] })
    expect(withOrders(differences)).toEqual(differences)
  })

  it('finds every permutation of distinct items to be an order', () => {
    const lists = fc
      .uniqueArray(fc.string(), { minLength: 2, maxLength: 12 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
    fc.assert(
      fc.property(lists, ([list, shuffled]) => {
        const found = withOrders(jsonDifferences({ list }, { list: shuffled }))
        const same = list.every((item, at) => item === shuffled[at])
        expect(found.map(({ path, expected, got }) => [path, shapeOf(expected, got)])).toEqual(
          same ? [] : [['list', 'order']],
        )
      }),
      { seed: 42 },
    )
  })
})
