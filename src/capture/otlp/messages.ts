import { unlessTypeError } from '../../lib/thrown.ts'
import type { LlmReply, LlmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part, Role } from '../../schema/message.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { anthropicMessages } from '../../tap/wire/anthropic-messages.ts'
import { openaiChat } from '../../tap/wire/openai-chat.ts'
import { readInput } from '../../tap/wire/text.ts'
import { messagesIn as aiSdkMessages } from '../ai-messages.ts'
import { parsed, takeListBefore } from './told.ts'

export type Fields = { readonly [key: string]: Json | undefined }

/** A conversation, with what stands before it. */
export interface Said {
  readonly system: readonly Part[]
  readonly messages: readonly Message[]
}

/**
 * A list of messages in whichever of the shapes that are about: OpenTelemetry GenAI (`parts`), the AI SDK (`tool-call`,
 * `tool-result`), Anthropic (`tool_use`, `tool_result`), OpenAI chat (`tool_calls`, `tool_call_id`), plain text. Each tool
 * result is a message of its own; what we do not know is carried. `undefined` where it is no conversation.
 */
export function saidIn(value: Json | undefined): Said | undefined {
  const given = parsed(value)
  if (typeof given === 'string') {
    return given === '' ? undefined : { system: [], messages: [{ role: 'user', parts: [textPart(given)] }] }
  }
  if (isFields(given)) {
    if (Array.isArray(given['messages'])) {
      const inner = saidIn(given['messages'])
      const system = systemIn(given['system'] ?? given['instructions'])
      return inner === undefined
        ? undefined
        : { system: [...system, ...inner.system], messages: inner.messages }
    }
    return 'role' in given ? saidIn([given]) : undefined
  }
  return Array.isArray(given) ? saidInList(given as readonly Json[]) : undefined
}

/** Each model request repeats what was said before, and is read from there on. */
function saidInList(given: readonly Json[]): Said | undefined {
  const again = oneByOne.get(given)
  if (again !== undefined) return again
  const before = takeListBefore(given)
  const known = before === undefined ? undefined : oneByOne.get(before)
  if (before !== undefined && known !== undefined) {
    const more = given.slice(before.length).map(unwrapped)
    if (more.every(isReadAlone)) {
      const said = { system: known.system, messages: [...known.messages, ...more.flatMap(readOne)] }
      oneByOne.set(given, said)
      return said
    }
  }
  const list = given.map(unwrapped)
  if (list.length > 0 && !list.some((item) => isFields(item) && 'role' in item)) return undefined
  const messages = readAll(list)
  const head = messages.findIndex(({ role }) => role !== 'system')
  const split = head === -1 ? messages.length : head
  const said = {
    system: messages.slice(0, split).flatMap(({ parts }) => parts),
    messages: messages.slice(split),
  }
  // Behind something that is no instruction nothing is one of those that stand before all.
  if (head !== -1 && list.every(isReadAlone)) oneByOne.set(given, said)
  return said
}

/** What lists say whose items were read one by one. */
const oneByOne = new WeakMap<readonly Json[], Said>()

/** Whether an item is of no shape that makes others beside it be read in another way (`readAll`). */
function isReadAlone(item: Json): boolean {
  return !isOfAiSdk(item) && !isOfAnthropic(item)
}

/** OpenInference's flattened messages stand one level lower. */
function unwrapped(item: Json): Json {
  return isFields(item) && isFields(item['message']) && !('role' in item) ? item['message'] : item
}

function readAll(list: readonly Json[]): readonly Message[] {
  if (list.some(isOfAiSdk)) return aiSdkMessages(list.map(asNewAiSdk))
  if (list.some(isOfAnthropic))
    return attempted(() => anthropicMessages.readRequest({ messages: list })) ?? list.flatMap(readOne)
  return list.flatMap(readOne)
}

function attempted(read: () => Pick<LlmRequest, 'system' | 'messages'>): readonly Message[] | undefined {
  return unlessTypeError(() => {
    const { system = [], messages } = read()
    const results = messages.flatMap(splitResults)
    return system.length === 0 ? results : [{ role: 'system', parts: system }, ...results]
  })
}

/** One message of ours for each result; what else was said with results comes behind them. */
export function splitResults(message: Message): readonly Message[] {
  const results = message.parts.filter(({ type }) => type === 'tool_call_response')
  if (results.length === 0 || (message.role === 'tool' && message.parts.length === 1)) return [message]
  const others = message.parts.filter(({ type }) => type !== 'tool_call_response')
  const named = message.name === undefined ? {} : { name: message.name }
  return [
    ...results.map((part): Message => ({ role: 'tool', ...named, parts: [part] })),
    ...(others.length === 0
      ? []
      : [{ ...message, role: message.role === 'tool' ? 'user' : message.role, parts: others } as Message]),
  ]
}

