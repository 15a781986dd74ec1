import type { LlmReply, LlmRequest, Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part } from '../../schema/message.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { assembleMessage, streamMessage } from './anthropic-messages-stream.ts'
import { readErrorMember } from './stream.ts'
import {
  aside,
  asideIn,
  type Body,
  carried,
  isAside,
  isRecord,
  listIn,
  opaque,
  othersOf,
  readCount,
  readInput,
  readResult,
  shownText,
  textIn,
  toolName,
  writeResult,
} from './text.ts'
import type { Wire } from './wire.ts'

/**
 * Anthropic Messages: https://docs.anthropic.com/en/api/messages. Tool results stand in a `user` message as blocks;
 * ours are messages of role `tool`, one a result, so reading splits and writing joins. Citations stand beside their
 * text, as an aside `{ $text }`; blocks of tools that the provider runs are carried whole. `cache_control` and a call's
 * `caller` are not read: no model sees them.
 */
export const anthropicMessages: Wire = {
  name: 'anthropic-messages',
  description: 'Anthropic Messages (POST …/v1/messages).',
  matches: (url) => url.pathname.endsWith('/v1/messages'),

  readRequest(body) {
    if (!isRecord(body) || !Array.isArray(body.messages)) throw new TypeError('no "messages" in the request')
    const { model, system, messages, tools, stream: _, ...parameters } = body
    return {
      ...(typeof model === 'string' ? { model } : {}),
      // What a request does not have is known to be absent, which is more than not known.
      system: readBlocks(system ?? []),
      messages: (messages as readonly Json[]).flatMap(readMessage),
      tools: Array.isArray(tools) ? (tools as readonly Json[]).map(readTool) : [],
      parameters,
    }
  },

  writeRequest({ model, system = [], messages, tools = [], parameters }) {
    return {
      ...(model === undefined ? {} : { model }),
      ...(system.length === 0 ? {} : { system: writeBlocks(system) }),
      messages: writeMessages(messages),
      ...(tools.length === 0 ? {} : { tools: tools.map(writeTool) }),
      ...parameters,
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

  writeReply: writeMessageReply,
  streams: (body) => isRecord(body) && body.stream === true,
  assemble: assembleMessage,
  isLast: ({ event }) => event === 'message_stop' || event === 'error',
  writeStream: (reply, request) => streamMessage(writeMessageReply(reply, request)),
  readError: readErrorMember,
}

function writeMessageReply(reply: LlmReply, request: LlmRequest): Body {
  const calls = reply.message.parts.some((part) => part.type === 'tool_call')
  return {
    id: reply.responseId ?? 'msg_recorded',
    type: 'message',
    role: 'assistant',
    model: reply.model ?? request.model ?? 'recorded',
    content: writeBlocks(reply.message.parts),
    stop_reason: stopReason(reply.finishReason) ?? (calls ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    usage: writeUsage(reply.usage),
  }
}

/** What other providers say where this wire has a word of its own: a recording may have been made there. */
const reasons: ReadonlyMap<string, string | undefined> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['max_output_tokens', 'max_tokens'],
  ['tool_calls', 'tool_use'],
  ['function_call', 'tool_use'],
  ['content_filter', 'refusal'],
  // Said of a reply with calls, too.
  ['completed', undefined],
])

function stopReason(recorded: string | undefined): string | undefined {
  return recorded === undefined || reasons.has(recorded) ? reasons.get(recorded ?? '') : recorded
}

function readMessage(value: Json): Message[] {
  if (!isRecord(value)) throw new TypeError('a message is not an object')
  const parts = readBlocks(value.content ?? '')
  if (value.role === 'assistant' || value.role === 'system') return [{ role: value.role, parts }]
  if (value.role !== 'user') throw new TypeError('a message has a role we do not know')
  const messages: { role: 'tool' | 'user'; parts: Part[] }[] = []
  for (const part of parts) {
    const last = messages.at(-1)
    if (part.type === 'tool_call_response') messages.push({ role: 'tool', parts: [part] })
    else if (last?.role === 'user') last.parts.push(part)
    else messages.push({ role: 'user', parts: [part] })
  }
  return messages.length === 0 ? [{ role: 'user', parts }] : messages
}

function readBlocks(content: Json): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }]
  return listIn(content).flatMap((block) => {
    const cited = isRecord(block) && block.type === 'text' ? listIn(block.citations) : []
    return cited.length === 0 ? [readBlock(block)] : [readBlock(block), aside('text', { citations: cited })]
  })
}

