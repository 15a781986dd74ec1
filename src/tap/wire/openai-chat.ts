import type { LlmReply, LlmRequest, Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part, ToolCallPart } from '../../schema/message.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { assembleCompletion, streamCompletion } from './openai-chat-stream.ts'
import { readErrorMember } from './stream.ts'
import {
  aside,
  asideIn,
  type Body,
  carried,
  isAside,
  isRecord,
  joinedText,
  opaque,
  othersOf,
  readArguments,
  readCount,
  readResult,
  shownText,
  textIn,
  toolName,
  writeResult,
} from './text.ts'
import type { Wire } from './wire.ts'

/**
 * OpenAI Chat Completions: https://platform.openai.com/docs/api-reference/chat. System
 * messages at the start are our `system`; a tool's result is a message of role `tool` with text. What stands in a
 * message beside that (`refusal`, `audio`, a provider's own fields) is carried as an aside `{ $message }`. A reply of
 * several choices is refused: we carry one.
 */
export const openaiChat: Wire = {
  name: 'openai-chat',
  description: 'OpenAI Chat Completions (POST …/chat/completions).',
  matches: (url) => url.pathname.endsWith('/chat/completions'),

  readRequest(body) {
    if (!isRecord(body) || !Array.isArray(body.messages)) throw new TypeError('no "messages" in the request')
    const { model, messages, tools, stream: _, ...parameters } = body
    const all = (messages as readonly Json[]).map(readMessage)
    const head = all.findIndex((message) => message.role !== 'system' || message.name !== undefined)
    const split = head === -1 ? all.length : head
    return {
      ...(typeof model === 'string' ? { model } : {}),
      // What a request does not have is known to be absent, which is more than not known.
      system: all.slice(0, split).flatMap((message) => message.parts),
      messages: all.slice(split),
      tools: Array.isArray(tools) ? (tools as readonly Json[]).map(readTool) : [],
      parameters,
    }
  },

  writeRequest({ model, system = [], messages, tools = [], parameters }) {
    return {
      ...(model === undefined ? {} : { model }),
      messages: [
        ...system.flatMap((part) => writeMessage({ role: 'system', parts: [part] })),
        ...messages.flatMap(writeMessage),
      ],
      ...(tools.length === 0 ? {} : { tools: tools.map(writeTool) }),
      ...parameters,
    }
  },

  readReply(body) {
    const choices = isRecord(body) && Array.isArray(body.choices) ? (body.choices as readonly Json[]) : []
    const [choice] = choices
    if (!isRecord(body) || !isRecord(choice) || !isRecord(choice.message)) {
      throw new TypeError('no "choices[0].message" in the reply')
    }
    if (choices.length > 1) throw new TypeError(`${choices.length} choices in the reply, where we carry one`)
    return {
      message: readMessage({ ...choice.message, role: 'assistant' }),
      ...(typeof body.model === 'string' ? { model: body.model } : {}),
      ...(typeof choice.finish_reason === 'string' ? { finishReason: choice.finish_reason } : {}),
      ...(typeof body.id === 'string' ? { responseId: body.id } : {}),
      ...readUsage(body.usage),
    }
  },

  writeReply: writeCompletion,
  streams: (body) => isRecord(body) && body.stream === true,
  assemble: assembleCompletion,
  isLast: ({ data }) => data === '[DONE]',
  writeStream: (reply, request) => streamCompletion(writeCompletion(reply, request), request.parameters),
  readError: readErrorMember,
}

function writeCompletion(reply: LlmReply, request: LlmRequest): Body {
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
        message: { refusal: null, ...message },
        logprobs: null,
        finish_reason: finishReason(reply.finishReason) ?? (calls ? 'tool_calls' : 'stop'),
      },
    ],
    ...(reply.usage === undefined ? {} : { usage: writeUsage(reply.usage) }),
  }
}

/** What other providers say where this wire has a word of its own: a recording may have been made there. */
const reasons: ReadonlyMap<string, string | undefined> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
  // Said of a reply with calls, too.
  ['completed', undefined],
])

function finishReason(recorded: string | undefined): string | undefined {
  return recorded === undefined || reasons.has(recorded) ? reasons.get(recorded ?? '') : recorded
}

const messageMembers = new Set(['role', 'content', 'name', 'tool_calls', 'tool_call_id'])

/** Beside a call without an id, and its result: `function_call`, and the role `function`, from before there were tools. */
const legacy = aside('legacy', {})

function readMessage(value: Json): Message {
  if (!isRecord(value)) throw new TypeError('a message is not an object')
  if (value.role === 'tool') {
    const id = textIn(value.tool_call_id)
    return { role: 'tool', parts: [{ type: 'tool_call_response', id, response: readResult(value.content) }] }
  }
  const named = typeof value.name === 'string' ? { name: value.name } : {}
  if (value.role === 'function') {
    const result: Part = { type: 'tool_call_response', id: '', response: readResult(value.content) }
    return { role: 'tool', ...named, parts: [result, legacy] }
  }
  const role = value.role === 'developer' ? 'system' : value.role
  if (role !== 'system' && role !== 'user' && role !== 'assistant') {
    throw new TypeError('a message has a role we do not know')
  }
  const calls = Array.isArray(value.tool_calls) ? (value.tool_calls as readonly Json[]) : []
  const { function_call: called, ...said } = value
  const others = othersOf(isRecord(called) ? said : value, messageMembers)
  return {
    role,
    ...named,
    parts: [
      ...readContent(value.content),
      ...(others === undefined ? [] : [aside('message', others)]),
      ...calls.map(readCall),
      ...(isRecord(called) ? [readCall({ function: called }), legacy] : []),
    ],
  }
}

