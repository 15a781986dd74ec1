import { readJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import type { MadeCall } from './evidence.ts'

/** Objects of a question that are looked at, and how deep. */
const mostObjects = 2_000
const deepest = 12

/** What frameworks call the name and the arguments of a call in a question to a person. */
const nameKeys = ['tool', 'tool_name', 'toolName', 'name', 'action', 'function'] as const
const argumentKeys = [
  'arguments',
  'args',
  'input',
  'tool_input',
  'toolInput',
  'action_input',
  'parameters',
  'params',
  'kwargs',
] as const

type JsonObject = Readonly<Record<string, Json>>

/**
 * The tool calls that a value lists, anywhere in it: objects with a name and arguments, `{ tool, arguments }` in the words
 * of common frameworks (LangGraph's `action_requests`, the Agents SDK's `{ name, arguments: "…" }`, Claude's
 * `{ tool_name, input }`).
 */
export function callsIn(value: Json): readonly MadeCall[] {
  const inside = new Set<JsonObject>()
  return objectsIn(value).flatMap((object) => {
    if (inside.has(object)) return []
    const found = callIn(object)
    // What stands in the arguments of a call is no call of its own.
    if (found !== undefined) for (const below of objectsIn(found.arguments)) inside.add(below)
    return found === undefined ? [] : [found]
  })
}

function callIn(object: JsonObject): MadeCall | undefined {
  const name = nameKeys.map((key) => own(object, key)).find((one) => typeof one === 'string')
  const given = argumentKeys.map((key) => own(object, key)).find((one) => one !== undefined)
  if (typeof name !== 'string' || name === '' || given === undefined) return undefined
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { name, arguments: given }
  const read = typeof given === 'string' ? readJson(given) : undefined
  return read?.ok === true && typeof read.value === 'object'
    ? { name, arguments: read.value as Json }
    : undefined
}

/** The objects of a value, itself among them, outermost first; as many as anybody would read. */
export function objectsIn(value: Json): readonly JsonObject[] {
  const found: JsonObject[] = []
  let level: readonly Json[] = [value]
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const next: Json[] = []
    for (const one of level) {
      if (typeof one !== 'object' || one === null || found.length + next.length > mostObjects) continue
      if (!Array.isArray(one)) found.push(one as JsonObject)
      next.push(...Object.values(one as JsonObject))
    }
    level = next
  }
  return found
}

/** The texts of a value; with `numbers`, those, too. */
export function textsIn(value: Json, numbers = false): readonly string[] {
  const scalar = (one: Json | undefined): readonly string[] =>
    typeof one === 'string' ? [one] : numbers && typeof one === 'number' ? [String(one)] : []
  if (typeof value !== 'object' || value === null) return scalar(value)
  const lists = Array.isArray(value) ? [value] : []
  return [...lists, ...objectsIn(value)].flatMap((object) =>
    Object.values(object).flatMap((member) =>
      Array.isArray(member) ? member.flatMap((item: Json) => scalar(item)) : scalar(member),
    ),
  )
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
