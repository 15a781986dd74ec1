import type { LlmReply, LlmRequest, Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { readItems, readOutput, writeInput, writeOutput } from './openai-responses-items.ts'
import { assembleResponse, isLastOfResponse, streamResponse } from './openai-responses-stream.ts'
import { readErrorMember } from './stream.ts'
import {
  type Body,
  isRecord,
  isSilent,
  listIn,
  othersOf,
  readCount,
  recordIn,
  textIn,
  toolName,
} from './text.ts'
import type { Wire } from './wire.ts'

/**
 * OpenAI Responses: https://platform.openai.com/docs/api-reference/responses. `instructions` are our `system`; items are
 * read as messages (`openai-responses-items.ts` says how). A request that continues a conversation the provider holds
 * (`previous_response_id`, `conversation`, `prompt`) has those among its parameters, and shows only what is new.
 */
export const openaiResponses: Wire = {
  name: 'openai-responses',
  description: 'OpenAI Responses (POST …/responses).',
  matches: (url) => url.pathname.endsWith('/responses'),

  readRequest(body) {
    if (!isRecord(body)) throw new TypeError('no request')
    const { model, instructions, input, tools, stream: _, ...others } = body
    // Instructions that are no text are none the API knows: kept as they are.
    const instructed = typeof instructions === 'string'
    return {
      ...(typeof model === 'string' ? { model } : {}),
      // What a request does not have is known to be absent, which is more than not known.
      system: instructed && instructions !== '' ? [{ type: 'text', content: instructions }] : [],
      messages: readInput(body, input),
      tools: listIn(tools).map(readTool),
      parameters: instructed || isSilent(instructions) ? others : { ...others, instructions },
    }
  },

  writeRequest({ model, system = [], messages, tools = [], parameters }) {
    const [first, ...more] = system
    const instructions = more.length === 0 && first?.type === 'text' ? first.content : undefined
    const leading = instructions === undefined && first !== undefined
    return {
      ...(model === undefined ? {} : { model }),
      ...(instructions === undefined ? {} : { instructions }),
      input: writeInput(leading ? [{ role: 'system', parts: system }, ...messages] : messages),
      ...(tools.length === 0 ? {} : { tools: tools.map(writeTool) }),
      ...parameters,
    }
  },

  readReply(body) {
    if (!isRecord(body) || !Array.isArray(body.output)) throw new TypeError('no "output" in the reply')
    const finishReason = readFinishReason(body)
    return {
      message: { role: 'assistant', parts: readOutput(body.output as readonly Json[]) },
      ...(typeof body.model === 'string' ? { model: body.model } : {}),
      ...(finishReason === undefined ? {} : { finishReason }),
      ...(typeof body.id === 'string' ? { responseId: body.id } : {}),
      ...readUsage(body.usage),
    }
  },

  writeReply: writeResponse,
  streams: (body) => isRecord(body) && body.stream === true,
  assemble: assembleResponse,
  isLast: isLastOfResponse,
  writeStream: (reply, request) => streamResponse(writeResponse(reply, request)),
  readError: readResponseError,
}

/** Errors of this wire are also events: one that is itself the error, and one whose response failed. */
function readResponseError(body: Json): ReturnType<Wire['readError']> {
  if (!isRecord(body)) return readErrorMember(body)
  if (body.type === 'error' && body.error === undefined)
    return readErrorMember({ error: { ...body, type: body.code } })
  return readErrorMember(isRecord(body.response) ? body.response : body)
}

function readInput(body: Body, input: Json | undefined): LlmRequest['messages'] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', content: input }] }]
  if (Array.isArray(input)) return readItems(input as readonly Json[])
  const continued = [body.prompt, body.conversation, body.previous_response_id].some(
    (held) => !isSilent(held),
  )
  if (isSilent(input) && continued) return []
  throw new TypeError('no "input" in the request')
}

function writeResponse(reply: LlmReply, request: LlmRequest): Body {
  const { status, reason } = writeFinishReason(reply.finishReason)
  return {
    id: reply.responseId ?? 'resp_recorded',
    object: 'response',
    created_at: 0,
    status,
    error: null,
    incomplete_details: reason === undefined ? null : { reason },
    instructions: null,
    metadata: {},
    model: reply.model ?? request.model ?? 'recorded',
    output: writeOutput(reply.message.parts),
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    ...(reply.usage === undefined ? {} : { usage: writeUsage(reply.usage) }),
  }
}

/** Where a reply is incomplete: why. One that is still being made has not ended. */
function readFinishReason({ status, incomplete_details }: Body): string | undefined {
  if (status === 'incomplete') {
    const { reason } = recordIn(incomplete_details)
    return typeof reason === 'string' ? reason : status
  }
  return typeof status === 'string' && ended.has(status) ? status : undefined
}

const ended = new Set(['completed', 'failed', 'cancelled'])

/** What other providers say where this wire has a word of its own: a recording may have been made there. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['stop', 'completed'],
  ['end_turn', 'completed'],
  ['stop_sequence', 'completed'],
  ['tool_calls', 'completed'],
  ['tool_use', 'completed'],
  ['function_call', 'completed'],
  ['length', 'max_output_tokens'],
  ['max_tokens', 'max_output_tokens'],
  ['refusal', 'content_filter'],
])

function writeFinishReason(recorded = 'completed'): { readonly status: string; readonly reason?: string } {
  const said = reasons.get(recorded) ?? recorded
  if (ended.has(said)) return { status: said }
  return said === 'incomplete' ? { status: said } : { status: 'incomplete', reason: said }
}

const functionMembers = new Set(['type', 'name', 'description', 'parameters'])

/** A tool that is no function (a custom one, one that the provider runs) is carried whole. */
function readTool(value: Json): ToolDefinition {
  if (!isRecord(value)) throw new TypeError('a tool is not an object')
  if (value.type !== 'function') return { name: toolName(value.name, value.type), extra: value }
  const extra = othersOf(value, functionMembers)
  return {
    name: toolName(value.name),
    ...(typeof value.description === 'string' ? { description: value.description } : {}),
    ...(isRecord(value.parameters) ? { inputSchema: value.parameters } : {}),
    ...(extra === undefined ? {} : { extra }),
  }
}

function writeTool({ name, description, inputSchema, extra }: ToolDefinition): Json {
  if (textIn(extra?.type) !== '') return extra ?? null
  return {
    type: 'function',
    ...extra,
    name,
    ...(description === undefined ? {} : { description }),
    ...(inputSchema === undefined ? {} : { parameters: inputSchema }),
  }
}

/** `input_tokens` holds those read from a cache and written to one; ours are disjoint. */
function readUsage(value: Json | undefined): { usage?: Usage } {
  if (!isRecord(value) || typeof value.input_tokens !== 'number') return {}
  const asked = recordIn(value.input_tokens_details)
  const said = recordIn(value.output_tokens_details)
  const [cacheRead, cacheWrite] = [readCount(asked.cached_tokens), readCount(asked.cache_write_tokens)]
  return {
    usage: {
      input: Math.max(0, readCount(value.input_tokens) - cacheRead - cacheWrite),
      cacheRead,
      cacheWrite,
      output: readCount(value.output_tokens),
      ...(typeof said.reasoning_tokens === 'number' ? { reasoning: readCount(said.reasoning_tokens) } : {}),
    },
  }
}

function writeUsage(usage: Usage): Json {
  const input = usage.input + usage.cacheRead + usage.cacheWrite
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
    output_tokens: usage.output,
    // Clients of this wire rely on the details, which its replies always have.
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: input + usage.output,
  }
}
