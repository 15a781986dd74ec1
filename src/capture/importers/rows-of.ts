import { EvalkitError } from '../../schema/errors.ts'
import { isRecord } from '../../tap/wire/text.ts'
import { documentIn, headOf, skipped } from './foreign.ts'
import type { Imported, Source } from './importer.ts'

export interface Row {
  readonly at: string
  /** The name of the list it stands in, where lists are told apart by their names. */
  readonly list?: string
  readonly value: unknown
}

/** The records of an export, whichever way it was written down. */
export interface Rows {
  readonly rows: readonly Row[]
  /** Lines that could not be read. */
  readonly problems: readonly Imported[]
}

/**
 * The records of a file that is a list of them, an object with such a list under one of these names, one record, or JSON lines of
 * any of these. Never throws: what is no JSON at all has no rows.
 */
export function rowsOf(source: Source, ...names: readonly string[]): Rows {
  const document = documentIn(source)
  if (document !== undefined) return { rows: listed(document, names, ''), problems: [] }
  const rows: Row[] = []
  const problems: Imported[] = []
  for (const record of recordsIn(source)) {
    if ('problem' in record) problems.push(skipped(record.at, record.problem))
    else rows.push(...listed(record.value, names, `${record.at} `))
  }
  return { rows, problems }
}

/** The same, of the beginning of a file of lines: what a format is told by. */
export function firstRowsOf(source: Source, ...names: readonly string[]): Rows['rows'] {
  const document = documentIn(source)
  if (document !== undefined) return listed(document, names, '')
  return headOf(source).flatMap((record) =>
    'value' in record ? listed(record.value, names, `${record.at} `) : [],
  )
}

/** A file that is no text has no lines; that is for who reads it to say. */
function recordsIn(source: Source) {
  try {
    return [...source.records()]
  } catch (error) {
    if (EvalkitError.is(error)) return []
    throw error
  }
}

function listed(document: unknown, names: readonly string[], before: string): Rows['rows'] {
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
