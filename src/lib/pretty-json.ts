import { byCodeUnit, canonicalJson } from './json.ts'

const width = 110

const nothing: ReadonlySet<string> = new Set()

/**
 * JSON for people who read diffs: keys sorted, two spaces, and whatever fits on a line stays on one. The same
 * value gives the same text, whatever order its keys came in; below members named in `asSaid`, keys keep their own
 * order, because it is a part of what was said. No newline at the end.
 */
export function prettyJson(value: unknown, asSaid: ReadonlySet<string> = nothing): string {
  return pretty(value, 0, { asSaid, sorted: true })
}

/** How members are put in order: here, and below the members that keep their own. */
interface Order {
  readonly asSaid: ReadonlySet<string>
  readonly sorted: boolean
}

function pretty(value: unknown, indent: number, order: Order): string {
  if (typeof value !== 'object' || value === null) return canonicalJson(value)
  const flat = flatWithin(value, width - indent, order)
  if (flat !== undefined) return flat
  const pad = ' '.repeat(indent + 2)
  const close = ' '.repeat(indent)
  if (Array.isArray(value)) {
    const items = value.map((item) => `${pad}${pretty(item ?? null, indent + 2, order)}`)
    return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n${close}]`
  }
  const members = membersOf(value, order.sorted).map(
    ([key, member]) => `${pad}${JSON.stringify(key)}: ${pretty(member, indent + 2, below(order, key))}`,
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
function flatWithin(value: unknown, room: number, order: Order): string | undefined {
  // Two quotes more than the text, at the least.
  if (typeof value === 'string' && value.length + 2 > room) return undefined
  if (typeof value !== 'object' || value === null) {
    const text = canonicalJson(value)
    return text.length <= room ? text : undefined
  }
  const isList = Array.isArray(value)
  const entries = isList
    ? value.map((item): [string, unknown] => ['', item ?? null])
    : membersOf(value, order.sorted)
  if (entries.length === 0) return isList ? '[]' : '{}'
  let text = isList ? '[' : '{ '
  const end = isList ? ']' : ' }'
  for (const [index, [key, member]] of entries.entries()) {
    text += `${index === 0 ? '' : ', '}${isList ? '' : `${JSON.stringify(key)}: `}`
    const inner = isList ? order : below(order, key)
    const flat = flatWithin(member, room - text.length - end.length, inner)
    if (flat === undefined) return undefined
    text += flat
  }
  return text + end
}

function below(order: Order, key: string): Order {
  return order.sorted && order.asSaid.has(key) ? { ...order, sorted: false } : order
}

function membersOf(value: object, sorted = true): (readonly [string, unknown])[] {
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return sorted ? members.sort(([a], [b]) => byCodeUnit(a, b)) : members
}
