import { defined } from '../../../lib/defined.ts'
import type { Json } from '../../../schema/json.ts'
import { readInput } from '../../../tap/wire/text.ts'
import type { Observation } from '../../importers/observation.ts'
import { observeGenAi, withReply } from '../genai-span.ts'
import { replyIn, saidIn } from '../messages.ts'
import type { OtlpSpan } from '../shape.ts'
import { type Told, told } from '../told.ts'
import type { Dialect } from './dialect.ts'

/**
 * Everybody else, as far as they use the conventions' words, and the names some put content under: pydantic-ai
 * (`pydantic_ai.all_messages`, `tool_arguments`, `tool_response`), Google ADK (`gcp.vertex.agent.*`), Logfire
 * (`all_messages_events`, `events`, `prompt`), MLflow, and `input.value`. What is none of that is a `custom` span with its
 * attributes as they are.
 */
export const otherKeys: Dialect = {
  name: 'other-keys',
  description:
    'everything else: the conventions where used; keys of pydantic-ai, ADK, Logfire, MLflow; else custom spans',
  scopes: () => false,
  recognizes: () => true,
  observe(span, run) {
    const reader = told(span.attributes)
    const seen = observeGenAi(span, run, reader)
    if (seen.kind === 'tool') return { ...seen, ...tool(seen, reader), attributes: reader.rest() }
    if (seen.kind === 'llm') return { ...model(seen, reader), attributes: reader.rest() }
    const named = toolNamed(span, reader)
    if (named !== undefined && seen.kind === 'custom') {
      const call = { ...seen, kind: 'tool' as const, name: named, call: { name: named } }
      return { ...call, ...tool(call, reader), attributes: reader.rest() }
    }
    const input = reader.value(
      'input.value',
      'mlflow.spanInputs',
      'gcp.vertex.agent.llm_request',
      'prompt',
      'input',
    )
    const output = reader.value(
      'output.value',
      'mlflow.spanOutputs',
      'gcp.vertex.agent.llm_response',
      'final_result',
      'output',
    )
    return {
      ...seen,
      ...defined({ input: seen.input ?? input, output: seen.output ?? output }),
      attributes: restOf(seen, reader),
    }
  },
}

/** Of a span nobody reads, the operation's name is kept, too. */
function restOf(seen: Observation, reader: Told): Observation['attributes'] {
  const operation = seen.attributes?.['gen_ai.operation.name']
  return operation === undefined ? reader.rest() : { ...reader.rest(), 'gen_ai.operation.name': operation }
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

function model(seen: Observation, reader: Told): Observation {
  const all = reader.raw(
    'pydantic_ai.all_messages',
    'all_messages_events',
    'events',
    'gcp.vertex.agent.llm_request',
    'input.value',
  )
  const answer = reader.raw('gcp.vertex.agent.llm_response', 'output.value')
  const said = seen.request?.messages === undefined ? saidIn(all) : undefined
  const last = said?.messages.at(-1)
  const own = last?.role === 'assistant' ? last : undefined
  const messages = own === undefined ? said?.messages : said?.messages.slice(0, -1)
  const found = own === undefined ? (answer === undefined ? undefined : replyIn(answer)) : { message: own }
  const unknown = seen.reply === undefined || seen.fidelity?.reply === 'missing'
  return {
    ...(unknown && found !== undefined ? withReply(seen, found) : seen),
    request: {
      ...seen.request,
      ...defined({
        messages: seen.request?.messages ?? messages,
        system:
          seen.request?.system ?? (said === undefined || said.system.length === 0 ? undefined : said.system),
      }),
    },
  }
}
