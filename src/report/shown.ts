import { readJson } from '../lib/json.ts'
import { prettyJson } from '../lib/pretty-json.ts'
import { cut } from '../lib/text.ts'
import type { Json } from '../schema/json.ts'

/** Longer JSON is shown as it stands: nobody reads it pretty, and everybody would wait for it. */
const longestPretty = 200_000

/** A value as a person reads it: text bare, JSON (also JSON inside a string, as tools like to answer) pretty. */
export function shown(value: Json): string {
  if (typeof value !== 'string') return prettyJson(value)
  if (!/^\s*[{[]/.test(value) || value.length > longestPretty) return value
  const parsed = readJson(value)
  return parsed.ok ? prettyJson(parsed.value) : value
}

/** At most `max` characters, and then how many more there are. */
export function clipped(text: string, max: number): string {
  if (text.length <= max) return text
  const head = cut(text, max)
  return `${head}\n[${text.length - head.length + 1} more characters are not shown]`
}
