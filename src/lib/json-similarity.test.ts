import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  alignedDifferences,
  jsonSimilarity,
  numberSimilarity,
  pairwiseSimilarity,
} from './json-similarity.ts'
import { canonicalJson, sameJson } from './json.ts'
import { workOf } from './work.ts'

const anyJson = fc.jsonValue({ maxDepth: 3, noUnicodeString: true })

function alike(left: unknown, right: unknown): number | undefined {
  return jsonSimilarity(left, right, workOf())
}

function differences(expected: unknown, got: unknown) {
  return alignedDifferences(expected, got, 20, workOf())
}

/** The heaviest alignment, by trying all. */
function heaviest(left: readonly unknown[], right: readonly unknown[]): number {
  if (left.length === 0 || right.length === 0) return 0
  const pair = (alike(left[0], right[0]) ?? 0) + heaviest(left.slice(1), right.slice(1))
  return Math.max(pair, heaviest(left.slice(1), right), heaviest(left, right.slice(1)))
}

describe('jsonSimilarity', () => {
  it('does not lose its place over an item that was put in', () => {
    const order = ['tea', 'jam', 'bread', 'milk'].map((sku, at) => ({ sku, n: at + 1 }))
    expect(alike(order, [{ sku: 'salt', n: 9 }, ...order])).toBe(4 / 5)
    expect(alike(order, order.slice(1))).toBe(3 / 4)
    expect(alike(order, order.toReversed())).toBeLessThan(0.7)
  })

  it('counts a key that only one side has as nothing, and an empty text as something', () => {
    expect(alike({ a: 1 }, { a: 1, b: null })).toBe(0.5)
    expect(alike({ a: '' }, { a: '' })).toBe(1)
    expect(alike({}, {})).toBe(1)
    expect(alike({ a: undefined }, {})).toBe(1)
    expect(alike({ constructor: 1 }, {})).toBe(0)
  })

  it.each([
    [1, '1'],
    [null, ''],
    [null, 0],
    [true, 1],
    [[], {}],
    [{ a: 1 }, ['a', 1]],
    [true, false],
  ])('finds nothing in common between %j and %j', (left, right) => {
    expect(alike(left, right)).toBe(0)
    expect(alike(right, left)).toBe(0)
  })

  it('is 1 for the same JSON whatever the order of keys, within [0,1], and the same from both sides', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (left, right) => {
        const value = alike(left, right) ?? Number.NaN
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(1)
        expect(alike(right, left)).toBeCloseTo(value, 12)
        expect(value === 1).toBe(sameJson(left, right))
        expect(alike(left, JSON.parse(canonicalJson(left)))).toBe(1)
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('aligns lists as well as can be', () => {
    const item = fc.constantFrom('tea', 'tee', 'jam', 'ham', 1, 2)
    const list = fc.array(item, { maxLength: 5 })
    fc.assert(
      fc.property(list, list, (left, right) => {
        const longest = Math.max(left.length, right.length, 1)
        expect((alike(left, right) ?? 0) * longest).toBeCloseTo(
          left.length + right.length === 0 ? 1 : heaviest(left, right),
          9,
        )
      }),
      { seed: 42, numRuns: 200 },
    )
  })

  it('takes no longer for nesting, and gives up on what is too large', () => {
    let left: unknown = 1
    let right: unknown = 2
    for (let depth = 0; depth < 150; depth++)
      [left, right] = [
        [left, depth],
        [right, depth, 0],
      ]
    expect(alike(left, right)).toBeGreaterThan(0.1)
    expect(differences(left, right)?.length).toBeGreaterThan(10)
    const many = Array.from({ length: 5_000 }, (_, at) => at)
    expect(alike(many, many.toReversed())).toBeUndefined()
    expect(alignedDifferences(many, many.toReversed(), 5, workOf(1_000))).toBeUndefined()
    expect(alike(many, [...many.slice(0, 2_000), -1, ...many.slice(2_000)])).toBeCloseTo(5_000 / 5_001)
  })
})

describe('alignedDifferences', () => {
  it('names an item too many once, in places of the value that was got', () => {
    const got = { items: ['salt', 'tea', 'jum'], total: 3 }
    expect(differences({ items: ['tea', 'jam'], total: 3, gift: true }, got)).toEqual([
      { path: 'gift', expected: true },
      { path: 'items[0]', got: 'salt' },
      { path: 'items[2]', expected: 'jam', got: 'jum' },
    ])
    expect(differences(['tea', 'jam', 'milk'], ['tea', 'milk'])).toEqual([{ path: '[1]', expected: 'jam' }])
    expect(differences([], {})).toEqual([{ path: '', expected: [], got: {} }])
  })

  it('are none exactly for the same JSON, and no more than asked for', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (left, right) => {
        expect(differences(left, right)?.length === 0).toBe(sameJson(left, right))
        expect(alignedDifferences(left, right, 1, workOf())?.length).toBeLessThanOrEqual(1)
      }),
      { seed: 42, numRuns: 300 },
    )
  })
})

describe('pairwiseSimilarity', () => {
  it('compares each with each', () => {
    expect(pairwiseSimilarity(['tea', 1], ['tea', 'ten', 2], workOf())).toEqual([
      [1, expect.closeTo(2 / 3), 0],
      [0, 0, expect.closeTo(2 / 3)],
    ])
    expect(pairwiseSimilarity(['tea'], ['jam'], workOf(5))).toBeUndefined()
  })
})

describe('numberSimilarity', () => {
  it.each([
    [0, 0, 1],
    [0, -0, 1],
    [0, 1, 0],
    [1, 2, 2 / 3],
    [-1, 2, 0],
    [1e308, -1e308, 0],
    [1e308, 1e308, 1],
    [100, 105, 1 - 5 / 205],
  ])('of %d and %d is %d', (left, right, value) => {
    expect(numberSimilarity(left, right)).toBeCloseTo(value, 12)
  })
})
