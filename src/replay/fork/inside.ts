import { withValueAt } from '../../lib/json-splice.ts'
import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'

/** A path into a value; where it meets JSON text, it goes on in what the text says. */
export type Inside = readonly (string | number)[]

/** Paths that are looked through for the nearest one. */
const mostPaths = 2000

/** What a path leads to; `undefined` for nothing. */
export function insideOf(value: Json, path: Inside): Json | undefined {
  const { found, rest } = walk(value, path)
  if (rest.length === 0) return found
  const said = typeof found === 'string' ? jsonIn(found) : undefined
  return said === undefined ? undefined : insideOf(said, rest)
}

/**
 * The value with what a path leads to replaced, in a copy; `undefined` where it leads nowhere. JSON text stays JSON text,
 * with every other byte of it as it was.
 */
export function withInside(value: Json, path: Inside, replacement: Json): Json | undefined {
  const { found, rest } = walk(value, path)
  const taken = path.slice(0, path.length - rest.length)
  if (rest.length === 0) return replaced(value, taken, likeBefore(found, replacement))
  if (typeof found !== 'string') return undefined
  const text = withInsideText(found, rest, replacement)
  return text === undefined ? undefined : replaced(value, taken, text)
}

function withInsideText(text: string, path: Inside, replacement: Json): string | undefined {
  const said = jsonIn(text)
  if (said === undefined) return undefined
  const { found, rest } = walk(said, path)
  const taken = path.slice(0, path.length - rest.length)
  if (rest.length === 0) return withValueAt(text, taken, likeBefore(found, replacement))
  const inner = typeof found === 'string' ? withInsideText(found, rest, replacement) : undefined
  return inner === undefined ? undefined : withValueAt(text, taken, inner)
}

/** An object in place of one that was JSON text is written as text, too. */
function likeBefore(before: Json, after: Json): Json {
  const isText = typeof before === 'string' && jsonIn(before) !== undefined
  return isText && typeof after === 'object' && after !== null ? JSON.stringify(after) : after
}

/** As far as a path leads without opening a text. */
function walk(value: Json, path: Inside): { readonly found: Json; readonly rest: Inside } {
  let found = value
  for (const [at, step] of path.entries()) {
    const next = memberOf(found, step)
    if (next === undefined) return { found, rest: path.slice(at) }
    found = next
  }
  return { found, rest: [] }
}

function memberOf(value: Json, step: string | number): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return typeof step === 'number' ? (value as readonly Json[])[step] : undefined
  const members = value as { readonly [key: string]: Json }
  return typeof step === 'string' && Object.hasOwn(members, step) ? members[step] : undefined
}

/** A value with what a path leads to replaced: the path is known to lead somewhere. */
function replaced(value: Json, [step, ...rest]: Inside, replacement: Json): Json {
  if (step === undefined) return replacement
  if (Array.isArray(value)) {
    const items = value as readonly Json[]
    return items.map((item, index) => (index === step ? replaced(item, rest, replacement) : item))
  }
  const members = Object.entries(value as { readonly [key: string]: Json })
  return Object.fromEntries(
    members.map(([key, member]) => [key, key === step ? replaced(member, rest, replacement) : member]),
  )
}

/** The places of a value, from the outside in, those within JSON text too. */
export function pathsIn(value: Json): readonly Inside[] {
  const found: Inside[] = []
  const open: { readonly value: Json; readonly path: Inside }[] = [{ value, path: [] }]
  for (let next = open.shift(); next !== undefined && found.length < mostPaths; next = open.shift()) {
    const { path } = next
    const inner = typeof next.value === 'string' ? jsonIn(next.value) : next.value
    if (path.length > 0) found.push(path)
    if (typeof inner !== 'object' || inner === null) continue
    const steps = Array.isArray(inner) ? inner.keys() : Object.keys(inner)
    for (const step of steps) {
      const member = memberOf(inner, step)
      if (member !== undefined) open.push({ value: member, path: [...path, step] })
      if (open.length > mostPaths) break
    }
  }
  return found
}

/** What a text says, where it is the JSON of an object or a list. */
function jsonIn(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  const read = readJson(text)
  return read.ok && typeof read.value === 'object' && read.value !== null ? (read.value as Json) : undefined
}
