import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { defaultNormalizers, type Normalizers } from '../schema/normalizers.ts'
import { normalizeArguments } from './normalize.ts'

type Schema = Parameters<typeof normalizeArguments>[2]

const rules = (...only: Normalizers['rules']): Normalizers => ({ ...defaultNormalizers, rules: only })
const volatile = (...paths: string[]): Normalizers => ({ ...defaultNormalizers, volatile: { book: paths } })
const all = (given: Json, schema?: Schema, how = defaultNormalizers) =>
  normalizeArguments('book', given, schema, how)

describe('json-text', () => {
  it('reads a list and an object that were encoded twice', () => {
    const found = all({ ids: '["a", "b"]', payment: ' {"by":"card"}' })
    expect(found).toMatchObject({
      key: all({ ids: ['a', 'b'], payment: { by: 'card' } }).key,
      fired: ['json-text'],
    })
  })

  it.each([
    ['a text of the schema', { note: '[1]' }, { properties: { note: { type: 'string' } } }],
    ['a text among its types', { note: '[1]' }, { properties: { note: { type: ['string', 'null'] } } }],
    [
      'an optional text, as Python says it',
      { note: '{"a":1}' },
      { properties: { note: { anyOf: [{ type: 'string' }, { type: 'null' }] } } },
    ],
    ['a text that is no JSON', { note: '[sic] he said' }, undefined],
    ['a number in a text', { note: '12' }, undefined],
    ['JSON that is refused', { note: '{"__proto__":1}' }, undefined],
    ['arguments that are a text', '{"a":1}', undefined],
  ] satisfies [string, Json, Schema][])('leaves %s', (_, given, schema) => {
    expect(all(given, schema)).toMatchObject({ value: given, fired: [] })
  })
})

describe('schema-types', () => {
  const schema = {
    type: 'object',
    properties: {
      n: { type: 'integer' },
      price: { type: ['number', 'null'] },
      gift: { type: 'boolean' },
      zip: { type: 'string' },
      any: {},
      either: { type: ['string', 'integer'] },
      lines: { type: 'array', items: { $ref: '#/$defs/Line' } },
      best: { anyOf: [{ $ref: '#/$defs/Line' }, { type: 'null' }] },
    },
    $defs: {
      Line: { type: 'object', properties: { n: { type: 'integer' } } },
      Loop: { $ref: '#/$defs/Loop' },
    },
  } as const satisfies Schema

  it.each([
    [{ n: '10' }, { n: 10 }],
    [{ price: '9.5' }, { price: 9.5 }],
    [{ gift: 'true' }, { gift: true }],
    [{ zip: 12_345 }, { zip: '12345' }],
    [{ lines: [{ n: '1' }, { n: 2 }] }, { lines: [{ n: 1 }, { n: 2 }] }],
    [{ lines: '[{"n":"1"}]' }, { lines: [{ n: 1 }] }],
    [{ best: { n: '3' } }, { best: { n: 3 } }],
  ])('makes of %j what the schema asks for', (given, value) => {
    expect(all(given, schema)).toMatchObject({ value, key: all(value, schema).key })
    expect(all(given, schema).fired).toContain('schema-types')
  })

  it.each([
    [{ n: '10.0' }],
    [{ n: '1.5' }],
    [{ n: '1e3' }],
    [{ n: '010' }],
    [{ n: ' 10' }],
    [{ n: '9007199254740993' }],
    [{ n: true }],
    [{ gift: '1' }],
    [{ gift: 1 }],
    [{ zip: true }],
    [{ any: '10' }],
    [{ either: '10' }],
    [{ unknown: '10' }],
    [{ price: 'null' }],
  ])('leaves %j, of which something would be lost or guessed', (given) => {
    expect(all(given, schema)).toMatchObject({ value: given, fired: [] })
  })

  it('does without a schema, and without the rule', () => {
    expect(all({ n: '10' }).fired).toEqual([])
    expect(all({ n: '10' }, schema, rules('json-text')).fired).toEqual([])
    expect(all({ n: '10' }, { $ref: '#/$defs/Loop', $defs: schema.$defs }).fired).toEqual([])
  })
})

