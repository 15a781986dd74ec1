import { joinPath } from '../lib/json-diff.ts'
import type { Json } from '../schema/json.ts'
import { shown } from './show.ts'

/** Why a value is none of those accepted, in the words of BFCL's checker (see `function-call.ts`). */
export type ValueErrorType =
  | 'type_error:simple'
  | 'type_error:nested'
  | 'value_error:string'
  | 'value_error:list/tuple'
  | 'value_error:dict_key'
  | 'value_error:dict_value'
  | 'value_error:list_dict_count'
  | 'value_error:others'

export interface ValueFault {
  readonly type: ValueErrorType
  readonly path: string
  /** Goes on after the path: `is 4, not 2`. */
  readonly what: string
}

export interface ValueRules {
  /**
   * Whether a whole number may stand in a list of floats (schema types `float` and `number`). BFCL's checker says no,
   * though it takes one for a float anywhere else.
   */
  readonly wholeNumbersInFloatLists: boolean
}

/** A JSON Schema, or what BFCL writes for one: `dict`, `float`, `tuple` and `any` are types there. */
export type ParameterSchema = { readonly [key: string]: Json | undefined }

type Kind = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object'

/**
 * What is wrong with the value of a parameter, if anything: it must be of the declared type, or of the type of an
 * accepted value (the name of a variable, where a list is declared), and be one of the accepted values.
 *
 * Texts are compared by letters and digits (`standardized`), numbers by value, lists item by item. An accepted object
 * gives for each member the list of values accepted there, at every depth; `''` in it means that the member may be
 * left out, and `''` among the values of a parameter means no value of its own.
 */
export function valueFault(
  path: string,
  value: Json,
  accepted: readonly Json[],
  schema: ParameterSchema | undefined,
  rules: ValueRules,
): ValueFault | undefined {
  return typeFault(path, value, accepted, schema, rules) ?? oneOf(path, value, accepted, schema)
}

/**
 * Text as BFCL compares it: without spaces and `,./-_*^`, in lower case, with one kind of quote. "April 1, 2024" is
 * "april 1 2024"; the price is that "-5" is "5".
 */
export function standardized(text: string): string {
  return text
    .replaceAll(/[ ,./\-_*^]/g, '')
    .toLowerCase()
    .replaceAll("'", '"')
}

function typeFault(
  path: string,
  value: Json,
  accepted: readonly Json[],
  schema: ParameterSchema | undefined,
  rules: ValueRules,
): ValueFault | undefined {
  const declared = kindsOf(schema)
  if (declared === undefined) return undefined
  const alternatives = accepted.filter((one) => one !== '')
  if (!fits(value, declared)) {
    if (alternatives.some((one) => kindOf(one) === kindOf(value))) return undefined
    const what = `is ${shown(value, 80)}, which is no ${typeName(schema, declared)}`
    return { type: 'type_error:simple', path, what }
  }
  const items = Array.isArray(value) ? itemsOf(schema) : undefined
  const kinds = kindsOf(items)
  if (!isList(value) || items === undefined || kinds === undefined) return undefined
  const float = !rules.wholeNumbersInFloatLists && kinds.has('number')
  const itemFits = (item: Json, alternative: Json): boolean => {
    if (float && Number.isInteger(item)) return false
    if (fits(item, kinds)) return true
    const [first] = isList(alternative) ? alternative : []
    return first !== undefined && kindOf(first) === kindOf(item)
  }
  // An accepted value that is no list says nothing of what stands in one.
  const right = accepted.some((one) => !isList(one) || value.every((item) => itemFits(item, one)))
  if (right) return undefined
  const wrong = value.findIndex((item) => !itemFits(item, null))
  const what = `is ${shown(value[wrong], 80)}, which is no ${typeName(items, kinds)}`
  return { type: 'type_error:nested', path: joinPath(path, Math.max(0, wrong)), what }
}

/** Which fault is told where several accepted values fail: that of the last, as BFCL's checker does. */
function oneOf(
  path: string,
  value: Json,
  accepted: readonly Json[],
  schema: ParameterSchema | undefined,
): ValueFault | undefined {
  if (accepted.some((pattern) => matches(value, pattern))) return undefined
  const alternatives = accepted.filter((one) => one !== '')
  const declared = kindsOf(schema)
  // Where a variable stands for a value, its name is all there is to compare.
  const variable =
    declared !== undefined && alternatives.length > 0 && !alternatives.some((one) => fits(one, declared))
  const type = variable ? 'value_error:others' : errorTypeOf(value)
  const whole: ValueFault = { type, path, what: `is ${shown(value, 80)}, ${wanted(alternatives)}` }
  return variable ? whole : (faultWithin(path, value, alternatives.at(-1)) ?? whole)
}

