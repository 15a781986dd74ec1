import { nearestWord } from '../lib/nearest.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Filter } from '../schema/trace-query.ts'
import { parseWhere } from '../store/where.ts'

/** What `--where`, given once or more, asks: all of it must hold. */
export function conditions({ where = [] }: { readonly where?: readonly string[] }): readonly Filter[] {
  return where.flatMap((text) => parseWhere(text))
}

/** What saved filters ask, by name. Throws `EVK_USAGE` for a name that is not among them, and for one that cannot be read. */
export function savedConditions(
  saved: Readonly<Record<string, string>>,
  names: readonly string[] = [],
): readonly Filter[] {
  return names.flatMap((name) => {
    const text = Object.hasOwn(saved, name) ? saved[name] : undefined
    if (text !== undefined) return named(name, text)
    const all = Object.keys(saved)
    const near = nearestWord(name, all)
    throw new EvalkitError('EVK_USAGE', `There is no saved filter "${name.slice(0, 60)}".`, {
      hint: 'Filters are saved under "filters" in evalkit.config.ts: docs/store.md.',
      details: near === undefined ? [`saved: ${all.join(', ') || 'none'}`] : [`did you mean "${near}"?`],
    })
  })
}

function named(name: string, text: string): readonly Filter[] {
  try {
    return parseWhere(text)
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    const { code, message, hint, details } = error
    throw new EvalkitError(code, `Saved filter "${name}": ${message}`, { hint, details, cause: error })
  }
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
