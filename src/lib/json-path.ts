import { readJson } from './json.ts'
import { joinPath } from './json-diff.ts'

/** A step of a path: a member, an item, or any item of a list. */
export type PathStep = string | number | typeof anyItem

export const anyItem = Symbol('any item')

/**
 * Reads a path as differences show it: `arguments.items[0].at`, with `[*]` for any item. `undefined` where it is
 * none: nothing is guessed.
 */
export function readPath(text: string): readonly PathStep[] | undefined {
  const steps: PathStep[] = []
  let rest = text
  while (rest !== '') {
    const found = pathStep.exec(rest)
    if (found === null) return undefined
    const [whole, named, quoted, at] = found
    // A dot stands between a name and what is before it, and nowhere else.
    if (whole.startsWith('.') === (steps.length === 0) && named !== undefined) return undefined
    if (named !== undefined) steps.push(named)
    else if (quoted !== undefined) {
      const key = readJson(quoted)
      if (!key.ok || typeof key.value !== 'string') return undefined
      steps.push(key.value)
    } else steps.push(at === '*' ? anyItem : Number(at))
    rest = rest.slice(whole.length)
  }
  return steps
}

const pathStep = /^(?:\.?([A-Za-z_$][\w$-]*)|\[("(?:[^"\\]|\\.)*")\]|\[(\d{1,9}|\*)\])/

/** A place in a value, with what stands there. */
export interface Place {
  readonly path: string
  readonly value: unknown
}

/** The places of a value that a path leads to: none, one, or with `[*]` several. */
export function placesAt(value: unknown, path: readonly PathStep[], at = ''): readonly Place[] {
  const [step, ...rest] = path
  if (step === undefined) return value === undefined ? [] : [{ path: at, value }]
  if (step === anyItem) {
    if (!Array.isArray(value)) return []
    return value.flatMap((item: unknown, index) => placesAt(item, rest, joinPath(at, index)))
  }
  if (typeof step === 'number') {
    return Array.isArray(value) && step < value.length ? placesAt(value[step], rest, joinPath(at, step)) : []
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
    return []
  return placesAt((value as Record<string, unknown>)[step], rest, joinPath(at, step))
}

/** The value with what a path leads to replaced, in a copy; places that are not there stay absent. */
export function replacedAt(
  value: unknown,
  path: readonly PathStep[],
  replace: (value: unknown) => unknown,
): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value === undefined ? undefined : replace(value)
  if (step === anyItem) {
    return Array.isArray(value) ? value.map((item: unknown) => replacedAt(item, rest, replace)) : value
  }
  if (typeof step === 'number') {
    if (!Array.isArray(value) || step >= value.length) return value
    return value.map((item: unknown, index) => (index === step ? replacedAt(item, rest, replace) : item))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
    return value
  const members = Object.entries(value).map(([key, member]: [string, unknown]) => [
    key,
    key === step ? replacedAt(member, rest, replace) : member,
  ])
  return Object.fromEntries(members)
}

/** The value without the members a path leads to, in a copy. An item of a list becomes null: the others keep their places. */
export function omittedAt(value: unknown, path: readonly PathStep[]): unknown {
  const last = path.at(-1)
  if (typeof last !== 'string') return replacedAt(value, path, () => null)
  return replacedAt(value, path.slice(0, -1), (parent) => {
    if (typeof parent !== 'object' || parent === null || Array.isArray(parent)) return parent
    return Object.fromEntries(Object.entries(parent).filter(([key]) => key !== last))
  })
}

/** What a JSON pointer (RFC 6901) finds; `undefined` for nothing. */
export function atPointer(value: unknown, pointer: string): unknown {
  let found: unknown = value
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<string, unknown>)[key]
  }
  return found
}
