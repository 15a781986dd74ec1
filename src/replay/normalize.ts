import { canonicalJson, readJson } from '../lib/json.ts'
import { type PathStep, placesAt, readPath, replacedAt } from '../lib/json-path.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTool } from '../schema/known-tools.ts'
import type { NormalizerName, Normalizers } from '../schema/normalizers.ts'

/** The arguments of a call in the one form in which calls are compared. */
export interface Normalized {
  /** Canonical JSON; values that are new in every run are blanked. */
  readonly key: string
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
  if (rules.includes('json-text')) apply('json-text', (it) => readTexts(it, schema))
  if (rules.includes('schema-types') && schema !== undefined)
    apply('schema-types', (it) => withTypes(it, schema))
  if (rules.includes('schema-defaults') && schema !== undefined)
    apply('schema-defaults', (it) => withDefaults(it, schema))
  const blanked: { path: string; value: unknown }[] = []
  for (const path of pathsOf(name, volatile)) {
    const places = placesAt(value, path, 'arguments')
    if (places.length === 0) continue
    blanked.push(...places)
    apply('volatile', (it) => replacedAt(it, path, (old) => ({ [blank]: typeof old })))
  }
  return { key: canonicalJson(value), fired: [...new Set(fired)], volatile: blanked }
}

/** No provider's argument has this name. */
const blank = '\u0000volatile'

/** Paths are written from `arguments`, as a miss shows them. */
function pathsOf(name: string, volatile: Normalizers['volatile']): readonly (readonly PathStep[])[] {
  const texts = Object.hasOwn(volatile, name) ? (volatile[name] ?? []) : []
  return texts.flatMap((text) => {
    const [head, ...path] = readPath(text) ?? []
    return head === 'arguments' ? [path] : []
  })
}

/** Members that are the JSON text of a list or an object, where the schema does not ask for a text. */
function readTexts(value: unknown, schema: Schema | undefined): unknown {
  return mapMembers(value, schema, (member, of) => {
    if (typeof member !== 'string' || !/^\s*[[{]/.test(member) || typeOf(of) === 'string') return member
    const read = readJson(member)
    return read.ok && typeof read.value === 'object' && read.value !== null ? read.value : member
  })
}

/** `"10"` → 10, `"true"` → true, 10 → `"10"`, only where the schema names the one type, and nothing is lost by it. */
function withTypes(value: unknown, schema: Schema): unknown {
  return mapDeep(value, schema, (leaf, of) => {
    const type = typeOf(of)
    if (typeof leaf === 'string') {
      if (type === 'boolean' && (leaf === 'true' || leaf === 'false')) return leaf === 'true'
      const isNumber = (type === 'number' || type === 'integer') && jsonNumber.test(leaf)
      return isNumber && String(Number(leaf)) === leaf ? Number(leaf) : leaf
    }
    return typeof leaf === 'number' && type === 'string' ? String(leaf) : leaf
  })
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/

function withDefaults(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const items = asSchema(schema.items)
    return items === undefined ? value : mapped(value, (item) => withDefaults(item, items))
  }
  if (!isObject(value)) return value
  const properties = asSchema(schema.properties) ?? {}
  let filled: Record<string, unknown> | undefined
  for (const [key, property] of Object.entries(properties)) {
    const of = asSchema(property)
    if (of === undefined) continue
    const there = Object.hasOwn(value, key)
    if (!there && of.default === undefined) continue
    const member = there ? withDefaults(value[key], of) : of.default
    if (!there || member !== value[key]) (filled ??= { ...value })[key] = member
  }
  return filled ?? value
}

function mapMembers(
  value: unknown,
  schema: Schema | undefined,
  change: (member: unknown, schema: Schema | undefined) => unknown,
): unknown {
  if (!isObject(value)) return value
  const properties = asSchema(schema?.properties)
  let changed: Record<string, unknown> | undefined
  for (const [key, member] of Object.entries(value)) {
    const property = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined
    const now = change(member, asSchema(property))
    if (now !== member) (changed ??= { ...value })[key] = now
  }
  return changed ?? value
}

function mapDeep(
  value: unknown,
  schema: Schema | undefined,
  change: (leaf: unknown, schema: Schema | undefined) => unknown,
): unknown {
  if (schema === undefined) return value
  if (Array.isArray(value)) return mapped(value, (item) => mapDeep(item, asSchema(schema.items), change))
  if (isObject(value)) return mapMembers(value, schema, (member, of) => mapDeep(member, of, change))
  return change(value, schema)
}

/** The list itself where nothing in it changed. */
function mapped(list: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const changed = list.map(change)
  return changed.some((item, at) => item !== list[at]) ? changed : list
}

function typeOf(schema: Schema | undefined): unknown {
  return schema?.type
}

function asSchema(value: unknown): Schema | undefined {
  return isObject(value) ? (value as Schema) : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
