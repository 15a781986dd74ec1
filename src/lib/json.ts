import { syntaxProblem } from './json-syntax.ts'

/**
 * JSON from strangers, and JSON with one spelling. Text is bounded before it is parsed (V8 parses any depth, but
 * everything that later walks the value recurses), and keys that reach an object's prototype are refused.
 */

/** Deep enough for anything an agent says (the deepest of our samples is 17), shallow enough to walk. */
export const maxDepth = 200

export type JsonProblem =
  | { readonly kind: 'syntax'; readonly what: string; readonly line: number; readonly column: number }
  | { readonly kind: 'too-deep'; readonly depth: number }
  | { readonly kind: 'forbidden-key'; readonly key: string }

export type JsonResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: JsonProblem }

const forbiddenKeys = new Set(['__proto__'])

/** Parses untrusted text. Never throws; never returns a value that is too deep or has a forbidden key. */
export function readJson(text: string): JsonResult {
  const depth = depthOf(text)
  if (depth > maxDepth) return { ok: false, problem: { kind: 'too-deep', depth } }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { ok: false, problem: { kind: 'syntax', ...syntaxProblem(text) } }
  }
  // Escapes can spell the key (`"\u005f_proto__"`), so the cheap test is on both signs of it.
  if (text.includes('__proto__') || text.includes('\\u')) {
    const key = forbiddenKeyIn(value)
    if (key !== undefined) return { ok: false, problem: { kind: 'forbidden-key', key } }
  }
  return { ok: true, value }
}

/**
 * Canonical text as in RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785): keys sorted by UTF-16 code units, no
 * white space, numbers and strings as ECMAScript prints them; a lone surrogate, which the RFC refuses, is escaped.
 * Members that are `undefined` are left out, in lists they are `null`. Two values are the same JSON exactly when
 * this text is equal. Throws a `TypeError` on what JSON cannot say: NaN, infinities, functions, and objects with a
 * class (a `Date` or a `Map` would become `{}`, and two of them the same).
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`)
    return JSON.stringify(value)
  }
  if (typeof value !== 'object') throw new TypeError(`JSON has no ${typeof value}`)
  // Text is appended to text, which costs less than lists of pieces: every import and every call is written out here.
  let text = ''
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++)
      text += (at === 0 ? '' : ',') + canonicalJson((value[at] as unknown) ?? null)
    return `[${text}]`
  }
  if (!isPlain(value)) throw new TypeError(`JSON has no ${value.constructor?.name ?? 'such object'}`)
  for (const key of sortedKeys(value)) {
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

/**
 * The same text, by way of a copy whose keys are in order, which the engine writes out in one go: several times faster for what
 * is not large.
 */
export function canonicalJsonByCopy(value: unknown): string {
  const copy = sortedJson(value)
  return copy === undefined ? canonicalJson(value) : JSON.stringify(copy)
}

/**
 * A copy of a JSON value with its keys in canonical order. `undefined` where an object cannot have them in that order: keys
 * that are numbers come first, in order of number. Throws as `canonicalJson` does.
 */
function sortedJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`)
    if (!sayable.has(typeof value)) throw new TypeError(`JSON has no ${typeof value}`)
    return value
  }
  if (Array.isArray(value)) {
    const list: unknown[] = []
    for (let at = 0; at < value.length; at++) {
      const item = sortedJson((value[at] as unknown) ?? null)
      if (item === undefined) return undefined
      list.push(item)
    }
    return list
  }
  if (!isPlain(value)) throw new TypeError(`JSON has no ${value.constructor?.name ?? 'such object'}`)
  const copy: Record<string, unknown> = {}
  for (const key of sortedKeys(value)) {
    const member = (value as Record<string, unknown>)[key]
    if (member === undefined) continue
    const first = key.charCodeAt(0)
    const after = (first >= 0x30 && first <= 0x39) || key === '__proto__' ? undefined : sortedJson(member)
    if (after === undefined) return undefined
    copy[key] = after
  }
  return copy
}

const sayable: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'object'])

/** ASCII without what a JSON string escapes. */
const unescaped = /^[ !#-[\]-~]*$/

/** Names and short words are most of what is written out, and are quicker looked at than handed over. */
function quoted(text: string): string {
  return text.length < 64 && unescaped.test(text) ? `"${text}"` : JSON.stringify(text)
}

function sortedKeys(value: object): readonly string[] {
  const keys = Object.keys(value)
  if (keys.length > 24) return keys.sort(byCodeUnit)
  // Few, and mostly in order already: put each where it belongs among those before it.
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at] ?? ''
    let to = at
    for (; to > 0 && (keys[to - 1] ?? '') > key; to--) keys[to] = keys[to - 1] ?? ''
    keys[to] = key
  }
  return keys
}

/**
 * Whether two JSON values are the same: key order and `undefined` members do not matter, `0` is `-0`, `undefined` in
 * a list is `null`. Agrees with `canonicalJson`.
 */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    for (let at = 0; at < a.length; at++) {
      if (!sameJson(a[at] ?? null, b[at] ?? null)) return false
    }
    return true
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  for (const key of Object.keys(left)) {
    if (left[key] !== undefined && !(Object.hasOwn(right, key) && sameJson(left[key], right[key])))
      return false
  }
  // Own members only: every object inherits a `constructor`.
  return Object.keys(right).every(
    (key) => right[key] === undefined || (Object.hasOwn(left, key) && left[key] !== undefined),
  )
}

/** A copy of a JSON value that shares nothing with it; cheaper than `structuredClone`, which must do more. */
export function copyJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: unknown) => copyJson(item)) as T
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, copyJson<unknown>(member)]),
  ) as T
}

/**
 * A copy of a value as JSON carries it over a boundary: `toJSON` is asked, members that are `undefined` are left
 * out. Throws a `TypeError` on what JSON cannot say (NaN, infinities, BigInt, cycles, functions) and on what
 * `readJson` refuses.
 */
export function jsonCopy(value: unknown): unknown {
  let text: string | undefined
  try {
    text = JSON.stringify(value, (_, member: unknown) => {
      if (typeof member === 'number' && !Number.isFinite(member)) throw new TypeError(`JSON has no ${member}`)
      return member
    })
  } catch (cause) {
    throw new TypeError('This is nothing that JSON can say.', { cause })
  }
  if (text === undefined) throw new TypeError(`JSON has no ${typeof value}.`)
  const copy = readJson(text)
  if (!copy.ok) throw new TypeError('This is JSON that nests too deep, or has a key that is refused.')
  return copy.value
}

/** An object literal, of this realm or another: its prototype is the root of all, or missing. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Nesting depth of JSON text, without parsing it: brackets outside strings, which are passed over as a whole. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at)
      if (at === -1) return deepest
    } else if (code === 0x5b || code === 0x7b) {
      depth++
      if (depth > deepest) deepest = depth
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return deepest
}

/** Where the string ends that begins here; -1 where it does not. */
function endOfString(text: string, start: number): number {
  let end = start
  let slashes: number
  do {
    end = text.indexOf('"', end + 1)
    slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
  } while (end !== -1 && slashes % 2 === 1)
  return end
}

function forbiddenKeyIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = forbiddenKeyIn(item)
      if (found !== undefined) return found
    }
    return undefined
  }
  for (const [key, member] of Object.entries(value)) {
    if (forbiddenKeys.has(key)) return key
    const found = forbiddenKeyIn(member)
    if (found !== undefined) return found
  }
  return undefined
}
