import { canonicalJson } from '../json.ts'

/** A JSON Schema as it came: what is not an object or a boolean says nothing. */
export type Schema = { readonly [key: string]: unknown }

/** Keywords that say nothing about which values fit. */
const annotations: ReadonlySet<string> = new Set(
  (
    '$schema $id id $comment $anchor $vocabulary title description default examples example deprecated readOnly ' +
    'writeOnly contentEncoding contentMediaType contentSchema externalDocs xml markdownDescription enumDescriptions'
  ).split(' '),
)

/** Keywords that hold schemas by name, a list of them, or one. */
const schemasByName: ReadonlySet<string> = new Set(
  'properties patternProperties $defs definitions dependentSchemas dependencies'.split(' '),
)
const schemaLists: ReadonlySet<string> = new Set('allOf anyOf oneOf prefixItems items'.split(' '))
const oneSchema: ReadonlySet<string> = new Set(
  (
    'items additionalItems additionalProperties unevaluatedItems unevaluatedProperties contains propertyNames not if ' +
    'then else'
  ).split(' '),
)

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a keyword is about the reader: what is in it never makes a value fit or not. */
export function isAnnotation(keyword: string): boolean {
  return annotations.has(keyword) || keyword.startsWith('x-')
}

/** The member of a schema's own: every object inherits a `constructor`. */
export function own(schema: Schema, key: string): unknown {
  return Object.hasOwn(schema, key) ? schema[key] : undefined
}

/** A schema right below another, with the keyword and the name or place it stands at. */
export interface InnerSchema {
  readonly keyword: string
  readonly at?: string | number
  readonly schema: unknown
}

export function schemasIn(schema: Schema): readonly InnerSchema[] {
  return Object.entries(schema).flatMap(([keyword, value]): InnerSchema[] => {
    if (schemasByName.has(keyword) && isSchema(value)) {
      return Object.entries(value).map(([at, inner]) => ({ keyword, at, schema: inner }))
    }
    if (schemaLists.has(keyword) && Array.isArray(value)) {
      return value.map((inner: unknown, at) => ({ keyword, at, schema: inner }))
    }
    return oneSchema.has(keyword) && isSchema(value) ? [{ keyword, schema: value }] : []
  })
}

/** The schema without annotations: those that remain equal take the same values. A property may be called "title". */
export function withoutAnnotations(schema: unknown): unknown {
  if (!isSchema(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !isAnnotation(keyword))
      .map(([keyword, value]): [string, unknown] => {
        if (schemasByName.has(keyword) && isSchema(value)) {
          return [keyword, mapMembers(value, withoutAnnotations)]
        }
        if (schemaLists.has(keyword) && Array.isArray(value)) return [keyword, value.map(withoutAnnotations)]
        return [keyword, oneSchema.has(keyword) ? withoutAnnotations(value) : value]
      }),
  )
}

/** Names of the members a schema names itself. */
export function namesIn(schema: Schema): readonly string[] {
  const properties = own(schema, 'properties')
  return isSchema(properties) ? Object.keys(properties) : []
}

const referring = new WeakMap<object, boolean>()

/** Whether a schema's meaning hangs on another part of its document. Asked again for free. */
export function refers(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  const known = referring.get(schema) ?? /"\$(?:ref|dynamicRef|recursiveRef)":/.test(canonicalJson(schema))
  referring.set(schema, known)
  return known
}

function mapMembers(value: Schema, change: (member: unknown) => unknown): Schema {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, change(member)]))
}
