import { canonicalJson, sameJson } from '../json.ts'
import { own, type Schema } from './keywords.ts'
import { type Plain, typeNames, typeOf, type ValueType } from './plain.ts'
import { listed, report, shortJson, type Walk, wasIs } from './walk.ts'

/** Types that a value can have on both sides; a type that is no longer taken is reported. */
export function compareTypes(
  walk: Walk,
  sent: ReadonlySet<ValueType>,
  taken: ReadonlySet<ValueType>,
  path: string,
): ReadonlySet<ValueType> {
  const shared = new Set([...sent].filter((type) => taken.has(type)))
  const [was, is] = wasIs(walk, sent, taken)
  const what = `${typeWords(was)} before, ${typeWords(is)} now`
  if (shared.size < sent.size) report(walk, path, 'type', 'breaks', what)
  else if (taken.size > sent.size) report(walk, path, 'type', 'fits', what)
  return shared
}

/** `enum` and `const`. `shared`: types that both sides have; what became of the others was said. */
export function compareEnums(
  walk: Walk,
  sent: Plain,
  taken: Plain,
  path: string,
  shared: ReadonlySet<ValueType>,
): void {
  const allowed = taken.values
  const said = finiteValues(sent)
  if (allowed === undefined) {
    if (sent.values === undefined) return
    const what =
      walk.side === 'input' ? 'any value may be given now' : 'the values that may come are listed now'
    report(walk, path, 'enum', 'fits', what)
    return
  }
  if (said === undefined) {
    const what =
      walk.side === 'input'
        ? `only ${listed(allowed)} may be given now`
        : `any value may come now, not only ${listed(allowed)}`
    report(walk, path, 'enum', 'breaks', what)
    return
  }
  const isShared = (value: unknown): boolean => shared.has(typeOf(value))
  const lost = without(said, allowed).filter(isShared)
  const fresh = without(allowed, said).filter(isShared)
  if (lost.length > 0) {
    const what = walk.side === 'input' ? 'no longer taken' : 'may come now, too'
    report(walk, path, 'enum', 'breaks', `${what}: ${listed(lost)}`)
  }
  if (fresh.length > 0) {
    const what = walk.side === 'input' ? 'may be given now, too' : 'does not come any more'
    report(walk, path, 'enum', 'fits', `${what}: ${listed(fresh)}`)
  }
}

/** All values there are, where they are few. */
function finiteValues({ values, types }: Plain): readonly unknown[] | undefined {
  if (values !== undefined) return values
  if (![...types].every((type) => type === 'null' || type === 'boolean')) return undefined
  return [...(types.has('null') ? [null] : []), ...(types.has('boolean') ? [true, false] : [])]
}

function without(values: readonly unknown[], others: readonly unknown[]): readonly unknown[] {
  const known = new Set(others.map(canonicalJson))
  return values.filter((value) => !known.has(canonicalJson(value)))
}

/** Ranges, steps, lengths, patterns and formats of the types that both sides have. */
export function compareScalars(
  walk: Walk,
  sent: Plain,
  taken: Plain,
  path: string,
  shared: ReadonlySet<ValueType>,
): void {
  const isNumber = shared.has('integer') || shared.has('fraction')
  if (isNumber) {
    compareLimit(walk, sent, taken, path, numberLimits.lower)
    compareLimit(walk, sent, taken, path, numberLimits.upper)
    compareSteps(walk, sent, taken, path)
  }
  if (shared.has('string')) {
    compareLimit(walk, sent, taken, path, lengthLimit('minLength', 1))
    compareLimit(walk, sent, taken, path, lengthLimit('maxLength', -1))
    compareText(walk, sent, taken, path, 'pattern')
  }
  // Formats are of numbers, too (`int32`).
  if (isNumber || shared.has('string')) compareText(walk, sent, taken, path, 'format')
}

/** A bound of numbers, lengths or counts. `sign` is 1 for the least and -1 for the most. */
export interface Limit {
  readonly name: string
  readonly sign: 1 | -1
  /** Keyword of the bound itself, and of the one that leaves it out. */
  readonly keyword: string
  readonly exclusive?: string
  /** The number of a value that is bounded; `undefined` where it is none of its business. */
  readonly of: (value: unknown) => number | undefined
}

const ofNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
// Lengths are in characters, not in UTF-16 units (JSON Schema Validation, 6.3.1).
const ofText = (value: unknown): number | undefined =>
  typeof value === 'string' ? Array.from(value).length : undefined

