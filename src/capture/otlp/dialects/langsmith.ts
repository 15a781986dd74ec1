import { defined } from '../../../lib/defined.ts'
import type { Json } from '../../../schema/json.ts'
import type { Observation } from '../../importers/observation.ts'
import { langsmithTool, unwrapped } from '../../importers/langsmith-tool.ts'
import { langchainUsage } from '../../importers/langchain-message.ts'
import { apart, asAsked, replyFrom, requestFrom } from '../../importers/provider-talk.ts'
import { observeGenAi, recordIn, withReply } from '../genai-span.ts'
import type { OtlpRun } from '../run.ts'
import type { OtlpSpan } from '../shape.ts'
import { numberIn, parsed, type Told, told } from '../told.ts'
import { usageOf } from '../tokens.ts'
import type { Dialect } from './dialect.ts'
import { tagsIn } from './openinference.ts'

const kinds: Readonly<Record<string, Observation['kind']>> = {
  llm: 'llm',
  tool: 'tool',
  retriever: 'retrieval',
  chain: 'custom',
  agent: 'agent',
}

/**
 * LangSmith's SDKs over OTLP: `langsmith.*`, with inputs and outputs of a run whole in `gen_ai.prompt` and `gen_ai.completion`, as their
 * caller had them: a provider's bodies, messages of LangChain. Programs that set the attributes themselves write indexed messages.
 * https://docs.langchain.com/langsmith/trace-with-opentelemetry, https://github.com/langchain-ai/langsmith-sdk (`_internal/otel`)
 */
export const langsmith: Dialect = {
  name: 'langsmith',
  description: 'LangSmith SDKs over OTLP: `langsmith.span.kind`, `langsmith.metadata.*`',
  scopes: (scope) => scope === 'langsmith',
  recognizes: ({ attributes }) => 'langsmith.span.kind' in attributes,
  observe(span, run) {
    const reader = told(span.attributes)
    const kind = kinds[(reader.text('langsmith.span.kind') ?? '').toLowerCase()] ?? 'custom'
    const session = reader.text(
      'langsmith.metadata.session_id',
      'langsmith.metadata.thread_id',
      'langsmith.metadata.conversation_id',
    )
    const common = {
      ...defined({ session, user: reader.text('langsmith.metadata.user_id') }),
      ...defined({
        tags: tagsIn(
          reader
            .text('langsmith.span.tags')
            ?.split(',')
            .map((tag) => tag.trim()),
        ),
      }),
    }
    if (kind === 'llm') {
      const seen = modelSeen(span, run, reader)
      return { ...seen, kind, usageScope: 'call', ...common, attributes: reader.rest() }
    }
    const given = reader.value('gen_ai.prompt', 'input.value')
    const output = reader.value('gen_ai.completion', 'output.value')
    const { request: _, reply: __, call: ___, result: ____, ...seen } = observeGenAi(span, run, reader)
    const id = reader.text('gen_ai.tool.call.id', 'langsmith.metadata.tool_call_id') ?? ''
    const own =
      kind === 'tool'
        ? langsmithTool(reader.text('gen_ai.tool.name') ?? span.name, id, given, output)
        : defined({ input: given, output: unwrapped(output) })
    return { ...seen, kind, usageScope: 'aggregate', ...own, ...common, attributes: reader.rest() }
  },
}

function modelSeen(span: OtlpSpan, run: OtlpRun, reader: Told): Observation {
  const attributes = { 'gen_ai.operation.name': 'chat', ...span.attributes }
  const seen = observeGenAi({ ...span, attributes }, run, reader)
  const inputs = reader.value('gen_ai.prompt')
  const outputs = reader.value('gen_ai.completion')
  const asked =
    inputs === undefined ? requestFrom(listed(reader.nested('gen_ai.prompt'))) : requestFrom(inputs)
  const { reply, usage } = apart(
    replyFrom(outputs === undefined ? listed(reader.nested('gen_ai.completion')) : outputs),
  )
  const { messages, ...before } = asked
  return {
    ...(reply === undefined ? seen : withReply(seen, reply)),
    ...defined({
      usage: langchainUsage(recordIn(outputs)['usage_metadata']) ?? usage ?? detailed(seen.usage, reader),
    }),
    request: {
      ...before,
      ...seen.request,
      ...defined({
        messages: messages === undefined ? seen.request?.messages : asAsked(messages, reply?.message),
        system: asked.system ?? seen.request?.system,
        tools: asked.tools ?? seen.request?.tools,
        parameters: asked.parameters ?? seen.request?.parameters,
      }),
    },
  }
}

function listed(value: Json | undefined): Json | undefined {
  return Array.isArray(value) ? value.map((one: Json) => recordIn(one)['message'] ?? one) : undefined
}

/** LangChain counts what was cached as input, and says how much of it was; Python writes that down in its own notation. */
function detailed(usage: Observation['usage'], reader: Told): Observation['usage'] {
  const given = reader.text('gen_ai.usage.input_token_details')
  const thought = reader.text('gen_ai.usage.output_token_details')
  if (usage === undefined) return undefined
  const input = recordIn(parsed(given?.replaceAll("'", '"')))
  const output = recordIn(parsed(thought?.replaceAll("'", '"')))
  return usageOf({
    input: usage.input + usage.cacheRead + usage.cacheWrite,
    cacheRead: numberIn(input['cache_read']) ?? usage.cacheRead,
    cacheWrite: numberIn(input['cache_creation']) ?? usage.cacheWrite,
    output: usage.output,
    reasoning: numberIn(output['reasoning']) ?? usage.reasoning,
    counts: 'all',
  })
}
