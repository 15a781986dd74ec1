import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinPath, jsonDifferences } from './json-diff.ts'
import { sameJson } from './json.ts'

const order = {
  customer: 'c_17',
  items: [
    { sku: 'tea', n: 2 },
    { sku: 'jam', n: 1 },
  ],
  'ship to': null,
}

describe('jsonDifferences', () => {
  it('names leaves, in reading order', () => {
    const other = { customer: 'c_71', items: [{ sku: 'tea', n: 3 }], gift: true, 'ship to': 'home' }
    expect(jsonDifferences(order, other)).toEqual([
      { path: 'customer', expected: 'c_17', got: 'c_71' },
      { path: 'gift', got: true },
      { path: 'items[0].n', expected: 2, got: 3 },
      { path: 'items[1]', expected: { sku: 'jam', n: 1 } },
      { path: '["ship to"]', expected: null, got: 'home' },
    ])
  })

  it('names the whole where the kinds differ', () => {
    expect(jsonDifferences([], {})).toEqual([{ path: '', expected: [], got: {} }])
    expect(jsonDifferences(null, 0)).toEqual([{ path: '', expected: null, got: 0 }])
  })

  it('tells a missing item from null', () => {
    expect(jsonDifferences([1], [1, null])).toEqual([{ path: '[1]', got: null }])
    expect(jsonDifferences([undefined, 1], [null, 2])).toEqual([{ path: '[1]', expected: 1, got: 2 }])
  })

  it('looks at own members only', () => {
    expect(jsonDifferences({}, { constructor: 1 })).toEqual([{ path: 'constructor', got: 1 }])
  })

  it('gives as many as were asked for', () => {
    expect(jsonDifferences([1, 2, 3, 4], [5, 6, 7, 8], 2)).toHaveLength(2)
  })

  it('is empty exactly where nothing differs, and each difference is one', () => {
    const few = fc.jsonValue({ maxDepth: 3, stringUnit: fc.constantFrom('a', '"', '.') })
    fc.assert(
      fc.property(few, few, (a, b) => {
        const found = jsonDifferences(a, b)
        expect(found.length === 0).toBe(sameJson(a, b))
        for (const { expected, got } of found) expect(sameJson(expected, got)).toBe(false)
        const paths = found.map(({ path }) => path)
        expect(new Set(paths).size).toBe(paths.length)
      }),
      { seed: 42, numRuns: 1000 },
    )
  })
})

describe('joinPath', () => {
  it.each([
    ['', 'messages', 'messages'],
    ['messages', 4, 'messages[4]'],
    ['messages[4]', 'zip-code', 'messages[4].zip-code'],
    ['a', '0', 'a["0"]'],
    ['a', 'b.c', 'a["b.c"]'],
    ['', '', '[""]'],
    ['a', 'x"\n', 'a["x\\"\\n"]'],
  ])('%j and %j make %j', (path, key, joined) => {
    expect(joinPath(path, key)).toBe(joined)
  })
})
