import { atPointer } from '../lib/json-path.ts'
import { canonicalJson } from '../lib/json.ts'
import type { Json } from './json.ts'
import type { KnownTool } from './known-tools.ts'

/**
 * The resources a call touches, sorted: what its tool's pointers find in the arguments, a list item by item.
 * `undefined` where the tool does not say, or nothing is found: then it may touch anything.
 */
export function touchedBy({ resource }: KnownTool, given: Json): readonly string[] | undefined {
  if (resource === undefined) return undefined
  const found = resource.flatMap((pointer) => {
    const value = atPointer(given, pointer)
    return (Array.isArray(value) ? value : [value]).flatMap(nameOf)
  })
  return found.length === 0 ? undefined : [...new Set(found)].sort()
}

/** An id is the same as a number and as a text. Null names nothing. */
function nameOf(value: unknown): string[] {
  if (value === undefined || value === null) return []
  return [typeof value === 'string' ? value : canonicalJson(value)]
}
