import { type Difference, joinPath, jsonDifferences } from '../lib/json-diff.ts'
import { sameJson } from '../lib/json.ts'
import type { MadeCall } from './evidence.ts'

/**
 * How the arguments of a call are compared with those of the reference call: `exact`; `subset`: no more than the
 * reference gives; `superset`: all the reference gives, more are allowed; `ignore`; or the dotted paths that must
 * be there and agree (`user.id`, `items.0.sku`). The words are agentevals'; `subset` and `superset` look at top-level
 * keys.
 */
export type ArgumentsRule = 'exact' | 'subset' | 'superset' | 'ignore' | readonly string[]

/** Differences of one value that are told. */
const mostTold = 20

/**
 * Whether the arguments of a call agree with those of a reference call. A call whose arguments are not JSON agrees
 * with nothing, whatever the rule: no tool can have been asked that.
 */
export function argumentsFit(
  made: MadeCall,
  reference: MadeCall,
  rule: ArgumentsRule,
  tolerance: number,
): boolean {
  // The difference says where; most pairs of calls are only asked whether.
  if (tolerance > 0) return argumentDifferences(made, reference, rule, tolerance).length === 0
  if (made.malformed === true || reference.malformed === true) return false
  if (rule === 'ignore') return true
  return compared(made.arguments, reference.arguments, rule).every(
    ({ expected, got }) => expected !== undefined && sameJson(expected, got),
  )
}

/** The places where arguments differ, as far as the rule cares: none exactly where `argumentsFit`. */
export function argumentDifferences(
  made: MadeCall,
  reference: MadeCall,
  rule: ArgumentsRule,
  tolerance: number,
): readonly Difference[] {
  if (made.malformed === true || reference.malformed === true) {
    return [{ path: '', expected: reference.arguments, got: made.arguments }]
  }
  if (rule === 'ignore') return []
  // Those within the tolerance are dropped only after they were found, so then all have to be.
  const most = tolerance > 0 ? Number.POSITIVE_INFINITY : mostTold
  return compared(made.arguments, reference.arguments, rule).flatMap(({ path, expected, got }) => {
    // Only a path the rule names can lead to nothing on both sides. A misspelt one must not make all calls fit.
    if (expected === undefined && got === undefined) return [{ path }]
    return jsonDifferences(expected, got, most)
      .filter((difference) => !within(difference, tolerance))
      .map((difference) => ({ ...difference, path: under(path, difference.path) }))
  })
}

/** Whether a difference is one of two numbers that are near enough: 20 and 19.99 are, at 0.01. */
export function within({ expected, got }: Difference, tolerance: number): boolean {
  if (tolerance === 0 || typeof expected !== 'number' || typeof got !== 'number') return false
  // Decimal fractions are not what they look like in binary: a few units in the last place are nobody's error.
  const noise = 4 * Number.EPSILON * Math.max(Math.abs(expected), Math.abs(got))
  return Math.abs(expected - got) <= tolerance + noise
}

interface Compared {
  readonly path: string
  readonly expected: unknown
  readonly got: unknown
}

/** The values that must agree. */
function compared(
  got: unknown,
  expected: unknown,
  rule: Exclude<ArgumentsRule, 'ignore'>,
): readonly Compared[] {
  if (rule === 'exact') return [{ path: '', expected, got }]
  if (typeof rule !== 'string') {
    return rule.map((path) => ({ path, expected: valueAt(expected, path), got: valueAt(got, path) }))
  }
  if (!isObject(got) || !isObject(expected)) return [{ path: '', expected, got }]
  const keys = Object.keys(rule === 'subset' ? got : expected)
  return keys.map((key) => ({ path: joinPath('', key), expected: own(expected, key), got: own(got, key) }))
}

function valueAt(value: unknown, path: string): unknown {
  let here = value
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined
    here = own(here, key)
  }
  return here
}

function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined
}

function under(path: string, rest: string): string {
  if (path === '' || rest === '') return path + rest
  return rest.startsWith('[') ? path + rest : `${path}.${rest}`
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
