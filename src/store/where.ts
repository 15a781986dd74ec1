import { EvalkitError } from '../schema/errors.ts'
import type { Comparator, Condition, Filter } from '../schema/trace-query.ts'
import {
  fieldNames,
  fieldOf,
  filterHint,
  leafOf,
  mostConditions,
  mostDepth,
  nestedSpans,
  type Scope,
  tooMany,
} from './predicate.ts'
import { type Reader, readerOf } from './reader.ts'

/**
 * Reads the filter of `--where`; the grammar stands in docs/store.md. Conditions side by side must all hold, as with
 * `and`; `not` binds closer than `and`, `and` closer than `or`.
 *
 *     tool = refund and (cost > 0.05 or error) and "lost luggage" and any(span.tool = search and span.error)
 *
 * Gives the filters that must all hold: none for an empty text. Values with blanks stand in quotes (`"` or `'`, `\`
 * before a quote inside). Durations take `ms`, `s`, `m`, `h` (without a unit: ms); times are ISO 8601, UTC where they
 * name no zone. Throws `EVK_USAGE` with the place, what was not understood, the nearest field and the list of fields.
 */
export function parseWhere(text: string): readonly Filter[] {
  const reader = readerOf(text, (what, at) => misread(text, what, at))
  const parser: Parser = { reader, conditions: 0 }
  reader.blanks()
  if (reader.atEnd()) return []
  const filter = either(parser, 'trace', 0)
  if (!reader.atEnd()) throw reader.problem('there is a ")" too many')
  return 'and' in filter && !reader.grouped ? filter.and : [filter]
}

interface Parser {
  readonly reader: Reader
  conditions: number
}

function either(parser: Parser, scope: Scope, depth: number): Filter {
  const { reader } = parser
  const first = both(parser, scope, depth)
  const all = [first]
  while (reader.word('or')) {
    if (reader.atEnd()) throw reader.problem('a condition is missing after "or"')
    all.push(both(parser, scope, depth))
  }
  if (all.length === 1) return first
  reader.grouped = false
  return { or: all }
}

function both(parser: Parser, scope: Scope, depth: number): Filter {
  const { reader } = parser
  const first = one(parser, scope, depth)
  const all = [first]
  for (;;) {
    reader.blanks()
    if (reader.word('and')) {
      if (reader.atEnd()) throw reader.problem('a condition is missing after "and"')
    } else if (reader.atEnd() || reader.sees(')') || reader.seesWord('or')) break
    all.push(one(parser, scope, depth))
  }
  if (all.length === 1) return first
  // Who asks whether this is a bare list of conditions asks about the last thing read.
  reader.grouped = false
  return { and: all }
}

function one(parser: Parser, scope: Scope, depth: number): Filter {
  const { reader } = parser
  if (depth > mostDepth) throw reader.problem(`filters nest at most ${mostDepth} levels deep`)
  reader.blanks()
  reader.grouped = false
  if (reader.word('not')) return { not: one(parser, scope, depth + 1) }
  if (reader.opens()) {
    const inner = group(parser, scope, depth)
    reader.grouped = true
    return inner
  }
  for (const which of ['any', 'all', 'none'] as const) {
    if (!reader.opens(which)) continue
    if (scope === 'span') throw placed(parser, nestedSpans())
    const of = group(parser, 'span', depth)
    reader.grouped = false
    return which === 'any' ? { any: of } : which === 'all' ? { all: of } : { none: of }
  }
  return condition(parser, scope)
}

/** What stands in parentheses, the first of which was read. */
function group(parser: Parser, scope: Scope, depth: number): Filter {
  const { reader } = parser
  reader.blanks()
  if (reader.sees(')')) throw reader.problem('a condition is missing between the parentheses')
  reader.depth++
  const inner = either(parser, scope, depth + 1)
  reader.blanks()
  if (!reader.closes()) throw reader.problem('a ")" is missing')
  reader.depth--
  return inner
}

