import { readJson, sameJson } from '../lib/json.ts'

/**
 * Whether a value holds a part, as a reader would say it does: of an object the members that the part names, at every
 * depth; of a list each item of the part in some item of its own; in a text the text. A text that is JSON is looked into
 * where the part is none.
 */
export function holdsPart(value: unknown, part: unknown): boolean {
  if (typeof value === 'string') {
    if (typeof part === 'string') return value.includes(part)
    const read = readJson(value)
    return read.ok && typeof read.value !== 'string' && holdsPart(read.value, part)
  }
  if (Array.isArray(value) && Array.isArray(part)) {
    return part.every((wanted) => value.some((item) => holdsPart(item, wanted)))
  }
  if (isObject(value) && isObject(part)) {
    return Object.entries(part).every(
      ([key, wanted]) => Object.hasOwn(value, key) && holdsPart(value[key], wanted),
    )
  }
  return sameJson(value, part)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
