import { withValueAt } from '../lib/json-splice.ts'
import { readJson, sameJson } from '../lib/json.ts'
import type { Json } from './json.ts'

/** What a person decides. */
export type Decision = 'approve' | 'deny'

/** How yes and no are said, each yes beside its no. A word that stands in several pairs does not tell its opposite. */
const pairs: readonly (readonly [yes: string, no: string])[] = [
  ['yes', 'no'],
  ['y', 'n'],
  ['true', 'false'],
  ['approve', 'deny'],
  ['approve', 'reject'],
  ['approved', 'denied'],
  ['approved', 'rejected'],
  ['accept', 'reject'],
  ['accept', 'decline'],
  ['accepted', 'rejected'],
  ['accepted', 'declined'],
  ['allow', 'deny'],
  ['allow', 'block'],
  ['allowed', 'denied'],
  ['granted', 'denied'],
  ['confirm', 'cancel'],
  ['confirmed', 'cancelled'],
  ['ok', 'cancel'],
]

/** Members that say yes by `true`, where an answer has more than one that could. */
const yesMembers = new Set([
  'approved',
  'approve',
  'allowed',
  'allow',
  'accepted',
  'accept',
  'confirmed',
  'confirm',
  'granted',
  'ok',
])
/** Members that say no by `true`. */
const noMembers = new Set(['denied', 'deny', 'rejected', 'reject', 'declined', 'blocked', 'cancelled'])
/** Members whose word is the decision. */
const wordMembers = new Set([
  'decision',
  'type',
  'action',
  'status',
  'answer',
  'verdict',
  'result',
  'response',
])

/**
 * What a person decided, where the answer shows it: `true`, `"Yes."`, `{ "approved": true }`, `{ "decision": "reject" }`,
 * the same as JSON text. `undefined` for anything else: a free text is not read.
 */
export function decisionIn(answer: Json): Decision | undefined {
  if (typeof answer === 'boolean') return answer ? 'approve' : 'deny'
  if (typeof answer === 'string') {
    const read = /^\s*\{/.test(answer) ? readJson(answer) : undefined
    return read?.ok === true ? decisionIn(read.value as Json) : decisionOf(answer)
  }
  const [place, ...others] = calledSo(membersOf(answer))
  if (place === undefined || others.length > 0) return undefined
  if (typeof place.value === 'string') return decisionOf(place.value)
  return noMembers.has(place.key.toLowerCase()) === place.value ? 'deny' : 'approve'
}

function decisionOf(said: string): Decision | undefined {
  const plain = plainWord(said)
  if (pairs.some(([yes]) => yes === plain)) return 'approve'
  return pairs.some(([, no]) => no === plain) ? 'deny' : undefined
}

/**
 * The decision in the form a recorded answer has: `true`, `{ "approved": true }`, `"yes"`, `"Yes."`, the same as JSON
 * text. What else an answer holds stays. `undefined` where it does not show how yes and no are said. `others` are more
 * answers of the same person: they show which of several words is theirs.
 */
export function decided(recorded: Json, decision: Decision, others: readonly Json[] = []): Json | undefined {
  if (typeof recorded === 'boolean') return decision === 'approve'
  if (typeof recorded === 'string') {
    const said = inText(recorded, decision, others)
    if (said !== undefined) return said
    return word(recorded, decision, others.flatMap(wordsIn))
  }
  const place = placeIn(recorded)
  if (place === undefined) return undefined
  const value = valueFor(place, decision, others)
  return value === undefined ? undefined : withMember(recorded as Members, place.key, value)
}

/** Why a recorded answer does not show the decision, and what somebody could say instead. */
export function shapeless(
  recorded: Json,
  decision: Decision,
): { readonly why: string; readonly examples: readonly Json[] } {
  const place = typeof recorded === 'string' ? { value: recorded } : placeIn(recorded)
  const words = typeof place?.value === 'string' ? opposites(place.value, decision) : []
  if (words.length > 1) {
    const examples = words.map((each) =>
      typeof recorded === 'string' || place === undefined || !('key' in place)
        ? each
        : withMember(recorded as Members, place.key, each),
    )
    return { why: `the recorded answer does not tell which word means it, ${words.join(' or ')}`, examples }
  }
  const yes = decision === 'approve'
  return { why: 'the recorded answer does not show how yes and no are said', examples: [{ approved: yes }] }
}

type Members = { readonly [key: string]: Json }

interface Place {
  readonly key: string
  readonly value: Json
}

/** The member that is the decision: the one that is called so, else the only one that could be. */
function placeIn(answer: Json): Place | undefined {
  const members = membersOf(answer)
  const called = calledSo(members)
  if (called.length > 0) return called.length === 1 ? called[0] : undefined
  const possible = members.filter(({ value }) => typeof value === 'boolean' || isWord(value))
  return possible.length === 1 ? possible[0] : undefined
}

function membersOf(answer: Json): readonly Place[] {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return []
  return Object.entries(answer as Members).map(([key, value]) => ({ key, value }))
}

/** Members that are the decision by their name. */
function calledSo(members: readonly Place[]): readonly Place[] {
  return members.filter(({ key, value }) => {
    const name = key.toLowerCase()
    return typeof value === 'boolean'
      ? yesMembers.has(name) || noMembers.has(name)
      : wordMembers.has(name) && isWord(value)
  })
}

function valueFor({ key, value }: Place, decision: Decision, others: readonly Json[]): Json | undefined {
  if (typeof value === 'boolean') return noMembers.has(key.toLowerCase()) !== (decision === 'approve')
  const theirs = others.flatMap((other) => {
    const place = placeIn(other)
    return place === undefined || place.key !== key ? [] : wordsIn(place.value)
  })
  return typeof value === 'string' ? word(value, decision, theirs) : undefined
}

function withMember(members: Members, key: string, value: Json): Json {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, name === key ? value : member]),
  )
}

