import type { KeyNames } from './key-names.ts'

export type Path = (string | number)[]

/** What is done with the leaves of a value. What they answer takes the leaf's place. */
export interface Leaves {
  readonly names: KeyNames
  /** `name` is the key it stands under, its list's key in a list, or its label (`{"name": …, "value": …}`). */
  readonly text: (text: string, name: string | undefined, path: Path) => string
  readonly number: (value: number, name: string | undefined, path: Path) => number | string
  readonly key: (key: string, path: Path) => string
  /** A subtree that nests too deep to be looked at. */
  readonly deep: (path: Path) => string
  /** A recorded try of an HTTP request; the answer takes its place as it is. */
  readonly attempt: (attempt: RecordedAttempt, path: Path) => RecordedAttempt
  /**
   * A message in a list of them, which may stand in other lists as the same object: `look` walks it. Absent where each is
   * looked at wherever it stands.
   */
  readonly message?: (message: object, path: Path, look: () => unknown) => unknown
  /** How many messages at the start of such a list were looked at already, and hold nothing. */
  readonly known?: (messages: readonly unknown[], path: Path) => number
}

export type Chunk = string | { readonly base64: string }

/** A body with its cuts: UTF-8 text, or else base64; `cuts` are offsets in bytes, ascending, inside the body. */
export interface RecordedBody {
  readonly body?: string | undefined
  readonly base64?: string | undefined
  readonly cuts?: readonly number[] | undefined
}

/** What redaction has to know of an attempt: its other members are kept. */
export interface RecordedAttempt extends RecordedBody {
  readonly headers: Readonly<Record<string, unknown>>
}

/** Deeper than `readJson` lets anything in; a cycle gets here too. */
const maxDepth = 250

/** A value with its leaves replaced: the same value where none changed, else a copy of what lies on the way to them. */
export function walk(value: unknown, leaves: Leaves): unknown {
  return walkValue(value, undefined, [], leaves)
}

/** `$.messages[3].content` */
export function pathText(path: Path): string {
  const steps = path.map((step) =>
    typeof step === 'number'
      ? `[${step}]`
      : /^[\w-]{1,60}$/.test(step)
        ? `.${step}`
        : `[${JSON.stringify(step.slice(0, 60))}]`,
  )
  return `$${steps.join('')}`
}

function walkValue(value: unknown, name: string | undefined, path: Path, leaves: Leaves): unknown {
  if (typeof value === 'string') return leaves.text(value, name, path)
  if (typeof value === 'number') return leaves.number(value, name, path)
  if (typeof value !== 'object' || value === null) return value
  if (path.length >= maxDepth) return leaves.deep(path)
  return Array.isArray(value) ? walkList(value, name, path, leaves) : walkObject(value, name, path, leaves)
}

function walkList(list: readonly unknown[], name: string | undefined, path: Path, leaves: Leaves): unknown {
  const label = pairLabel(list, leaves.names)
  let out: unknown[] | undefined
  const known = name === 'messages' ? (leaves.known?.(list, path) ?? 0) : 0
  for (let at = known; at < list.length; at++) {
    const member: unknown = list[at]
    path.push(at)
    const isMessage = name === 'messages' && typeof member === 'object' && member !== null
    const after =
      isMessage && leaves.message !== undefined
        ? leaves.message(member, path, () => walkValue(member, name, path, leaves))
        : walkValue(member, at === 1 && label !== undefined ? label : name, path, leaves)
    path.pop()
    if (after !== member) (out ??= list.slice())[at] = after
  }
  return out ?? list
}

function walkObject(object: object, name: string | undefined, path: Path, leaves: Leaves): unknown {
  const members = object as Readonly<Record<string, unknown>>
  const label = labelOf(members, name, leaves.names)
  const attempt: Readonly<Record<string, unknown>> = isAttempt(members, path)
    ? { ...leaves.attempt(members, path) }
    : members
  const own = attempt === members ? noKeys : attemptKeys
  let changed: Map<string, [string, unknown]> | undefined
  for (const key of Object.keys(members)) {
    const value = members[key]
    path.push(key)
    const after = own.has(key) ? attempt[key] : walkValue(value, nameOf(key, label, members), path, leaves)
    const to = leaves.key(key, path)
    path.pop()
    if (after !== value || to !== key) (changed ??= new Map()).set(key, [to, after])
  }
  if (changed === undefined) return object
  // Defined, not assigned: a key called __proto__ stays a key.
  return Object.fromEntries(Object.entries(members).map(([key, value]) => changed.get(key) ?? [key, value]))
}

function nameOf(
  key: string,
  label: string | undefined,
  members: Readonly<Record<string, unknown>>,
): string | undefined {
  if (label !== undefined && labelled.has(key)) return label
  // A token of a model's vocabulary, as log probabilities list them.
  if ((key === 'token' && 'logprob' in members) || (key === 'token' && 'token_id' in members))
    return undefined
  return key
}

/** What a label beside it may name. */
const labelled: ReadonlySet<string> = new Set(['value', 'stringValue', 'string_value'])

/** Whether a member of an object is for itself: neither a label nor what one names. */
export function isUnlabelled(key: string): boolean {
  return !labelled.has(key) && key !== 'name' && key !== 'key'
}

/** What the `value` of such an object is: `{"name": "authorization", "value": …}`, and OTLP's nested one. */
function labelOf(
  members: Readonly<Record<string, unknown>>,
  name: string | undefined,
  names: KeyNames,
): string | undefined {
  if ('value' in members) {
    const label = members['name'] ?? members['key']
    if (name !== undefined && /^cookies?$/i.test(name)) return 'cookie'
    return typeof label === 'string' && names.isSecret(label) ? label : undefined
  }
  const nested = 'stringValue' in members || 'string_value' in members
  return nested && name !== undefined && names.isSecret(name) ? name : undefined
}

/** `["authorization", "Bearer …"]`, as raw headers are listed; a list of two words is none. */
function pairLabel(list: readonly unknown[], names: KeyNames): string | undefined {
  const [name, value] = list
  if (list.length !== 2 || typeof name !== 'string' || typeof value !== 'string') return undefined
  return value.length >= 8 && /[0-9]/.test(value) && names.isSecret(name) ? name : undefined
}

const attemptKeys: ReadonlySet<string> = new Set(['headers', 'body', 'base64', 'cuts'])
const noKeys: ReadonlySet<string> = new Set()

/** One of the `attempts` of a recorded call. */
function isAttempt(
  members: Readonly<Record<string, unknown>>,
  path: Path,
): members is Readonly<Record<string, unknown>> & RecordedAttempt {
  if (path.at(-2) !== 'attempts' || typeof path.at(-1) !== 'number') return false
  const { headers, body, base64, cuts } = members
  return (
    typeof headers === 'object' &&
    headers !== null &&
    !Array.isArray(headers) &&
    (body === undefined || typeof body === 'string') &&
    (base64 === undefined || typeof base64 === 'string') &&
    (cuts === undefined || (Array.isArray(cuts) && cuts.every((cut) => typeof cut === 'number')))
  )
}
