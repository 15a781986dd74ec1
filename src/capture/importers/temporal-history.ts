import { type Fields, isFields } from '../ai-messages.ts'
import type { Decoded } from './temporal-payload.ts'

/** One event of a history. */
export interface HistoryEvent {
  readonly id: string
  /** `ACTIVITY_TASK_SCHEDULED`. */
  readonly type: string
  /** Milliseconds since the epoch. */
  readonly time?: number
  /** Its attributes, whatever they are called. */
  readonly fields: Fields
}

/** What of a span could not be read, as the grade names it: `the result (binary/encrypted)`. */
export function hiddenIn(decoded: Readonly<Record<string, Decoded>>): readonly string[] {
  return Object.entries(decoded).flatMap(([what, { hidden }]) =>
    hidden.length === 0 ? [] : [`the ${what} (${[...new Set(hidden)].join(', ')})`],
  )
}

/** When a thing began, and how long it took: as far as its events tell. */
export function timeOf(
  start: HistoryEvent,
  end: HistoryEvent | undefined,
): { startedAt?: string; durationMs?: number } {
  if (start.time === undefined) return {}
  const startedAt = new Date(start.time).toISOString()
  const took = end?.time === undefined ? Number.NaN : end.time - start.time
  return { startedAt, ...(took >= 0 ? { durationMs: took } : {}) }
}

export function fieldsIn(value: unknown): Fields {
  return isFields(value) ? value : {}
}

export function nameIn(value: unknown): string | undefined {
  return textIn(fieldsIn(value).name)
}

export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
