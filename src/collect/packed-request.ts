import { growingTexts } from '../lib/growing-texts.ts'
import { readJson } from '../lib/json.ts'
import type { OtlpAttributes, OtlpData, OtlpLog, OtlpScope, OtlpSpan } from '../capture/otlp/shape.ts'
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
 * A request as JSON text. A prompt that each span repeats, and a conversation that each goes on from, are written once: the text is
 * several times shorter than what came, and takes as much less time to write, to send and to read.
 */
export function packedRequest({ spans, logs }: Received): string {
  const texts: (string | readonly [number, string])[] = []
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
  const packedSpan = ({ resource: _resource, scope: _scope, ...span }: OtlpSpan): PackedSpan => {
    const { attributes } = span
    const long: (readonly [string, number])[] = []
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'string' && value.length >= shortest) long.push([name, numberOf(value)])
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
  for (const { attributes } of spans) size += textIn(attributes)
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

/** `undefined` where the text is none of ours. What we wrote ourselves is as we wrote it: no more is asked. */
export function requestIn(text: string): Received | undefined {
  const read = readJson(text)
  if (!read.ok) return undefined
  const { v, texts: packed = [], groups } = (read.value ?? {}) as Partial<Packed>
  // The first version wrote every text where it stood.
  if ((v !== version && v !== 1) || !Array.isArray(groups)) return undefined
  const texts: string[] = []
  for (const one of packed)
    texts.push(typeof one === 'string' ? one : (texts[one[0]] ?? '').slice(0, -1) + one[1])
  const unpackedSpan = ({ long = [], ...span }: PackedSpan, { resource, scope }: Group): OtlpSpan => {
    // Of our own object, which nobody else has.
    const attributes = span.attributes as Record<string, Json>
    for (const [name, number] of long) attributes[name] = texts[number] ?? ''
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
