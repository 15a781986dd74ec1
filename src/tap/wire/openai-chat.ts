import type { Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part } from '../../schema/message.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { isRecord, joinedText, readArguments, shownText } from './text.ts'
import type { Wire } from './wire.ts'

type Body = { readonly [key: string]: Json | undefined }

/**
 * OpenAI Chat Completions, plain (not streamed): https://platform.openai.com/docs/api-reference/chat. System
 * messages at the start are our `system`; a tool's result is a message of role `tool` with text.
 */
export const openaiChat: Wire = {
  name: 'openai-chat',
  description: 'OpenAI Chat Completions (POST …/chat/completions).',
  matches: (url) => url.pathname.endsWith('/chat/completions'),

  readRequest(body) {
    if (!isRecord(body) || !Array.isArray(body.messages)) throw new TypeError('no "messages" in the request')
    const { model, messages, tools, ...parameters } = body
    const all = (messages as readonly Json[]).map(readMessage)
    const head = all.findIndex((message) => message.role !== 'system')
    const split = head === -1 ? all.length : head
    return {
      ...(typeof model === 'string' ? { model } : {}),
      ...(split === 0 ? {} : { system: all.slice(0, split).flatMap((message) => message.parts) }),
      messages: all.slice(split),
      ...(Array.isArray(tools) ? { tools: (tools as readonly Json[]).map(readTool) } : {}),
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    }
  },

  writeRequest(request) {
    const system = joinedText(request.system ?? [])
    return {
      ...(request.model === undefined ? {} : { model: request.model }),
      messages: [
        ...(system === undefined ? [] : [{ role: 'system', content: system }]),
        ...request.messages.flatMap(writeMessage),
      ],
      ...(request.tools === undefined ? {} : { tools: request.tools.map(writeTool) }),
      ...request.parameters,
    }
  },

  readReply(body) {
    const choice =
      isRecord(body) && Array.isArray(body.choices) ? (body.choices as readonly Json[])[0] : undefined
    if (!isRecord(body) || !isRecord(choice) || !isRecord(choice.message)) {
      throw new TypeError('no "choices[0].message" in the reply')
    }
    return {
      message: readMessage(choice.message),
      ...(typeof body.model === 'string' ? { model: body.model } : {}),
      ...(typeof choice.finish_reason === 'string' ? { finishReason: choice.finish_reason } : {}),
      ...(typeof body.id === 'string' ? { responseId: body.id } : {}),
      ...readUsage(body.usage),
    }
  },

  writeReply(reply, request) {
    const [message = { role: 'assistant', content: null }] = writeMessage(reply.message)
    const calls = reply.message.parts.some((part) => part.type === 'tool_call')
    return {
      id: reply.responseId ?? 'chatcmpl-recorded',
      object: 'chat.completion',
      created: 0,
      model: reply.model ?? request.model ?? 'recorded',
      choices: [
        {
          index: 0,
          message,
          logprobs: null,
          finish_reason: reply.finishReason ?? (calls ? 'tool_calls' : 'stop'),
        },
      ],
      ...(reply.usage === undefined ? {} : { usage: writeUsage(reply.usage) }),
    }
  },
}

function readMessage(value: Json): Message {
  if (!isRecord(value)) throw new TypeError('a message is not an object')
  const parts: Part[] = readContent(value.content)
  switch (value.role) {
    case 'system':
    case 'developer':
      return { role: 'system', parts }
    case 'tool':
      return {
        role: 'tool',
        parts: [
          {
            type: 'tool_call_response',
            id: String(value.tool_call_id ?? ''),
            response: joinedText(parts, '') ?? '',
          },
        ],
      }
    case 'assistant': {
      const calls = Array.isArray(value.tool_calls) ? (value.tool_calls as readonly Json[]) : []
      return { role: 'assistant', parts: [...parts, ...calls.map(readCall)] }
    }
    default:
      return { role: 'user', parts }
  }
}

function readContent(content: Json | undefined): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }]
  if (!Array.isArray(content)) return []
  return (content as readonly Json[]).map((item) =>
    isRecord(item) && item.type === 'text' && typeof item.text === 'string'
      ? { type: 'text', content: item.text }
      : { type: 'opaque', value: item },
  )
}

function readCall(value: Json): Part {
  const called = isRecord(value) && isRecord(value.function) ? value.function : undefined
  if (!isRecord(value) || called === undefined) return { type: 'opaque', value }
  const text = typeof called.arguments === 'string' ? called.arguments : ''
  return {
    type: 'tool_call',
    id: String(value.id ?? ''),
    name: String(called.name ?? ''),
    ...readArguments(text),
  }
}

/** One message of ours can be several on this wire: each tool result is a message of its own. */
function writeMessage(message: Message): Body[] {
  if (message.role === 'tool') {
    return message.parts.flatMap((part) =>
      part.type === 'tool_call_response'
        ? [{ role: 'tool', tool_call_id: part.id, content: shownText(part.response) }]
        : [],
    )
  }
  const opaque = message.parts.some((part) => part.type === 'opaque')
  const content = opaque
    ? message.parts.flatMap((part): Json[] =>
        part.type === 'text'
          ? [{ type: 'text', text: part.content }]
          : part.type === 'opaque'
            ? [part.value]
            : [],
      )
    : (joinedText(message.parts) ?? null)
  const calls = message.parts.flatMap((part): Json[] =>
    part.type === 'tool_call'
      ? [
          {
            id: part.id,
            type: 'function',
            function: {
              name: part.name,
              arguments: part.malformed ? String(part.arguments) : JSON.stringify(part.arguments),
            },
          },
        ]
      : [],
  )
  return [{ role: message.role, content, ...(calls.length === 0 ? {} : { tool_calls: calls }) }]
}

function readTool(value: Json): ToolDefinition {
  const told = isRecord(value) && isRecord(value.function) ? value.function : undefined
  if (told === undefined) throw new TypeError('a tool is not a function')
  return {
    name: String(told.name ?? ''),
    ...(typeof told.description === 'string' ? { description: told.description } : {}),
    ...(isRecord(told.parameters) ? { inputSchema: told.parameters as { [key: string]: Json } } : {}),
  }
}

function writeTool(tool: ToolDefinition): Json {
  const { name, description, inputSchema } = tool
  return {
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      ...(inputSchema === undefined ? {} : { parameters: inputSchema }),
    },
  }
}

/** `prompt_tokens` holds the cached ones; ours are disjoint. */
function readUsage(value: Json | undefined): { usage?: Usage } {
  if (!isRecord(value) || typeof value.prompt_tokens !== 'number') return {}
  const cached = isRecord(value.prompt_tokens_details)
    ? Number(value.prompt_tokens_details.cached_tokens ?? 0)
    : 0
  const details = isRecord(value.completion_tokens_details) ? value.completion_tokens_details : {}
  return {
    usage: {
      input: Math.max(0, value.prompt_tokens - cached),
      cacheRead: cached,
      cacheWrite: 0,
      output: Number(value.completion_tokens ?? 0),
      ...(typeof details.reasoning_tokens === 'number' ? { reasoning: details.reasoning_tokens } : {}),
    },
  }
}

function writeUsage(usage: Usage): Json {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
  }
}
