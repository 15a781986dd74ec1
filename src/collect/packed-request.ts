import { areGrown, grownIn } from '../capture/otlp/grown-attributes.ts'
import type { OtlpAttributes, OtlpData, OtlpLog, OtlpScope, OtlpSpan } from '../capture/otlp/shape.ts'
import { growingTexts } from '../lib/growing-texts.ts'
import { type GrownText, goingOn, onceOfEach, wholeText } from '../lib/grown-text.ts'
import { readJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'

/** What was received in one request, as it is kept until its traces are in the store, and a while longer. */
export type Received = Pick<OtlpData, 'spans' | 'logs'>

const version = 2

interface Packed {
  readonly v: number
  /** Long texts of attributes: whole, or behind an earlier one without its last character. */
  readonly texts: readonly (string | readonly [earlier: number, rest: string])[]
  readonly groups: readonly Group[]
}

/** Spans of one resource and scope stand together, as they came: otherwise each would repeat both. */
interface Group {
  readonly resource: OtlpAttributes
  readonly scope: OtlpScope
  readonly spans: PackedSpan[]
  readonly logs: Omit<OtlpLog, 'resource' | 'scope'>[]
}

/** The attributes of these names are texts; what stands in their places holds their order. */
type PackedSpan = Omit<OtlpSpan, 'resource' | 'scope'> & {
  readonly long?: readonly (readonly [name: string, text: number])[]
}

/** Shorter texts stand where they are. */
const shortest = 512

/**
 * A request as a line of JSON. A prompt that each span repeats, and a conversation that each goes on from, are written once: the text is
 * several times shorter than what came, and takes as much less time to write, to send and to read.
 */
export function packedRequest({ spans, logs }: Received): string {
  const texts: Packed['texts'][number][] = []
  const known = growingTexts<number>({ budget: Number.POSITIVE_INFINITY, shortest })
  const numberOf = (text: string): number => {
    const before = known.find(text)
    if (before !== undefined && before.text === text) return before.value
    const number = texts.push(
      before === undefined ? text : [before.value, text.slice(before.text.length - 1)],
    )
    known.keep(text, number - 1)
    return number - 1
  }
  /** Those that go on from earlier ones as they came: they are not even looked at. */
  const numberOfGrown = onceOfEach<number>(({ before, rest }, number) =>
    before === undefined || number === undefined ? numberOf(rest) : texts.push([number, rest]) - 1,
  )
  const packedSpan = ({ resource: _resource, scope: _scope, ...span }: OtlpSpan): PackedSpan => {
    const { attributes } = span
    const long: (readonly [string, number])[] = []
    const grown = grownIn(attributes)
    for (const name of Object.keys(attributes)) {
      const value = attributes[name]
      if (typeof value !== 'string' || value.length < shortest) continue
      const text = grown.get(name)
      long.push([name, text === undefined ? numberOf(value) : numberOfGrown(text)])
    }
    if (long.length === 0) return span
    const places = Object.fromEntries(long.map(([name]) => [name, 0]))
    return { ...span, attributes: { ...attributes, ...places }, long }
  }
  const groups = groupsOf()
  for (const span of spans) groups.of(span).spans.push(packedSpan(span))
  for (const { resource, scope, ...log } of logs) groups.of({ resource, scope }).logs.push(log)
  return JSON.stringify({ v: version, texts, groups: groups.all } satisfies Packed)
}

/** What a request takes in memory when it is read, about: its texts, and something for each record. */
export function sizeOf({ spans, logs }: Received): number {
  let size = perRecord * (spans.length + logs.length)
  for (const { attributes } of spans) {
    size += textIn(attributes)
    // Nobody has put those together that go on from earlier ones.
    for (const { text, before, rest } of grownIn(attributes).values())
      if (before !== undefined) size -= text.length - rest.length
  }
  for (const { attributes, body } of logs) size += textIn(attributes) + textIn({ body })
  return size
}

/** What a record takes beside what is written of it. */
export const perRecord = 512

function textIn(values: { readonly [name: string]: Json | undefined }): number {
  let size = 0
  for (const name in values) {
    const value = values[name]
    if (typeof value === 'string') size += value.length
    else if (typeof value === 'object' && value !== null) size += JSON.stringify(value).length
  }
  return size
}

/**
 * What packed requests say that stand in a text, a line each. `undefined` where it is none of ours. What we wrote ourselves is as we
 * wrote it: no more is asked.
 */
export function requestIn(text: string): Received | undefined {
  const spans: OtlpSpan[] = []
  const logs: OtlpLog[] = []
  for (const line of text.split('\n')) {
    const part = unpacked(line)
    if (part === undefined) return undefined
    for (const span of part.spans) spans.push(span)
    for (const log of part.logs) logs.push(log)
  }
  return { spans, logs }
}

function unpacked(text: string): Received | undefined {
  const read = readJson(text)
  if (!read.ok) return undefined
  const { v, texts: packed = [], groups } = (read.value ?? {}) as Partial<Packed>
  // The first version wrote every text where it stood.
  if ((v !== version && v !== 1) || !Array.isArray(groups)) return undefined
  const texts: GrownText[] = []
  for (const one of packed) {
    const before = typeof one === 'string' ? undefined : texts[one[0]]
    const rest = typeof one === 'string' ? one : one[1]
    texts.push(before === undefined ? wholeText(rest) : goingOn(before, rest))
  }
  const unpackedSpan = ({ long = [], ...span }: PackedSpan, { resource, scope }: Group): OtlpSpan => {
    // Of our own object, which nobody else has.
    const attributes = span.attributes as Record<string, Json>
    const grown = new Map<string, GrownText>()
    for (const [name, number] of long) {
      const text = texts[number]
      attributes[name] = text?.text ?? ''
      if (text !== undefined) grown.set(name, text)
    }
    areGrown(attributes, grown)
    return { ...span, resource, scope }
  }
  const all = groups as readonly Group[]
  return {
    spans: all.flatMap((group) => group.spans.map((span) => unpackedSpan(span, group))),
    logs: all.flatMap(({ resource, scope, logs }) => logs.map((log) => ({ ...log, resource, scope }))),
  }
}

function groupsOf() {
  const all: Group[] = []
  const byResource = new Map<OtlpAttributes, Map<OtlpScope, Group>>()
  return {
    all,
    of({ resource, scope }: Pick<OtlpSpan, 'resource' | 'scope'>): Group {
      const scopes = byResource.get(resource) ?? new Map<OtlpScope, Group>()
      byResource.set(resource, scopes)
      const known = scopes.get(scope)
      if (known !== undefined) return known
      const made: Group = { resource, scope, spans: [], logs: [] }
      scopes.set(scope, made)
      all.push(made)
      return made
    },
  }
}
