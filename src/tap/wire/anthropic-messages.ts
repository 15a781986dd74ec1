import type { LlmRequest, Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part } from '../../schema/message.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { isRecord, shownText } from './text.ts'
import type { Wire } from './wire.ts'

/**
 * Anthropic Messages, plain (not streamed): https://docs.anthropic.com/en/api/messages. Tool results stand in a
 * `user` message as blocks; ours are messages of role `tool`, one a result, so reading splits and writing joins.
 */
export const anthropicMessages: Wire = {
  name: 'anthropic-messages',
  description: 'Anthropic Messages (POST …/v1/messages).',
  matches: (url) => url.pathname.endsWith('/v1/messages'),

  readRequest(body) {
    if (!isRecord(body) || !Array.isArray(body.messages)) throw new TypeError('no "messages" in the request')
    const { model, system, messages, tools, ...parameters } = body
    return {
      ...(typeof model === 'string' ? { model } : {}),
      ...(system === undefined || system === null ? {} : { system: readBlocks(system) }),
      messages: (messages as readonly Json[]).flatMap(readMessage),
      ...(Array.isArray(tools) ? { tools: (tools as readonly Json[]).map(readTool) } : {}),
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    }
  },

  writeRequest(request) {
    return {
      ...(request.model === undefined ? {} : { model: request.model }),
      ...(request.system === undefined ? {} : { system: request.system.map(writeBlock) }),
      messages: writeMessages(request.messages),
      ...(request.tools === undefined ? {} : { tools: request.tools.map(writeTool) }),
      ...request.parameters,
    }
  },

  readReply(body) {
    if (!isRecord(body) || !Array.isArray(body.content)) throw new TypeError('no "content" in the reply')
    return {
      message: { role: 'assistant', parts: readBlocks(body.content as Json) },
      ...(typeof body.model === 'string' ? { model: body.model } : {}),
      ...(typeof body.stop_reason === 'string' ? { finishReason: body.stop_reason } : {}),
      ...(typeof body.id === 'string' ? { responseId: body.id } : {}),
      ...readUsage(body.usage),
    }
  },

  writeReply(reply, request: LlmRequest) {
    const calls = reply.message.parts.some((part) => part.type === 'tool_call')
    return {
      id: reply.responseId ?? 'msg_recorded',
      type: 'message',
      role: 'assistant',
      model: reply.model ?? request.model ?? 'recorded',
      content: reply.message.parts.map(writeBlock),
      stop_reason: reply.finishReason ?? (calls ? 'tool_use' : 'end_turn'),
      stop_sequence: null,
      usage: writeUsage(reply.usage),
    }
  },
}

function readMessage(value: Json): Message[] {
  if (!isRecord(value)) throw new TypeError('a message is not an object')
  const parts = readBlocks(value.content ?? '')
  if (value.role === 'assistant') return [{ role: 'assistant', parts }]
  const results = parts.filter((part) => part.type === 'tool_call_response')
  const said = parts.filter((part) => part.type !== 'tool_call_response')
  return [
    ...results.map((part): Message => ({ role: 'tool', parts: [part] })),
    ...(said.length === 0 ? [] : [{ role: 'user', parts: said } as const]),
  ]
}

function readBlocks(content: Json): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }]
  return Array.isArray(content) ? (content as readonly Json[]).map(readBlock) : []
}

function readBlock(block: Json): Part {
  if (!isRecord(block)) return { type: 'opaque', value: block }
  switch (block.type) {
    case 'text':
      return { type: 'text', content: String(block.text ?? '') }
    case 'thinking':
      return {
        type: 'reasoning',
        content: String(block.thinking ?? ''),
        ...(typeof block.signature === 'string' ? { signature: block.signature } : {}),
      }
    case 'tool_use':
      return {
        type: 'tool_call',
        id: String(block.id ?? ''),
        name: String(block.name ?? ''),
        arguments: block.input ?? {},
      }
    case 'tool_result':
      return {
        type: 'tool_call_response',
        id: String(block.tool_use_id ?? ''),
        response: readResult(block.content ?? ''),
        ...(block.is_error === true ? { isError: true } : {}),
      }
    default:
      return { type: 'opaque', value: block }
  }
}

/** A result is text, or blocks; blocks that are all text are that text. */
function readResult(content: Json): Json {
  if (!Array.isArray(content)) return content
  const blocks = content as readonly Json[]
  const texts = blocks.map((block) => (isRecord(block) && block.type === 'text' ? block.text : undefined))
  return texts.every((text) => typeof text === 'string') ? texts.join('') : content
}

function writeMessages(messages: readonly Message[]): Json[] {
  const written: { role: string; content: Json[] }[] = []
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const content = message.parts.map(writeBlock)
    const last = written.at(-1)
    // Results of parallel calls, and what the user says with them, are one message on this wire.
    if (last !== undefined && last.role === role && role === 'user') last.content.push(...content)
    else written.push({ role, content })
  }
  return written
}

function writeBlock(part: Part): Json {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.content }
    case 'reasoning':
      return {
        type: 'thinking',
        thinking: part.content,
        ...(part.signature === undefined ? {} : { signature: part.signature }),
      }
    case 'tool_call':
      return { type: 'tool_use', id: part.id, name: part.name, input: part.arguments }
    case 'tool_call_response':
      return {
        type: 'tool_result',
        tool_use_id: part.id,
        content: shownText(part.response),
        ...(part.isError ? { is_error: true } : {}),
      }
    case 'opaque':
      return part.value
  }
}

function readTool(value: Json): ToolDefinition {
  if (!isRecord(value)) throw new TypeError('a tool is not an object')
  return {
    name: String(value.name ?? ''),
    ...(typeof value.description === 'string' ? { description: value.description } : {}),
    ...(isRecord(value.input_schema) ? { inputSchema: value.input_schema as { [key: string]: Json } } : {}),
  }
}

function writeTool(tool: ToolDefinition): Json {
  const { name, description, inputSchema } = tool
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(inputSchema === undefined ? {} : { input_schema: inputSchema }),
  }
}

/** The three input counters are disjoint here already. */
function readUsage(value: Json | undefined): { usage?: Usage } {
  if (!isRecord(value) || typeof value.input_tokens !== 'number') return {}
  return {
    usage: {
      input: value.input_tokens,
      cacheRead: Number(value.cache_read_input_tokens ?? 0),
      cacheWrite: Number(value.cache_creation_input_tokens ?? 0),
      output: Number(value.output_tokens ?? 0),
    },
  }
}

function writeUsage(usage: Usage | undefined): Json {
  return {
    input_tokens: usage?.input ?? 0,
    cache_read_input_tokens: usage?.cacheRead ?? 0,
    cache_creation_input_tokens: usage?.cacheWrite ?? 0,
    output_tokens: usage?.output ?? 0,
  }
}
