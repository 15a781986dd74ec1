import { maximumMatching, orderedMatching, type Pairing } from '../lib/assign.ts'
import { canonicalJson } from '../lib/json.ts'
import type { MadeCall } from './evidence.ts'
import { type ArgumentsRule, argumentsFit } from './match-arguments.ts'

/**
 * What a right sequence of calls is, in agentevals' words. `strict`: the reference's calls, in its order, and no
 * others. `in-order`: they occur in its order, others may stand between. `unordered`: they and no others, in any
 * order. `superset`: they are all made, others are allowed. `subset`: no call is made that is not among them.
 */
export type MatchMode = 'strict' | 'in-order' | 'unordered' | 'subset' | 'superset'

export interface MatchOptions {
  readonly mode: MatchMode
  readonly args: ArgumentsRule
  /** Other rules for the arguments of single tools. */
  readonly tools?: Readonly<Record<string, { readonly args: ArgumentsRule }>>
  /** By how much two numbers may differ. Default: 0. */
  readonly tolerance?: number
}

/** Indices into the calls made and the reference calls. */
export interface CallMatch {
  readonly passed: boolean
  /** 1 when passed; else the share that found a partner of all calls that had to have one. */
  readonly value: number
  readonly pairs: readonly { readonly made: number; readonly reference: number }[]
  /** Reference calls that nothing matched; in mode `subset` that is no fault. */
  readonly missing: readonly number[]
  /** Calls made that match nothing; in modes `superset` and `in-order` that is no fault. */
  readonly extra: readonly number[]
}

/**
 * Matches calls with a reference as well as it can be done: if any way to pair them satisfies the mode, it passes.
 * Pairing greedily fails some that do (reference `{q}`, `{q, lang}` with args `superset`: a call `{q, lang}` made
 * first is given to `{q}`).
 */
export function matchCalls(
  made: readonly MadeCall[],
  reference: readonly MadeCall[],
  options: MatchOptions,
): CallMatch {
  const pairing = pairingOf(made, reference, options)
  const pairs = pairing.flatMap((at, of) => (at === undefined ? [] : [{ made: at, reference: of }]))
  const taken = new Set(pairs.map((pair) => pair.made))
  const missing = [...reference.keys()].filter((of) => pairing[of] === undefined)
  const extra = [...made.keys()].filter((at) => !taken.has(at))
  const faults = (needsAll(options.mode) ? missing.length : 0) + (allowsMore(options.mode) ? 0 : extra.length)
  const passed = faults === 0
  return { passed, value: passed ? 1 : pairs.length / (pairs.length + faults), pairs, missing, extra }
}

/** Whether a call fits a reference call: same tool, and arguments that agree as far as its rule cares. */
export function callFits(made: MadeCall, reference: MadeCall, options: MatchOptions): boolean {
  if (made.name !== reference.name) return false
  return argumentsFit(made, reference, ruleFor(made.name, options), options.tolerance ?? 0)
}

/** The rule for the arguments of one tool. */
export function ruleFor(tool: string, { args, tools }: MatchOptions): ArgumentsRule {
  return tools !== undefined && Object.hasOwn(tools, tool) ? (tools[tool]?.args ?? args) : args
}

/** Whether every reference call must be made. */
export function needsAll(mode: MatchMode): boolean {
  return mode !== 'subset'
}

/** Whether calls beside the reference are allowed. */
export function allowsMore(mode: MatchMode): boolean {
  return mode === 'superset' || mode === 'in-order'
}

/** Whether the order counts. */
export function ordered(mode: MatchMode): boolean {
  return mode === 'strict' || mode === 'in-order'
}

/** For each reference call the call made that is paired with it. */
function pairingOf(
  made: readonly MadeCall[],
  reference: readonly MadeCall[],
  options: MatchOptions,
): Pairing {
  const fits = (of: number, at: number): boolean => {
    const [one, other] = [made[at], reference[of]]
    return one !== undefined && other !== undefined && callFits(one, other, options)
  }
  if (ordered(options.mode)) return orderedMatching(reference.length, made.length, fits)
  const candidates = candidatesAmong(made, options)
  const edges = reference.map((call, of) => candidates(call).filter((at) => fits(of, at)))
  return maximumMatching(edges, made.length)
}

/**
 * The calls made that may fit a reference call, found without comparing each with each: those of its tool, and where
 * arguments have to be the same, those of the same arguments.
 */
function candidatesAmong(
  made: readonly MadeCall[],
  options: MatchOptions,
): (reference: MadeCall) => readonly number[] {
  const isExact = (tool: string) => ruleFor(tool, options) === 'exact' && (options.tolerance ?? 0) === 0
  const keyOf = (call: MadeCall) =>
    isExact(call.name) ? `${call.name} ${canonicalJson(call.arguments)}` : call.name
  const byKey = Map.groupBy(made.keys(), (at) => keyOf(made[at] as MadeCall))
  return (reference) => byKey.get(keyOf(reference)) ?? []
}