function condition(parser: Parser, scope: Scope): Condition {
  const { reader } = parser
  const start = reader.at
  if (++parser.conditions > mostConditions) throw placed(parser, tooMany())
  const words = reader.quoted()
  if (words !== undefined) {
    if (scope === 'span') throw reader.problem('words are looked for in traces, not in single spans', start)
    const search = { field: 'text', op: '~', value: words } as const
    return checked(parser, search, scope, start)
  }
  const field = reader.field()
  if (field === undefined) throw reader.problem('a field is missing')
  // The field first: who mistyped it wants to hear that.
  const { kind } = at(parser, start, () => fieldOf(field, scope))
  const sign = reader.comparison()
  if (sign === undefined) {
    if (kind === 'flag') return { field, op: '=', value: true }
    throw reader.problem(`a comparison (= != ~ < <= > >=) is missing after "${shown(field)}"`)
  }
  const op = (sign === '==' ? '=' : sign) as Comparator
  const from = reader.at
  const value = reader.quoted() ?? reader.value()
  if (value === undefined) throw reader.problem(`a value is missing after "${shown(field)}${sign}"`)
  return checked(parser, { field, op, value: typed(reader, field, kind, value, from) }, scope, start)
}

function checked(parser: Parser, condition: Condition, scope: Scope, start: number): Condition {
  at(parser, start, () => leafOf(condition, scope))
  return condition
}

function typed(
  reader: Reader,
  field: string,
  kind: ReturnType<typeof fieldOf>['kind'],
  text: string,
  from: number,
): Condition['value'] {
  if (kind === 'flag') {
    if (/^(true|yes)$/i.test(text)) return true
    if (/^(false|no)$/i.test(text)) return false
    return text
  }
  return kind === 'number' && text !== 'unknown' ? numberFrom(field, text, reader, from) : text
}

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

function numberFrom(field: string, text: string, reader: Reader, from: number): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(ms|s|m|h)?$/i.exec(text.slice(0, 40))
  const value = Number(match?.[1])
  const unit = match?.[2]?.toLowerCase() as keyof typeof milliseconds | undefined
  if (match === null || !Number.isFinite(value)) {
    const what = `${JSON.stringify(text.slice(0, 40))} is not a number, which "${shown(field)}" wants`
    throw reader.problem(what, from)
  }
  if (unit === undefined) return value
  if (field !== 'duration' && field !== 'span.duration') {
    throw reader.problem(`only durations have a unit, "${shown(field)}" has none`, from)
  }
  return value * milliseconds[unit]
}

/** Runs a check whose error knows the matter and not the place. */
function at<T>(parser: Parser, start: number, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw EvalkitError.is(error) ? placed(parser, error, start) : error
  }
}

function placed({ reader }: Parser, error: EvalkitError, start = reader.at): EvalkitError {
  return new EvalkitError(error.code, error.message, {
    hint: error.hint,
    details: [...placeLines(reader.text, start), ...error.details],
    cause: error,
  })
}

function misread(text: string, what: string, at: number): EvalkitError {
  const rest = text.slice(at, at + 40)
  const place = rest === '' ? 'at its end' : `at ${JSON.stringify(rest)}`
  return new EvalkitError('EVK_USAGE', `The filter is not understood ${place}: ${what}.`, {
    hint: filterHint,
    details: [...placeLines(text, at), `fields: ${fieldNames('trace').join(', ')}`],
  })
}

/** The place on a line of its own, with a mark under it; the line is cut around it. */
function placeLines(text: string, at: number): readonly string[] {
  const from = Math.max(0, at - 40)
  // One column a character, whatever it is: the mark has to stand below the right one.
  const line = text.slice(from, at + 40).replace(/[^\x20-\x7e]/g, '?')
  return [`at character ${at + 1}:`, `  ${line}`, `  ${' '.repeat(at - from)}^`]
}

function shown(field: string): string {
  return field.length > 60 ? `${field.slice(0, 60)}…` : field
}
