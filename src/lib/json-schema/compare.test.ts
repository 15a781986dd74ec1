import { describe, expect, it } from 'vitest'
import { compareSchemas, type Side } from './compare.ts'
import type { Schema } from './keywords.ts'

/** `class kind path`, sorted as found. */
function outline(before: Schema, after: Schema, side: Side = 'input'): readonly string[] {
  return compareSchemas(before, after, side).map((change) =>
    `${change.class} ${change.kind} ${change.path}`.trim(),
  )
}

function object(properties: Schema, more: Schema = {}): Schema {
  return { type: 'object', properties, ...more }
}

const text = { type: 'string' }
const order = object({ order: text }, { required: ['order'] })

describe('what callers send', () => {
  it.each<[string, Schema, Schema, readonly string[]]>([
    [
      'may have one more member',
      order,
      object({ order: text, zip: text }, { required: ['order'] }),
      ['compatible property-added zip'],
    ],
    [
      'must have one more member',
      order,
      object({ order: text, zip: text }, { required: ['order', 'zip'] }),
      ['breaking property-added zip'],
    ],
    ['loses a member', order, object({}), ['breaking property-removed order']],
    ['must hold what it could leave out', object({ order: text }), order, ['breaking required order']],
    ['need not hold what it had to', order, object({ order: text }), ['compatible required order']],
    [
      'takes one type more',
      object({ n: { type: 'integer' } }),
      object({ n: { type: 'number' } }),
      ['compatible type n'],
    ],
    [
      'takes one type less',
      object({ n: { type: ['string', 'null'] } }),
      object({ n: text }),
      ['breaking type n'],
    ],
    ['takes fewer words', { enum: ['a', 'b'] }, { enum: ['b', 'c'] }, ['breaking enum', 'compatible enum']],
    ['is listed', text, { type: 'string', enum: ['a'] }, ['breaking enum']],
    [
      'has a narrower range',
      { type: 'number', minimum: 0 },
      { type: 'number', exclusiveMinimum: 0 },
      ['breaking range'],
    ],
    [
      'has a wider range',
      { type: 'number', maximum: 5 },
      { type: 'number', maximum: 9 },
      ['compatible range'],
    ],
    [
      'gets a format of numbers',
      { type: 'integer' },
      { type: 'integer', format: 'int32' },
      ['breaking format'],
    ],
    ['gets a pattern', text, { ...text, pattern: '^W' }, ['breaking pattern']],
    ['gets another pattern', { ...text, pattern: '^W' }, { ...text, pattern: '^[WX]' }, ['unknown pattern']],
    [
      'is a list of something narrower',
      { type: 'array', items: {} },
      { type: 'array', items: text },
      ['breaking type [*]'],
    ],
    [
      'may not have members without a name',
      order,
      { ...order, additionalProperties: false },
      ['breaking other-properties [*]'],
    ],
    ['is told otherwise', order, { ...order, description: 'Refunds.' }, ['note wording']],
    ['has another default', object({ n: { default: 1 } }), object({ n: { default: 2 } }), ['note default n']],
    ['has a condition', order, { ...order, if: {}, else: false }, ['unknown if', 'unknown else']],
    [
      'names members of what was free',
      { type: 'object' },
      object({ zip: text }),
      ['breaking type zip', 'compatible property-added zip'],
    ],
    [
      'may be null, by anyOf',
      object({ zip: text }),
      object({ zip: { anyOf: [text, { type: 'null' }] } }),
      ['compatible type zip'],
    ],
    ['is no union any more', { anyOf: [text, { type: 'null' }] }, { type: ['string', 'null'] }, []],
    [
      'is a union that lost a form',
      { anyOf: [text, { type: 'null' }] },
      { anyOf: [text] },
      ['breaking alternative', 'breaking type'],
    ],
  ])('%s', (_, before, after, changes) => {
    expect(outline(before, after).toSorted()).toEqual(changes.toSorted())
  })
})

describe('what comes back', () => {
  it.each<[string, Schema, Schema, readonly string[]]>([
    [
      'has one more member',
      order,
      object({ order: text, zip: text }, { required: ['order'] }),
      ['compatible property-added zip'],
    ],
    [
      'has one that was ruled out',
      { ...order, additionalProperties: false },
      object({ order: text, zip: text }, { required: ['order'], additionalProperties: false }),
      ['breaking property-added zip'],
    ],
    [
      'loses a member',
      object({ order: text, zip: text }),
      object({ order: text }),
      ['breaking property-removed zip'],
    ],
    ['may lack what it always had', order, object({ order: text }), ['breaking required order']],
    ['always has what it may have had', object({ order: text }), order, ['compatible required order']],
    [
      'may be more',
      object({ n: { type: 'integer' } }),
      object({ n: { type: 'number' } }),
      ['breaking type n'],
    ],
    ['may be one word more', { enum: ['a'] }, { enum: ['a', 'b'] }, ['breaking enum']],
    ['says fewer words', { enum: ['a', 'b'] }, { enum: ['a'] }, ['compatible enum']],
    [
      'may be null',
      object({ zip: text }),
      object({ zip: { anyOf: [text, { type: 'null' }] } }),
      ['breaking type zip'],
    ],
    ['keeps to a narrower range', { type: 'number' }, { type: 'number', minimum: 0 }, ['compatible range']],
  ])('%s', (_, before, after, changes) => {
    expect(outline(before, after, 'result').toSorted()).toEqual(changes.toSorted())
  })
})

