import { defined } from '../../lib/defined.ts'
import type { LlmReply, Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part, Role, ToolCallPart } from '../../schema/message.ts'
import {
  type Body,
  isRecord,
  listIn,
  opaque,
  readCount,
  readInput,
  readResult,
  recordIn,
} from '../../tap/wire/text.ts'

/** A message of LangChain, in our words, with what it says beside them. */
export interface LangchainMessage {
  readonly message: Message
  /** Its own id: the same message in two places has the same. */
  readonly id?: string | undefined
  /** Of an answer of a model: what is known of it. */
  readonly reply?: Omit<LlmReply, 'message'> | undefined
}

/**
 * Reads a message of LangChain in any of the ways it is written: as a constructor (`{ lc: 1, type: "constructor", id, kwargs }`,
 * https://js.langchain.com/docs/how_to/serialization), as `{ type, data }`, flat with its `type`, or as chat APIs have it, with
 * a `role`. `undefined` for what is none of these. Its `input_tokens` hold those of a cache; ours are disjoint.
 */
export function langchainMessage(value: Json | undefined): LangchainMessage | undefined {
  const found = shapeOf(value)
  if (found === undefined) return undefined
  const { role, said } = found
  const id = textOr(said.id)
  if (role === 'tool') {
    const shown: Part = {
      type: 'tool_call_response',
      id: textOr(said.tool_call_id) ?? '',
      response: readResult(said.content),
      ...(said.status === 'error' ? { isError: true } : {}),
    }
    return { message: { role, ...defined({ name: textOr(said.name) }), parts: [shown] }, ...defined({ id }) }
  }
  const calls = role === 'assistant' ? callsIn(said) : []
  const parts = [...contentParts(said.content, calls.length > 0), ...calls]
  return {
    message: { role, parts },
    ...defined({ id, reply: role === 'assistant' ? replyOf(said) : undefined }),
  }
}

const roles: ReadonlyMap<string, Role> = new Map([
  ['human', 'user'],
  ['user', 'user'],
  ['ai', 'assistant'],
  ['assistant', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
  ['tool', 'tool'],
  ['function', 'tool'],
])

function shapeOf(value: Json | undefined): { readonly role: Role; readonly said: Body } | undefined {
  if (!isRecord(value)) return undefined
  if (value.type === 'constructor') {
    const name = listIn(value.id).at(-1)
    const [, kind = ''] =
      (typeof name === 'string' && name.length < 50
        ? /^([A-Z][a-zA-Z]*?)Message(?:Chunk)?$/.exec(name)
        : null) ?? []
    const role = roles.get(kind.toLowerCase())
    return role === undefined || !isRecord(value.kwargs) ? undefined : { role, said: value.kwargs }
  }
  const said = isRecord(value.data) ? value.data : value
  const kind =
    textOr(value.role) ??
    textOr(value.type)
      ?.replace(/MessageChunk$/, '')
      .toLowerCase()
  const role = kind === undefined ? undefined : roles.get(kind)
  return role === undefined || !('content' in said) ? undefined : { role, said }
}

/** Blocks of a provider's own; calls among them are said again in `tool_calls`. */
function contentParts(content: Json | undefined, hasCalls: boolean): readonly Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }]
  return listIn(content).flatMap((block): readonly Part[] => {
    if (typeof block === 'string') return [{ type: 'text', content: block }]
    const { type, text, thinking, signature } = recordIn(block)
    if (type === 'text' && typeof text === 'string') return [{ type: 'text', content: text }]
    if (type === 'thinking' && typeof thinking === 'string') {
      return [{ type: 'reasoning', content: thinking, ...defined({ signature: textOr(signature) }) }]
    }
    return hasCalls && (type === 'tool_use' || type === 'tool_call' || type === 'function_call')
      ? []
      : [opaque(block)]
  })
}

function callsIn(said: Body): readonly ToolCallPart[] {
  const own = listIn(said.tool_calls)
  const given = own.length > 0 ? own : listIn(recordIn(said.additional_kwargs).tool_calls)
  const broken = listIn(said.invalid_tool_calls)
  return [
    ...given.map((call) => callOf(recordIn(call))),
    ...(own.length > 0 || given.length === 0 ? broken.map((call) => callOf(recordIn(call))) : []),
  ]
}

/** LangChain's own has the arguments as a value; those of chat APIs, and calls it could not read, as text. */
function callOf(call: Body): ToolCallPart {
  const told = recordIn(call.function)
  return {
    type: 'tool_call',
    id: textOr(call.id) ?? '',
    name: textOr(call.name) ?? textOr(told.name) ?? '',
    ...readInput(call.args ?? told.arguments),
  }
}

function replyOf(said: Body): Omit<LlmReply, 'message'> {
  const told = recordIn(said.response_metadata)
  return defined({
    model: textOr(told.model_name) ?? textOr(told.model),
    finishReason: textOr(told.finish_reason) ?? textOr(told.stop_reason),
    responseId: textOr(told.id) ?? textOr(said.id),
    usage:
      langchainUsage(said.usage_metadata) ?? langchainUsage(told.usage) ?? langchainUsage(told.tokenUsage),
  })
}

/** `usage_metadata` of LangChain and LangSmith, and the usage of OpenAI as older versions pass it on. */
export function langchainUsage(value: Json | undefined): Usage | undefined {
  if (!isRecord(value)) return undefined
  const input = [value.input_tokens, value.prompt_tokens, value.promptTokens].find(
    (count) => typeof count === 'number',
  )
  const output = [value.output_tokens, value.completion_tokens, value.completionTokens].find(
    (count) => typeof count === 'number',
  )
  if (input === undefined || output === undefined) return undefined
  const asked = recordIn(value.input_token_details ?? value.prompt_tokens_details)
  const said = recordIn(value.output_token_details ?? value.completion_tokens_details)
  const cacheRead = readCount(asked.cache_read ?? asked.cached_tokens)
  const cacheWrite = readCount(asked.cache_creation ?? asked.cache_write)
  const reasoning = said.reasoning ?? said.reasoning_tokens
  return {
    input: Math.max(0, readCount(input) - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    output: readCount(output),
    ...(typeof reasoning === 'number' ? { reasoning: readCount(reasoning) } : {}),
  }
}

function textOr(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
