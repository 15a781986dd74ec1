import type { Json } from '../../schema/json.ts'
import type { Part } from '../../schema/message.ts'

/** A tool's result as a model is shown it: text as it is, anything else as JSON. */
export function shownText(response: Json): string {
  return typeof response === 'string' ? response : JSON.stringify(response)
}

/** The text parts of a message, joined; `undefined` where there are none. */
export function joinedText(parts: readonly Part[], separator = '\n'): string | undefined {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.content] : []))
  return texts.length === 0 ? undefined : texts.join(separator)
}

/** Arguments as the model wrote them: parsed, or the text itself, marked, where it is not JSON. */
export function readArguments(text: string): { readonly arguments: Json; readonly malformed?: true } {
  if (text.trim() === '') return { arguments: {} }
  try {
    return { arguments: JSON.parse(text) as Json }
  } catch (error) {
    if (error instanceof SyntaxError) return { arguments: text, malformed: true }
    throw error
  }
}

export function isRecord(value: unknown): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
