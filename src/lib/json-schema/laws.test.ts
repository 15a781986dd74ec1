import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareSchemas, type Side } from './compare.ts'
import { isSchema, type Schema } from './keywords.ts'

type Pair = readonly [before: unknown, after: unknown]

/** Values the laws are tried on: small enough to be many, of every type, at every bound the schemas below have. */
const scalars: readonly unknown[] = [null, true, false, 0, 1, 2, 1.5, 3, -1, 4, '', 'a', 'b', 'ab', 'abc']
const values: readonly unknown[] = [
  ...scalars,
  {},
  [],
  ...scalars.flatMap((value) => [
    { a: value },
    { b: value },
    { c: value },
    [value],
    [value, value],
    [1, value],
  ]),
  ...scalars.flatMap((a) => [
    { a, b: 'a' },
    { a, b: 1 },
    { a, b: {}, c: null },
    { a: [a], b: { b: a } },
    { a: { a } },
  ]),
]

const scalarSchema: fc.Arbitrary<Schema> = fc.oneof(
  fc.constantFrom<Schema>(
    { type: 'string' },
    { type: 'integer' },
    { type: 'number' },
    { type: 'boolean' },
    {},
  ),
  fc.constantFrom<Schema>({ type: ['string', 'null'] }, { type: 'number', nullable: true }, { const: 'a' }),
  fc.record({ type: fc.constant('string'), minLength: fc.nat(2) }, { requiredKeys: ['type'] }),
  fc.record(
    { type: fc.constant('string'), maxLength: fc.nat(3), pattern: fc.constantFrom('^a', 'b$') },
    { requiredKeys: [] },
  ),
  fc.record(
    {
      type: fc.constant('number'),
      minimum: fc.nat(2),
      exclusiveMaximum: fc.nat(4),
      multipleOf: fc.constantFrom(1, 2),
    },
    { requiredKeys: [] },
  ),
  fc.record({ enum: fc.uniqueArray(fc.constantFrom('a', 'b', 1, null), { minLength: 1 }) }),
  fc.record({ enum: fc.constant(['a', 'b', { a: 1 }]), maxLength: fc.nat(2) }, { requiredKeys: ['enum'] }),
  fc.record({ not: fc.constantFrom({ type: 'string' }, { const: 1 }) }),
  fc.record({ type: fc.constant('object'), minProperties: fc.nat(2) }),
)

/** Two schemas that are likely to have much in common. */
const pairs: fc.Arbitrary<Pair> = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      scalarSchema.map((schema): Pair => [schema, schema]),
      fc.tuple(scalarSchema, scalarSchema),
    ),
    objects(tie('pair')),
    lists(tie('pair')),
    unions(tie('pair')),
    fc
      .tuple(tie('pair'), tie('pair'))
      .map(([a, b]): Pair => [{ allOf: [a[0], b[0]] }, { allOf: [a[1], b[1]] }]),
    fc.tuple(tie('pair'), fc.boolean()).map(([[a, b], turn]): Pair => (turn ? [b, a] : [a, { allOf: [b] }])),
  ),
})).pair

function objects(pair: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const others = fc.constantFrom<unknown>(undefined, undefined, undefined, false, true, { type: 'string' })
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'))
  const member = fc.option(pair, { nil: undefined })
  const side = fc.record({ has: fc.constantFrom('ab', 'ab', 'a', 'b', ''), required: keys, others })
  return fc
    .tuple(fc.record({ a: member, b: member }), side, fc.option(side, { nil: undefined }))
    .map(
      ([members, first, second]): Pair => [
        objectOf(members, first, 0),
        objectOf(members, second ?? first, 1),
      ],
    )
}

function objectOf(
  members: Readonly<Record<'a' | 'b', Pair | undefined>>,
  { has, required, others }: { has: string; required: readonly string[]; others: unknown },
  side: 0 | 1,
): Schema {
  const properties = Object.fromEntries(
    (['a', 'b'] as const).flatMap((name) => {
      const member = members[name]
      return member === undefined || !has.includes(name) ? [] : [[name, member[side]]]
    }),
  )
  const more = others === undefined ? {} : { additionalProperties: others }
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }), ...more }
}

