import { jsonCopy } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'

/** A value as it can be recorded: plain JSON. Live objects (a stream, a response) are nothing we may look into. */
export function sayable(value: unknown): Json | undefined {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value === 'object' && value !== null && !isPlain(value)) return undefined
  try {
    return jsonCopy(value) as Json
  } catch {
    return undefined
  }
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
