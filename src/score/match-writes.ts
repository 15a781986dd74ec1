import { canonicalJson } from '../lib/json.ts'
import type { MadeEffect } from './effects.ts'
import type { MadeCall } from './evidence.ts'
import { explainCalls } from './explain-calls.ts'
import { type CallMatch, matchCalls, type MatchOptions } from './match-calls.ts'
import { listed, short, shown } from './show.ts'

export interface WriteOptions extends MatchOptions {
  /** Tools that may write more than the reference; `true`: all. */
  readonly allowExtra: true | readonly string[]
}

/** A match of writes: `extra` are those that are a fault, and `twice` those that were done before. */
export interface WriteMatch extends CallMatch {
  readonly twice: readonly number[]
}

/**
 * Matches what was done with what should have been done, in any order. The same write more often than the reference
 * has it is a fault of its own, also of tools that may write more.
 */
export function matchWrites(
  made: readonly MadeEffect[],
  reference: readonly MadeCall[],
  options: WriteOptions,
): WriteMatch {
  const match = matchCalls(
    made.map(({ lasting }) => lasting),
    reference,
    options,
  )
  const twice = repeated(made, reference, match)
  const isTwice = new Set(twice)
  const { allowExtra } = options
  const mayMore = (name: string | undefined) =>
    allowExtra === true || (name !== undefined && allowExtra.includes(name))
  const extra = match.extra.filter((at) => !isTwice.has(at) && !mayMore(made[at]?.call.name))
  const faults = match.missing.length + extra.length + twice.length
  const right = match.pairs.filter((pair) => !isTwice.has(pair.made)).length
  return {
    ...match,
    passed: faults === 0,
    value: faults === 0 ? 1 : right / (right + faults),
    extra,
    twice,
  }
}

/** Why writes match or not, in a line a person understands, with what was only guessed. */
export function explainWrites(
  made: readonly MadeEffect[],
  reference: readonly MadeCall[],
  match: WriteMatch,
  options: WriteOptions,
): string {
  const calls = made.map(({ lasting }) => lasting)
  const twice = match.twice.map((at) => {
    const { lasting, identity } = made[at] as MadeEffect
    const sure = made.filter((effect) => effect.identity === identity).every(({ done }) => done === 'yes')
    return `${sure ? 'done twice' : 'may have been done twice'}: ${short(lasting.name, 60)}(${shown(lasting.arguments, 100)})`
  })
  const guessed = [
    ...new Set(made.filter((effect) => effect.guessed).map(({ call }) => short(call.name, 60))),
  ]
  const guess =
    guessed.length === 0
      ? []
      : [
          `that ${withAnd(guessed)} ${guessed.length === 1 ? 'writes' : 'write'} is guessed from ${guessed.length === 1 ? 'its name' : 'their names'}`,
        ]
  const told = explainCalls(calls, reference, match, options)
  return [told, ...(twice.length === 0 ? [] : [listed(twice, 3)]), ...guess].join('; ')
}

/** Calls that repeat one before them more often than the reference has it, those without a partner first. */
function repeated(
  made: readonly MadeEffect[],
  reference: readonly MadeCall[],
  { pairs }: CallMatch,
): readonly number[] {
  const partner = new Map(pairs.map((pair) => [pair.made, pair.reference]))
  const groups = Map.groupBy(made.keys(), (at) => made[at]?.identity)
  return [...groups.values()].flatMap((group) => {
    if (group.length < 2) return []
    const wanted = group.flatMap((at) => {
      const of = partner.get(at)
      return of === undefined ? [] : [canonicalJson(reference[of]?.arguments ?? null)]
    })
    const times = [...Map.groupBy(wanted, (one) => one).values()].map(({ length }) => length)
    const allowed = Math.max(1, ...times)
    const paired = group.toSorted((a, b) => Number(partner.has(b)) - Number(partner.has(a)) || a - b)
    return paired.slice(allowed)
  })
}

function withAnd(names: readonly string[]): string {
  const [last = '', ...before] = names.toReversed()
  if (names.length > 4) return listed(names, 4)
  return before.length === 0 ? last : `${before.toReversed().join(', ')} and ${last}`
}
