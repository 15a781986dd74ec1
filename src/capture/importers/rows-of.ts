import { EvalkitError } from '../../schema/errors.ts'
import { isRecord } from '../../tap/wire/text.ts'
import { documentIn, headOf, skipped } from './foreign.ts'
import type { Problem, Source } from './importer.ts'

export interface Row {
  readonly at: string
  /** The name of the list it stands in, where lists are told apart by their names. */
  readonly list?: string
  readonly value: unknown
}

/**
 * The records of a file that is a list of them, an object with such a list under one of these names, one record, or JSON lines of
 * any of these, of which one is in memory at a time; with lines that could not be read where they stand. Never throws: what is no
 * JSON at all has no rows.
 */
export function* rowsOf(source: Source, ...names: readonly string[]): Iterable<Row | Problem> {
  const document = documentIn(source)
  if (document !== undefined) {
    yield* listed(document, names, '')
    return
  }
  try {
    for (const record of source.records()) {
      if ('problem' in record) yield skipped(record.at, record.problem)
      else yield* listed(record.value, names, `${record.at} `)
    }
  } catch (error) {
    // A file that is no text has no lines; that is for who reads it to say.
    if (!EvalkitError.is(error)) throw error
  }
}

/** The same, of the beginning of a file of lines: what a format is told by. */
export function firstRowsOf(source: Source, ...names: readonly string[]): readonly Row[] {
  const document = documentIn(source)
  if (document !== undefined) return listed(document, names, '')
  return headOf(source).flatMap((record) =>
    'value' in record ? listed(record.value, names, `${record.at} `) : [],
  )
}

/** Whether any is so; the rest is not read then. */
export function some<T>(items: Iterable<T>, is: (item: T) => boolean): boolean {
  for (const item of items) if (is(item)) return true
  return false
}

function listed(document: unknown, names: readonly string[], before: string): readonly Row[] {
  if (Array.isArray(document)) {
    return document.map((value: unknown, index) => ({ at: `${before}[${index}]`.trim(), value }))
  }
  const named = isRecord(document) ? names.filter((name) => Array.isArray(document[name])) : []
  if (named.length === 0) return [{ at: before === '' ? 'the whole file' : before.trim(), value: document }]
  return named.flatMap((name) => {
    const list: readonly unknown[] = isRecord(document) && Array.isArray(document[name]) ? document[name] : []
    return list.map((value, index) => ({ at: `${before}${name}[${index}]`, list: name, value }))
  })
}
