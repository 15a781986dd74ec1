import { growingTexts, restOf } from '../../lib/growing-texts.ts'
import { listOfRest, onceOfEach } from '../../lib/grown-text.ts'
import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { grownIn } from './grown-attributes.ts'
import type { OtlpAttributes } from './shape.ts'

/**
 * Reads attributes by their names, and remembers which were read: `rest()` is what nobody asked for, which a trace keeps
 * as it is. Of several names the first that is there is read; the others are then said twice, and are no rest either.
 */
export interface Told {
  has(...keys: readonly string[]): boolean
  /** Text; a number or truth in words. Empty text is none. */
  text(...keys: readonly string[]): string | undefined
  /** A number, or text that is one. */
  number(...keys: readonly string[]): number | undefined
  /** Any value; text that is JSON is what it says, other text is itself. */
  value(...keys: readonly string[]): Json | undefined
  /** A value as it is. */
  raw(...keys: readonly string[]): Json | undefined
  /** What stands flattened under a prefix (`a.0.b.c`) as the lists and objects it was. */
  nested(prefix: string): Json | undefined
  /** Every attribute under a prefix, without it. */
  under(prefix: string): { readonly [key: string]: Json }
  rest(): { readonly [key: string]: Json } | undefined
}

/** Longest text that is tried as JSON where it may also be text. */
const longestJson = 32 * 1024 * 1024

export function told(attributes: OtlpAttributes): Told {
  const read = new Set<string>()
  /** The first of them that says something; all are read. */
  const first = (keys: readonly string[]): string | undefined => {
    let found: string | undefined
    for (const key of keys) {
      if (!Object.hasOwn(attributes, key)) continue
      read.add(key)
      if (attributes[key] !== null) found ??= key
    }
    return found
  }
  const raw = (...keys: readonly string[]): Json | undefined => {
    const key = first(keys)
    return key === undefined ? undefined : attributes[key]
  }
  const names = Object.keys(attributes)
  const grown = grownIn(attributes)
  const under = (prefix: string): Record<string, Json> => {
    const found: Record<string, Json> = {}
    for (const key of names) {
      if (!key.startsWith(prefix)) continue
      read.add(key)
      const name = key.slice(prefix.length)
      const value = attributes[key]
      if (name !== '__proto__' && value !== undefined) found[name] = value
    }
    return found
  }
  return {
    raw,
    under,
    has: (...keys) => keys.some((key) => Object.hasOwn(attributes, key)),
    text(...keys) {
      const value = raw(...keys)
      if (typeof value === 'number' || typeof value === 'boolean') return String(value)
      return typeof value === 'string' && value !== '' ? value : undefined
    },
    number: (...keys) => numberIn(raw(...keys)),
    value(...keys) {
      const key = first(keys)
      if (key === undefined) return undefined
      const text = grown.get(key)
      return text === undefined ? parsed(attributes[key]) : parsedGrown(text)
    },
    nested(prefix) {
      const flat = under(`${prefix}.`)
      return Object.keys(flat).length === 0 ? undefined : unflattened(flat)
    },
    rest() {
      const left = names.filter((key) => !read.has(key))
      if (left.length === 0) return undefined
      return Object.fromEntries(left.map((key) => [key, attributes[key] ?? null]))
    },
  }
}

/**
 * JSON in text as the value it says, also where it was encoded twice; text that is none stays text. System prompts and
 * definitions of tools come with every model call, and the conversation with more behind it: the same text gives the very same
 * value, and what a list goes on from the very same items, for as long as they are remembered.
 */
export function parsed(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string' || !/^\s*[[{"]/.test(value) || value.length > longestJson) return value
  const known = remembered.find(value)
  if (known !== undefined && known.text === value) return known.value
  const made = (known === undefined ? undefined : gone(known, value)) ?? read(value)
  remembered.keep(value, made)
  return made
}

/** What `parsed` says, without putting together a text that goes on from one whose value is known. */
const parsedGrown = onceOfEach<Json | undefined>((grown, known) => {
  const { text, before } = grown
  if (before === undefined || known === undefined || text.length > longestJson) return parsed(text)
  return more(known, listOfRest(grown)) ?? parsed(text)
})

const remembered = growingTexts<Json>({ budget: 4 * 1024 * 1024, shortest: 256 })

/** `undefined` where the text is more than the earlier list and what follows. */
function gone(
  before: { readonly text: string; readonly value: Json },
  text: string,
): readonly Json[] | undefined {
  return more(before.value, restOf(before.text, text))
}

/** A list with what else stands behind it; `undefined` where that is no list in JSON with an item at least. */
function more(list: Json, text: string): readonly Json[] | undefined {
  if (!Array.isArray(list)) return undefined
  const rest = readJson(text)
  if (!rest.ok || !Array.isArray(rest.value) || rest.value.length === 0) return undefined
  const whole = [...(list as readonly Json[]), ...(rest.value as readonly Json[])]
  longer.set(whole, list)
  return whole
}

/**
 * The list that another one goes on from, as the very same items: what is made of those need not be made again. Said once: whoever
 * remembers a conversation does not hold all of its beginnings.
 */
export function takeListBefore(list: readonly Json[]): readonly Json[] | undefined {
  const before = longer.get(list)
  longer.delete(list)
  return before
}

const longer = new WeakMap<readonly Json[], readonly Json[]>()

function read(value: string): Json {
  const result = readJson(value)
  if (!result.ok) return value
  const inner = result.value as Json
  return typeof inner === 'string' && /^\s*[[{]/.test(inner) ? (parsed(inner) ?? null) : inner
}

export function numberIn(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

interface Node {
  value?: Json
  members?: Map<string, Node>
}

/** Nests deeper than a value may: kept flat. */
const deepest = 32

function unflattened(flat: { readonly [key: string]: Json }): Json {
  const root: Node = {}
  for (const [path, value] of Object.entries(flat)) {
    const steps = path.split('.')
    let at = root
    for (const step of steps.length > deepest ? [path] : steps) {
      at.members ??= new Map()
      const next: Node = at.members.get(step) ?? {}
      at.members.set(step, next)
      at = next
    }
    at.value = value
  }
  return valueOf(root)
}

function valueOf({ value, members }: Node): Json {
  if (members === undefined) return value ?? null
  const names = [...members.keys()].filter((name) => name !== '__proto__')
  if (names.length > 0 && names.every((name) => /^\d{1,6}$/.test(name))) {
    return names.toSorted((a, b) => Number(a) - Number(b)).map((name) => valueOf(members.get(name) ?? {}))
  }
  return Object.fromEntries(names.map((name) => [name, valueOf(members.get(name) ?? {})]))
}
