import { defined } from '../../lib/defined.ts'
import type { LlmReply, LlmRequest, Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part } from '../../schema/message.ts'
import {
  type Body,
  isRecord,
  listIn,
  opaque,
  readCount,
  readInput,
  readResult,
  recordIn,
  textIn,
} from '../../tap/wire/text.ts'

/**
 * A message of an Inspect log (`ChatMessage`, https://inspect.aisi.org.uk/reference/inspect_ai.model.html). A tool that failed has an
 * `error` beside its content, and the model is shown that. `undefined` for what is none.
 */
export function inspectMessage(value: Json | undefined): Message | undefined {
  if (!isRecord(value)) return undefined
  const { role, content } = value
  if (role === 'tool') {
    const failed = isRecord(value.error) ? value.error : undefined
    const name = textIn(value.function)
    const shown: Part = {
      type: 'tool_call_response',
      id: textIn(value.tool_call_id),
      response: resultIn(content, failed),
      ...(failed === undefined ? {} : { isError: true }),
    }
    return { role, ...(name === '' ? {} : { name }), parts: [shown] }
  }
  if (role !== 'system' && role !== 'user' && role !== 'assistant') return undefined
  const calls = listIn(value.tool_calls).map((call): Part => {
    const { id, function: name, arguments: given, parse_error: broken } = recordIn(call)
    const read = readInput(given)
    return {
      type: 'tool_call',
      id: textIn(id),
      name: textIn(name),
      ...read,
      ...(typeof broken === 'string' ? { malformed: true } : {}),
    }
  })
  return { role, parts: [...contentParts(content), ...calls] }
}

/** What a tool brought; where it failed and said nothing else, the error's message. */
export function resultIn(content: Json | undefined, failed: Body | undefined): Json {
  const told = readResult(content)
  return failed !== undefined && (told === '' || told === null) ? textIn(failed.message) : told
}

function contentParts(content: Json | undefined): readonly Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }]
  return listIn(content).map((block): Part => {
    const { type, text, reasoning, signature } = recordIn(block)
    if (type === 'text' && typeof text === 'string') return { type: 'text', content: text }
    if (type === 'reasoning' && typeof reasoning === 'string') {
      return {
        type: 'reasoning',
        content: reasoning,
        ...(typeof signature === 'string' ? { signature } : {}),
      }
    }
    return opaque(block)
  })
}

/** What a model event asked with; without `messages` where the log does not hold them. */
export function inspectRequest(event: Body): Partial<LlmRequest> {
  const messages = Array.isArray(event.input)
    ? listIn(event.input).flatMap((one) => inspectMessage(one) ?? [])
    : undefined
  const head = messages?.findIndex(({ role }) => role !== 'system') ?? -1
  const split = head === -1 ? (messages?.length ?? 0) : head
  const parameters = Object.fromEntries(
    Object.entries({ ...recordIn(event.config), tool_choice: event.tool_choice ?? null }).filter(
      (entry): entry is [string, Json] => entry[1] !== undefined && entry[1] !== null,
    ),
  )
  return {
    ...(messages === undefined
      ? {}
      : { messages: messages.slice(split), system: messages.slice(0, split).flatMap(({ parts }) => parts) }),
    ...(typeof event.model === 'string' ? { model: event.model } : {}),
    ...(Array.isArray(event.tools) ? { tools: listIn(event.tools).flatMap(toolOf) } : {}),
    parameters,
  }
}

function toolOf(value: Json): NonNullable<LlmRequest['tools']> {
  const { name, description, parameters } = recordIn(value)
  if (typeof name !== 'string' || name === '') return []
  return [
    {
      name,
      ...(typeof description === 'string' ? { description } : {}),
      ...(isRecord(parameters) ? { inputSchema: parameters } : {}),
    },
  ]
}

/** A model's output (`ModelOutput`); `undefined` where it brought no choice. */
export function inspectReply(output: Body): LlmReply | undefined {
  const choice = recordIn(listIn(output.choices)[0])
  const message = inspectMessage(choice.message)
  if (message === undefined) return undefined
  return {
    message: { ...message, role: 'assistant' },
    ...defined({
      model: typeof output.model === 'string' ? output.model : undefined,
      finishReason: typeof choice.stop_reason === 'string' ? choice.stop_reason : undefined,
    }),
  }
}

/**
 * `ModelUsage`. Whether `input_tokens` hold those of the cache differs by provider and version: the total tells, which is the
 * sum of what was counted.
 */
export function inspectUsage(value: Json | undefined): Usage | undefined {
  if (!isRecord(value) || typeof value.input_tokens !== 'number') return undefined
  const input = readCount(value.input_tokens)
  const output = readCount(value.output_tokens)
  const cacheRead = readCount(value.input_tokens_cache_read)
  const cacheWrite = readCount(value.input_tokens_cache_write)
  const isWithin = readCount(value.total_tokens) < input + cacheRead + cacheWrite + output
  return {
    input: isWithin ? Math.max(0, input - cacheRead - cacheWrite) : input,
    cacheRead,
    cacheWrite,
    output,
    ...(typeof value.reasoning_tokens === 'number' ? { reasoning: readCount(value.reasoning_tokens) } : {}),
  }
}
