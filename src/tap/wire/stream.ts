import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import type { ServerSentEvent } from './sse.ts'
import { type Body, isRecord, listIn, textIn } from './text.ts'

/**
 * What streams of all formats are read with. Each delta is looked at once and put into pieces that are joined at the
 * end, so that reading is linear in the size of the stream, however finely it was cut.
 */

/** An object that is being put together from what a stream says. */
export type Growing = { [key: string]: Json | undefined }

/**
 * The objects that the events of a stream carry, in order. What is none is passed over: `[DONE]`, the last event of a
 * stream that was cut inside it, JSON that nobody should walk.
 */
export function recordsIn(events: readonly ServerSentEvent[]): readonly Body[] {
  return events.flatMap(({ data }) => {
    if (!data.trimStart().startsWith('{')) return []
    const read = readJson(data)
    return read.ok && isRecord(read.value) ? [read.value] : []
  })
}

/** Takes over what is said: a later word replaces an earlier one, and silence (null, no text) replaces nothing. */
export function takeOver(target: Growing, said: Body, without: ReadonlySet<string> = new Set()): void {
  for (const [key, value] of Object.entries(said)) {
    const silent = value === undefined || ((value === null || value === '') && Object.hasOwn(target, key))
    if (!silent && !without.has(key)) target[key] = value
  }
}

/** An object whose texts and lists come in pieces, under whatever names. */
export interface Pieces {
  readonly told: Growing
  readonly texts: Map<string, string[]>
  readonly lists: Map<string, Json[]>
}

export function pieces(): Pieces {
  return { told: {}, texts: new Map(), lists: new Map() }
}

/** Adds a delta: texts and lists grow, but for those that come whole; anything else is told whole. */
export function grow({ told, texts, lists }: Pieces, delta: Body, whole: ReadonlySet<string>): void {
  for (const [key, value] of Object.entries(delta)) {
    const list = lists.get(key)
    if (whole.has(key)) takeOver(told, { [key]: value })
    else if (Array.isArray(value)) append(lists, key, listIn(value))
    else if (typeof value !== 'string') takeOver(told, { [key]: value })
    // Where a member is a list of items once, text is an item too.
    else if (list !== undefined) list.push({ type: 'text', text: value })
    else append(texts, key, [value])
  }
}

export function grown({ told, texts, lists }: Pieces): Body {
  const joined = [...texts].map(([key, parts]) => [key, parts.join('')] as const)
  const listed = [...lists].map(([key, items]) => {
    const before = texts.get(key)?.join('') ?? ''
    return [key, before === '' ? items : [{ type: 'text', text: before }, ...items]] as const
  })
  return { ...told, ...Object.fromEntries<Json>(joined), ...Object.fromEntries<Json>(listed) }
}

function append<T>(all: Map<string, T[]>, key: string, more: readonly T[]): void {
  const list = all.get(key) ?? []
  for (const piece of more) list.push(piece)
  all.set(key, list)
}

/** Things that a stream tells of in turns, each under its index; in the order of their indexes at the end. */
export interface Slots<T> {
  /** The slot of an index, made where it is not there yet. An index that is none means the latest slot. */
  at(index: Json | undefined): T
  /** A slot after all others. */
  add(): T
  readonly all: () => readonly T[]
}

export function slots<T>(make: () => T): Slots<T> {
  const byIndex = new Map<number, T>()
  let highest = -1
  let latest = -1
  const slotAt = (index: number): T => {
    const slot = byIndex.get(index) ?? make()
    byIndex.set(index, slot)
    highest = Math.max(highest, index)
    latest = index
    return slot
  }
  return {
    at: (index) => slotAt(isIndex(index) ? index : latest === -1 ? 0 : latest),
    add: () => slotAt(highest + 1),
    all: () => [...byIndex].toSorted(([a], [b]) => a - b).map(([, slot]) => slot),
  }
}

export function isIndex(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/**
 * What went wrong, in the forms that are about: `{ error: { type, code, message } }`, `{ error: 'text' }`, and a list of
 * one such (as Google's OpenAI endpoint sends it).
 */
export function readErrorMember(body: Json): { readonly type: string; readonly message: string } | undefined {
  const said: unknown = Array.isArray(body) ? body[0] : body
  if (!isRecord(said)) return undefined
  const { error } = said
  if (typeof error === 'string' && error !== '') return { type: 'error', message: error }
  if (!isRecord(error)) return undefined
  const type = [error.type, error.status, error.code].find(
    (word) => word !== undefined && word !== null && word !== '',
  )
  return {
    type: typeof type === 'string' || typeof type === 'number' ? String(type) : 'error',
    message: textIn(error.message),
  }
}
