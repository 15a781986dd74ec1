import type { CsvRow } from '../../lib/csv.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import type { LeftOut } from './importer.ts'
import { isAssertionType } from './promptfoo-asserts.ts'
import type { ForeignSource, PlacedValue } from './source.ts'

/** Whether a table is one of tests: it has a column that only promptfoo calls so. Never throws. */
export function isTestTable(source: ForeignSource): boolean {
  try {
    return (
      source
        .rows()[0]
        ?.fields.some((name) => /^__(?:expected\d*|description|metadata:.+)$/.test(name.trim())) === true
    )
  } catch (error) {
    if (EvalkitError.is(error)) return false
    throw error
  }
}

/**
 * The tests of a table: columns are variables, but for those that begin with `__` (promptfoo, "Special CSV Columns").
 * A row of another length than the header is left out with its line.
 */
export function testsOfRows(rows: readonly CsvRow[]): {
  readonly tests: readonly PlacedValue[]
  readonly left: readonly LeftOut[]
} {
  const [header, ...body] = rows
  const names = header?.fields.map((name) => name.trim()) ?? []
  const strange = names.filter((name) => name.startsWith('__') && !isKnown(name))
  const left: LeftOut[] = strange.map((name) => ({
    line: header?.line,
    what: `column "${name.slice(0, 60)}"`,
    why: 'a case has nothing like it',
  }))
  const tests: PlacedValue[] = []
  for (const { line, fields } of body) {
    if (fields.length === names.length) tests.push({ line, value: testOf(names, fields) })
    else {
      const why = `it has ${fields.length} fields, and the header names ${names.length}`
      left.push({ line, what: 'a row', why })
    }
  }
  return { tests, left }
}

function isKnown(name: string): boolean {
  return /^__(?:expected\d*|description|metadata:.+)$/.test(name)
}

function testOf(names: readonly string[], fields: readonly string[]): Json {
  const vars = new Map<string, Json>()
  const metadata = new Map<string, Json>()
  const assert: Json[] = []
  let description: string | undefined
  for (const [index, name] of names.entries()) {
    const field = fields[index] ?? ''
    if (!name.startsWith('__')) vars.set(name, field)
    else if (field.trim() === '' || !isKnown(name)) continue
    else if (name === '__description') description = field
    else if (name.startsWith('__expected')) assert.push(assertOf(field))
    else if (name.endsWith('[]')) metadata.set(name.slice('__metadata:'.length, -2), itemsOf(field))
    else metadata.set(name.slice('__metadata:'.length), field)
  }
  return {
    ...(description === undefined ? {} : { description }),
    vars: Object.fromEntries(vars),
    assert,
    metadata: Object.fromEntries(metadata),
    // A field of a table is a text, and never a list of tests.
    options: { disableVarExpansion: true },
  }
}

/** `contains: Paris`, `similar(0.8): Hello`, `is-json`; without a type it is the right output itself. */
function assertOf(field: string): Json {
  const trimmed = field.trim()
  const match = /^([a-z][a-z0-9-]{0,60})(?:\((\d{0,10}(?:\.\d{1,10})?)\))?(?::|$)/.exec(trimmed)
  const [whole = '', word = '', threshold] = match ?? []
  const type = aliases[word] ?? word
  if (match === null || !isAssertionType(type)) return { type: 'equals', value: trimmed }
  const value = trimmed.slice(whole.length).trim()
  return {
    type,
    ...(value === '' ? {} : { value }),
    ...(threshold === undefined || threshold === '' ? {} : { threshold: Number(threshold) }),
  }
}

const aliases: Readonly<Record<string, string>> = {
  fn: 'javascript',
  eval: 'javascript',
  grade: 'llm-rubric',
}

/** Items between commas, of which `\,` is none. */
function itemsOf(field: string): readonly string[] {
  return field
    .split(/(?<!\\),/)
    .map((one) => one.replaceAll('\\,', ',').trim())
    .filter((one) => one !== '')
}
