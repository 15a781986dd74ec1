import { unlessTypeError } from '../../lib/thrown.ts'
import type { LlmReply, LlmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Part } from '../../schema/message.ts'
import { wires } from '../../tap/wire/index.ts'
import { type Fields, isFields, replyIn, requestIn } from '../ai-messages.ts'

/**
 * Activities that are model calls, by the names the plugins give them: Temporal's for the OpenAI Agents SDK (Python and
 * TypeScript), and for the Vercel AI SDK.
 */
const modelActivities = new Set([
  'invoke_model_activity',
  'invoke_model_activity_streaming',
  'invokeModelActivity',
  'invokeModelStreamActivity',
  'invokeModel',
  'invokeModelStreaming',
])

export function isModelActivity(type: string): boolean {
  return modelActivities.has(type)
}

/** What the activity asked its model. What cannot be read as that is carried whole. Never throws. */
export function modelRequest(input: Json | undefined): LlmRequest {
  const { options, modelId } = isFields(input) ? (input as Fields) : {}
  if (isFields(options) && Array.isArray(options.prompt)) {
    return requestIn({ ...options, modelId, messages: options.prompt })
  }
  const body = isFields(input) ? agentsRequest(input) : undefined
  const read =
    body === undefined ? undefined : unlessTypeError(() => wires['openai-responses'].readRequest(body))
  return read ?? { messages: [{ role: 'user', parts: [{ type: 'opaque', value: input ?? null }] }] }
}

/** What the model said. */
export function modelReply(result: Json | undefined): LlmReply {
  const body = isFields(result) && Array.isArray(result.output) ? agentsReply(result) : undefined
  const read =
    body === undefined ? replyIn(result) : unlessTypeError(() => wires['openai-responses'].readReply(body))
  if (read !== undefined) return read
  const said: Part =
    typeof result === 'string' ? { type: 'text', content: result } : { type: 'opaque', value: result ?? null }
  return { message: { role: 'assistant', parts: [said] } }
}

/** The OpenAI Agents SDK asks in items of the Responses API, under names of its own. */
function agentsRequest(input: Fields): Json | undefined {
  const { model_name: model, system_instructions: instructions, input: items, tools, model_settings } = input
  if (typeof items !== 'string' && !Array.isArray(items)) return undefined
  const settings = isFields(model_settings) ? model_settings : {}
  return {
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof instructions === 'string' ? { instructions } : {}),
    input: items as Json,
    tools: [...toolsIn(tools), ...toolsIn(input.handoffs)],
    ...Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null)),
  }
}

function toolsIn(list: unknown): Json[] {
  if (!Array.isArray(list)) return []
  return list.filter(isFields).map((tool) => {
    const { name, tool_name, description, tool_description, params_json_schema, input_json_schema } = tool
    const told = { name: name ?? tool_name, description: description ?? tool_description }
    return { type: 'function', ...told, parameters: params_json_schema ?? input_json_schema } as Json
  })
}

/** A usage that counts no request was never told. */
function agentsReply({ output, usage, response_id: id }: Fields): Json {
  const told = isFields(usage) && usage.requests !== 0
  return {
    output: output as Json,
    ...(told ? { usage: usage as Json } : {}),
    ...(typeof id === 'string' ? { id } : {}),
  }
}