describe('compareSchemas', () => {
  it('asks whether a member was renamed', () => {
    const [gone, fresh] = compareSchemas(object({ zip: text }), object({ zip_code: text }), 'input')
    expect(gone?.what).toBe('"zip" is not taken any more; was it renamed to "zip_code"?')
    expect(fresh?.class).toBe('compatible')
  })

  it('follows references within the schema, also in a circle', () => {
    const tree = (leaf: Schema): Schema => ({
      $ref: '#/$defs/node',
      $defs: {
        node: object({ left: { $ref: '#/$defs/node' }, leaf, right: { $ref: '#/definitions/node' } }),
      },
      definitions: { node: { $ref: '#/$defs/node' } },
    })
    expect(outline(tree(text), tree({ type: 'integer' }))).toEqual(['breaking type leaf'])
    expect(outline(tree({ type: 'integer' }), tree({ type: 'number' }))).toEqual(['compatible type leaf'])
    expect(outline(text, { anyOf: [{ $ref: '#' }] })).toContain('unknown reference')
    const itself = { $ref: '#' }
    expect(outline(object({ a: itself }), object({ a: { allOf: [itself, itself] } }))).toEqual([])
  })

  it('does not follow references elsewhere, nor past an id', () => {
    const remote = { $ref: 'https://example.com/order.json' }
    expect(outline(object({ a: remote }), object({ a: remote }, { title: 'x' }))).toEqual(['note wording'])
    expect(outline(object({ a: text }), object({ a: remote }))).toEqual(['unknown reference a'])
    const parts = (type: string): Schema =>
      object({ a: { $ref: '#/$defs/b' } }, { $defs: { b: { type }, c: { $id: 'https://example.com/c' } } })
    expect(outline(parts('string'), parts('number'))).toEqual(['unknown reference a'])
  })

  it('tells forms of a union apart by what they say they are', () => {
    const form = (kind: string, more: Schema): Schema =>
      object({ kind: { const: kind }, ...more }, { required: ['kind'] })
    const before = { oneOf: [form('mail', { to: text }), form('call', { number: text })] }
    const after = { oneOf: [form('call', { number: text }), form('mail', { to: text, cc: text })] }
    expect(outline(before, after)).toEqual(['compatible property-added cc'])
    const vague = { oneOf: [object({ a: text }), object({ b: text })] }
    expect(outline(vague, { oneOf: [object({ a: {} }), object({ b: text })] })).toContain('unknown oneOf')
  })

  it('puts allOf together where that is plain', () => {
    const base = object({ order: text }, { required: ['order'] })
    expect(outline(base, { allOf: [base, { description: 'again' }] })).toEqual([])
    expect(outline(base, { allOf: [base, object({ zip: text }, { required: ['zip'] })] })).toEqual([
      'breaking property-added zip',
    ])
    const strict = { allOf: [{ ...base, additionalProperties: false }, object({ zip: text })] }
    expect(outline(base, strict)).toContain('unknown allOf')
  })

  it('takes what it cannot compare for unknown, however large, deep or strange it is', () => {
    expect(outline({ type: 'strnig' }, text)).toEqual(['unknown reference'])
    expect(outline({ required: true }, {})).toEqual(['compatible required'])
    expect(outline({}, { required: true })).toEqual(['unknown required'])
    expect(outline({ description: 'x'.repeat(600_000) }, text)).toEqual(['unknown size'])
    const deep = (leaf: Schema): Schema => {
      let schema = leaf
      for (let depth = 0; depth < 150; depth++) schema = { type: 'array', items: schema }
      return schema
    }
    expect(outline(deep({}), deep(text)).join()).toMatch(/^unknown size/)
    // Each level asks the one below many times over.
    const wide = (leaf: Schema): Schema => {
      const $defs: Record<string, unknown> = { d0: leaf }
      for (let at = 1; at < 40; at++) {
        const ref = { $ref: `#/$defs/d${at - 1}` }
        $defs[`d${at}`] = {
          anyOf: [
            { type: 'array', items: ref },
            { type: 'array', items: ref, minItems: 1 },
          ],
        }
      }
      return { $ref: '#/$defs/d39', $defs }
    }
    expect(outline(wide({}), wide(text)).some((change) => change.startsWith('unknown size'))).toBe(true)
  })

  it('ends soon, whatever a stranger lists', () => {
    const values = Array.from({ length: 40_000 }, (_, at) => at)
    expect(outline({ enum: values }, { enum: values.toReversed() })).toEqual([])
    const named = (prefix: string): Schema =>
      object(Object.fromEntries(Array.from({ length: 8_000 }, (_, at) => [`${prefix}${at}`, text])))
    expect(outline(named('a'), named('b'))).toHaveLength(200)
    // One large part that thousands of places refer to.
    const large = (type: string): Schema => ({
      $defs: { a: object({ b: { $ref: '#/$defs/c' }, list: { enum: values } }), c: { type } },
      ...object(
        Object.fromEntries(Array.from({ length: 4_000 }, (_, at) => [`p${at}`, { $ref: '#/$defs/a' }])),
      ),
    })
    expect(outline(large('string'), large('number'))[0]).toBe('breaking type p0.b')
  })

  it('never leaves out what breaks', () => {
    const members = (type: string, count: number): Schema =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, { type }]))
    const before = object({ ...members('string', 300), last: text })
    const changes = compareSchemas(
      before,
      object({ ...members('string', 300), ...members('number', 250) }),
      'input',
    )
    expect(changes).toHaveLength(200)
    expect(changes.every((change) => change.class === 'breaking')).toBe(true)
  })

  it('reads members called like keywords, or like what objects inherit', () => {
    const odd = object({ title: text, constructor: text, $ref: text, properties: text })
    expect(outline(odd, odd)).toEqual([])
    expect(outline(odd, object({ ...(odd.properties as Schema), constructor: { type: 'number' } }))).toEqual([
      'breaking type constructor',
    ])
  })
})
