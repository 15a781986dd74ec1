import { defined } from '../../../lib/defined.ts'
import { readInput } from '../../../tap/wire/text.ts'
import type { Observation } from '../../importers/observation.ts'
import { observeGenAi, plainOutput } from '../genai-span.ts'
import { replyIn } from '../messages.ts'
import { told } from '../told.ts'
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
 * LangSmith's SDKs over OTLP: `langsmith.*`, with inputs and outputs whole in `gen_ai.prompt` and `gen_ai.completion`.
 * https://docs.langchain.com/langsmith/trace-with-opentelemetry
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
      const seen = observeGenAi(
        { ...span, attributes: { 'gen_ai.operation.name': 'chat', ...span.attributes } },
        run,
        reader,
      )
      return { ...seen, kind, usageScope: 'call', ...common, attributes: reader.rest() }
    }
    const given = reader.raw('gen_ai.prompt', 'input.value')
    const output = reader.value('gen_ai.completion', 'output.value')
    const { request: _, reply: __, call: ___, result: ____, ...seen } = observeGenAi(span, run, reader)
    const own: Partial<Observation> =
      kind === 'tool'
        ? {
            call: {
              name: reader.text('gen_ai.tool.name') ?? span.name,
              ...defined({ id: reader.text('gen_ai.tool.call.id', 'langsmith.metadata.tool_call_id') }),
              ...(given === undefined ? {} : readInput(given)),
            },
            ...(output === undefined ? {} : { result: { response: output } }),
          }
        : defined({ input: given, output: output ?? plainOutput(replyIn(output)) })
    return { ...seen, kind, usageScope: 'aggregate', ...own, ...common, attributes: reader.rest() }
  },
}