const numberLimits = {
  lower: { name: 'least', sign: 1, keyword: 'minimum', exclusive: 'exclusiveMinimum', of: ofNumber },
  upper: { name: 'most', sign: -1, keyword: 'maximum', exclusive: 'exclusiveMaximum', of: ofNumber },
} as const satisfies Record<string, Limit>

function lengthLimit(keyword: string, sign: 1 | -1): Limit {
  return { name: keyword, sign, keyword, of: ofText }
}

interface Bound {
  readonly at: number
  readonly open: boolean
}

export function compareLimit(walk: Walk, sent: Plain, taken: Plain, path: string, limit: Limit): void {
  const ours = boundOf(sent.keywords, limit)
  const theirs = boundOf(taken.keywords, limit)
  const [was, is] = wasIs(walk, ours, theirs)
  const words = (bound: Bound | undefined): string => (bound === undefined ? 'none' : boundWords(bound))
  const what = `${limit.name}: ${words(was)} before, ${words(is)} now`
  if (theirs === undefined) {
    if (ours !== undefined) report(walk, path, 'range', 'fits', what)
    return
  }
  // What is known value by value was narrowed by `enum` already, or fits as it is.
  if (sent.values?.every((value) => isWithin(limit.of(value), theirs, limit.sign)) === true) return
  if (ours === undefined || isTighter(theirs, ours, limit.sign)) report(walk, path, 'range', 'breaks', what)
  else if (isTighter(ours, theirs, limit.sign)) report(walk, path, 'range', 'fits', what)
}

function boundOf(schema: Schema, { keyword, exclusive, sign }: Limit): Bound | undefined {
  const closed = own(schema, keyword)
  const open = exclusive === undefined ? undefined : own(schema, exclusive)
  const bounds: Bound[] = [
    ...(typeof closed === 'number' ? [{ at: closed, open: false }] : []),
    ...(typeof open === 'number' ? [{ at: open, open: true }] : []),
  ]
  // A length or a count of at least 0 is no bound.
  if (exclusive === undefined && sign === 1 && bounds[0]?.at === 0) return undefined
  return bounds.reduce<Bound | undefined>(
    (tight, bound) => (tight === undefined || isTighter(bound, tight, sign) ? bound : tight),
    undefined,
  )
}

function isTighter(a: Bound, b: Bound, sign: 1 | -1): boolean {
  return a.at === b.at ? a.open && !b.open : (a.at - b.at) * sign > 0
}

function isWithin(number: number | undefined, bound: Bound, sign: 1 | -1): boolean {
  if (number === undefined) return true
  return number === bound.at ? !bound.open : (number - bound.at) * sign > 0
}

function boundWords({ at, open }: Bound): string {
  return `${at}${open ? ', without it' : ''}`
}

function compareSteps(walk: Walk, { keywords: a }: Plain, { keywords: b }: Plain, path: string): void {
  const [ours, theirs] = [own(a, 'multipleOf'), own(b, 'multipleOf')]
  if (sameJson(ours, theirs)) return
  const [was, is] = wasIs(walk, ours, theirs)
  const what = `multiples of ${shortJson(was)} before, of ${shortJson(is)} now`
  if (theirs === undefined) report(walk, path, 'step', 'fits', what)
  // Broken steps are divided with rounding: nothing is sure of them.
  else if (!Number.isSafeInteger(theirs) || (ours !== undefined && !Number.isSafeInteger(ours))) {
    report(walk, path, 'step', 'unknown', what)
  } else {
    const fits = ours !== undefined && Number(ours) % Number(theirs) === 0
    report(walk, path, 'step', fits ? 'fits' : 'breaks', what)
  }
}

function compareText(
  walk: Walk,
  { keywords: a }: Plain,
  { keywords: b }: Plain,
  path: string,
  word: 'pattern' | 'format',
): void {
  const [ours, theirs] = [own(a, word), own(b, word)]
  if (sameJson(ours, theirs)) return
  const [was, is] = wasIs(walk, ours, theirs)
  const what = `${word}: ${shortJson(was)} before, ${shortJson(is)} now`
  if (theirs === undefined) report(walk, path, word, 'fits', what)
  else if (ours === undefined) report(walk, path, word, 'breaks', what)
  else report(walk, path, word, 'unknown', `${what}; whether the one lies in the other cannot be told`)
}

function typeWords(types: ReadonlySet<ValueType>): string {
  if (types.size === 7) return 'anything'
  return typeNames(types).join(' or ') || 'nothing'
}
