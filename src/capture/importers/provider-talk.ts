import { defined } from '../../lib/defined.ts'
import { unlessTypeError } from '../../lib/thrown.ts'
import type { LlmReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { type Message, type Part, type ToolResponsePart, toolCallsOf } from '../../schema/message.ts'
import { openaiResponses } from '../../tap/wire/openai-responses.ts'
import { type Body, isRecord, listIn, readInput, recordIn, textIn } from '../../tap/wire/text.ts'
import { rawReply, rawRequest, replyIn, saidIn, toolsIn } from '../otlp/messages.ts'
import { parsed } from '../otlp/told.ts'
import { langchainMessage } from './langchain-message.ts'
import type { Observation } from './observation.ts'

type Request = NonNullable<Observation['request']>
type Reply = LlmReply

/**
 * What a model was asked, from whatever its caller handed to an observer: the body of a request (chat, Messages, Responses),
 * messages of LangChain (also several lists of them, one a prompt), items of the Responses API, or a list of messages of any API.
 * JSON in text, and text in that, is read. Without `messages` where it is none of these.
 */
export function requestFrom(value: Json | undefined): Request {
  const given = parsed(value)
  const list = flatList(Array.isArray(given) ? given : isRecord(given) ? given.messages : undefined)
  if (list?.some(isLangchain) === true) {
    return { ...(isRecord(given) ? besides(given) : {}), ...split(list.map(langchainOrOpaque)) }
  }
  const items = isRecord(given) && given.messages === undefined ? given.input : given
  const isResponses = isRecord(given) && typeof given.input === 'string' && typeof given.model === 'string'
  if (isResponses || (Array.isArray(items) && items.some(isItem))) {
    const body = isRecord(given) ? given : { input: items ?? null }
    const read = unlessTypeError(() => openaiResponses.readRequest(body))
    if (read !== undefined) return isRecord(given) ? read : { messages: read.messages }
  }
  const raw = isRecord(given) ? rawRequest(given) : undefined
  if (raw !== undefined) return raw
  const said = saidIn(given)
  if (said === undefined) return {}
  const tools = isRecord(given) ? toolsIn(given.tools) : []
  return {
    messages: said.messages,
    ...(said.system.length === 0 ? {} : { system: said.system }),
    ...(tools.length === 0 ? {} : { tools }),
  }
}

/** What a model answered, from the body of a reply, items of the Responses API, calls of the AI SDK, LangChain's, or a message. */
export function replyFrom(value: Json | undefined): Reply | undefined {
  const given = parsed(value)
  if (given === undefined || given === null) return undefined
  if (isRecord(given)) return recordReply(given) ?? replyIn(given)
  if (!Array.isArray(given)) return replyIn(given)
  const list = given as readonly Json[]
  const bodies = list.flatMap((one) => (isRecord(one) ? (rawReply(one) ?? []) : []))
  if (bodies[0] !== undefined && bodies.length === list.length) return bodies[0]
  if (list.length > 0 && list.every((one) => typeof recordIn(one).toolCallId === 'string')) {
    return { message: { role: 'assistant', parts: list.map((one) => sdkCall(recordIn(one))) } }
  }
  if (list.some(isItem)) return unlessTypeError(() => openaiResponses.readReply({ output: list }))
  return isLangchain(list[0] ?? null) ? langchainReply(list[0] ?? null) : replyIn(given)
}

/** A reply apart from what it used: an observation has both, side by side. */
export function apart(reply: Reply | undefined): Pick<Observation, 'reply' | 'usage'> {
  if (reply === undefined) return {}
  const { usage, message, model, finishReason, responseId } = reply
  return {
    reply: { message, ...defined({ model, finishReason, responseId }) },
    ...defined({ usage }),
  }
}

/** What the body of a Responses reply repeats of its request: instructions and tools. */
export function repeatedIn(value: Json | undefined): Request {
  const given = parsed(value)
  if (!isRecord(given) || !Array.isArray(given.output)) return {}
  const { instructions, tools } = given
  const read = unlessTypeError(() =>
    openaiResponses.readRequest({ instructions: instructions ?? null, input: '', tools: listIn(tools) }),
  )
  return {
    ...(read?.system === undefined || read.system.length === 0 ? {} : { system: read.system }),
    ...(read?.tools === undefined || !Array.isArray(tools) ? {} : { tools: read.tools }),
  }
}

/**
 * A request without what came later: some observers keep a list that the program goes on adding to, and so hold the reply and what
 * follows it. It is cut where the reply stands, which is known by its calls; an answer in words only where it is the last message.
 */
export function asAsked(messages: readonly Message[], reply: Message | undefined): readonly Message[] {
  if (reply === undefined) return messages
  const ids = toolCallsOf(reply).flatMap(({ id }) => (id === '' ? [] : [id]))
  const at =
    ids.length > 0
      ? messages.findIndex(
          (message) => message.role === 'assistant' && toolCallsOf(message).some(({ id }) => id === ids[0]),
        )
      : isSameText(messages.at(-1), reply)
        ? messages.length - 1
        : -1
  return at === -1 ? messages : messages.slice(0, at)
}

function isSameText(message: Message | undefined, reply: Message): boolean {
  return (
    message?.role === 'assistant' &&
    JSON.stringify(message.parts.filter(isText)) === JSON.stringify(reply.parts.filter(isText))
  )
}

function isText({ type }: Part): boolean {
  return type === 'text'
}

function recordReply(given: Body): Reply | undefined {
  const generation = flatList(given.generations)?.[0]
  if (generation !== undefined) {
    const { message, text } = recordIn(generation)
    return message === undefined ? replyIn(text) : langchainReply(message)
  }
  if (Array.isArray(given.output) && (given.object === 'response' || given.output.some(isItem))) {
    return unlessTypeError(() => openaiResponses.readReply(given))
  }
  const choices = listIn(given.choices)
  const reply =
    rawReply(given) ?? (choices.length === 1 ? unlessTypeError(() => chatReply(given)) : undefined)
  if (reply !== undefined) return reply
  if (isLangchain(given)) return langchainReply(given)
  const calls = listIn(given.toolCalls).map((call) => sdkCall(recordIn(call)))
  if (typeof given.text !== 'string' && calls.length === 0) return undefined
  const text = textIn(given.text)
  return {
    message: {
      role: 'assistant',
      parts: [...(text === '' ? [] : [{ type: 'text', content: text } as const]), ...calls],
    },
  }
}

/** One that was put together from a stream, whose members are not all what they should be. */
function chatReply(given: Body): Reply | undefined {
  const { message } = recordIn(listIn(given.choices)[0])
  return message === undefined ? undefined : rawReply({ ...given, choices: [{ message }] })
}

function langchainReply(value: Json): Reply | undefined {
  const read = langchainMessage(value)
  return read === undefined ? undefined : { message: { ...read.message, role: 'assistant' }, ...read.reply }
}

function sdkCall(call: Body): Part {
  return {
    type: 'tool_call',
    id: textIn(call.toolCallId),
    name: textIn(call.toolName),
    ...readInput(call.input ?? call.args),
  }
}

function langchainOrOpaque(value: Json): Message {
  return (
    langchainMessage(value)?.message ??
    toolByRole(value) ?? { role: 'user', parts: [{ type: 'opaque', value }] }
  )
}

/** Langfuse's handler for LangChain names the role of a result after its tool. */
function toolByRole(value: Json): Message | undefined {
  const { role, content, additional_kwargs: kwargs } = recordIn(value)
  if (typeof role !== 'string' || !isRecord(kwargs) || content === undefined) return undefined
  return { role: 'tool', name: role, parts: [{ type: 'tool_call_response', id: '', response: content }] }
}

function isLangchain(value: Json): boolean {
  const { type, lc, role, data, content } = recordIn(value)
  if (type === 'constructor' && lc !== undefined) return true
  if (toolByRole(value) !== undefined) return true
  return (
    role === undefined &&
    ['human', 'ai', 'system', 'tool'].includes(textIn(type)) &&
    (isRecord(data) || content !== undefined)
  )
}

/** What a tool gave: as the message it became says it, where it became one, else as it stands. */
export function toolResult(
  output: Json | undefined,
  shown: ToolResponsePart | undefined,
): Pick<Observation, 'result'> {
  if (output === undefined) return {}
  if (shown === undefined) return { result: { response: output } }
  return { result: { response: shown.response, isError: shown.isError === true } }
}

function isItem(value: Json): boolean {
  const { type, role } = recordIn(value)
  const kind = textIn(type)
  return (
    (kind === 'message' && role !== undefined) ||
    /^(?:function_call|custom_tool_call|reasoning|mcp_call)(?:_output)?$/.test(kind)
  )
}

function flatList(value: Json | undefined): readonly Json[] | undefined {
  if (!Array.isArray(value)) return undefined
  const [first] = value as readonly Json[]
  return value.length === 1 && Array.isArray(first) ? (first as readonly Json[]) : (value as readonly Json[])
}

function split(messages: readonly Message[]): Pick<Request, 'messages' | 'system'> {
  const head = messages.findIndex(({ role }) => role !== 'system')
  const at = head === -1 ? messages.length : head
  const system = messages.slice(0, at).flatMap(({ parts }) => parts)
  return { messages: messages.slice(at), ...(system.length === 0 ? {} : { system }) }
}

function besides(given: Body): Request {
  const tools = toolsIn(given.tools)
  return {
    ...defined({ model: typeof given.model === 'string' ? given.model : undefined }),
    ...(tools.length === 0 ? {} : { tools }),
  }
}
