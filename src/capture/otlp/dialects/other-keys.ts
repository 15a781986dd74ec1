import { defined } from '../../../lib/defined.ts'
import type { Json } from '../../../schema/json.ts'
import { readInput } from '../../../tap/wire/text.ts'
import type { Observation } from '../../importers/observation.ts'
import { geminiReply, geminiRequest } from '../gemini-talk.ts'
import { observeGenAi, plainInput, recordIn, withReply } from '../genai-span.ts'
import { type Fields, isFields, rawRequest, replyIn, saidIn, toolsIn } from '../messages.ts'
import type { OtlpSpan } from '../shape.ts'
import { parsed, type Told, told } from '../told.ts'
import type { Dialect } from './dialect.ts'

/**
 * Everybody else, as far as they use the conventions' words, and the names some put content under:
 * pydantic-ai (`models/instrumented.py`: version 1 `events`, `all_messages_events`, `tool_arguments`, `tool_response`,
 * `model_request_parameters`, from 2 the conventions' and `pydantic_ai.all_messages`), Google ADK (`telemetry/tracing.py`:
 * `gcp.vertex.agent.*`, in Gemini's words), Logfire (`request_data`, `response_data`, `prompt`), MLflow, and `input.value`.
 * What is none of that is a `custom` span with its attributes as they are.
 */
export const otherKeys: Dialect = {
  name: 'other-keys',
  description:
    'everything else: the conventions where used; keys of pydantic-ai, ADK, Logfire, MLflow; else custom spans',
  // They use some words of the conventions, and say the rest in their own.
  scopes: (scope) => /^(?:gcp\.vertex\.agent|pydantic-ai|logfire\.(?:openai|anthropic))$/.test(scope),
  recognizes: () => true,
  observe(span, run) {
    const reader = told(withoutNothing(span.attributes))
    const seen = observeGenAi({ ...span, attributes: withoutNothing(span.attributes) }, run, reader)
    const common = defined({ session: seen.session ?? reader.text('gcp.vertex.agent.session_id') })
    if (seen.kind === 'tool' && !isMerged(seen))
      return { ...seen, ...common, ...tool(seen, reader), attributes: reader.rest() }
    if (seen.kind === 'llm') return { ...model(seen, span, reader), ...common, attributes: reader.rest() }
    const named = toolNamed(span, reader)
    if (named !== undefined && seen.kind === 'custom') {
      const call = { ...seen, kind: 'tool' as const, name: named, call: { name: named } }
      return { ...call, ...common, ...tool(call, reader), attributes: reader.rest() }
    }
    return { ...seen, ...common, ...agent(seen, reader), attributes: restOf(seen, reader) }
  },
}

/** Where nothing is to be said, ADK says that. */
function withoutNothing(attributes: OtlpSpan['attributes']): OtlpSpan['attributes'] {
  const entries = Object.entries(attributes)
  const kept = entries.filter(
    ([key, value]) => value !== '<not specified>' && !(nothing.get(key)?.includes(value) ?? false),
  )
  return kept.length === entries.length ? attributes : Object.fromEntries(kept)
}

const nothing: ReadonlyMap<string, readonly Json[]> = new Map([
  ['gcp.vertex.agent.llm_request', ['{}']],
  ['gcp.vertex.agent.llm_response', ['{}']],
  ['gcp.vertex.agent.tool_call_args', ['N/A']],
])

/** The results of parallel calls once more, of which each has a span of its own. */
function isMerged({ name }: Observation): boolean {
  return name === '(merged tools)'
}

/** Of a span nobody reads, the operation's name is kept, too. */
function restOf(seen: Observation, reader: Told): Observation['attributes'] {
  const operation = seen.attributes?.['gen_ai.operation.name']
  return operation === undefined ? reader.rest() : { ...reader.rest(), 'gen_ai.operation.name': operation }
}

/** What is neither a model call nor a tool's: the run of an agent, or anything. */
function agent(seen: Observation, reader: Told): Partial<Observation> {
  const isRun =
    seen.kind === 'agent' ||
    (reader.has('agent_name') && reader.has('all_messages_events', 'pydantic_ai.all_messages'))
  const all = isRun
    ? saidIn(asMessages(reader.value('pydantic_ai.all_messages', 'all_messages_events')))
    : undefined
  const asked = all?.messages.slice(0, 1)
  const input = reader.value('input.value', 'mlflow.spanInputs', 'prompt', 'input')
  const output = reader.value('output.value', 'mlflow.spanOutputs', 'final_result', 'output')
  const merged = isMerged(seen)
    ? { kind: 'custom' as const, call: undefined, result: undefined, output: reader.value(...toolResponses) }
    : {}
  return {
    ...defined({
      input:
        seen.input ?? input ?? plainInput(asked === undefined ? undefined : { system: [], messages: asked }),
      output: seen.output ?? output,
      agent: seen.agent ?? (isRun ? reader.text('gen_ai.agent.name', 'agent_name') : undefined),
    }),
    ...(isRun ? { kind: 'agent' } : {}),
    ...merged,
  }
}

