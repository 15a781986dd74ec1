import { canonicalJson } from '../lib/json.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Span, SpanOf } from '../schema/trace.ts'
import { callIdentity, exchangeIdentity, hasFailed, isEmptyResult } from './tool-failures.ts'

/** When going round counts as a loop. A rule that is left out is not asked. */
export interface LoopRules {
  /** The same call so many times. */
  readonly repeats?: number
  /** The same sequence of two or more calls, one after the other, so many times. */
  readonly cycles?: number
  /** So many calls in a row that brought nothing new. */
  readonly noProgress?: number
  /** Where it is looked for: between two words of a person, or in the whole run. */
  readonly within: 'turn' | 'run'
  readonly known: KnownTools
}

export interface Loop {
  readonly kind: 'repeat' | 'cycle' | 'no-progress'
  /** The tools of one round, in order. */
  readonly tools: readonly string[]
  /** Rounds; of calls without progress, how many. */
  readonly times: number
  /** Which of the run's tool calls, from 1. */
  readonly calls: readonly number[]
}

/** A longer round than this is not looked for: cost is the run's length times this. */
const longestRound = 8

interface Step {
  readonly at: number
  readonly span: SpanOf<'tool'>
  /** Whether somebody says that it writes: a name alone is no proof. */
  readonly isWrite: boolean
  /** Whether it reads, by what is known or by its name. */
  readonly isRead: boolean
}

/**
 * Loops in the tool calls of a run, the first of each kind. A call that brings another result than before is no repetition:
 * polling is progress. A write is the same whatever it answers, where somebody says that the tool writes: guessed by its
 * name, a speed test does. A person who says something in between brings something new.
 */
export function loopsIn(spans: readonly Span[], rules: LoopRules): readonly Loop[] {
  const stretches = stretchesOf(spans, rules)
  const found: (Loop | undefined)[] = []
  for (const find of [repeatIn, cycleIn, idleIn]) {
    found.push(stretches.map((steps) => find(steps, rules)).find((loop) => loop !== undefined))
  }
  return found.filter((loop) => loop !== undefined)
}

function stretchesOf(spans: readonly Span[], { within, known }: LoopRules): readonly (readonly Step[])[] {
  const stretches: Step[][] = [[]]
  let at = 0
  for (const span of spans) {
    if (span.kind === 'human' && within === 'turn') stretches.push([])
    if (span.kind !== 'tool') continue
    const { effect, from } = known(span.request.name)
    stretches.at(-1)?.push({
      at: ++at,
      span,
      isWrite: effect === 'write' && from !== 'name',
      isRead: effect === 'read' || effect === 'pure',
    })
  }
  return stretches
}

function repeatIn(steps: readonly Step[], { repeats }: LoopRules): Loop | undefined {
  if (repeats === undefined) return undefined
  const made = new Map<string, { calls: number[]; state: number }>()
  let worst: readonly number[] = []
  let state = 0
  for (const { span, at, isWrite, isRead } of steps) {
    const identity = isWrite ? callIdentity(span) : (exchangeIdentity(span) ?? callIdentity(span))
    const before = made.get(identity)
    const failed = hasFailed(span)
    // To look again after something was done is no loop; to do the same again, or to fail in the same way, is.
    const goesOn = before !== undefined && (isWrite || failed || before.state === state)
    const calls = goesOn ? before.calls : []
    calls.push(at)
    if (before === undefined && !isRead && !failed) state++
    made.set(identity, { calls, state })
    if (calls.length > worst.length) worst = calls
  }
  if (worst.length < repeats) return undefined
  const first = steps.find(({ at }) => at === worst[0])
  return {
    kind: 'repeat',
    tools: [first?.span.request.name ?? ''],
    times: worst.length,
    calls: worst,
  }
}

function cycleIn(steps: readonly Step[], { cycles }: LoopRules): Loop | undefined {
  if (cycles === undefined) return undefined
  const states = steps.map(({ span }) => exchangeIdentity(span) ?? callIdentity(span))
  for (let length = 2; length <= longestRound; length++) {
    let same = 0
    for (let at = length; at < states.length; at++) {
      same = states[at] === states[at - length] ? same + 1 : 0
      // A round of one call that is made again and again is a repetition.
      if (same < length * (cycles - 1) || isUniform(states, at, length)) continue
      let end = at
      while (states[end + 1] !== undefined && states[end + 1] === states[end + 1 - length]) end++
      const start = at - same - length + 1
      const round = steps.slice(start, start + length)
      const calls = steps.slice(start, end + 1).map((step) => step.at)
      return {
        kind: 'cycle',
        tools: round.map(({ span }) => span.request.name),
        times: Math.floor(calls.length / length),
        calls,
      }
    }
  }
  return undefined
}

function isUniform(states: readonly string[], at: number, length: number): boolean {
  return states.slice(at - length + 1, at + 1).every((state) => state === states[at])
}

/** Calls in a row of which none brought anything that had not been seen in this stretch. */
function idleIn(steps: readonly Step[], { noProgress }: LoopRules): Loop | undefined {
  if (noProgress === undefined) return undefined
  const seen = new Set<string>()
  let start = 0
  let longest: readonly Step[] = []
  for (const [index, step] of steps.entries()) {
    const brought = broughtBy(step)
    if (brought !== undefined && !seen.has(brought)) start = index + 1
    if (brought !== undefined) seen.add(brought)
    if (index + 1 - start > longest.length) longest = steps.slice(start, index + 1)
  }
  if (longest.length < noProgress) return undefined
  return {
    kind: 'no-progress',
    tools: [...new Set(longest.map(({ span }) => span.request.name))],
    times: longest.length,
    calls: longest.map(({ at }) => at),
  }
}

/**
 * What a call brought: its question and the answer. Three searches that all find nothing, and three calls that fail in the
 * same way, bring it once, whatever was asked. (A write may have nothing to say and did something.)
 */
function broughtBy({ span, isWrite, isRead }: Step): string | undefined {
  if (span.reply === undefined) return undefined
  const { response } = span.reply
  if (hasFailed(span) || (isRead && isEmptyResult(response)))
    return `${span.request.name} ${canonicalJson(response)}`
  return isWrite ? callIdentity(span) : exchangeIdentity(span)
}
