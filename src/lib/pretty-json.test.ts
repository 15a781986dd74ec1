import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sameJson } from './json.ts'
import { flatJson, prettyJson } from './pretty-json.ts'

const seed = { seed: 42, numRuns: 500 }

/** The same value, its keys in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [key, reversed(member)] as const)
  return Object.fromEntries(entries.toReversed())
}

describe.each([
  ['prettyJson', (value: unknown) => prettyJson(value)],
  ['flatJson', flatJson],
] as const)('%s', (_, print) => {
  it('says the value again', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(sameJson(JSON.parse(print(value)), value)).toBe(true)
      }),
      seed,
    )
  })

  it('does not see in which order keys came', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(print(reversed(value))).toBe(print(value))
      }),
      seed,
    )
  })

  it('leaves out what is undefined, and says null in its place in a list', () => {
    expect(print({ a: undefined, b: [undefined] })).toBe('{ "b": [null] }')
    expect(print({ a: undefined })).toBe('{}')
  })
})

describe('prettyJson', () => {
  it('keeps on one line what fits, and breaks the rest', () => {
    const order = {
      lines: [
        { sku: 'tea', n: 2 },
        { sku: 'jam', n: 1 },
      ],
      note: 'x'.repeat(80),
    }
    expect(prettyJson(order)).toBe(
      [
        '{',
        '  "lines": [{ "n": 2, "sku": "tea" }, { "n": 1, "sku": "jam" }],',
        `  "note": "${'x'.repeat(80)}"`,
        '}',
      ].join('\n'),
    )
  })
})

describe('prettyJson, below members as they were said', () => {
  const record = { z: 1, said: { b: [{ d: 1, c: 2 }], a: 'x'.repeat(120) }, a: { y: 1, x: 2 } }

  it('keeps their own order, on one line and on several, and sorts the rest', () => {
    const text = prettyJson(record, new Set(['said']))
    expect(Object.keys(JSON.parse(text))).toEqual(['a', 'said', 'z'])
    expect(text).toContain('{ "x": 2, "y": 1 }')
    expect(text).toContain('"b": [{ "d": 1, "c": 2 }],\n')
    expect(prettyJson({ said: { b: 1, a: 2 } }, new Set(['said']))).toBe('{ "said": { "b": 1, "a": 2 } }')
  })

  it('sorts everything where nothing is named', () => {
    expect(prettyJson({ said: { b: 1, a: 2 } })).toBe('{ "said": { "a": 2, "b": 1 } }')
  })
})
