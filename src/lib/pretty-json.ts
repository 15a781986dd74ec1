import { byCodeUnit, canonicalJson } from './json.ts'

const width = 110

/**
 * JSON for people who read diffs: keys sorted, two spaces, and whatever fits on a line stays on one. The same
 * value gives the same text, whatever order its keys came in. No newline at the end.
 */
export function prettyJson(value: unknown, indent = 0): string {
  if (typeof value !== 'object' || value === null) return canonicalJson(value)
  const flat = flatWithin(value, width - indent)
  if (flat !== undefined) return flat
  const pad = ' '.repeat(indent + 2)
  const close = ' '.repeat(indent)
  if (Array.isArray(value)) {
    const items = value.map((item) => `${pad}${prettyJson(item ?? null, indent + 2)}`)
    return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n${close}]`
  }
  const members = membersOf(value).map(
    ([key, member]) => `${pad}${JSON.stringify(key)}: ${prettyJson(member, indent + 2)}`,
  )
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${close}}`
}

/** One line, keys sorted, with the spaces a person expects. */
export function flatJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return canonicalJson(value)
  if (Array.isArray(value)) return `[${value.map((item) => flatJson(item ?? null)).join(', ')}]`
  const members = membersOf(value).map(([key, member]) => `${JSON.stringify(key)}: ${flatJson(member)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

/**
 * `flatJson` if it is at most `room` characters. Gives up as soon as it is not: spelling out a whole document at
 * every level of it would cost its size times its depth.
 */
function flatWithin(value: unknown, room: number): string | undefined {
  // Two quotes more than the text, at the least.
  if (typeof value === 'string' && value.length + 2 > room) return undefined
  if (typeof value !== 'object' || value === null) {
    const text = canonicalJson(value)
    return text.length <= room ? text : undefined
  }
  const isList = Array.isArray(value)
  const entries = isList ? value.map((item): [string, unknown] => ['', item ?? null]) : membersOf(value)
  if (entries.length === 0) return isList ? '[]' : '{}'
  let text = isList ? '[' : '{ '
  const end = isList ? ']' : ' }'
  for (const [index, [key, member]] of entries.entries()) {
    text += `${index === 0 ? '' : ', '}${isList ? '' : `${JSON.stringify(key)}: `}`
    const flat = flatWithin(member, room - text.length - end.length)
    if (flat === undefined) return undefined
    text += flat
  }
  return text + end
}

function membersOf(value: object): (readonly [string, unknown])[] {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => byCodeUnit(a, b))
}
