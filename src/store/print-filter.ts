import type { Condition, Filter } from '../schema/trace-query.ts'

/** Filters as `parseWhere` reads them: it gives the same filters again. */
export function printWhere(where: readonly Filter[]): string {
  const [only] = where
  if (only !== undefined && where.length === 1) return 'and' in only ? `(${print(only)})` : print(only)
  return where.length === 0 ? '' : print({ and: where })
}

function print(filter: Filter): string {
  if ('field' in filter) return printCondition(filter)
  // A list in a list keeps its parentheses, also where it could do without.
  if ('and' in filter) return filter.and.map((of) => wrapped(of)).join(' and ')
  if ('or' in filter) return filter.or.map((of) => ('and' in of ? print(of) : wrapped(of))).join(' or ')
  if ('not' in filter) return `not ${wrapped(filter.not)}`
  if ('any' in filter) return `any(${print(filter.any)})`
  if ('all' in filter) return `all(${print(filter.all)})`
  return `none(${print(filter.none)})`
}

function wrapped(filter: Filter): string {
  return 'and' in filter || 'or' in filter ? `(${print(filter)})` : print(filter)
}

function printCondition({ field, op, value }: Condition): string {
  if (value === true && op === '=') return field
  return `${printField(field)}${op}${typeof value === 'string' ? printText(value) : String(value)}`
}

function printField(field: string): string {
  const name = field.startsWith('score.') ? field.slice('score.'.length) : undefined
  return name === undefined || /^[\w.-]+$/.test(name) ? field : `score.${inQuotes(name)}`
}

function printText(text: string): string {
  return /^[\w.:/@-]+$/.test(text) ? text : inQuotes(text)
}

function inQuotes(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
