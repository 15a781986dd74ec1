import { jsonDifferences } from '../../lib/json-diff.ts'
import { cut } from '../../lib/text.ts'
import type { Json } from '../../schema/json.ts'
import type { DiffClass, SideDifference } from '../../schema/trace-diff.ts'
import { type Act, isWrite } from './acts.ts'
import type { Move } from './moves.ts'
import type { Pair } from './pairs.ts'

/** What a line is, and why. */
export interface Finding {
  readonly class: DiffClass
  readonly note?: string
  readonly differences?: readonly SideDifference[]
}

/** What has to be known of the whole runs to judge a line. */
export interface Around {
  /** Tools that were read with, about the same things, before each write. */
  readonly grounds: ReadonlyMap<Act, readonly string[]>
  /** All steps of the side, by their key. */
  readonly left: ReadonlyMap<string, readonly Act[]>
  readonly right: ReadonlyMap<string, readonly Act[]>
}

/** Differences of a line that are kept. */
const mostDifferences = 20

/** Says what a line is, as if nothing before it had left the tape. */
export function classify(pair: Pair, move: Move | undefined, around: Around): Finding {
  const { left, right } = pair
  if (left !== undefined && right !== undefined) return classifyPair(left, right, around)
  if (move !== undefined) return classifyMove(left ?? right, move)
  if (left !== undefined) return classifyAlone(left, around.left, 'left')
  return right === undefined ? { class: 'identical' } : classifyAlone(right, around.right, 'right')
}

function classifyPair(left: Act, right: Act, around: Around): Finding {
  if (left.effect === undefined) {
    if (isMissedTurn(left) || isMissedTurn(right)) return codeDrift(left, right)
    if (left.key === right.key) return { class: 'identical' }
    return { class: 'model drift', differences: differencesOf(textIn(left), textIn(right), 'text') }
  }
  const answers = differencesOf(left.result, right.result, 'result')
  const blind = blindnessOf(left, right, around)
  if (left.key !== right.key) {
    const differences = differencesOf(
      left.compared,
      right.compared,
      left.shown.kind === 'tool' ? 'arguments' : 'asked',
    )
    if (!isWrite(left)) return { class: 'read drift', differences }
    // Neither wrote anything.
    if (left.failed && right.failed) return { class: 'read drift', differences }
    // What failed wrote nothing: one write more, or one less.
    const failure = oneSidedFailure(left, right)
    if (failure !== undefined) return { class: 'write drift', note: failure, differences }
    return { class: 'argument drift', ...(blind === undefined ? {} : { note: blind }), differences }
  }
  if (isWrite(left) && left.failed !== right.failed) {
    const note = oneSidedFailure(left, right)
    return { class: 'write drift', ...(note === undefined ? {} : { note }), differences: answers }
  }
  if (blind !== undefined) return { class: 'blind write', note: blind, differences: answers }
  if (answers.length === 0) return { class: 'identical' }
  return { class: 'read drift', note: 'the same call was answered otherwise', differences: answers }
}

function classifyMove(act: Act | undefined, { blockedBy }: Move): Finding {
  if (blockedBy === undefined) return { class: 'commuted' }
  const note = `on the other side of ${blockedBy.effect === undefined ? 'a turn of the user' : blockedBy.shown.name} now`
  // A turn of the user stops at writes only: what may have been agreed to is done before it, or no longer after it.
  const isOfWrite = act !== undefined && (act.effect === undefined || (isWrite(act) && !act.failed))
  return { class: isOfWrite ? 'write drift' : 'read drift', note }
}

function classifyAlone(act: Act, own: Around['left'], side: 'left' | 'right'): Finding {
  if (act.effect === undefined) {
    if (isMissedTurn(act)) return { class: 'code drift', note: 'the recording holds no such request' }
    return { class: 'model drift' }
  }
  if (!isWrite(act)) {
    return act.effect === 'read' && act.times > 1
      ? { class: 'repeat', note: `asked ${act.times} times with nothing written in between` }
      : { class: 'read drift' }
  }
  // A call that failed wrote nothing.
  if (act.failed) return { class: 'read drift' }
  const others = (own.get(act.key) ?? []).filter((other) => other !== act && !other.failed)
  if (others.length === 0) return { class: 'write drift' }
  if (
    act.idempotencyKey !== undefined &&
    others.some(({ idempotencyKey }) => idempotencyKey === act.idempotencyKey)
  ) {
    return { class: 'repeat', note: 'the same idempotency key: one write' }
  }
  return {
    class: 'write drift',
    note: side === 'right' ? 'written once more than before' : 'written once less now',
  }
}

/** A model request that the recording did not hold: asked by code that is not the recorded one's. */
function isMissedTurn({ shown }: Act): boolean {
  return shown.kind === 'llm' && shown.served === 'miss'
}

function codeDrift(left: Act, right: Act): Finding {
  const [one, other] = [left.span, right.span]
  const differences =
    one.kind === 'llm' && other.kind === 'llm' ? differencesOf(one.request, other.request, 'request') : []
  return { class: 'code drift', note: 'the model is asked something else', differences }
}

/** A write that has lost what it stood on: it was read on the left before, and is not on the right. */
function blindnessOf(left: Act, right: Act, { grounds }: Around): string | undefined {
  if (left.effect !== 'write' || (left.failed && right.failed)) return undefined
  const now = grounds.get(right) ?? []
  const lost = (grounds.get(left) ?? []).filter((name) => !now.includes(name))
  return lost.length === 0 ? undefined : `without ${lost.join(', ')} before it`
}

function oneSidedFailure(left: Act, right: Act): string | undefined {
  if (left.failed === right.failed) return undefined
  return `failed on the ${left.failed ? 'left' : 'right'} only`
}

function textIn(act: Act): Json | undefined {
  const { value } = act
  return typeof value === 'object' && value !== null && 'text' in value && !('asks' in value)
    ? value.text
    : value
}

/** The places where two values differ, under a name for the whole; long texts are cut. */
export function differencesOf(left: unknown, right: unknown, name: string): readonly SideDifference[] {
  return jsonDifferences(left, right, mostDifferences).map(({ path, expected, got }) => ({
    path: path === '' ? name : `${name}${path.startsWith('[') ? '' : '.'}${path}`,
    ...(expected === undefined ? {} : { left: shortened(expected) }),
    ...(got === undefined ? {} : { right: shortened(got) }),
  }))
}

const mostText = 1_000
const mostMembers = 100

/** A value that can be printed: what it says stays readable, how much of it there is does not matter. */
function shortened(value: unknown, depth = 0): Json {
  if (typeof value === 'string') return cut(value, mostText)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return null
  if (depth > 6) return '…'
  if (Array.isArray(value))
    return value.slice(0, mostMembers).map((item: unknown) => shortened(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, mostMembers)
      .map(([key, member]) => [cut(key, mostText), shortened(member, depth + 1)]),
  )
}
