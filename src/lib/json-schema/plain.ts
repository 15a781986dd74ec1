import { canonicalJson, sameJson } from '../json.ts'
import { isSchema, own, type Schema } from './keywords.ts'

/** What a value can be. Numbers are told apart by whether they are whole, so that `integer` lies within `number`. */
export type ValueType = 'null' | 'boolean' | 'integer' | 'fraction' | 'string' | 'array' | 'object'

export const everyType: readonly ValueType[] = [
  'null',
  'boolean',
  'integer',
  'fraction',
  'string',
  'array',
  'object',
]

/** A document in which references lead somewhere. */
export interface Document {
  readonly root: Schema
  /** What was read of it already, by the object that holds it: the same schema gives the same `Plain`. */
  readonly read: WeakMap<Schema, Plain>
  /** Whether `#/…` may mean another place than that of the root: a part has an id of its own. */
  readonly hasParts: boolean
}

/** A schema with its references followed and its `allOf` put together, as far as that can be done for sure. */
export interface Plain {
  readonly keywords: Schema
  /** No value fits. */
  readonly never: boolean
  /** Of `type`, `nullable`, `enum` and `const`; not of `anyOf` and `oneOf`. */
  readonly types: ReadonlySet<ValueType>
  /** What `enum` and `const` leave. */
  readonly values: readonly unknown[] | undefined
  readonly union: { readonly word: 'anyOf' | 'oneOf'; readonly branches: readonly unknown[] } | undefined
  /** Why more than its keywords say may be asked of a value: something in it could not be put together. */
  readonly unread: string | undefined
}

/** `given`: the schema as it came, with its annotations. */
export function documentOf(root: Schema, given: Schema): Document {
  const { $id: _, ...rest } = given
  return { root, read: new WeakMap(), hasParts: /"\$id":/.test(canonicalJson(rest)) }
}

/** As `type` has them. */
const typeWords: ReadonlySet<unknown> = new Set([
  ...everyType.filter((type) => type !== 'fraction'),
  'number',
])

const longestChain = 50

/** Reads a schema of a document. Never throws. */
export function plainOf(schema: unknown, document: Document, depth = 0): Plain {
  if (!isSchema(schema)) return read(schema === false ? nothing : {})
  const known = document.read.get(schema)
  if (known !== undefined) return known
  // Until it is read, it cannot be: a schema that is a part of itself would else be read for ever.
  document.read.set(schema, read(schema, '$ref'))
  const plain = depth > longestChain ? read(schema, '$ref') : fresh(schema, document, depth)
  document.read.set(schema, plain)
  return plain
}

/** Schemas that must hold at the same time, as one. */
export function both(a: unknown, b: unknown): Schema {
  return { allOf: [a, b] }
}

const nothing: Schema = { not: {} }

function fresh(schema: Schema, document: Document, depth: number): Plain {
  const reference = own(schema, '$ref')
  if (reference !== undefined) {
    const target = typeof reference === 'string' ? resolve(reference, document) : undefined
    // Drafts differ in what stands beside a reference: ignored until 2019, asked since.
    const beside = Object.keys(schema).filter((key) => !['$ref', '$defs', 'definitions'].includes(key))
    return target === undefined || beside.length > 0
      ? read(schema, '$ref')
      : plainOf(target, document, depth + 1)
  }
  const all = own(schema, 'allOf')
  if (!Array.isArray(all)) return read(schema)
  const { allOf: _, ...base } = schema
  const parts = all.map((one: unknown) => plainOf(one, document, depth + 1))
  let merged: Schema | undefined = base
  for (const { keywords, unread } of parts) {
    if (unread !== undefined) return read(schema, 'allOf')
    merged = isEmpty(merged) ? keywords : merge(merged, keywords)
    if (merged === undefined) return read(schema, 'allOf')
  }
  return read(merged)
}

/** A place of the document by its JSON pointer; nothing else is followed, and nothing is ever fetched. */
function resolve(reference: string, { root, hasParts }: Document): unknown {
  if (hasParts || !/^#(?:\/|$)/.test(reference)) return undefined
  let here: unknown = root
  for (const token of reference.slice(1).split('/').slice(1)) {
    const key = decoded(token).replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(here)) here = here[Number(key)] as unknown
    else here = isSchema(here) ? own(here, key) : undefined
  }
  return here === undefined || (typeof here !== 'boolean' && !isSchema(here)) ? undefined : here
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}

function read(keywords: Schema, unread?: string): Plain {
  const values = valuesOf(keywords)
  const types = typesIn(keywords)
  const said = own(keywords, 'type')
  const strange = [said].flat().find((name) => name !== undefined && !typeWords.has(name))
  const left = values?.filter((value) => types.has(typeOf(value)))
  const anyOf = own(keywords, 'anyOf')
  const oneOf = own(keywords, 'oneOf')
  const branches: unknown = anyOf ?? oneOf
  const word = anyOf === undefined ? 'oneOf' : 'anyOf'
  return {
    keywords,
    never: types.size === 0 || left?.length === 0 || sameJson(keywords, nothing),
    types: left === undefined ? types : new Set(left.map(typeOf)),
    values: left,
    union: Array.isArray(branches) && branches.length > 0 ? { word, branches } : undefined,
    unread: unread ?? (strange === undefined ? undefined : 'type'),
  }
}