describe('schema-defaults', () => {
  const before = { properties: { city: { type: 'string' } } } as const
  const after = {
    properties: {
      ...before.properties,
      limit: { type: 'integer', default: 10 },
      page: { type: 'object', properties: { size: { default: 20 }, from: {} } },
      pages: { type: 'array', items: { properties: { size: { default: 20 } } } },
    },
  } as const

  it('takes a schema that gained an optional field for what it was', () => {
    const live = all({ city: 'Rome', limit: 10 }, after)
    const recorded = all({ city: 'Rome' }, after)
    expect(recorded.key).toBe(live.key)
    expect(recorded.fired).toEqual(['schema-defaults'])
    expect(all({ city: 'Rome', limit: 20 }, after).key).not.toBe(recorded.key)
    expect(all({ city: 'Rome' }, before).key).not.toBe(all({ city: 'Rome', limit: 10 }, before).key)
  })

  it('fills what is inside of what is there, and invents nothing around it', () => {
    expect(all({ page: {}, pages: [{}, { size: 5 }] }, after).value).toEqual({
      limit: 10,
      page: { size: 20 },
      pages: [{ size: 20 }, { size: 5 }],
    })
    expect(all('text', after).value).toBe('text')
    expect(all({ limit: null }, after).value).toEqual({ limit: null })
  })
})

describe('volatile', () => {
  it('blanks what a path leads to, and says what stood there', () => {
    const found = all({ id: 'r-1', city: 'Rome' }, undefined, volatile('arguments.id'))
    expect(found).toMatchObject({
      fired: ['volatile'],
      volatile: [{ path: 'arguments.id', value: 'r-1' }],
      value: { id: 'r-1', city: 'Rome' },
    })
    expect(found.key).toBe(all({ id: 'r-2', city: 'Rome' }, undefined, volatile('arguments.id')).key)
    expect(found.key).not.toBe(all({ id: 'r-1', city: 'Oslo' }, undefined, volatile('arguments.id')).key)
  })

  it('blanks any item of a list: as many, wherever they are', () => {
    const how = volatile('arguments.lines[*].id')
    const lines = (...ids: string[]): Json => ({ lines: ids.map((id) => ({ id, n: 1 })) })
    expect(all(lines('a', 'b'), undefined, how)).toMatchObject({
      key: all(lines('c', 'd'), undefined, how).key,
      volatile: [{ path: 'arguments.lines[0].id', value: 'a' }, { path: 'arguments.lines[1].id' }],
    })
    expect(all(lines('a'), undefined, how).key).not.toBe(all(lines('a', 'b'), undefined, how).key)
  })

  it('reaches into text that was read, and can mean the arguments as a whole', () => {
    const how = volatile('arguments.page.at')
    expect(all({ page: '{"at":"now"}' }, undefined, how).key).toBe(
      all({ page: { at: 'then' } }, undefined, how).key,
    )
    expect(all({ a: 1 }, undefined, volatile('arguments')).key).toBe(
      all({ b: 2 }, undefined, volatile('arguments')).key,
    )
  })

  it('takes a value that is not there, or of another kind, for another call', () => {
    const how = volatile('arguments.id')
    const keys = [{}, { id: 'a' }, { id: 1 }, { id: null }, { id: ['a'] }].map(
      (given) => all(given, undefined, how).key,
    )
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('is of one tool, and of arguments only', () => {
    expect(
      all({ id: 1 }, undefined, { ...defaultNormalizers, volatile: { other: ['arguments.id'] } }).fired,
    ).toEqual([])
    expect(all({ id: 1 }, undefined, volatile('id', 'result.id', '[0')).fired).toEqual([])
    expect(normalizeArguments('constructor', { id: 1 }, undefined, volatile('arguments.id')).fired).toEqual(
      [],
    )
  })

  it('meets very long lists', () => {
    const ids = Array.from({ length: 300_000 }, (_, at) => at)
    expect(all({ ids }, undefined, volatile('arguments.ids[*]')).volatile).toHaveLength(300_000)
  })
})

it('has one form for a call: what was normalized is not changed again, and nothing given is touched', () => {
  const schema = {
    properties: { a: { type: 'integer', default: 3 }, b: { type: 'string' }, c: { type: 'boolean' } },
  } as const
  const given = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.jsonValue({ maxDepth: 2 }))
  fc.assert(
    fc.property(given, (value) => {
      const before = structuredClone(value)
      const once = all(value, schema)
      expect(value).toEqual(before)
      // A text in a text is read once, as a tool reads it.
      fc.pre(
        !Object.values(once.value as object).some((one) => typeof one === 'string' && /^\s*[[{]/.test(one)),
      )
      expect(all(once.value, schema)).toMatchObject({ key: once.key, fired: [] })
    }),
    { seed: 42, numRuns: 500 },
  )
})
