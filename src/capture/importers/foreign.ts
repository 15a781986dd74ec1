import * as z from 'zod'
import { sha256 } from '../../lib/hash.ts'
import { canonicalJson, readJson } from '../../lib/json.ts'
import { unlessTypeError } from '../../lib/thrown.ts'
import { type Json, json } from '../../schema/json.ts'
import type { Part, ToolCallPart } from '../../schema/message.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { issueLines, pathText } from '../../schema/read.ts'
import type { LineRecord, Problem, Source } from './importer.ts'

/** What was done to a record so that it could be taken. Becomes a `repaired` problem. */
export interface Repair {
  readonly at: string
  readonly reason: string
}

export function repaired(repair: Repair): Problem {
  return { problem: { action: 'repaired', ...repair } }
}

export function skipped(at: string, reason: string): Problem {
  return { problem: { action: 'skipped', at, reason } }
}

/** The file as one JSON document, or undefined where it is none: what `detect` asks, which never throws. */
export function documentIn(source: Source): unknown {
  try {
    return source.document()
  } catch (error) {
    if (EvalkitError.is(error)) return undefined
    throw error
  }
}

const heads = new WeakMap<Source, readonly LineRecord[]>()

/**
 * The first lines of a file, at most a hundred: enough to tell a format by. They are parsed once, however many ask. Never throws:
 * what has no lines has none here.
 */
export function headOf(source: Source): readonly LineRecord[] {
  const known = heads.get(source)
  if (known !== undefined) return known
  const head: LineRecord[] = []
  // Of one document, whose only line is then not parsed again; of many lines, it ends at the second.
  documentIn(source)
  try {
    for (const record of source.records()) {
      head.push(record)
      // Of twenty lines none of which is one, the next will not be either.
      if (head.length === 100 || (head.length === 20 && head.every((one) => 'problem' in one))) break
    }
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
  }
  heads.set(source, head)
  return head
}

/** A foreign record checked against its schema, or why it cannot be taken: the first thing wrong, with its place. */
export function checked<S extends z.ZodType>(
  schema: S,
  value: unknown,
  place: readonly PropertyKey[],
):
  | { readonly ok: true; readonly record: z.output<S> }
  | { readonly ok: false; readonly at: string; readonly reason: string } {
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, record: result.data }
  const [first] = result.error.issues
  const reason = first === undefined ? (issueLines(result.error)[0] ?? 'invalid') : first.message
  return { ok: false, at: pathText([...place, ...(first?.path ?? [])]), reason }
}

/**
 * Tells rows apart, and rows that say the same from each other. Undefined for what only looks like JSON: text
 * such as `1e999` parses to an infinity, which no JSON can say again.
 */
export function fingerprint(row: unknown): string | undefined {
  return unlessTypeError(() => sha256(canonicalJson(row)))
}

/**
 * The arguments of a tool call, from the text a model wrote. What is not JSON (or not JSON we would walk) stays
 * as it stood: `malformed`, with the reason.
 */
export function argumentsFrom(text: string): { readonly value: Json; readonly malformed?: string } {
  const result = readJson(text)
  if (!result.ok) {
    const { problem } = result
    const why =
      problem.kind === 'syntax'
        ? 'arguments are not JSON'
        : problem.kind === 'too-deep'
          ? `arguments nest ${problem.depth} levels deep`
          : `arguments have a key "${problem.key}"`
    return { value: text, malformed: why }
  }
  const value = json.parse(result.value)
  if (fingerprint(value) === undefined)
    return { value: text, malformed: 'arguments hold a number JSON cannot say' }
  return { value }
}

/** One call of a message; a missing id stays empty, for the conversation to fill in. */
export function callPart(call: {
  id: string
  name: string
  arguments: Json
  malformed: boolean
}): ToolCallPart {
  const part = { type: 'tool_call', id: call.id, name: call.name, arguments: call.arguments } as const
  return call.malformed ? { ...part, malformed: true } : part
}

/**
 * One call as chat APIs write it, `{ id, function: { name, arguments } }`: arguments are the text a model wrote, or a value
 * already. What had to be done to them becomes a repair; `place` is the call's.
 */
export function chatCallPart(
  { id, function: { name, arguments: given } }: ChatCall,
  place: readonly PropertyKey[],
  repairs: Repair[],
): ToolCallPart {
  const at = pathText([...place, 'function', 'arguments'])
  const part = { id: id ?? '', name }
  if (given === undefined || given === null) {
    repairs.push({ at, reason: 'the call has no arguments; read as {}' })
    return callPart({ ...part, arguments: {}, malformed: false })
  }
  if (typeof given !== 'string') return callPart({ ...part, arguments: given, malformed: false })
  const read = argumentsFrom(given)
  if (read.malformed !== undefined)
    repairs.push({ at, reason: `${read.malformed}; kept as the text they are` })
  return callPart({ ...part, arguments: read.value, malformed: read.malformed !== undefined })
}

interface ChatCall {
  readonly id?: string | null | undefined
  readonly function: { readonly name: string; readonly arguments?: Json | undefined }
}

/** Message content as chat APIs write it: null, a text, or a list of blocks of which only text is read. */
export const chatContent = z.union([z.string(), z.array(json)]).nullish()

/** Blocks that are not text are carried, not read. */
export function partsOf(content: z.infer<typeof chatContent>): Part[] {
  if (content === null || content === undefined) return []
  if (typeof content === 'string') return [{ type: 'text', content }]
  return content.map((block) => {
    const text = textBlock.safeParse(block)
    return text.success ? { type: 'text', content: text.data.text } : { type: 'opaque', value: block }
  })
}

const textBlock = z.strictObject({ type: z.literal('text'), text: z.string() })

/** An id that some write as a number: as text. Anything else is no id, and names nothing: an object may not even be text. */
export function idText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** Members of a record that say something: neither null nor an empty list or object. */
export function said(record: Readonly<Record<string, unknown>>): Record<string, Json> {
  const kept: Record<string, Json> = {}
  for (const [key, value] of Object.entries(record)) {
    if (value === null || value === undefined) continue
    if (typeof value === 'object' && Object.keys(value).length === 0) continue
    kept[key] = json.parse(value)
  }
  return kept
}

/** A reward outside [0,1] is brought to the nearer end. */
export function clampUnit(value: number): number {
  return Math.min(1, Math.max(0, value))
}

const longestAttribute = 2000

/** Without members whose text is long, or that JSON cannot say: attributes are for facts, not for records of their own. */
export function smallOnly(members: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(members).filter(
      ([, value]) => fingerprint(value) !== undefined && canonicalJson(value).length <= longestAttribute,
    ),
  )
}
