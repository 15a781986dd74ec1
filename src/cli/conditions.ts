import type { Filter } from '../schema/trace-query.ts'
import { parseWhere } from '../store/where.ts'

/** What `--where`, given once or more, asks: all of it must hold. */
export function conditions({ where = [] }: { readonly where?: readonly string[] }): readonly Filter[] {
  return where.flatMap((text) => parseWhere(text))
}

/**
 * The same, of runs that were recorded elsewhere: what evalkit's own replays left in the store is no production
 * trace, unless the conditions ask for a format by name.
 */
export function recordedConditions(options: { readonly where?: readonly string[] }): readonly Filter[] {
  return recordedOnly(conditions(options))
}

export function recordedOnly(asked: readonly Filter[]): readonly Filter[] {
  if (asked.some(asksForFormat)) return asked
  return [...asked, { field: 'format', op: '!=', value: 'evalkit' }]
}

function asksForFormat(filter: Filter): boolean {
  if ('field' in filter) return filter.field === 'format'
  if ('and' in filter) return filter.and.some(asksForFormat)
  if ('or' in filter) return filter.or.some(asksForFormat)
  // Spans have no format.
  return 'not' in filter && asksForFormat(filter.not)
}