/** The same within JSON text, which stays the text it was but for the decision. */
function inText(text: string, decision: Decision, others: readonly Json[]): string | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  const read = readJson(text)
  if (!read.ok) return undefined
  const answer = read.value as Json
  const parsed = others.map((other) => {
    const said = typeof other === 'string' ? readJson(other) : undefined
    return said?.ok === true ? (said.value as Json) : other
  })
  const place = placeIn(answer)
  const value = place === undefined ? undefined : valueFor(place, decision, parsed)
  if (place === undefined || value === undefined) return undefined
  return sameJson(value, place.value) ? text : withValueAt(text, [place.key], value)
}

/** A word as it was said, small or large and with its full stop, for the decision. */
function word(said: string, decision: Decision, theirs: readonly string[]): string | undefined {
  const words = opposites(said, decision)
  const known = words.filter((each) => theirs.includes(each))
  const [only] = known.length === 1 ? known : words.length === 1 ? words : []
  return only === undefined ? undefined : likeSaid(said, only)
}

/** Words that could mean the decision, said by somebody who says it like this. */
function opposites(said: string, decision: Decision): readonly string[] {
  const plain = plainWord(said)
  const [ours, theirs] = decision === 'approve' ? ([0, 1] as const) : ([1, 0] as const)
  if (pairs.some((pair) => pair[ours] === plain)) return [plain]
  return [...new Set(pairs.flatMap((pair) => (pair[theirs] === plain ? [pair[ours]] : [])))]
}

function likeSaid(said: string, written: string): string {
  const bare = plainWord(said)
  const at = said.toLowerCase().indexOf(bare)
  const before = said.slice(at, at + bare.length)
  const same =
    bare === written
      ? before
      : before === before.toUpperCase() && before.length > 1
        ? written.toUpperCase()
        : /^\p{Lu}/u.test(before)
          ? written.charAt(0).toUpperCase() + written.slice(1)
          : written
  return said.slice(0, at) + same + said.slice(at + bare.length)
}

function isWord(value: Json): boolean {
  return typeof value === 'string' && pairs.some((pair) => pair.includes(plainWord(value)))
}

function wordsIn(value: Json): readonly string[] {
  return typeof value === 'string' && isWord(value) ? [plainWord(value)] : []
}

function plainWord(said: string): string {
  return said.trim().toLowerCase().replace(/[.!]$/, '')
}