/** Each model request repeats what was said before: the very same item is the very same message. */
function readOne(item: Json): readonly Message[] {
  return once(ones, item, readFresh)
}

function readFresh(item: Json | undefined): readonly Message[] {
  if (!isFields(item)) return []
  const parts = parsed(item['parts'])
  if (Array.isArray(parts)) return splitResults(withParts(item, parts as readonly Json[]))
  try {
    const { system = [], messages } = openaiChat.readRequest({ messages: [chatMessage(item)] })
    return system.length === 0 ? messages : [{ role: 'system', parts: system }, ...messages]
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return [{ role: roleOf(item['role']), parts: [{ type: 'opaque', value: item }] }]
  }
}

/** Roles and members as OpenAI's wire has them, without what only says that nothing is said. */
function chatMessage(item: Fields): Fields {
  const { tool_calls: calls, toolCalls, content, finish_reason: _, ...rest } = item
  const asked = parsed(calls ?? toolCalls)
  const blocks = parsed(content)
  return {
    ...rest,
    role: roleOf(item['role']),
    content: Array.isArray(blocks) && blocks.every(isFields) ? blocks : content,
    ...(Array.isArray(asked) && asked.length > 0 ? { tool_calls: asked.map(chatCall) } : {}),
  }
}

/** A call in its `function`, or flat. */
function chatCall(call: Json): Json {
  if (!isFields(call)) return call
  const inner = isFields(call['tool_call']) ? call['tool_call'] : call
  if (isFields(inner['function'])) return inner
  const { id, name, arguments: given, args, input, ...rest } = inner
  return { ...rest, id: id ?? '', function: { name: name ?? '', arguments: given ?? args ?? input ?? {} } }
}

function withParts({ role, name }: Fields, parts: readonly Json[]): Message {
  return {
    role: roleOf(role),
    ...(typeof name === 'string' ? { name } : {}),
    parts: parts.flatMap(partIn),
  }
}

/** A part as the conventions have it: https://github.com/open-telemetry/semantic-conventions-genai (gen-ai-input-messages). */
export function partIn(part: Json): readonly Part[] {
  if (typeof part === 'string') return part === '' ? [] : [textPart(part)]
  if (!isFields(part)) return []
  const { type, content, id, name } = part
  if (type === 'text' && typeof (content ?? part['text']) === 'string') {
    const text = textOr(content ?? part['text'])
    return text === '' ? [] : [textPart(text)]
  }
  if ((type === 'reasoning' || type === 'thinking') && typeof content === 'string')
    return [{ type: 'reasoning', content }]
  if (type === 'tool_call') {
    return [{ type: 'tool_call', id: textOr(id), name: textOr(name), ...readInput(part['arguments']) }]
  }
  if (type === 'tool_call_response') {
    const response = part['response'] ?? part['result'] ?? part['content'] ?? null
    const failed = part['isError'] === true || part['is_error'] === true
    return [
      { type: 'tool_call_response', id: textOr(id), response, ...(failed ? { isError: true as const } : {}) },
    ]
  }
  return [{ type: 'opaque', value: part }]
}

/** The AI SDK 4 wrote `args` and `result` where later ones have `input` and `output`. */
function asNewAiSdk(item: Json): Json {
  if (!isFields(item)) return item
  const { content } = item
  if (!Array.isArray(content)) return item
  return {
    ...item,
    content: (content as readonly Json[]).map((block) => {
      if (!isFields(block)) return block
      if (block['type'] === 'tool-call' && 'args' in block) return { ...block, input: block['args'] }
      if (block['type'] !== 'tool-result' || 'output' in block) return block
      const kind = block['isError'] === true ? 'error-json' : 'json'
      return { ...block, output: { type: kind, value: block['result'] ?? null } }
    }),
  }
}

/** What a model said, of a list of messages, one message, a raw reply of a provider, or text. */
export function replyIn(value: Json | undefined): Omit<LlmReply, 'usage' | 'costUsd'> | undefined {
  const given = parsed(value)
  if (typeof given === 'string')
    return { message: { role: 'assistant', parts: given === '' ? [] : [textPart(given)] } }
  const raw = isFields(given) ? rawReply(given) : undefined
  if (raw !== undefined) return raw
  const said = saidIn(given)
  const message = said?.messages.find(({ role }) => role === 'assistant') ?? said?.messages[0]
  if (message === undefined) return undefined
  const first = Array.isArray(given) ? given[0] : given
  const finish = isFields(first) ? first['finish_reason'] : undefined
  return {
    message: { ...message, role: 'assistant' },
    ...(typeof finish === 'string' && finish !== '' ? { finishReason: finish } : {}),
  }
}

