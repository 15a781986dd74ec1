import { defined } from '../../../lib/defined.ts'
import type { Json } from '../../../schema/json.ts'
import type { Observation } from '../../importers/observation.ts'
import { observeGenAi, withReply } from '../genai-span.ts'
import { isFields, replyIn, saidIn, toolsIn } from '../messages.ts'
import type { OtlpRun } from '../run.ts'
import { seenOf } from '../run.ts'
import type { OtlpSpan } from '../shape.ts'
import { parsed, type Told, told } from '../told.ts'
import type { Dialect } from './dialect.ts'

/**
 * OpenLLMetry (Traceloop): its own `traceloop.*` spans of workflows, agents, tasks and tools; model calls in indexed
 * attributes (`gen_ai.prompt.0.role`, to 0.22) or in the conventions' (from 0.23). It has no ids of tool calls in the indexed
 * form, and never ends the span of a tool that rejects. For Anthropic its input tokens are those that were not cached,
 * against the conventions. https://github.com/traceloop/openllmetry-js
 */
export const openLlmetry: Dialect = {
  name: 'openllmetry',
  description: 'OpenLLMetry (Traceloop): `traceloop.*`, indexed `gen_ai.prompt.N.*`, `gen_ai.*`',
  scopes: (scope) => /^(?:@traceloop\/|traceloop\.|opentelemetry\.instrumentation\..*traceloop)/.test(scope),
  recognizes: ({ attributes }) =>
    'traceloop.span.kind' in attributes ||
    'gen_ai.prompt.0.role' in attributes ||
    'gen_ai.prompt.0.content' in attributes,
  observe(span, run) {
    const reader = told(span.attributes)
    const session = reader.text(
      'traceloop.association.properties.session_id',
      'traceloop.association.properties.thread_id',
    )
    const user = reader.text('traceloop.association.properties.user_id')
    const promptVersion = reader.text('traceloop.prompt.version', 'traceloop.entity.version')
    const told_ = observed(span, run, reader)
    return { ...told_, ...defined({ session, user, promptVersion }), attributes: reader.rest() }
  },
  losesFailedTools: true,
}

const kinds: Readonly<Record<string, Observation['kind']>> = {
  workflow: 'agent',
  agent: 'agent',
  tool: 'tool',
  task: 'custom',
}

function observed(span: OtlpSpan, run: OtlpRun, reader: Told): Observation {
  const own = reader.text('traceloop.span.kind')
  if (own !== undefined) return entity(span, reader, kinds[own] ?? 'custom')
  const counts = /anthropic/i.test(span.scope.name) ? 'uncached' : 'all'
  const indexed = reader.has(
    'gen_ai.prompt.0.role',
    'gen_ai.prompt.0.content',
    'gen_ai.completion.0.content',
    'gen_ai.completion.0.role',
  )
  if (!indexed) return observeGenAi(span, run, reader, { counts })
  const input = reader.nested('gen_ai.prompt')
  const output = reader.nested('gen_ai.completion')
  const functions = reader.nested('llm.request.functions')
  reader.raw('llm.request.type', 'gen_ai.system')
  const said = saidIn(Array.isArray(input) ? input.map(withoutNull) : undefined)
  const reply = Array.isArray(output) ? replyIn(output.map(withoutNull)) : undefined
  const tools = toolsIn(Array.isArray(functions) ? functions.map(definition) : undefined)
  const seen = observeGenAi(span, run, reader, { counts })
  return {
    ...(reply === undefined ? seen : withReply(seen, reply)),
    kind: 'llm',
    usageScope: 'call',
    request: {
      ...seen.request,
      ...defined({
        system: said === undefined || said.system.length === 0 ? undefined : said.system,
        messages: said?.messages,
        tools: tools.length === 0 ? undefined : tools,
      }),
    },
  }
}

/** A message without a content has the text "null" for one. */
function withoutNull(message: Json): Json {
  return isFields(message) && message['role'] === 'assistant' && message['content'] === 'null'
    ? { ...message, content: null }
    : message
}

function definition(one: Json): Json {
  if (!isFields(one)) return one
  const { arguments: parameters, ...rest } = one
  return { ...rest, parameters }
}

function entity(span: OtlpSpan, reader: Told, kind: Observation['kind']): Observation {
  const name = reader.text('traceloop.entity.name') ?? span.name
  const input = reader.value('traceloop.entity.input')
  const output = reader.value('traceloop.entity.output')
  const seen = { ...seenOf(span), kind, name }
  if (kind === 'tool') {
    const given = argumentsIn(input)
    return {
      ...seen,
      call: { name, ...(given === undefined ? {} : { arguments: given }) },
      ...(output === undefined ? {} : { result: { response: output } }),
    }
  }
  return {
    ...seen,
    ...defined({
      input: argumentsIn(input),
      output: parsed(output),
      agent: kind === 'agent' ? name : undefined,
    }),
  }
}

/** `{ args, kwargs }`: what a function was called with. The SDK writes both empty where it does not know. */
function argumentsIn(input: Json | undefined): Json | undefined {
  if (!isFields(input) || !Array.isArray(input['args'])) return input
  const args = input['args'] as readonly Json[]
  const named = isFields(input['kwargs']) ? input['kwargs'] : {}
  if (Object.keys(named).length > 0) return named
  const [only] = args
  return args.length === 0 ? undefined : args.length === 1 ? only : args
}
