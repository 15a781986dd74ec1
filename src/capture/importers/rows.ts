import type * as z from 'zod'
import { pathText } from '../../schema/read.ts'
import type { Conversation } from './conversation.ts'
import { checked, fingerprint, type Repair, skipped } from './foreign.ts'
import { importConversation } from './import-conversation.ts'
import type { Imported } from './importer.ts'

/** Where a row stands, and what it needs to know of the rows before it. */
export interface RowContext {
  readonly index: number
  /** The path to the row: `['simulations', 3]`. */
  readonly place: readonly PropertyKey[]
  /** How many runs of this task came before. */
  attempts(task: string): number
}

export type Converted =
  | { readonly conversation: Conversation; readonly repairs: readonly Repair[] }
  | { readonly skip: string }

export interface RowFormat<S extends z.ZodType> {
  /** The path to the list: `['simulations']`, or nothing where the document is the list. */
  readonly place: readonly PropertyKey[]
  readonly schema: S
  convert(record: z.output<S>, context: RowContext): Converted
}

/**
 * A list of runs, one at a time. A row that does not fit the schema, that has nothing in it or that says the
 * same as an earlier row is skipped with its place and reason, and harms no other.
 */
export function* importRows<S extends z.ZodType>(
  rows: Iterable<unknown>,
  format: RowFormat<S>,
): Iterable<Imported> {
  const seen = new Map<string, string>()
  const attempts = new Map<string, number>()
  let index = -1
  for (const row of rows) {
    index++
    const place = [...format.place, index]
    const at = pathText(place)
    const print = fingerprint(row)
    if (print === undefined) {
      yield skipped(at, 'the run holds a number that JSON cannot say')
      continue
    }
    const earlier = seen.get(print)
    if (earlier !== undefined) {
      yield skipped(at, `same run as ${earlier}`)
      continue
    }
    seen.set(print, at)
    const result = checked(format.schema, row, place)
    if (!result.ok) {
      yield skipped(result.at, result.reason)
      continue
    }
    const converted = format.convert(result.record, {
      index,
      place,
      attempts: (task) => attempts.get(task) ?? 0,
    })
    if ('skip' in converted) {
      yield skipped(at, converted.skip)
      continue
    }
    for (const found of importConversation(converted.conversation, at, converted.repairs)) {
      const task = 'trace' in found ? found.trace.task?.id : undefined
      if (task !== undefined) attempts.set(task, (attempts.get(task) ?? 0) + 1)
      yield found
    }
  }
}