function lists(pair: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const limits = fc.record({ minItems: fc.nat(2), uniqueItems: fc.boolean() }, { requiredKeys: [] })
  return fc.tuple(pair, pair, limits, limits, fc.boolean()).map(
    ([a, b, one, other, tuple]): Pair => [
      { type: 'array', items: tuple ? [a[0]] : a[0], ...(tuple ? { additionalItems: b[0] } : {}), ...one },
      { type: 'array', items: tuple ? [a[1]] : a[1], ...(tuple ? { additionalItems: b[1] } : {}), ...other },
    ],
  )
}

function unions(pair: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const words = fc.constantFrom('anyOf', 'oneOf')
  return fc
    .tuple(fc.array(pair, { minLength: 1, maxLength: 3 }), words, words, fc.nat(4), fc.nat(1))
    .map(([branches, one, other, turn, extra]): Pair => {
      const [a, b] = [branches.map(([was]) => was), branches.map(([, is]) => is)]
      if (turn === 0) b.reverse()
      if (turn === 1) b.push({ type: 'null' })
      if (turn === 2) return [a[0], { [other]: b }]
      if (turn === 3) return [{ [one]: a }, b[0]]
      const beside = extra === 1 ? { properties: { a: { type: 'integer' } } } : {}
      return [{ [one]: a, ...beside }, { [other]: b }]
    })
}

/** The schema for those who send nothing it does not name, where it neither allows nor forbids it. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!isSchema(schema)) return schema
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]): [string, unknown] => {
      if (key === 'enum' || key === 'const' || key === 'required' || key === 'not') return [key, value]
      if (key === 'properties' && isSchema(value)) {
        return [key, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, closed(one)]))]
      }
      return [key, closed(value)]
    }),
  )
  return 'properties' in schema && !('additionalProperties' in schema)
    ? { ...inner, additionalProperties: false }
    : inner
}

function validator(schema: unknown): ((value: unknown) => boolean) | undefined {
  try {
    return new Ajv({ strict: false, logger: false }).compile(schema as Schema)
  } catch {
    return undefined
  }
}

/** The same within definitions: a tree whose nodes hold it. */
const trees: fc.Arbitrary<Pair> = fc.tuple(pairs, pairs).map(([[a, b], [c, d]]): Pair => {
  const tree = (inner: unknown, other: unknown): Schema => ({
    $defs: { inner, node: { type: 'object', properties: { a: { $ref: '#/$defs/node' }, b: other } } },
    anyOf: [{ $ref: '#/$defs/inner' }, { $ref: '#/$defs/node' }, { type: 'null' }],
  })
  return [tree(a, c), tree(b, d)]
})

/** What breaks the law, where something does; `held` where nothing does although something could. */
function judged(side: Side, [before, after]: Pair): { readonly held: boolean; readonly broken?: string } {
  if (!isSchema(before) || !isSchema(after)) return { held: false }
  const changes = compareSchemas(before, after, side)
  if (changes.some((change) => change.class === 'breaking' || change.class === 'unknown'))
    return { held: false }
  const [sent, taken] = side === 'input' ? [before, after] : [after, before]
  const [isSent, isTaken] = [validator(sent), validator(taken)]
  if (isSent === undefined || isTaken === undefined) return { held: false }
  // Where nothing new is named, the law holds to the letter.
  const isNamed = side === 'input' && changes.some((change) => change.kind === 'property-added')
  const isKindlySent = isNamed ? validator(closed(sent)) : isSent
  const lost = values.find((value) => isSent(value) && isKindlySent?.(value) === true && !isTaken(value))
  if (lost === undefined) return { held: true }
  return { held: false, broken: JSON.stringify({ lost, sent, taken, changes }) }
}

describe('compareSchemas keeps its law:', () => {
  it.each(['input', 'result'] as const)('a compatible change of the %s lets every value through', (side) => {
    let held = 0
    fc.assert(
      fc.property(fc.oneof({ weight: 5, arbitrary: pairs }, trees), (pair) => {
        const verdict = judged(side, pair)
        if (verdict.held) held++
        expect(verdict.broken).toBeUndefined()
      }),
      { seed: 42, numRuns: 300 },
    )
    // A comparison that calls everything unknown would keep any law.
    expect(held).toBeGreaterThan(60)
  })

  it('a schema is compatible with itself, whatever it holds', () => {
    fc.assert(
      fc.property(pairs, ([schema]) => {
        const given = isSchema(schema) ? schema : {}
        expect(compareSchemas(given, structuredClone(given), 'input')).toEqual([])
      }),
      { seed: 42 },
    )
  })
})
