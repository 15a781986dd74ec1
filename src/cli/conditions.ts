import type { Condition } from '../schema/trace-query.ts'
import { parseWhere } from '../store/where.ts'

/** What `--where`, given once or more, asks: all of it must hold. */
export function conditions({ where = [] }: { readonly where?: readonly string[] }): readonly Condition[] {
  return where.flatMap((text) => parseWhere(text))
}

/**
 * The same, of runs that were recorded elsewhere: what evalkit's own replays left in the store is no production
 * trace, unless the conditions ask for a format by name.
 */
export function recordedConditions(options: { readonly where?: readonly string[] }): readonly Condition[] {
  const asked = conditions(options)
  if (asked.some(({ field }) => field === 'format')) return asked
  return [...asked, { field: 'format', op: '!=', value: 'evalkit' }]
}
