import { canonicalJson, readJson } from '../lib/json.ts'
import { type PathStep, placesAt, readPath, replacedAt } from '../lib/json-path.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTool } from '../schema/known-tools.ts'
import type { NormalizerName, Normalizers } from '../schema/normalizers.ts'
import { type SchemaTypes, schemaTypes } from './schema-types.ts'

/** The arguments of a call in the one form in which calls are compared. */
export interface Normalized {
  /** Canonical JSON of `compared`. */
  readonly key: string
  /** As the rules have it, with the values in it that are new in every run. */
  readonly value: Json
  /** The same with those values blanked. */
  readonly compared: Json
  /** What had to be done to them, of the rules and `volatile`. */
  readonly fired: readonly NormalizerName[]
  /** What was blanked, in the order of its places: `arguments.id` → the id of this run. */
  readonly volatile: readonly { readonly path: string; readonly value: unknown }[]
}

type Schema = NonNullable<KnownTool['inputSchema']>

/**
 * Brings a tool's arguments to the form they are compared in: texts of JSON read, types and defaults as its schema has
 * them, volatile values blanked. Pure, and the same for the recorded and the live side.
 */
export function normalizeArguments(
  name: string,
  given: Json,
  schema: Schema | undefined,
  { rules, volatile }: Normalizers,
): Normalized {
  const fired: NormalizerName[] = []
  let value: unknown = given
  const apply = (rule: NormalizerName, change: (value: unknown) => unknown): void => {
    const changed = change(value)
    if (changed !== value) fired.push(rule)
    value = changed
  }
  const types = schema === undefined ? undefined : schemaTypes(schema)
  if (rules.includes('json-text')) apply('json-text', (it) => readTexts(it, types))
  if (types !== undefined) {
    if (rules.includes('schema-types')) apply('schema-types', (it) => withTypes(it, types))
    if (rules.includes('schema-defaults')) apply('schema-defaults', (it) => withDefaults(it, types))
  }
  const ruled = value
  const blanked: { path: string; value: unknown }[] = []
  for (const path of pathsOf(name, volatile)) {
    const places = placesAt(value, path, 'arguments')
    if (places.length === 0) continue
    for (const place of places) blanked.push(place)
    apply('volatile', (it) => replacedAt(it, path, (old) => `${blank}${kindOf(old)}`))
  }
  return {
    key: canonicalJson(value),
    value: ruled as Json,
    compared: value as Json,
    fired: [...new Set(fired)],
    volatile: blanked,
  }
}

/** Begins no argument: nobody writes this character. */
const blank = '\u0000volatile '

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

/** Paths are written from `arguments`, as a miss shows them. */
function pathsOf(name: string, volatile: Normalizers['volatile']): readonly (readonly PathStep[])[] {
  const texts = Object.hasOwn(volatile, name) ? (volatile[name] ?? []) : []
  return texts.flatMap((text) => {
    const [head, ...path] = readPath(text) ?? []
    return head === 'arguments' ? [path] : []
  })
}

/** Members that are the JSON text of a list or an object, where the schema does not allow a text. */
function readTexts(value: unknown, schema: SchemaTypes | undefined): unknown {
  return mapMembers(value, schema, (member, of) => {
    if (typeof member !== 'string' || !/^\s*[[{]/.test(member) || of?.allows('string') === true) return member
    const read = readJson(member)
    return read.ok && typeof read.value === 'object' && read.value !== null ? read.value : member
  })
}

/** `"10"` → 10, `"true"` → true, 10 → `"10"`, only where the schema names the one type, and nothing is lost by it. */
function withTypes(value: unknown, schema: SchemaTypes): unknown {
  return mapDeep(value, schema, (leaf, { only }) => {
    if (typeof leaf === 'string') {
      if (only === 'boolean' && (leaf === 'true' || leaf === 'false')) return leaf === 'true'
      const isNumber = only === 'number' || (only === 'integer' && !leaf.includes('.'))
      return isNumber && jsonNumber.test(leaf) && String(Number(leaf)) === leaf ? Number(leaf) : leaf
    }
    return typeof leaf === 'number' && only === 'string' ? String(leaf) : leaf
  })
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/

function withDefaults(value: unknown, schema: SchemaTypes): unknown {
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? value : mapped(value, (item) => withDefaults(item, items))
  }
  if (!isObject(value)) return value
  let filled: Record<string, unknown> | undefined
  for (const key of schema.keys) {
    const of = schema.property(key)
    const there = Object.hasOwn(value, key)
    if (of === undefined || (!there && of.default === undefined)) continue
    const member = there ? withDefaults(value[key], of) : of.default
    if (!there || member !== value[key]) (filled ??= { ...value })[key] = member
  }
  return filled ?? value
}

function mapMembers(
  value: unknown,
  schema: SchemaTypes | undefined,
  change: (member: unknown, schema: SchemaTypes | undefined) => unknown,
): unknown {
  if (!isObject(value)) return value
  let changed: Record<string, unknown> | undefined
  for (const [key, member] of Object.entries(value)) {
    const now = change(member, schema?.property(key))
    if (now !== member) (changed ??= { ...value })[key] = now
  }
  return changed ?? value
}

function mapDeep(
  value: unknown,
  schema: SchemaTypes | undefined,
  change: (leaf: unknown, schema: SchemaTypes) => unknown,
): unknown {
  if (schema === undefined) return value
  if (Array.isArray(value)) return mapped(value, (item) => mapDeep(item, schema.items, change))
  if (isObject(value)) return mapMembers(value, schema, (member, of) => mapDeep(member, of, change))
  return change(value, schema)
}

/** The list itself where nothing in it changed. */
function mapped(list: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const changed = list.map(change)
  return changed.some((item, at) => item !== list[at]) ? changed : list
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
