import { readJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'

/**
 * A value as JSON means it: a text that holds a JSON object or list is that object or list, any other text is text.
 * Agents that are asked for JSON say it as text; a bare `42` or `true` may as well be words.
 */
export function meantJson(value: Json): Json {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  const read = readJson(value)
  return read.ok ? (read.value as Json) : value
}
