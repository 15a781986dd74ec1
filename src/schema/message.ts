import * as z from 'zod'
import { type DeepReadonly, type Json, json } from './json.ts'

/**
 * What is said between a person, an agent and its tools, provider-neutral: ordered parts under a role, in the
 * shape of OpenTelemetry GenAI (semantic-conventions-genai, `gen_ai.input.messages`). Order inside a message
 * matters: text before a tool call is not text after it.
 */
export const textPart = z.strictObject({ type: z.literal('text'), content: z.string() })

/** The model's own reasoning, where it gave it. `signature` is what a provider wants back unchanged. */
export const reasoningPart = z.strictObject({
  type: z.literal('reasoning'),
  content: z.string(),
  signature: z.string().optional(),
})

/**
 * The model asks for a tool. `arguments` is the parsed value; where the model's text was not JSON, it is that
 * text as it stood, and `malformed` says so.
 */
export const toolCallPart = z.strictObject({
  type: z.literal('tool_call'),
  id: z.string(),
  name: z.string(),
  arguments: json,
  malformed: z.literal(true).optional(),
})

/** A tool's result as it was shown to the model. */
export const toolResponsePart = z.strictObject({
  type: z.literal('tool_call_response'),
  id: z.string(),
  response: json,
  isError: z.literal(true).optional(),
})

/** Anything a provider sent that we carry but do not read: images, files, server tools, compaction. */
export const opaquePart = z.strictObject({ type: z.literal('opaque'), value: json })

export const part = z.discriminatedUnion('type', [
  textPart,
  reasoningPart,
  toolCallPart,
  toolResponsePart,
  opaquePart,
])
export type Part = DeepReadonly<z.infer<typeof part>>
export type ToolCallPart = DeepReadonly<z.infer<typeof toolCallPart>>
export type ToolResponsePart = DeepReadonly<z.infer<typeof toolResponsePart>>

export const role = z.enum(['system', 'user', 'assistant', 'tool'])
export type Role = z.infer<typeof role>

export const message = z.strictObject({ role, name: z.string().optional(), parts: z.array(part) })
export type Message = DeepReadonly<z.infer<typeof message>>

/** A message of one text part. */
export function textMessage(of: Role, content: string): Message {
  return { role: of, parts: [{ type: 'text', content }] }
}

/** The message that shows a tool's result to the model. */
export function toolMessage(id: string, name: string, response: Json, isError: boolean): Message {
  const shown = { type: 'tool_call_response', id, response } as const
  return { role: 'tool', name, parts: [isError ? { ...shown, isError: true } : shown] }
}

/** The text a person would read: text parts only, joined by newlines. */
export function textOf(message: Message): string {
  return message.parts.flatMap((part) => (part.type === 'text' ? [part.content] : [])).join('\n')
}

/** What a person answered: the value itself where it is no text. */
export function answerIn(message: Message): Json {
  const [only, ...others] = message.parts
  return only?.type === 'opaque' && others.length === 0 ? only.value : textOf(message)
}

/** The tools a message asks for, in order. */
export function toolCallsOf(message: Message): readonly ToolCallPart[] {
  return message.parts.filter((part) => part.type === 'tool_call')
}