function readBlock(block: Json): Part {
  if (!isRecord(block)) return opaque(block)
  switch (block.type) {
    case 'text':
      return { type: 'text', content: textIn(block.text) }
    case 'thinking':
      return {
        type: 'reasoning',
        content: textIn(block.thinking),
        ...(typeof block.signature === 'string' ? { signature: block.signature } : {}),
      }
    case 'tool_use':
      return {
        type: 'tool_call',
        id: textIn(block.id),
        name: textIn(block.name),
        ...readInput(block.input),
      }
    case 'tool_result':
      return {
        type: 'tool_call_response',
        id: textIn(block.tool_use_id),
        response: readResult(block.content),
        ...(block.is_error === true ? { isError: true } : {}),
      }
    default:
      return opaque(block)
  }
}

function writeMessages(messages: readonly Message[]): Json[] {
  const written: { role: string; content: Json[] }[] = []
  for (const message of messages) {
    const role = message.role === 'tool' ? 'user' : message.role
    const content = writeBlocks(message.parts)
    const last = written.at(-1)
    // Results of parallel calls, and what the user says with them, are one message on this wire.
    if (last !== undefined && last.role === role && role === 'user') last.content.push(...content)
    else written.push({ role, content })
  }
  return written
}

function writeBlocks(parts: readonly Part[]): Json[] {
  return parts.flatMap((part, at) => {
    if (isAside(part)) return []
    const block = writeBlock(part)
    const beside = part.type === 'text' ? asideIn(parts[at + 1], 'text') : undefined
    return [isRecord(block) && beside !== undefined ? { ...block, ...beside } : block]
  })
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
      return {
        type: 'tool_use',
        id: part.id,
        name: part.name,
        input: part.malformed ? shownText(part.arguments) : part.arguments,
      }
    case 'tool_call_response':
      return {
        type: 'tool_result',
        tool_use_id: part.id,
        content: writeResult(part.response),
        ...(part.isError ? { is_error: true } : {}),
      }
    case 'opaque':
      return carried(part)
  }
}

const toolMembers = new Set(['name', 'description', 'input_schema', 'cache_control'])

function readTool(value: Json): ToolDefinition {
  if (!isRecord(value)) throw new TypeError('a tool is not an object')
  const { type, ...told } = value
  const extra = othersOf(type === 'custom' ? told : value, toolMembers)
  return {
    name: toolName(value.name, value.type),
    ...(typeof value.description === 'string' ? { description: value.description } : {}),
    ...(isRecord(value.input_schema) ? { inputSchema: value.input_schema } : {}),
    ...(extra === undefined ? {} : { extra }),
  }
}

function writeTool(tool: ToolDefinition): Json {
  const { name, description, inputSchema, extra } = tool
  return {
    ...extra,
    // A tool that has no name is called by its type.
    ...(name === extra?.type ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(inputSchema === undefined ? {} : { input_schema: inputSchema }),
  }
}

/** The three input counters are disjoint here already. */
function readUsage(value: Json | undefined): { usage?: Usage } {
  if (!isRecord(value) || typeof value.input_tokens !== 'number') return {}
  const details = isRecord(value.output_tokens_details) ? value.output_tokens_details : {}
  return {
    usage: {
      input: readCount(value.input_tokens),
      cacheRead: readCount(value.cache_read_input_tokens),
      cacheWrite: readCount(value.cache_creation_input_tokens),
      output: readCount(value.output_tokens),
      ...(typeof details.thinking_tokens === 'number'
        ? { reasoning: readCount(details.thinking_tokens) }
        : {}),
    },
  }
}

function writeUsage(usage: Usage | undefined): Json {
  return {
    input_tokens: usage?.input ?? 0,
    cache_read_input_tokens: usage?.cacheRead ?? 0,
    cache_creation_input_tokens: usage?.cacheWrite ?? 0,
    output_tokens: usage?.output ?? 0,
    ...(usage?.reasoning === undefined
      ? {}
      : { output_tokens_details: { thinking_tokens: usage.reasoning } }),
  }
}
