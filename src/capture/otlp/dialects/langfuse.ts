import { defined } from '../../../lib/defined.ts'
import type { Json } from '../../../schema/json.ts'
import { readInput } from '../../../tap/wire/text.ts'
import type { Observation } from '../../importers/observation.ts'
import { hidden } from '../genai-span.ts'
import { isFields, rawReply, rawRequest, replyIn, saidIn, toolsIn } from '../messages.ts'
import { seenOf } from '../run.ts'
import type { OtlpSpan } from '../shape.ts'
import { usageOf } from '../tokens.ts'
import { numberIn, type Told, told } from '../told.ts'
import type { Dialect } from './dialect.ts'
import { tagsIn } from './openinference.ts'

const kinds: Readonly<Record<string, Observation['kind']>> = {
  generation: 'llm',
  tool: 'tool',
  agent: 'agent',
  retriever: 'retrieval',
}

/**
 * Langfuse's own SDKs (4 and later): `langfuse.observation.*`. Errors are a level, the span's status stays unset; input
 * tokens are those that were not cached. https://langfuse.com/integrations/native/opentelemetry
 */
export const langfuse: Dialect = {
  name: 'langfuse',
  description: 'Langfuse SDKs over OTLP: `langfuse.observation.*`',
  scopes: (scope) => scope === 'langfuse-sdk',
  recognizes: ({ attributes }) => 'langfuse.observation.type' in attributes,
  observe(span) {
    const reader = told(span.attributes)
    const kind = kinds[(reader.text('langfuse.observation.type') ?? '').toLowerCase()] ?? 'custom'
    const seen = seenOf(span)
    const message = reader.text('langfuse.observation.status_message')
    const failed = reader.text('langfuse.observation.level') === 'ERROR' || seen.status === 'error'
    const usage = reader.value('langfuse.observation.usage_details')
    const cost = reader.value('langfuse.observation.cost_details')
    const common = {
      ...seen,
      kind,
      status: failed ? ('error' as const) : ('ok' as const),
      ...(failed ? { error: seen.error ?? { type: 'Error', message: message ?? '' } } : {}),
      session: reader.text('session.id', 'langfuse.session.id'),
      user: reader.text('user.id', 'langfuse.user.id'),
      tags: tagsIn(reader.value('langfuse.trace.tags')),
      promptVersion: reader.text('langfuse.observation.prompt.version'),
      codeVersion: reader.text('langfuse.version', 'langfuse.release') ?? seen.codeVersion,
      usage: isFields(usage) ? usageIn(usage) : undefined,
      costUsd: isFields(cost) ? numberIn(cost['total']) : undefined,
      usageScope: kind === 'llm' ? ('call' as const) : ('aggregate' as const),
    }
    const own = kind === 'llm' ? model(reader) : kind === 'tool' ? tool(span, reader) : other(reader)
    return { ...common, ...own, attributes: reader.rest() }
  },
}

function usageIn(usage: { readonly [key: string]: Json | undefined }): Observation['usage'] {
  const of = (...keys: readonly string[]): number | undefined =>
    keys.map((key) => numberIn(usage[key])).find((value) => value !== undefined)
  return usageOf({
    counts: 'uncached',
    input: of('input', 'prompt_tokens', 'input_tokens'),
    output: of('output', 'completion_tokens', 'output_tokens'),
    cacheRead: of('input_cached_tokens', 'input_cache_read', 'cache_read_input_tokens'),
    cacheWrite: of('input_cache_creation', 'cache_creation_input_tokens'),
    reasoning: of('output_reasoning_tokens', 'output_reasoning'),
  })
}

function model(reader: Told): Partial<Observation> {
  const input = reader.value('langfuse.observation.input')
  const output = reader.value('langfuse.observation.output')
  const parameters = reader.value('langfuse.observation.model.parameters')
  const named = reader.text('langfuse.observation.model.name')
  const raw = rawRequest(input)
  const said = raw === undefined ? saidIn(input) : undefined
  const reply =
    (isFields(output) ? rawReply(output) : undefined) ?? (output === undefined ? undefined : replyIn(output))
  const tools = toolsIn(isFields(input) ? input['tools'] : undefined)
  return {
    request: {
      ...defined({
        model: raw?.model ?? named,
        system: raw?.system ?? (said === undefined || said.system.length === 0 ? undefined : said.system),
        messages: raw?.messages ?? said?.messages,
        tools: raw?.tools ?? (tools.length === 0 ? undefined : tools),
      }),
      ...(isFields(parameters) ? { parameters } : {}),
    },
    ...(reply === undefined
      ? {}
      : {
          reply: defined({
            message: reply.message,
            model: reply.model ?? named,
            finishReason: reply.finishReason,
            responseId: reply.responseId,
          }) as NonNullable<Observation['reply']>,
        }),
    ...hidden({ request: input, reply: output }),
  }
}

function tool(span: OtlpSpan, reader: Told): Partial<Observation> {
  const given = reader.raw('langfuse.observation.input')
  const response = reader.value('langfuse.observation.output')
  const id = reader.text('langfuse.observation.metadata.tool_call_id', 'gen_ai.tool.call.id')
  const name = reader.text('gen_ai.tool.name') ?? span.name
  return {
    call: { name, ...defined({ id }), ...(given === undefined ? {} : readInput(given)) },
    ...(response === undefined ? {} : { result: { response } }),
    ...hidden({ arguments: given, result: response }),
  }
}

function other(reader: Told): Partial<Observation> {
  const input = reader.value('langfuse.observation.input', 'langfuse.trace.input')
  const output = reader.value('langfuse.observation.output', 'langfuse.trace.output')
  return defined({ input, output })
}
