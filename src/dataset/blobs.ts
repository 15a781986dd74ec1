import { sha256 } from '../lib/hash.ts'
import type { Json } from '../schema/json.ts'

/** Texts longer than this (in UTF-16 units) stand in a file of their own. */
export const longestInline = 32 * 1024
/** System prompts and tool descriptions repeat in every fixture of an agent: they move out sooner. */
export const longestInlineRepeated = 1024

/** What repeats in every fixture of an agent, and bytes as they crossed the network, which nobody reviews. */
const movesOut: ReadonlySet<string> = new Set(['system', 'tools', 'body'])

const reference = '$blob'

/**
 * Moves long texts out of a record: each becomes `{ "$blob": "<sha256>" }`, and `keep` is given the text. Objects
 * that have such a key themselves are escaped, so that `internalize` gives back exactly what went in. A text with a
 * lone surrogate stays where it is, however long: JSON can spell it, a UTF-8 file cannot.
 */
export function externalize(
  value: Json,
  keep: (hash: string, text: string) => void,
  longest = longestInline,
): Json {
  if (typeof value === 'string') {
    if (value.length <= longest || !value.isWellFormed()) return value
    const hash = sha256(value)
    keep(hash, value)
    return { [reference]: hash }
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: Json) => externalize(item, keep, longest))
  const members = Object.entries(value as { [key: string]: Json | undefined }).flatMap(([key, member]) => {
    if (member === undefined) return []
    const limit = movesOut.has(key) ? longestInlineRepeated : longest
    return [[/^\$+blob$/.test(key) ? `$${key}` : key, externalize(member, keep, limit)] as const]
  })
  return Object.fromEntries(members)
}

/** Puts long texts back. `fetch` throws where there is no such text. */
export function internalize(value: Json, fetch: (hash: string) => string): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: Json) => internalize(item, fetch))
  const entries = Object.entries(value as { [key: string]: Json | undefined })
  const [only] = entries
  if (entries.length === 1 && only?.[0] === reference && typeof only[1] === 'string') return fetch(only[1])
  return Object.fromEntries(
    entries.flatMap(([key, member]) =>
      member === undefined
        ? []
        : [[/^\$\$+blob$/.test(key) ? key.slice(1) : key, internalize(member, fetch)] as const],
    ),
  )
}
