import { maxDepth } from '../lib/json.ts'
import { joinPath } from '../lib/json-diff.ts'
import { EvalkitError, type ErrorPlace } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'

/**
 * A value from somebody's code as JSON, detached from it: what changes the original later does not change this.
 * `undefined` members are left out. Throws `EVK_EVAL_INVALID`, naming the path, for what JSON cannot say: functions,
 * `NaN`, a `Date` or any other instance of a class, a value that holds itself.
 */
export function plainJson(value: unknown, at: ErrorPlace): Json {
  return copied(value, at.path ?? '', 0, at)
}

function copied(value: unknown, path: string, depth: number, at: ErrorPlace): Json {
  if (depth > maxDepth) throw notJson(`nests deeper than ${maxDepth} levels, or holds itself`, path, at)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value
    throw notJson(`is ${value}`, path, at)
  }
  if (Array.isArray(value)) {
    return Array.from(value, (item, index) => copied(item ?? null, joinPath(path, index), depth + 1, at))
  }
  if (typeof value !== 'object') throw notJson(`is a ${typeof value}`, path, at)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw notJson(`is a ${value.constructor.name}`, path, at)
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  if (members.some(([key]) => key === '__proto__')) throw notJson('has a key "__proto__"', path, at)
  return Object.fromEntries(
    members.map(([key, member]) => [key, copied(member, joinPath(path, key), depth + 1, at)]),
  )
}

function notJson(what: string, path: string, at: ErrorPlace): EvalkitError {
  return new EvalkitError('EVK_EVAL_INVALID', `This ${what}, which JSON cannot say.`, {
    at: { ...at, path },
    hint: 'Cases are JSON: give a date as text, a map as an object.',
  })
}