/** Where in an object, or in a list of objects, it is. */
function faultWithin(path: string, value: Json, pattern: Json | undefined): ValueFault | undefined {
  if (isObject(value) && isObject(pattern)) return memberFault(path, value, pattern)
  if (!isList(value) || !isList(pattern)) return undefined
  return isObject(pattern[0]) || isObject(value[0]) ? itemFault(path, value, pattern) : undefined
}

function itemFault(path: string, value: readonly Json[], pattern: readonly Json[]): ValueFault | undefined {
  if (value.length !== pattern.length) {
    const what = `has ${value.length} items, not ${pattern.length}`
    return { type: 'value_error:list_dict_count', path, what }
  }
  for (const [at, item] of value.entries()) {
    const expected = pattern[at]
    if (expected === undefined || matches(item, expected)) continue
    const here = joinPath(path, at)
    if (isObject(item) && isObject(expected)) return memberFault(here, item, expected)
    return { type: errorTypeOf(item), path: here, what: `is ${shown(item, 80)}, ${wanted([expected])}` }
  }
  return undefined
}

function memberFault(path: string, value: Members, pattern: Members): ValueFault | undefined {
  for (const [key, member] of Object.entries(value)) {
    const here = joinPath(path, key)
    if (!Object.hasOwn(pattern, key)) {
      return { type: 'value_error:dict_key', path: here, what: 'is not expected' }
    }
    const accepted = alternativesIn(pattern, key)
    if (!accepted.some((one) => matches(member ?? null, one))) {
      const what = `is ${shown(member, 80)}, ${wanted(accepted)}`
      return { type: 'value_error:dict_value', path: here, what }
    }
  }
  const missing = Object.keys(pattern).find(
    (key) => !Object.hasOwn(value, key) && !mayBeLeftOut(pattern, key),
  )
  if (missing === undefined) return undefined
  return { type: 'value_error:dict_key', path: joinPath(path, missing), what: 'is missing' }
}

function matches(value: Json, pattern: Json): boolean {
  if (typeof value === 'string') {
    if (typeof pattern !== 'string') return false
    // "-" is nothing but punctuation, and still not the same as nothing.
    return pattern === '' ? value === '' : standardized(value) === standardized(pattern)
  }
  if (isList(value)) {
    if (!isList(pattern) || value.length !== pattern.length) return false
    return value.every((item, at) => matches(item, pattern[at] ?? null))
  }
  if (isObject(value)) return isObject(pattern) && memberFault('', value, pattern) === undefined
  return value === pattern
}

function alternativesIn(pattern: Members, key: string): readonly Json[] {
  const member = Object.hasOwn(pattern, key) ? (pattern[key] ?? null) : null
  return isList(member) ? member : [member]
}

function mayBeLeftOut(pattern: Members, key: string): boolean {
  return alternativesIn(pattern, key).includes('')
}

function wanted(alternatives: readonly Json[]): string {
  const [only, ...others] = alternatives
  if (only === undefined) return 'and was to be left out'
  return others.length === 0 ? `not ${shown(only, 80)}` : `not one of ${shown(alternatives, 120)}`
}

function errorTypeOf(value: Json): ValueErrorType {
  if (typeof value === 'string') return 'value_error:string'
  return isList(value) ? 'value_error:list/tuple' : 'value_error:others'
}

const kindNames: ReadonlyMap<string, Kind | undefined> = new Map([
  ...(['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const).map(
    (kind) => [kind, kind] as const,
  ),
  ['dict', 'object'],
  ['float', 'number'],
  ['tuple', 'array'],
])

/** The types a schema declares; `undefined` where it allows any, or says it in a way that is not read here. */
function kindsOf(schema: ParameterSchema | undefined): ReadonlySet<Kind> | undefined {
  const type = schema?.['type']
  const kinds = new Set<Kind>()
  for (const name of isList(type) ? type : [type]) {
    const kind = typeof name === 'string' ? kindNames.get(name) : undefined
    if (kind === undefined) return undefined
    kinds.add(kind)
  }
  return kinds
}

/** A type as its schema calls it. */
function typeName(schema: ParameterSchema | undefined, kinds: ReadonlySet<Kind>): string {
  const type = schema?.['type']
  return typeof type === 'string' ? type : [...kinds].join(' or ')
}

function itemsOf(schema: ParameterSchema | undefined): ParameterSchema | undefined {
  const items = schema?.['items']
  return isObject(items) ? items : undefined
}

function fits(value: Json, kinds: ReadonlySet<Kind>): boolean {
  const kind = kindOf(value)
  return kinds.has(kind) || (kind === 'integer' && kinds.has('number'))
}

function kindOf(value: Json): Kind {
  if (value === null) return 'null'
  if (isList(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value as 'boolean' | 'string' | 'object'
}

type Members = { readonly [key: string]: Json | undefined }

function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value)
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
