import type { Json } from '../schema/json.ts'

/**
 * What normalizing asks a JSON Schema (any draft) of one value: its types, what is in it, its default. References into
 * the schema itself (`#/$defs/Order`) are followed; a choice (`anyOf`, `oneOf`) that is one type or null is that type,
 * as Python libraries write an optional argument. What is said in any other way is not known, and changes nothing.
 */
export interface SchemaTypes {
  /** The one type there is beside null. `undefined` where there are several, or none is said. */
  readonly only: string | undefined
  /** Whether a type is among those that are said. */
  allows(type: string): boolean
  readonly default: Json | undefined
  /** Names of properties. */
  readonly keys: readonly string[]
  property(key: string): SchemaTypes | undefined
  /** Of each item of a list. */
  readonly items: SchemaTypes | undefined
}

type Schema = { readonly [key: string]: Json | undefined }

/** References that lead to references: a schema may go round in a circle. */
const mostHops = 8

export function schemaTypes(schema: Schema, root: Schema = schema): SchemaTypes {
  const said = target(schema, root, mostHops)
  const main = mainOf(said, root)
  const types = typesOf(said, root, mostHops)
  const named = [...types].filter((type) => type !== 'null')
  const properties = asSchema(main.properties) ?? {}
  const within = (value: unknown): SchemaTypes | undefined => {
    const found = asSchema(value)
    return found === undefined ? undefined : schemaTypes(found, root)
  }
  return {
    only: named.length === 1 ? named[0] : undefined,
    allows: (type) => types.has(type),
    default: schema.default ?? said.default,
    keys: Object.keys(properties),
    property: (key) => within(own(properties, key)),
    get items() {
      return within(main.items)
    },
  }
}

/** The schema that a reference leads to; the schema itself where it is none. */
function target(schema: Schema, root: Schema, hops: number): Schema {
  const { $ref } = schema
  if (typeof $ref !== 'string' || !$ref.startsWith('#/') || hops === 0) return schema
  let found: unknown = root
  for (const token of $ref.slice(2).split('/')) {
    found = own(asSchema(found) ?? {}, token.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  const next = asSchema(found)
  return next === undefined ? schema : target(next, root, hops - 1)
}

/** Of a choice between something and null, the something: it says what is in it. */
function mainOf(schema: Schema, root: Schema): Schema {
  const some = choices(schema)
    .map((one) => target(one, root, mostHops))
    .filter(({ type }) => type !== 'null')
  const [first] = some
  return first !== undefined && some.length === 1 ? first : schema
}

function typesOf(schema: Schema, root: Schema, hops: number): ReadonlySet<string> {
  const { type, enum: values } = schema
  if (typeof type === 'string') return new Set([type])
  if (Array.isArray(type)) return new Set(type.filter((one) => typeof one === 'string'))
  if (Array.isArray(values)) return new Set(values.map(typeOf))
  if (schema.const !== undefined) return new Set([typeOf(schema.const)])
  if (hops === 0) return new Set()
  return new Set(choices(schema).flatMap((one) => [...typesOf(target(one, root, mostHops), root, hops - 1)]))
}

function choices({ anyOf, oneOf }: Schema): readonly Schema[] {
  const all: unknown = anyOf ?? oneOf
  return Array.isArray(all) ? all.map(asSchema).filter((one) => one !== undefined) : []
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

function own(schema: Schema, key: string): unknown {
  return Object.hasOwn(schema, key) ? schema[key] : undefined
}

function asSchema(value: unknown): Schema | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : undefined
}
