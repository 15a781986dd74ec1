import type { Random } from './random.ts'

/** A file as it is before anything is done to it. */
export interface Seed {
  readonly name: string
  readonly bytes: Uint8Array
}

/** One to three things done to a file, chosen by chance: to its bytes, to its lines, or to the JSON in it. */
export function mutated(seed: Seed, all: readonly Seed[], random: Random): Uint8Array {
  let bytes = seed.bytes
  for (let left = 1 + random.below(3); left > 0; left--) bytes = random.of(mutations)(bytes, all, random)
  return bytes
}

type Mutation = (bytes: Uint8Array, all: readonly Seed[], random: Random) => Uint8Array

const mutations: readonly Mutation[] = [
  flipped,
  cut,
  repeated,
  spliced,
  inJson,
  inJson,
  inJson,
  inJson,
  inLines,
  inText,
]

function flipped(bytes: Uint8Array, _: readonly Seed[], random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes)
  for (let left = 1 + random.below(8); left > 0; left--) copy[random.below(copy.length)] = random.below(256)
  return copy
}

function cut(bytes: Uint8Array, _: readonly Seed[], random: Random): Uint8Array {
  const [from, to] = [random.below(bytes.length), random.below(bytes.length)].toSorted((a, b) => a - b)
  return random.next() < 0.5
    ? bytes.subarray(0, to)
    : Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
}

function repeated(bytes: Uint8Array, _: readonly Seed[], random: Random): Uint8Array {
  const from = random.below(bytes.length)
  const part = bytes.subarray(from, from + random.below(2000))
  return Buffer.concat([
    bytes.subarray(0, from),
    ...Array.from({ length: 1 + random.below(4) }, () => part),
    bytes.subarray(from),
  ])
}

function spliced(bytes: Uint8Array, all: readonly Seed[], random: Random): Uint8Array {
  const other = random.of(all).bytes
  const from = random.below(other.length)
  return Buffer.concat([
    bytes.subarray(0, random.below(bytes.length)),
    other.subarray(from, from + random.below(5000)),
  ])
}

/** Numbers that JSON can write and no double holds, keys that reach a prototype, and depth: in the text, where parsing meets them. */
const texts = [
  '1e999',
  '-1e999',
  '18446744073709551616',
  '0.1e-999',
  '"__proto__":{"polluted":1},',
  '"\\u005f_proto__":{"polluted":1},',
  '"constructor":{"prototype":{"polluted":1}},',
  '['.repeat(250),
  '{"a":'.repeat(120),
  '\u0000',
  '\ud800',
  '\n',
]

function inText(bytes: Uint8Array, _: readonly Seed[], random: Random): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8')
  const at = text.indexOf(random.of(['{', '[', ':', ',', '"', '}']), random.below(text.length))
  return Buffer.from(`${text.slice(0, at + 1)}${random.of(texts)}${text.slice(at + 1)}`)
}

function inLines(bytes: Uint8Array, _: readonly Seed[], random: Random): Uint8Array {
  const lines = Buffer.from(bytes).toString('utf8').split('\n')
  const from = random.below(lines.length)
  const [line = ''] = lines.splice(from, 1)
  const copies = random.below(3)
  for (let left = copies; left > 0; left--) lines.splice(random.below(lines.length + 1), 0, line)
  return Buffer.from(lines.join('\n'))
}

/** What people and broken programs write where something else belongs. */
const values: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  'x',
  '__REDACTED__',
  '{"a":',
  '"{\\"a\\":1}"',
  '9223372036854775807',
  '2026-13-45T99:99:99Z',
  1795241059810,
  [],
  [null],
  [[]],
  {},
  { role: 'assistant' },
  { type: 'constructor', lc: 1, id: [], kwargs: {} },
  { truncated: true },
  { toString: 1, valueOf: 1, hasOwnProperty: 1 },
]

interface Place {
  readonly holder: Record<string, unknown> | unknown[]
  readonly key: string
}

function inJson(bytes: Uint8Array, all: readonly Seed[], random: Random): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8')
  const whole = parsed(text)
  if (whole !== undefined) return Buffer.from(JSON.stringify(changed(whole, random)) ?? 'null')
  const lines = text.split('\n')
  const at = random.below(lines.length)
  const line = parsed(lines[at] ?? '')
  if (line === undefined) return flipped(bytes, all, random)
  lines[at] = JSON.stringify(changed(line, random)) ?? 'null'
  return Buffer.from(lines.join('\n'))
}

function changed(document: unknown, random: Random): unknown {
  const places: Place[] = []
  collect(document, places)
  if (places.length === 0) return random.of(values)
  for (let left = 1 + random.below(4); left > 0; left--) change(random.of(places), random.of(places), random)
  return document
}

function change(place: Place, other: Place, random: Random): void {
  const choice = random.below(6)
  if (choice === 0) put(place, get(other))
  else if (choice === 1) put(place, [get(place), get(place)])
  else if (choice === 2) put(place, JSON.stringify(get(place)) ?? 'null')
  else if (choice === 3) put(place, nested(get(place), 1 + random.below(150)))
  else put(place, random.of(values))
}

function nested(value: unknown, depth: number): unknown {
  let made = value
  for (let left = depth; left > 0; left--) made = [made]
  return made
}

/** A copy: what stands in two places must not hold itself. */
function get({ holder, key }: Place): unknown {
  const value = Array.isArray(holder) ? holder[Number(key)] : holder[key]
  const text = JSON.stringify(value) ?? 'null'
  return text.length > 100_000 ? null : JSON.parse(text)
}

function put({ holder, key }: Place, value: unknown): void {
  if (Array.isArray(holder)) holder[Number(key)] = value ?? null
  else if (value === undefined) delete holder[key]
  else holder[key] = value
}

function collect(value: unknown, places: Place[]): void {
  if (typeof value !== 'object' || value === null) return
  const holder = value as Record<string, unknown> | unknown[]
  for (const [key, member] of Object.entries(holder)) {
    places.push({ holder, key })
    collect(member, places)
  }
}

function parsed(text: string): unknown {
  // What a parser that is not ours makes of such a key is another object's prototype.
  if (text.includes('__proto__') || text.includes('\\u')) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
