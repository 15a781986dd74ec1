import { jsonCopy, readJson } from '../lib/json.ts'
import type { LlmReply, LlmRequest, Usage } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { Message, Part } from '../schema/message.ts'
import type { ToolDefinition } from '../schema/tool.ts'

/**
 * Reads what the Vercel AI SDK 7 says of a model call: `ModelMessage`s, prepared tools and the result of `doGenerate`
 * (its `LanguageModelV4` types; ai-sdk.dev, "Language Model Specification"). What is not as expected is left out, and
 * parts we do not know are kept as they are: this reads hostile values, and never throws.
 */
export function requestIn(event: Fields): LlmRequest {
  const { instructions, messages, tools, modelId } = event
  const system = isText(instructions) ? [textPart(instructions)] : partsOfSystem(instructions)
  const parameters = Object.fromEntries(
    parameterNames.flatMap((name) => {
      const value = jsonIn(event[name])
      return value === undefined || value === null ? [] : [[name, value]]
    }),
  )
  return {
    ...(isText(modelId) ? { model: modelId } : {}),
    ...(system.length === 0 ? {} : { system }),
    messages: messagesIn(messages),
    ...(Array.isArray(tools) && tools.length > 0 ? { tools: tools.flatMap(toolIn) } : {}),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  }
}

/** What `doGenerate` resolved with; `undefined` where it is no reply: a stream, or hidden. */
export function replyIn(result: unknown): LlmReply | undefined {
  if (!isFields(result) || !Array.isArray(result.content)) return undefined
  const { content, finishReason, usage, response } = result
  const finish = isFields(finishReason) ? (finishReason.raw ?? finishReason.unified) : finishReason
  const used = usageIn(usage)
  const { id, modelId } = isFields(response) ? response : {}
  return {
    message: { role: 'assistant', parts: content.flatMap(partIn) },
    ...(isText(modelId) ? { model: modelId } : {}),
    ...(isText(finish) ? { finishReason: finish } : {}),
    ...(isText(id) ? { responseId: id } : {}),
    ...(used === undefined ? {} : { usage: used }),
  }
}

/** Messages of the SDK as ours: each tool result is a message. */
export function messagesIn(messages: unknown): readonly Message[] {
  if (!Array.isArray(messages)) return []
  return messages.flatMap((message: unknown): readonly Message[] => {
    if (!isFields(message)) return []
    const { role, content } = message
    if (role !== 'system' && role !== 'user' && role !== 'assistant' && role !== 'tool') return []
    if (isText(content)) return [{ role, parts: [textPart(content)] }]
    if (!Array.isArray(content)) return []
    if (role !== 'tool') return [{ role, parts: content.flatMap(partIn) }]
    return content.flatMap((part: unknown) => (isFields(part) ? toolResult(part) : []))
  })
}

/** A value as JSON carries it; `undefined` where it cannot. */
export function jsonIn(value: unknown): Json | undefined {
  try {
    return jsonCopy(value) as Json
  } catch {
    return undefined
  }
}

export interface Fields {
  readonly [name: string]: unknown
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

const parameterNames = [
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'stopSequences',
  'seed',
  'reasoning',
] as const

function partsOfSystem(instructions: unknown): readonly Part[] {
  const list = Array.isArray(instructions) ? instructions : [instructions]
  return list.flatMap((one: unknown) => (isFields(one) && isText(one.content) ? [textPart(one.content)] : []))
}

function partIn(part: unknown): readonly Part[] {
  if (!isFields(part)) return []
  const { type, text, toolCallId, toolName, input } = part
  if (type === 'text' && isText(text)) return [textPart(text)]
  if (type === 'reasoning' && isText(text)) return [{ type: 'reasoning', content: text }]
  if (type === 'tool-call' && isText(toolCallId) && isText(toolName)) {
    const call = { type: 'tool_call', id: toolCallId, name: toolName } as const
    // What a model gives comes as its text, what was said before as a value.
    if (!isText(input)) return [{ ...call, arguments: jsonIn(input) ?? null }]
    const parsed = readJson(input)
    if (parsed.ok) return [{ ...call, arguments: parsed.value as Json }]
    return [{ ...call, arguments: input, malformed: true }]
  }
  const value = jsonIn(part)
  return value === undefined ? [] : [{ type: 'opaque', value }]
}

function toolResult({ type, toolCallId, toolName, output }: Fields): readonly Message[] {
  if (type !== 'tool-result' || !isText(toolCallId) || !isFields(output)) return []
  const kind = isText(output.type) ? output.type : ''
  const value = jsonIn('value' in output ? output.value : output) ?? null
  const failed = kind.startsWith('error') || kind === 'execution-denied'
  const shown = { type: 'tool_call_response', id: toolCallId, response: value } as const
  const parts = [failed ? ({ ...shown, isError: true } as const) : shown]
  return [{ role: 'tool', ...(isText(toolName) ? { name: toolName } : {}), parts }]
}

function toolIn(tool: unknown): readonly ToolDefinition[] {
  if (!isFields(tool) || !isText(tool.name) || tool.name === '') return []
  const { name, description, inputSchema, ...rest } = tool
  const schema = jsonIn(inputSchema)
  const extra = jsonIn(rest)
  return [
    {
      name,
      ...(isText(description) ? { description } : {}),
      ...(isJsonObject(schema) ? { inputSchema: schema } : {}),
      ...(tool.type !== 'function' && isJsonObject(extra) ? { extra } : {}),
    },
  ]
}

function usageIn(usage: unknown): Usage | undefined {
  if (!isFields(usage)) return undefined
  const { inputTokens: input, outputTokens: output } = usage
  const given = isFields(input) ? input : {}
  const made = isFields(output) ? output : {}
  const cacheRead = count(given.cacheRead) ?? 0
  const cacheWrite = count(given.cacheWrite) ?? 0
  const total = count(given.total)
  const fresh = count(given.noCache) ?? (total === undefined ? undefined : total - cacheRead - cacheWrite)
  const written = count(made.total)
  if (fresh === undefined || fresh < 0 || written === undefined) return undefined
  const reasoning = count(made.reasoning)
  return {
    input: fresh,
    cacheRead,
    cacheWrite,
    output: written,
    ...(reasoning === undefined ? {} : { reasoning }),
  }
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isJsonObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textPart(content: string): Part {
  return { type: 'text', content }
}