/** A whole body that a provider answered with, where it is one of those whose wire we know. */
export function rawReply(body: Fields): LlmReply | undefined {
  return unlessTypeError(() => {
    if (Array.isArray(body['choices'])) return openaiChat.readReply(body)
    if (body['type'] === 'message' && Array.isArray(body['content'])) return anthropicMessages.readReply(body)
    return undefined
  })
}

/** A whole body that was sent to a provider, as what was asked. */
export function rawRequest(body: Json | undefined): LlmRequest | undefined {
  const given = parsed(body)
  if (!isFields(given) || !Array.isArray(given['messages'])) return undefined
  const list = given['messages'] as readonly Json[]
  return unlessTypeError(() => {
    const anthropic = given['system'] !== undefined || list.some(isOfAnthropic)
    const { system, messages, ...rest } = (anthropic ? anthropicMessages : openaiChat).readRequest(given)
    return { ...rest, ...(system === undefined ? {} : { system }), messages: messages.flatMap(splitResults) }
  })
}

/** Whether a message holds calls or results as the AI SDK writes them. */
function isOfAiSdk(item: Json): boolean {
  return blocksOf(item).some(({ type }) => type === 'tool-call' || type === 'tool-result')
}

/** Whether a message holds calls or results as Anthropic's wire has them. */
function isOfAnthropic(item: Json): boolean {
  return blocksOf(item).some(({ type }) => type === 'tool_use' || type === 'tool_result')
}

/** System instructions: text, parts, or messages. */
export function systemIn(value: Json | undefined): readonly Part[] {
  return once(systems, parsed(value), readSystem)
}

/** What a value is read as, once for the very same value: every model call repeats its system prompt and its tools. */
function once<T>(made: WeakMap<object, T>, given: Json | undefined, make: (given: Json | undefined) => T): T {
  if (typeof given !== 'object' || given === null) return make(given)
  const known = made.get(given)
  if (known !== undefined) return known
  const value = make(given)
  made.set(given, value)
  return value
}

const ones = new WeakMap<object, readonly Message[]>()
const systems = new WeakMap<object, readonly Part[]>()
const definitions = new WeakMap<object, readonly ToolDefinition[]>()

function readSystem(given: Json | undefined): readonly Part[] {
  if (given === undefined || given === null) return []
  const list = Array.isArray(given) ? (given as readonly Json[]) : [given]
  return list.flatMap((one) => {
    if (isFields(one) && 'role' in one) return readOne(one).flatMap(({ parts }) => parts)
    return partIn(one)
  })
}

/** Tools as the conventions, OpenAI, Anthropic and the AI SDK define them: flat or in a `function`. */
export function toolsIn(value: Json | undefined): readonly ToolDefinition[] {
  return once(definitions, parsed(value), readTools)
}

function readTools(given: Json | undefined): readonly ToolDefinition[] {
  if (!Array.isArray(given)) return []
  return (given as readonly Json[]).flatMap((item): readonly ToolDefinition[] => {
    const tool = parsed(item)
    if (!isFields(tool)) return []
    const told = isFields(tool['function']) ? tool['function'] : tool
    const name = textOr(told['name'])
    if (name === '') return []
    const { description } = told
    const schema = parsed(told['parameters'] ?? told['inputSchema'] ?? told['input_schema'])
    return [
      {
        name,
        ...(typeof description === 'string' && description !== '' ? { description } : {}),
        ...(isFields(schema) ? { inputSchema: schema } : {}),
      },
    ]
  })
}

function roleOf(role: Json | undefined): Role {
  switch (typeof role === 'string' ? role.toLowerCase() : '') {
    case 'system':
    case 'developer':
      return 'system'
    case 'assistant':
    case 'ai':
    case 'model':
      return 'assistant'
    case 'tool':
    case 'function':
      return 'tool'
    default:
      return 'user'
  }
}

function blocksOf(item: Json): readonly Fields[] {
  const content = isFields(item) ? item['content'] : undefined
  return Array.isArray(content) ? (content as readonly Json[]).filter(isFields) : []
}

function textPart(content: string): Part {
  return { type: 'text', content }
}

function textOr(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

export function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
