import type { CsvRow } from '../../lib/csv.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { caseKeys } from '../../schema/case.ts'
import { type ErrorPlace, EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { jsonFrom } from '../../schema/read.ts'
import { csvRowsOf } from '../csv-rows.ts'
import type { DatasetFormat, PlacedRecord } from '../format.ts'

export const csv: DatasetFormat = {
  name: 'csv',
  description: 'A header row that names columns, then one case a row: for spreadsheets.',
  endings: ['.csv'],
  async *records(path, shownAs) {
    let columns: readonly Column[] | undefined
    for await (const rows of csvRowsOf(path, shownAs)) {
      for (const row of rows) {
        const at = { file: shownAs, line: row.line }
        if (columns === undefined) columns = columnsOf(row, at)
        else yield recordOf(row, columns, at)
      }
    }
  },
}

/** Columns of a file at most: each is looked at for every row. */
const mostColumns = 1000
/** Members below members that a column's name leads to. */
const deepest = 20

interface Column {
  readonly name: string
  readonly path: readonly string[]
  /** `text`: as it stands. `list`: texts between semicolons, or JSON. `json`: any JSON. */
  readonly kind: 'text' | 'list' | 'json'
}

/** Columns that hold lists of texts, and those that nothing but JSON can say. */
const lists: ReadonlySet<string> = new Set(['tags', 'reference.contains', 'source.traces'])
const alwaysJson: ReadonlySet<string> = new Set([
  'v',
  'messages',
  'reference',
  'reference.toolCalls',
  'source',
  'user',
])

function columnsOf({ fields }: CsvRow, at: ErrorPlace): readonly Column[] {
  const wrong = (what: string) =>
    new EvalkitError('EVK_SCHEMA', `The header row cannot be used: ${what}`, { at })
  const [only = ''] = fields
  if (fields.length === 1 && /[;\t]/.test(only)) {
    throw new EvalkitError('EVK_CSV_SYNTAX', 'The header row is one column: fields are divided by commas.', {
      at,
      hint: 'Save the table again, with commas between its fields.',
    })
  }
  if (fields.length > mostColumns) throw wrong(`it names ${fields.length} columns; ${mostColumns} are read.`)
  const seen = new Set<string>()
  return fields.map((field, index): Column => {
    const header = field.trim()
    if (header === '') throw wrong(`column ${index + 1} has no name.`)
    const marked = header.endsWith(':json')
    const name = marked ? header.slice(0, -':json'.length) : header
    const path = name.split('.')
    const shown = `"${name.slice(0, 80)}"`
    if (path.includes('__proto__')) {
      throw new EvalkitError('EVK_JSON_FORBIDDEN_KEY', 'The header row has a key "__proto__".', { at })
    }
    if (path.includes('') || path.length > deepest) throw wrong(`${shown} is no path of keys.`)
    if (seen.has(header)) throw wrong(`the column ${shown} stands there twice.`)
    seen.add(header)
    const [first = ''] = path
    if (!caseKeys.includes(first)) {
      const near = nearestWord(first, caseKeys)
      const advice = near === undefined ? `it takes ${caseKeys.join(', ')}.` : `did you mean "${near}"?`
      throw wrong(`there is no "${first.slice(0, 80)}" in a case; ${advice}`)
    }
    const kind = marked || alwaysJson.has(name) ? 'json' : lists.has(name) ? 'list' : 'text'
    return { name, path, kind }
  })
}

function recordOf({ fields }: CsvRow, columns: readonly Column[], at: ErrorPlace): PlacedRecord {
  try {
    if (fields.length !== columns.length) {
      const what = `The row has ${fields.length} fields, and the header names ${columns.length}.`
      throw new EvalkitError('EVK_CSV_SYNTAX', what, { at })
    }
    const record: Members = {}
    for (const [index, column] of columns.entries()) {
      const field = fields[index] ?? ''
      // What is not said is not there; an empty text is "" in a column of JSON.
      if (field !== '') put(record, column, valueOf(field, column, at), at)
    }
    return { at, value: record }
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    return { at, problem: error }
  }
}

interface Members {
  [key: string]: Json | Members
}

function put(record: Members, { name, path }: Column, value: Json, at: ErrorPlace): void {
  let members = record
  for (const [depth, key] of path.entries()) {
    const there = Object.hasOwn(members, key) ? members[key] : undefined
    if (depth < path.length - 1 && (there === undefined || isMembers(there))) {
      members = there ?? (members[key] = {} as Members)
    } else if (there === undefined) members[key] = value
    else {
      throw new EvalkitError('EVK_CSV_SYNTAX', `The column "${name}" says again what another one says.`, {
        at,
      })
    }
  }
}

function isMembers(value: Json | Members): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function valueOf(field: string, { name, kind }: Column, at: ErrorPlace): Json {
  if (kind === 'json' || (kind === 'list' && field.trimStart().startsWith('['))) {
    return jsonFrom(field, { ...at, path: name }) as Json
  }
  if (kind === 'text') return field
  return field
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
