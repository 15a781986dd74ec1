import { defined } from '../../../lib/defined.ts'
import type { Json } from '../../../schema/json.ts'
import { readInput } from '../../../tap/wire/text.ts'
import type { Observation } from '../../importers/observation.ts'
import { hidden } from '../genai-span.ts'
import { isFields, rawReply, rawRequest, replyIn, saidIn, toolsIn } from '../messages.ts'
import { seenOf } from '../run.ts'
import type { OtlpSpan } from '../shape.ts'
import { usageOf } from '../tokens.ts'
import { parsed, type Told, told } from '../told.ts'
import type { Dialect } from './dialect.ts'

const kinds: Readonly<Record<string, Observation['kind']>> = {
  LLM: 'llm',
  TOOL: 'tool',
  AGENT: 'agent',
  RETRIEVER: 'retrieval',
}

/**
 * Flattened indexed attributes, and the raw request and reply in `input.value` and `output.value`: those are read first,
 * because the flattened form of some instrumentations keeps only the last of several results.
 * https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
 */
export const openInference: Dialect = {
  name: 'openinference',
  description: 'OpenInference (Arize Phoenix): `openinference.span.kind`, `llm.*`, `input.value`',
  scopes: (scope) => /^(?:@arizeai\/openinference-|openinference)/.test(scope),
  recognizes: ({ attributes }) => 'openinference.span.kind' in attributes,
  observe(span) {
    const reader = told(span.attributes)
    const kind = kinds[reader.text('openinference.span.kind') ?? ''] ?? 'custom'
    const common = {
      ...seenOf(span),
      kind,
      session: reader.text('session.id'),
      user: reader.text('user.id'),
      promptVersion: reader.text('llm.prompt_template.version'),
      tags: tagsIn(reader.value('tag.tags')),
      costUsd: reader.number('llm.cost.total'),
      usage: usageIn(reader),
      usageScope: kind === 'llm' ? ('call' as const) : ('aggregate' as const),
    }
    const own = kind === 'llm' ? model(reader) : kind === 'tool' ? tool(span, reader) : other(reader, kind)
    return { ...common, ...own, attributes: reader.rest() }
  },
}

function model(reader: Told): Partial<Observation> {
  const [input, output] = [reader.value('input.value'), reader.value('output.value')]
  reader.raw('input.mime_type', 'output.mime_type', 'llm.system', 'llm.provider')
  const raw = rawRequest(input)
  const flat = saidIn(reader.nested('llm.input_messages'))
  const tools = toolsIn(toolSchemas(reader.nested('llm.tools')))
  const invocation = reader.value('llm.invocation_parameters')
  const named = reader.text('llm.model_name')
  const asked = reader.text('llm.request.model_name') ?? raw?.model
  const answered = reader.text('llm.response.model_name')
  const said =
    (isFields(output) ? rawReply(output) : undefined) ??
    flatReply(reader) ??
    (typeof output === 'string' ? replyIn(output) : undefined)
  reader.nested('llm.output_messages')
  const finish = reader.text('llm.finish_reason')
  const model = answered ?? (asked === undefined ? undefined : named)
  return {
    request:
      raw ??
      defined({
        model: asked ?? named,
        system: flat === undefined || flat.system.length === 0 ? undefined : flat.system,
        messages: flat?.messages,
        tools: tools.length === 0 ? undefined : tools,
        parameters: isFields(invocation) ? withoutTools(invocation) : undefined,
      }),
    ...(said === undefined
      ? {}
      : {
          reply: {
            ...withoutUsage(said),
            ...defined({ model: said.model ?? model, finishReason: said.finishReason ?? finish }),
          },
        }),
    ...hidden({ request: input, reply: output }),
  }
}

function flatReply(reader: Told): Observation['reply'] {
  const flat = reader.nested('llm.output_messages')
  return flat === undefined ? undefined : replyIn(flat)
}

/** Usage stands on the observation. */
function withoutUsage<T extends object>(reply: T): Omit<T, 'usage' | 'costUsd'> {
  const { usage: _, costUsd: __, ...rest } = reply as T & { usage?: unknown; costUsd?: unknown }
  return rest
}

function withoutTools(invocation: { readonly [key: string]: Json | undefined }) {
  const repeated = new Set(['tools', 'messages', 'model'])
  return Object.fromEntries(Object.entries(invocation).filter(([key]) => !repeated.has(key)))
}

function toolSchemas(tools: Json | undefined): Json | undefined {
  if (!Array.isArray(tools)) return undefined
  return (tools as readonly Json[]).map((one) =>
    isFields(one) && isFields(one['tool']) ? (parsed(one['tool']['json_schema']) ?? null) : null,
  )
}

function tool(span: OtlpSpan, reader: Told): Partial<Observation> {
  const name = reader.text('tool.name') ?? span.name
  const id = reader.text('tool_call.id', 'tool.id')
  const given = reader.raw('input.value', 'tool.parameters')
  const response = reader.value('output.value')
  reader.raw('input.mime_type', 'output.mime_type')
  return {
    name,
    call: { name, ...defined({ id }), ...(given === undefined ? {} : readInput(given)) },
    ...(response === undefined ? {} : { result: { response } }),
    ...hidden({ arguments: given, result: response }),
  }
}

function other(reader: Told, kind: Observation['kind']): Partial<Observation> {
  const [input, output] = [reader.value('input.value'), reader.value('output.value')]
  reader.raw('input.mime_type', 'output.mime_type')
  const documents = kind === 'retrieval' ? reader.nested('retrieval.documents') : undefined
  const agent = kind === 'agent' ? reader.text('agent.name') : undefined
  return defined({ input, output: output ?? documents, agent })
}

function usageIn(reader: Told): Observation['usage'] {
  reader.raw('llm.token_count.total')
  return usageOf({
    counts: 'all',
    input: reader.number('llm.token_count.prompt'),
    output: reader.number('llm.token_count.completion'),
    cacheRead: reader.number('llm.token_count.prompt_details.cache_read'),
    cacheWrite: reader.number('llm.token_count.prompt_details.cache_write'),
    reasoning: reader.number('llm.token_count.completion_details.reasoning'),
  })
}

export function tagsIn(value: Json | undefined): readonly string[] | undefined {
  const tags = Array.isArray(value)
    ? value.filter((tag): tag is string => typeof tag === 'string' && tag !== '')
    : []
  return tags.length === 0 ? undefined : tags
}
