import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import type { Part } from '../../schema/message.ts'

/** A tool's result as a model is shown it: text as it is, anything else as JSON. */
export function shownText(response: Json): string {
  return typeof response === 'string' ? response : JSON.stringify(response)
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

const blockTypes = new Set(['text', 'image', 'document', 'search_result', 'tool_reference', 'browser_state'])

/**
 * A tool's result from what stands on the wire: text, where it is one text; several blocks, and blocks that are not
 * text, stay as they are.
 */
export function readResult(content: Json | undefined): Json {
  if (!Array.isArray(content)) return content ?? ''
  const [only, ...others] = content as readonly Json[]
  if (only === undefined) return ''
  const single = others.length === 0 && isRecord(only) && only.type === 'text' ? only.text : undefined
  return typeof single === 'string' ? single : content
}

/** A tool's result as it stands on the wire: blocks as they are, anything else as the text a model is shown. */
export function writeResult(response: Json): Json {
  if (!Array.isArray(response) || response.length === 0) return shownText(response)
  const blocks = response as readonly Json[]
  const known = blocks.every((block) => isRecord(block) && blockTypes.has(textIn(block.type)))
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

export function isRecord(value: unknown): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