const toolArguments = ['tool_arguments', 'gcp.vertex.agent.tool_call_args'] as const
const toolResponses = ['tool_response', 'gcp.vertex.agent.tool_response'] as const

function toolNamed(span: OtlpSpan, reader: Told): string | undefined {
  if (!reader.has(...toolArguments)) return undefined
  return reader.text('gen_ai.tool.name') ?? span.name.replace(/^(?:running tool: |execute_tool )/, '')
}

function tool(seen: Observation, reader: Told): Partial<Observation> {
  const given = reader.raw(...toolArguments, 'input.value')
  const response: Json | undefined = reader.value(...toolResponses, 'output.value')
  const call = seen.call ?? { name: seen.name }
  return {
    call: call.arguments === undefined && given !== undefined ? { ...call, ...readInput(given) } : call,
    ...(seen.result === undefined && response !== undefined ? { result: { response } } : {}),
  }
}

function model(seen: Observation, span: OtlpSpan, reader: Told): Observation {
  const found = gemini(span, reader) ?? logfire(span, reader) ?? messages(seen, span, reader)
  const { usage, ...reply } = found.reply ?? { usage: undefined, message: undefined }
  const unknown = seen.reply === undefined || seen.fidelity?.reply === 'missing'
  const tools = pydanticTools(reader)
  const { request } = found
  return {
    ...(unknown && reply.message !== undefined
      ? withReply(seen, { ...reply, message: reply.message })
      : seen),
    ...defined({ usage: usage ?? seen.usage }),
    request: {
      ...request,
      ...seen.request,
      ...defined({
        messages: seen.request?.messages ?? request?.messages,
        system: seen.request?.system ?? request?.system,
        tools: seen.request?.tools ?? request?.tools ?? tools,
        parameters: seen.request?.parameters ?? request?.parameters,
      }),
    },
  }
}

type Found = Pick<Observation, 'request'> & { readonly reply?: ReturnType<typeof geminiReply> }

/** Google ADK keeps the request and the reply of a model call as Python's objects of Gemini's API say them. */
function gemini({ attributes }: OtlpSpan, reader: Told): Found | undefined {
  const request = geminiRequest(attributes['gcp.vertex.agent.llm_request'])
  const reply = geminiReply(attributes['gcp.vertex.agent.llm_response'])
  if (request !== undefined) reader.raw('gcp.vertex.agent.llm_request')
  if (reply !== undefined) reader.raw('gcp.vertex.agent.llm_response')
  return request === undefined && reply === undefined ? undefined : { request, reply }
}

/** Logfire's integrations of providers keep the body of a request, and of a reply its message. */
function logfire({ attributes }: OtlpSpan, reader: Told): Found | undefined {
  const request = rawRequest(attributes['request_data'])
  if (request === undefined) return undefined
  reader.raw('request_data')
  const answered = recordIn(parsed(attributes['response_data']))
  const reply = answered['message'] === undefined ? undefined : replyIn(answered['message'])
  if (reply !== undefined) reader.raw('response_data')
  return { request, reply }
}

/** A list of all messages, of which the last is the reply; or what went in, and what came out. */
function messages(seen: Observation, { attributes }: OtlpSpan, reader: Told): Found {
  const answer = replyIn(attributes['output.value'])
  if (answer !== undefined) reader.raw('output.value')
  if (seen.request?.messages !== undefined) return { reply: answer }
  const said = lists.map((key) => ({ key, said: saidIn(asMessages(parsed(attributes[key]))) }))
  const found = said.find((one) => one.said !== undefined)
  if (found?.said === undefined) return { reply: answer }
  reader.raw(found.key)
  const { system, messages: list } = found.said
  const last = list.at(-1)
  const own = last?.role === 'assistant' ? last : undefined
  return {
    request: {
      messages: own === undefined ? list : list.slice(0, -1),
      ...(system.length === 0 ? {} : { system }),
    },
    reply: own === undefined ? answer : { message: own },
  }
}

const lists = ['pydantic_ai.all_messages', 'all_messages_events', 'events', 'input.value'] as const

/** Events of the conventions to 1.36 as the messages in them, of which a result names its call `id`. */
function asMessages(list: Json | undefined): Json | undefined {
  if (!Array.isArray(list)) return list
  return (list as readonly Json[]).map((item) => {
    if (!isFields(item)) return item
    const said = Object.entries(item).filter(([key]) => key !== 'event.name' && !key.startsWith('gen_ai.'))
    const message: Fields = Object.fromEntries(said)
    if (message['role'] !== 'tool' || message['tool_call_id'] !== undefined) return message
    const { id, ...rest } = message
    return { ...rest, tool_call_id: id ?? '' }
  })
}

/** The tools of pydantic-ai's own description of a request. */
function pydanticTools(reader: Told): ReturnType<typeof toolsIn> | undefined {
  const given = reader.value('model_request_parameters')
  const { function_tools: listed } = recordIn(given)
  if (!Array.isArray(listed)) return undefined
  const tools = toolsIn(
    (listed as readonly Json[]).map((one) => {
      const { parameters_json_schema: schema, name, description } = recordIn(one)
      return defined({ name, description, parameters: schema })
    }),
  )
  return tools.length === 0 ? undefined : tools
}