function valuesOf(schema: Schema): readonly unknown[] | undefined {
  const list = own(schema, 'enum')
  const only = own(schema, 'const')
  const listed = Array.isArray(list) ? (list as readonly unknown[]) : undefined
  if (only === undefined) return listed
  return listed === undefined || listed.some((value) => sameJson(value, only)) ? [only] : []
}

function typesIn(schema: Schema): ReadonlySet<ValueType> {
  const said = own(schema, 'type')
  const names = typeof said === 'string' ? [said] : Array.isArray(said) ? (said as unknown[]) : undefined
  if (names === undefined) return new Set(everyType)
  if (names.some((name) => !typeWords.has(name))) return new Set(everyType)
  const types = names.flatMap((name) =>
    name === 'number' ? (['integer', 'fraction'] as const) : everyType.filter((type) => type === name),
  )
  return new Set(own(schema, 'nullable') === true ? [...types, 'null' as const] : types)
}

export function typeOf(value: unknown): ValueType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'fraction'
  return typeof value === 'boolean' || typeof value === 'string' ? (typeof value as ValueType) : 'object'
}

/** Names of types as a schema has them: whole and broken numbers together are `number`. */
export function typeNames(types: ReadonlySet<ValueType>): readonly string[] {
  const hasFractions = types.has('fraction')
  return everyType
    .filter((type) => types.has(type) && !(type === 'integer' && hasFractions))
    .map((type) => (type === 'fraction' ? 'number' : type))
}

const objectWords = 'properties additionalProperties patternProperties unevaluatedProperties'.split(' ')
const arrayWords = 'items prefixItems additionalItems unevaluatedItems'.split(' ')
const lowest: ReadonlySet<string> = new Set(
  'maximum exclusiveMaximum maxLength maxItems maxProperties'.split(' '),
)
const highest: ReadonlySet<string> = new Set(
  'minimum exclusiveMinimum minLength minItems minProperties'.split(' '),
)

/** Two schemas that must both hold, as one; `undefined` where that is not plain. */
function merge(a: Schema, b: Schema): Schema | undefined {
  if (!mayMerge(a, b, objectWords, ['properties']) || !mayMerge(a, b, arrayWords, [])) return undefined
  const merged: Record<string, unknown> = { ...a }
  for (const [key, theirs] of Object.entries(b)) {
    const ours = own(a, key)
    const together = ours === undefined ? theirs : mergedKeyword(key, ours, theirs, a, b)
    if (together === undefined) return undefined
    merged[key] = together
  }
  // Of a schema that may be null, `nullable` is a part of its type.
  if (own(a, 'nullable') !== own(b, 'nullable')) return undefined
  return merged
}

function mergedKeyword(key: string, ours: unknown, theirs: unknown, a: Schema, b: Schema): unknown {
  if (sameJson(ours, theirs)) return ours
  if (typeof ours === 'number' && typeof theirs === 'number') {
    if (lowest.has(key)) return Math.min(ours, theirs)
    if (highest.has(key)) return Math.max(ours, theirs)
  }
  switch (key) {
    case 'type': {
      const theirTypes = typesIn(b)
      return typeNames(new Set([...typesIn(a)].filter((type) => theirTypes.has(type))))
    }
    case 'enum':
      return Array.isArray(ours) && Array.isArray(theirs) ? sharedValues(ours, theirs) : undefined
    case 'required':
      return Array.isArray(ours) && Array.isArray(theirs) ? [...new Set([...ours, ...theirs])] : undefined
    case 'properties': {
      if (!isSchema(ours) || !isSchema(theirs)) return undefined
      const names = new Set([...Object.keys(ours), ...Object.keys(theirs)])
      return Object.fromEntries(
        [...names].map((name): [string, unknown] => {
          const [mine, other] = [own(ours, name), own(theirs, name)]
          return [name, mine === undefined ? other : other === undefined ? mine : both(mine, other)]
        }),
      )
    }
    default:
      return undefined
  }
}

/** The values that stand in both lists. */
export function sharedValues(a: readonly unknown[], b: readonly unknown[]): readonly unknown[] {
  const known = new Set(b.map(canonicalJson))
  return a.filter((value) => known.has(canonicalJson(value)))
}

/** Keywords of one family that look at each other do so within their own schema only. */
function mayMerge(a: Schema, b: Schema, family: readonly string[], simple: readonly string[]): boolean {
  const inA = family.filter((key) => own(a, key) !== undefined)
  const inB = family.filter((key) => own(b, key) !== undefined)
  return inA.length === 0 || inB.length === 0 || [...inA, ...inB].every((key) => simple.includes(key))
}

function isEmpty(schema: Schema): boolean {
  return Object.keys(schema).length === 0
}