function readContent(content: Json | undefined): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }]
  if (!Array.isArray(content)) return []
  return (content as readonly Json[]).map((item) =>
    isRecord(item) && item.type === 'text' && typeof item.text === 'string'
      ? { type: 'text', content: item.text }
      : opaque(item),
  )
}

function readCall(value: Json): Part {
  const called = isRecord(value) && isRecord(value.function) ? value.function : undefined
  if (!isRecord(value) || called === undefined) return opaque(value)
  const { arguments: given } = called
  return {
    type: 'tool_call',
    id: textIn(value.id),
    name: textIn(called.name),
    // Some servers give the arguments as a value.
    ...(typeof given === 'string' ? readArguments(given) : { arguments: given ?? {} }),
  }
}

/** One message of ours can be several on this wire: each tool result is a message of its own. */
function writeMessage({ role, name, parts }: Message): Body[] {
  if (role === 'tool') {
    return parts.flatMap((part, at): Body[] => {
      if (part.type !== 'tool_call_response') return []
      const content = writeResult(part.response)
      return isLegacy(parts, at)
        ? [{ role: 'function', name: name ?? '', content }]
        : [{ role, tool_call_id: part.id, content }]
    })
  }
  const calls = parts.flatMap((part, at) => (isLegacy(parts, at) ? [] : writeCall(part)))
  const [called] = parts.flatMap((part, at) =>
    part.type === 'tool_call' && isLegacy(parts, at) ? [writeCalled(part)] : [],
  )
  return [
    {
      ...parts.map((part) => asideIn(part, 'message')).find((said) => said !== undefined),
      role,
      ...(name === undefined ? {} : { name }),
      content: writeContent(role, parts),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...(called === undefined ? {} : { function_call: called }),
    },
  ]
}

function isLegacy(parts: readonly Part[], at: number): boolean {
  return asideIn(parts[at + 1], 'legacy') !== undefined
}

/** One text is a string. What an assistant says is one, however many parts it came in: so the provider sends it. */
function writeContent(role: Message['role'], parts: readonly Part[]): Json {
  const items = parts.flatMap((part): Json[] => {
    if (part.type === 'text') return [{ type: 'text', text: part.content }]
    return part.type === 'opaque' && !isCustomCall(part.value) && !isAside(part) ? [carried(part)] : []
  })
  const texts = parts.filter((part) => part.type === 'text')
  if (items.length > texts.length || (texts.length > 1 && role !== 'assistant')) return items
  return joinedText(texts) ?? (role === 'assistant' ? null : '')
}

function writeCall(part: Part): Json[] {
  if (part.type === 'opaque') return isCustomCall(part.value) ? [part.value] : []
  if (part.type !== 'tool_call') return []
  return [{ id: part.id, type: 'function', function: writeCalled(part) }]
}

function writeCalled({ name, arguments: given, malformed }: ToolCallPart): Json {
  return { name, arguments: malformed ? shownText(given) : JSON.stringify(given) }
}

/** A call of a tool that takes free text: https://platform.openai.com/docs/guides/function-calling#custom-tools */
function isCustomCall(value: Json): boolean {
  return isRecord(value) && value.type === 'custom' && isRecord(value.custom)
}

const functionMembers = new Set(['name', 'description', 'parameters'])

/** A tool that is no function (a custom one) is carried whole. */
function readTool(value: Json): ToolDefinition {
  if (!isRecord(value)) throw new TypeError('a tool is not an object')
  const { function: told } = value
  if (!isRecord(told)) {
    const named = isRecord(value.custom) ? value.custom.name : undefined
    return { name: toolName(named, value.type), extra: value }
  }
  const extra = othersOf(told, functionMembers)
  return {
    name: toolName(told.name),
    ...(typeof told.description === 'string' ? { description: told.description } : {}),
    ...(isRecord(told.parameters) ? { inputSchema: told.parameters } : {}),
    ...(extra === undefined ? {} : { extra }),
  }
}

function writeTool({ name, description, inputSchema, extra }: ToolDefinition): Json {
  if (extra?.type !== undefined) return extra
  return {
    type: 'function',
    function: {
      ...extra,
      name,
      ...(description === undefined ? {} : { description }),
      ...(inputSchema === undefined ? {} : { parameters: inputSchema }),
    },
  }
}

/** `prompt_tokens` holds those read from a cache and written to one; ours are disjoint. */
function readUsage(value: Json | undefined): { usage?: Usage } {
  if (!isRecord(value) || typeof value.prompt_tokens !== 'number') return {}
  const asked = isRecord(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  const said = isRecord(value.completion_tokens_details) ? value.completion_tokens_details : {}
  const [cacheRead, cacheWrite] = [readCount(asked.cached_tokens), readCount(asked.cache_write_tokens)]
  return {
    usage: {
      input: Math.max(0, readCount(value.prompt_tokens) - cacheRead - cacheWrite),
      cacheRead,
      cacheWrite,
      output: readCount(value.completion_tokens),
      ...(typeof said.reasoning_tokens === 'number' ? { reasoning: readCount(said.reasoning_tokens) } : {}),
    },
  }
}

function writeUsage(usage: Usage): Json {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead,
      ...(usage.cacheWrite === 0 ? {} : { cache_write_tokens: usage.cacheWrite }),
    },
    ...(usage.reasoning === undefined
      ? {}
      : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
  }
}
