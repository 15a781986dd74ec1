import type { Json } from '../../schema/json.ts'
import type { SpoolRecordOf } from '../../schema/spool.ts'
import type { Told } from './otlp-attributes.ts'

/**
 * What is asked and answered, in the words of OpenTelemetry GenAI (semantic-conventions-genai, client-inference and
 * agent spans; notes on versions stand in docs/capture-sinks.md). `rest` is what these attributes do not carry, so
 * that nothing long is said twice; `otlp/spool-records.ts` puts it together again.
 */
export interface InWords {
  readonly told: Told
  readonly rest: Json | undefined
}

type Members = { readonly [key: string]: Json | undefined }

/** `name` is the span's name as the conventions want it: the operation, and what it was of. */
export function requestAttributes(span: SpoolRecordOf<'span'>['span']): InWords & { readonly name?: string } {
  const { kind, request } = span
  if (kind === 'agent') {
    const told = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': span.name }
    return { told, rest: request, name: `invoke_agent ${span.name}` }
  }
  if (kind === 'retrieval') return { told: { 'gen_ai.operation.name': 'retrieval' }, rest: request }
  if (!isMembers(request)) return { told: {}, rest: request }
  if (kind === 'llm') return llmRequest(request, span.attributes)
  if (kind === 'tool') return toolRequest(request)
  if (kind === 'custom') {
    const told = { 'http.request.method': textIn(request['method']), 'url.full': textIn(request['url']) }
    return { told, rest: request }
  }
  return { told: {}, rest: request }
}

export function replyAttributes(kind: string | undefined, reply: Json | undefined): InWords {
  if (!isMembers(reply)) return { told: {}, rest: reply }
  if (kind === 'llm') return llmReply(reply)
  if (kind === 'tool') {
    const { response, ...rest } = reply
    return { told: { 'gen_ai.tool.call.result': jsonText(response) }, rest }
  }
  const status = kind === 'custom' ? numberIn(reply['status']) : undefined
  return { told: { 'http.response.status_code': status }, rest: reply }
}

function llmRequest(request: Members, attributes: Members | undefined): InWords & { readonly name: string } {
  const { messages, system, tools, ...rest } = request
  const model = textIn(request['model'])
  const defined = Array.isArray(tools) && tools.every(isMembers) ? tools.map(toolWithType) : undefined
  return {
    name: model === undefined ? 'chat' : `chat ${model}`,
    told: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': providerOf(attributes),
      'gen_ai.request.model': model,
      ...parametersOf(request['parameters']),
      'gen_ai.system_instructions': jsonText(system),
      'gen_ai.input.messages': jsonText(messages),
      'gen_ai.tool.definitions': jsonText(defined),
    },
    rest: defined === undefined && tools !== undefined ? { ...rest, tools } : rest,
  }
}

function llmReply(reply: Members): InWords {
  const { message, ...rest } = reply
  const finish = textIn(reply['finishReason'])
  const usage = isMembers(reply['usage']) ? reply['usage'] : {}
  const [input, read, written] = ['input', 'cacheRead', 'cacheWrite'].map((key) => numberIn(usage[key]))
  const said = isMembers(message)
    ? [{ ...message, ...(finish === undefined ? {} : { finish_reason: finish }) }]
    : undefined
  return {
    told: {
      'gen_ai.response.id': textIn(reply['responseId']),
      'gen_ai.response.model': textIn(reply['model']),
      'gen_ai.response.finish_reasons': finish === undefined ? undefined : [finish],
      'gen_ai.output.messages': jsonText(said),
      // The conventions count all input here, cached or not; our three numbers are disjoint.
      'gen_ai.usage.input_tokens': input === undefined ? undefined : input + (read ?? 0) + (written ?? 0),
      'gen_ai.usage.cache_read.input_tokens': read,
      'gen_ai.usage.cache_write.input_tokens': written,
      'gen_ai.usage.output_tokens': numberIn(usage['output']),
      'gen_ai.usage.reasoning.output_tokens': numberIn(usage['reasoning']),
    },
    rest: said === undefined && message !== undefined ? reply : rest,
  }
}

function toolRequest(request: Members): InWords & { readonly name: string } {
  const { arguments: given, ...rest } = request
  const tool = textIn(request['name'])
  return {
    name: tool === undefined ? 'execute_tool' : `execute_tool ${tool}`,
    told: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': tool,
      'gen_ai.tool.call.id': textIn(request['id']),
      'gen_ai.tool.call.arguments': jsonText(given),
    },
    rest,
  }
}

/** A tool definition as the conventions have it. Reversed by `otlp/spool-records.ts`. */
function toolWithType({ inputSchema, ...rest }: Members): Members {
  return { type: 'function', ...rest, ...(inputSchema === undefined ? {} : { parameters: inputSchema }) }
}

/** Names that providers give the settings which the conventions name. */
const settings: Readonly<Record<string, string>> = {
  max_tokens: 'max_tokens',
  max_completion_tokens: 'max_tokens',
  max_output_tokens: 'max_tokens',
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
  frequency_penalty: 'frequency_penalty',
  presence_penalty: 'presence_penalty',
  seed: 'seed',
}

function parametersOf(parameters: Json | undefined): Told {
  if (!isMembers(parameters)) return {}
  const told: Record<string, number> = {}
  for (const [key, value] of Object.entries(parameters)) {
    const name = Object.hasOwn(settings, key) ? settings[key] : undefined
    if (name !== undefined && typeof value === 'number') told[`gen_ai.request.${name}`] = value
  }
  return told
}

/** Wire formats are named for whose they are: `openai-chat`, `anthropic-messages`, `bedrock-…`. */
function providerOf(attributes: Members | undefined): string | undefined {
  const wire = textIn(attributes?.['evalkit.wire'])
  const provider = wire?.split('-')[0]
  return textIn(attributes?.['gen_ai.provider.name']) ?? (provider === 'bedrock' ? 'aws.bedrock' : provider)
}

function jsonText(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value)
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberIn(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function isMembers(value: Json | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
