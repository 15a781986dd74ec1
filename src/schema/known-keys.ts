import * as z from 'zod'

/** The part of JSON Schema that says which keys there are. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: Shape | boolean
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
  readonly oneOf?: readonly Shape[]
}

/** The keys that an object at `path` inside a record may have; where several shapes fit, those of all of them. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let shapes = alternatives(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape)
  for (const key of path) {
    shapes = shapes.flatMap((shape) => alternatives(memberOf(shape, key)))
  }
  return [...new Set(shapes.flatMap((shape) => Object.keys(shape.properties ?? {})))]
}

function memberOf(shape: Shape, key: PropertyKey): Shape | undefined {
  if (typeof key === 'number') return shape.items
  const { properties = {}, additionalProperties: rest } = shape
  return Object.hasOwn(properties, key)
    ? properties[String(key)]
    : typeof rest === 'object'
      ? rest
      : undefined
}

function alternatives(shape: Shape | undefined): readonly Shape[] {
  if (shape === undefined) return []
  const inner = [...(shape.anyOf ?? []), ...(shape.oneOf ?? [])]
  return inner.length === 0 ? [shape] : inner.flatMap(alternatives)
}
