import { EvalkitError } from '../schema/errors.ts'
import { type Comparator, type Condition, traceFields } from '../schema/trace-query.ts'
import { kindOfField, predicatesOf } from './predicate.ts'

/**
 * Reads the conditions of `--where`: `field<comparison>value`, joined by blanks or `and`.
 *
 *     tool=book_reservation status=error score.reward>=1 duration>2s text~"gift card"
 *
 * Values with blanks stand in quotes (`"` or `'`, `\` before a quote inside). Durations take `ms`, `s`, `m`, `h`
 * (without a unit: ms); times are ISO 8601, UTC where they name no zone. Throws `EVK_USAGE` with what was not
 * understood, the nearest field and the list of fields.
 */
export function parseWhere(text: string): Condition[] {
  const conditions: Condition[] = []
  const reader = readerOf(text)
  for (;;) {
    reader.skip(/\s+/y)
    if (reader.atEnd()) break
    if (conditions.length > 0 && reader.skip(/and(?=\s|$)/iy)) {
      reader.skip(/\s+/y)
      if (reader.atEnd()) throw reader.problem('a condition is missing after "and"')
    }
    conditions.push(conditionFrom(reader))
  }
  predicatesOf(conditions)
  return conditions
}

interface Reader {
  atEnd(): boolean
  /** Moves over what matches here; whether it did. */
  skip(pattern: RegExp): boolean
  /** What matches here, moving over it. */
  take(pattern: RegExp): RegExpExecArray | undefined
  problem(what: string): EvalkitError
}

function readerOf(text: string): Reader {
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) return undefined
    at = pattern.lastIndex
    return match
  }
  return {
    atEnd: () => at >= text.length,
    skip: (pattern) => take(pattern) !== undefined,
    take,
    problem(what) {
      const rest = text.slice(at, at + 40)
      const place = rest === '' ? 'at its end' : `at ${JSON.stringify(rest)}`
      return new EvalkitError('EVK_USAGE', `The filter is not understood ${place}: ${what}.`, {
        hint: 'Write field=value, joined by blanks: tool=refund status=error duration>2s text~"gift card"',
        details: [`fields: ${[...Object.keys(traceFields), 'score.<name>'].join(', ')}`],
      })
    },
  }
}

function conditionFrom(reader: Reader): Condition {
  const score = reader.take(/score\.(?=["'])/y)
  const name = score === undefined ? reader.take(/[^\s=!~<>"']+/y)?.[0] : quotedFrom(reader)
  if (name === undefined) throw reader.problem('a field is missing')
  const field = score === undefined ? name : `score.${name}`
  if (/^(or|not)$/i.test(field) && !reader.atEnd()) {
    throw reader.problem(`conditions are joined by "and" only, there is no "${field.toLowerCase()}"`)
  }
  // The field first: who mistyped it wants to hear that.
  const kind = kindOfField(field)
  const sign = reader.take(/\s*(==|!=|<=|>=|[=~<>])\s*/y)?.[1]
  if (sign === undefined) throw reader.problem(`a comparison (= != ~ < <= > >=) is missing after "${field}"`)
  const op = (sign === '==' ? '=' : sign) as Comparator
  const value = quotedFrom(reader) ?? reader.take(/[^\s"'][^\s]*/y)?.[0]
  if (value === undefined) throw reader.problem(`a value is missing after "${field}${sign}"`)
  return { field, op, value: kind === 'number' ? numberFrom(field, value, reader) : value }
}

function quotedFrom(reader: Reader): string | undefined {
  const match = reader.take(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/sy)
  if (match === undefined) {
    if (reader.skip(/["']/y)) throw reader.problem('a quote is opened and never closed')
    return undefined
  }
  return (match[1] ?? match[2] ?? '').replace(/\\(["'\\])/g, '$1')
}

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

function numberFrom(field: string, text: string, reader: Reader): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(ms|s|m|h)?$/i.exec(text)
  const value = Number(match?.[1])
  const unit = match?.[2]?.toLowerCase() as keyof typeof milliseconds | undefined
  if (match === null || !Number.isFinite(value)) {
    throw reader.problem(`${JSON.stringify(text.slice(0, 40))} is not a number, which "${field}" wants`)
  }
  if (unit === undefined) return value
  if (field !== 'duration') throw reader.problem(`only durations have a unit, "${field}" has none`)
  return value * milliseconds[unit]
}
