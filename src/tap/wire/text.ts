import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import type { Part } from '../../schema/message.ts'

/** A JSON object, of which nothing is known but that it is one. */
export type Body = { readonly [key: string]: Json | undefined }

/** A tool's result as a model is shown it: text as it is, anything else as JSON. */
export function shownText(response: Json): string {
  return typeof response === 'string' ? response : JSON.stringify(response)
}

/** Whether nothing is said: a member that is not there, or null. */
export function isSilent(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null
}

/** A member that should be text. */
export function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** The text parts of a message, joined; `undefined` where there are none. */
export function joinedText(parts: readonly Part[], separator = '\n'): string | undefined {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.content] : []))
  return texts.length === 0 ? undefined : texts.join(separator)
}

/**
 * Arguments as the model wrote them: parsed, or the text itself, marked, where it is not JSON, or JSON that nobody
 * should walk (too deep, a key that is refused).
 */
export function readArguments(text: string): { readonly arguments: Json; readonly malformed?: true } {
  if (text.trim() === '') return { arguments: {} }
  const read = readJson(text)
  return read.ok ? { arguments: read.value as Json } : { arguments: text, malformed: true }
}

/**
 * A call's input where the wire has it as a value. Text is what a model wrote that was not JSON; text that is JSON after
 * all was encoded twice.
 */
export function readInput(input: Json | undefined): { readonly arguments: Json; readonly malformed?: true } {
  if (typeof input !== 'string') return { arguments: input ?? {} }
  const read = readArguments(input)
  return typeof read.arguments === 'string' ? { arguments: input, malformed: true } : read
}

const blockTypes = new Set(['text', 'image', 'document', 'search_result', 'tool_reference', 'browser_state'])

/**
 * A tool's result from what stands on the wire: text, where it is one text; several blocks, and blocks that are not
 * text, stay as they are.
 */
export function readResult(content: Json | undefined, textType = 'text'): Json {
  if (!Array.isArray(content)) return content ?? ''
  const [only, ...others] = content as readonly Json[]
  if (only === undefined) return ''
  const single = others.length === 0 && isRecord(only) && only.type === textType ? only.text : undefined
  return typeof single === 'string' ? single : content
}

/** A tool's result as it stands on the wire: blocks as they are, anything else as the text a model is shown. */
export function writeResult(response: Json, types: ReadonlySet<string> = blockTypes): Json {
  if (!Array.isArray(response) || response.length === 0) return shownText(response)
  const blocks = response as readonly Json[]
  const known = blocks.every((block) => isRecord(block) && types.has(textIn(block.type)))
  return known ? response : shownText(response)
}

/** A count of tokens from outside; what is no count is none. */
export function readCount(value: Json | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0
}

/** The members of a record that say something, without those named. */
export function othersOf(
  value: { readonly [key: string]: Json | undefined },
  without: ReadonlySet<string>,
): { readonly [key: string]: Json } | undefined {
  const others = Object.entries(value).filter((entry): entry is [string, Json] => {
    const [key, member] = entry
    const says = member !== undefined && member !== null && !(Array.isArray(member) && member.length === 0)
    return says && !without.has(key)
  })
  return others.length === 0 ? undefined : Object.fromEntries(others)
}

export function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that should be an object; an empty one where it is none. */
export function recordIn(value: Json | undefined): Body {
  return isRecord(value) ? value : {}
}

/** A member that should be a list; an empty one where it is none. */
export function listIn(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

/** What a tool is called, by the first of these that is a name. Throws a `TypeError` where none is. */
export function toolName(...names: readonly (Json | undefined)[]): string {
  const name = names.find((candidate) => typeof candidate === 'string' && candidate !== '')
  if (typeof name !== 'string') throw new TypeError('a tool has no name')
  return name
}

/**
 * What is said beside the parts that all formats know stands in a part of its own, as `{ $place: members }`: the
 * format that knows the place puts the members back there, the others leave them out.
 */
export function aside(place: string, members: Body): Part {
  return { type: 'opaque', value: { [`$${place}`]: members } }
}

/** The members that are to be put back at this place, where this part is an aside for it. */
export function asideIn(part: Part | undefined, place: string): Body | undefined {
  if (part === undefined || !isAside(part) || !isRecord(part.value)) return undefined
  const members = part.value[`$${place}`]
  return isRecord(members) ? members : undefined
}

/** Whether a part only says something beside others, and is never written itself. */
export function isAside(part: Part): part is Extract<Part, { type: 'opaque' }> {
  return part.type === 'opaque' && looksAside(part.value) && carriedIn(part.value) === undefined
}

/** What we carry and do not read. What only looks like an aside, on the wire, is wrapped, so that it is none. */
export function opaque(value: Json): Part {
  return { type: 'opaque', value: looksAside(value) ? { $carried: value } : value }
}

/** What is carried, as it stood on the wire. */
export function carried({ value }: Extract<Part, { type: 'opaque' }>): Json {
  return carriedIn(value) ?? value
}

function looksAside(value: Json): boolean {
  if (!isRecord(value)) return false
  const [first, ...others] = Object.keys(value)
  return first?.startsWith('$') === true && others.length === 0
}

function carriedIn(value: Json): Json | undefined {
  return isRecord(value) && looksAside(value) ? value.$carried : undefined
}
