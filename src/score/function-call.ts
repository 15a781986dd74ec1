import { maximumMatching } from '../lib/assign.ts'
import type { AcceptedCall } from '../schema/case.ts'
import { type ParameterSchema, type ValueErrorType, valueFault, type ValueRules } from './accepted-value.ts'
import type { MadeCall } from './evidence.ts'
import { count, listed, short, shown } from './show.ts'

/** Why a call is not one that is accepted. */
export type CallErrorType =
  | 'wrong_func_name'
  | 'missing_required'
  | 'unexpected_param'
  | 'missing_optional'
  | 'decoder_failed'
  | ValueErrorType

/**
 * Why calls are not those accepted, in the words of BFCL's checker without the part that names the benchmark's category
 * (`simple_function_checker:`): `decoder_failed`: what was asked is no call; `decoder_success`: no call was wanted, and
 * one was made; `cannot_find_match`: of several calls one has no partner.
 */
export type FunctionCallErrorType = CallErrorType | 'wrong_count' | 'cannot_find_match' | 'decoder_success'

export interface FunctionCallRules extends ValueRules {
  /** The declared parameters of a tool, where they are known: types are held against them. */
  readonly schemaOf: (tool: string) => ParameterSchema | undefined
}

export interface FunctionCallMatch {
  readonly passed: boolean
  /** 1 when passed; else the share that found a partner, of the calls made or those accepted, whichever are more. */
  readonly value: number
  readonly errorType?: FunctionCallErrorType
  readonly reason: string
}

/** Faults that a reason tells. */
const mostTold = 3

/**
 * Whether the calls made are those accepted, each once, in any order, and no others; where none is accepted, none may be
 * made. The rules are those of the Berkeley Function-Calling Leaderboard
 * (https://github.com/ShishirPatil/gorilla, bfcl_eval/eval_checker/ast_eval/ast_checker.py). What is decided
 * otherwise stands in docs/function-calls.md.
 */
export function matchFunctionCalls(
  made: readonly MadeCall[],
  accepted: readonly AcceptedCall[],
  rules: FunctionCallRules,
): FunctionCallMatch {
  const faults = accepted.map((wanted) => made.map((call) => callFault(call, wanted, rules)))
  const pairing = maximumMatching(
    faults.map((row) => [...row.keys()].filter((at) => row[at] === undefined)),
    made.length,
  )
  const paired = pairing.filter((at) => at !== undefined).length
  const most = Math.max(made.length, accepted.length)
  if (paired === most) return { passed: true, value: 1, reason: passedLine(accepted.length) }
  const failed = { passed: false, value: paired / most } as const
  const broken = made.find((call) => !isCall(call))
  if (broken !== undefined) {
    return { ...failed, errorType: 'decoder_failed', reason: `${short(broken.name, 60)}: ${noCall(broken)}` }
  }
  if (made.length !== accepted.length) {
    const names = listed(
      made.map(({ name }) => short(name, 60)),
      8,
    )
    const reason = `${count(made.length, 'call')} made${names === '' ? '' : ` (${names})`}, ${accepted.length} wanted`
    return { ...failed, errorType: accepted.length === 0 ? 'decoder_success' : 'wrong_count', reason }
  }
  const left = new Set([...made.keys()].filter((at) => !pairing.includes(at)))
  const alone = accepted.flatMap(({ name }, of) =>
    pairing[of] === undefined ? [{ name, ...nearestFault(faults[of] ?? [], made, left, name) }] : [],
  )
  const [only] = alone
  const errorType = accepted.length === 1 && only !== undefined ? only.type : 'cannot_find_match'
  const texts = alone.map(({ name, what }) => `${short(name, 60)}: ${what}`)
  return { ...failed, errorType, reason: listed(texts, mostTold) }
}

interface CallFault {
  readonly type: CallErrorType
  readonly what: string
}

/**
 * What is wrong with a call, if it is to be an accepted one: the first thing, in the order in which BFCL's checker
 * looks: name, required parameters, each parameter given, parameters that may not be left out.
 */
function callFault(
  made: MadeCall,
  accepted: AcceptedCall,
  { schemaOf, ...rules }: FunctionCallRules,
): CallFault | undefined {
  if (!sameName(made.name, accepted.name)) {
    return { type: 'wrong_func_name', what: `is not called; ${short(made.name, 60)} is` }
  }
  if (!isCall(made)) return { type: 'decoder_failed', what: noCall(made) }
  const given = made.arguments as ParameterSchema
  const schema = schemaOf(accepted.name)
  const declared = membersIn(schema, 'properties')
  const required = schema?.['required']
  const missing = Array.isArray(required)
    ? required.find((name) => typeof name === 'string' && !Object.hasOwn(given, name))
    : undefined
  if (typeof missing === 'string') {
    return { type: 'missing_required', what: `${short(missing, 60)} is required and missing` }
  }
  for (const [name, value] of Object.entries(given)) {
    const values = Object.hasOwn(accepted.arguments, name) ? accepted.arguments[name] : undefined
    if (values === undefined || (declared !== undefined && !Object.hasOwn(declared, name))) {
      return { type: 'unexpected_param', what: `${short(name, 60)} is not expected` }
    }
    const fault = valueFault(name, value ?? null, values, membersIn(declared, name), rules)
    if (fault !== undefined) return { type: fault.type, what: `${short(fault.path, 80)} ${fault.what}` }
  }
  const left = Object.keys(accepted.arguments).find(
    (name) => !Object.hasOwn(given, name) && accepted.arguments[name]?.includes('') !== true,
  )
  if (left === undefined) return undefined
  return { type: 'missing_optional', what: `${short(left, 60)} is missing, and may not be left out` }
}

/** The name a tool has with a provider: none allows dots, so `math.sqrt` is told, and comes back, as `math_sqrt`. */
export function withoutDots(name: string): string {
  return name.replaceAll('.', '_')
}

function sameName(made: string, accepted: string): boolean {
  return made === accepted || made === withoutDots(accepted)
}

/** Of the calls that are left, the fault of one of the right tool; else of any. */
function nearestFault(
  faults: readonly (CallFault | undefined)[],
  made: readonly MadeCall[],
  left: ReadonlySet<number>,
  name: string,
): CallFault {
  const places = [...left]
  const at = places.find((place) => sameName(made[place]?.name ?? '', name)) ?? places[0]
  return faults[at ?? -1] ?? { type: 'wrong_func_name', what: 'is not called' }
}

function isCall({ arguments: given, malformed }: MadeCall): boolean {
  return malformed !== true && typeof given === 'object' && given !== null && !Array.isArray(given)
}

function noCall({ arguments: given, malformed }: MadeCall): string {
  return `its arguments are ${malformed === true ? 'not JSON' : 'no object'}, ${shown(given, 80)}`
}

function passedLine(calls: number): string {
  return calls === 0 ? 'no call wanted, none made' : `${count(calls, 'call')} as accepted`
}

function membersIn(schema: ParameterSchema | undefined, key: string): ParameterSchema | undefined {
  const member = schema !== undefined && Object.hasOwn(schema, key) ? schema[key] : undefined
  return typeof member === 'object' && member !== null && !Array.isArray(member)
    ? (member as ParameterSchema)
    : undefined
}
