import { defined } from '../../../lib/defined.ts'
import type { Json } from '../../../schema/json.ts'
import type { Part } from '../../../schema/message.ts'
import { readInput } from '../../../tap/wire/text.ts'
import type { Observation } from '../../importers/observation.ts'
import { observeGenAi } from '../genai-span.ts'
import { isFields, saidIn, toolsIn } from '../messages.ts'
import { seenOf } from '../run.ts'
import type { OtlpSpan } from '../shape.ts'
import { usageOf } from '../tokens.ts'
import { parsed, type Told, told } from '../told.ts'
import type { Dialect } from './dialect.ts'
import { tagsIn } from './openinference.ts'

/**
 * The Vercel AI SDK: `ai.*` attributes (scope `ai`; 4 to 6, and 7 with `LegacyOpenTelemetry`), and `@ai-sdk/otel` of 7,
 * which speaks the GenAI conventions (scope `gen_ai`) and repeats the sum of its calls on the agent.
 * https://ai-sdk.dev/docs/ai-sdk-core/telemetry
 */
export const aiSdk: Dialect = {
  name: 'ai-sdk',
  description: 'Vercel AI SDK 4 to 7: `ai.*`, and `@ai-sdk/otel`',
  scopes: (scope) => scope === 'ai' || scope === 'gen_ai' || scope === '@ai-sdk/otel',
  recognizes: ({ attributes }) => 'ai.operationId' in attributes,
  observe(span, run) {
    const reader = told(span.attributes)
    const session = reader.text('ai.telemetry.metadata.sessionId', 'ai.settings.context.sessionId')
    const user = reader.text('ai.telemetry.metadata.userId', 'ai.settings.context.userId')
    const tags = tagsIn(reader.value('ai.telemetry.metadata.tags', 'ai.settings.context.tags'))
    const operation = reader.text('ai.operationId')
    const seen = operation === undefined ? observeGenAi(span, run, reader) : legacy(span, operation, reader)
    return {
      ...seen,
      ...defined({ session: session ?? seen.session, user: user ?? seen.user, tags }),
      attributes: reader.rest(),
    }
  },
}

function legacy(span: OtlpSpan, operation: string, reader: Told): Observation {
  const name = reader.text('ai.telemetry.functionId')
  const seen = { ...seenOf(span), promptVersion: reader.text('ai.telemetry.metadata.promptVersion') }
  reader.raw('operation.name', 'resource.name')
  if (operation === 'ai.toolCall') return { ...seen, kind: 'tool', ...tool(span, reader) }
  const usage = usageIn(reader)
  if (/\.do(?:Generate|Stream)$/.test(operation)) {
    return { ...seen, kind: 'llm', usage, usageScope: 'call', ...model(reader) }
  }
  const isRun = /^ai\.(?:generate|stream)(?:Text|Object)$/.test(operation)
  const prompt = reader.value('ai.prompt')
  const output = reader.text('ai.response.text') ?? reader.value('ai.response.object')
  return {
    ...seen,
    kind: isRun ? 'agent' : 'custom',
    usage,
    usageScope: 'aggregate',
    ...defined({ agent: isRun ? name : undefined, input: questionIn(prompt), output }),
  }
}

/** `{ system, prompt }` or `{ messages }`: the question is what a person asked. */
function questionIn(prompt: Json | undefined): Json | undefined {
  return isFields(prompt) ? (prompt['prompt'] ?? prompt['messages'] ?? prompt) : prompt
}

function model(reader: Told): Partial<Observation> {
  const said = saidIn(reader.value('ai.prompt.messages'))
  const tools = toolsIn(reader.value('ai.prompt.tools'))
  const settings = reader.under('ai.settings.')
  const { maxRetries: _, maxSteps: __, ...rest } = settings
  const parameters = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.includes('.')))
  reader.raw(
    'ai.prompt.format',
    'ai.model.provider',
    'gen_ai.system',
    'gen_ai.response.finish_reasons',
    'gen_ai.response.id',
  )
  reader.under('gen_ai.request.')
  const calls = reader.value('ai.response.toolCalls')
  const text = reader.text('ai.response.text')
  const object = reader.value('ai.response.object')
  const reasoning = reader.text('ai.response.reasoning')
  const parts: Part[] = [
    ...(reasoning === undefined ? [] : [{ type: 'reasoning', content: reasoning } as const]),
    ...(text === undefined ? [] : [{ type: 'text', content: text } as const]),
    ...(object === undefined || text !== undefined
      ? []
      : [{ type: 'text', content: JSON.stringify(object) } as const]),
    ...(Array.isArray(calls) ? (calls as readonly Json[]).flatMap(callIn) : []),
  ]
  const finishReason = reader.text('ai.response.finishReason')
  const reply = {
    message: { role: 'assistant' as const, parts },
    ...defined({
      model: reader.text('ai.response.model', 'gen_ai.response.model'),
      finishReason,
      responseId: reader.text('ai.response.id'),
    }),
  }
  return {
    request: defined({
      model: reader.text('ai.model.id'),
      system: said === undefined || said.system.length === 0 ? undefined : said.system,
      messages: said?.messages,
      tools: tools.length === 0 ? undefined : tools,
      parameters: Object.keys(parameters).length === 0 ? undefined : parameters,
    }),
    ...(parts.length === 0 && finishReason === undefined ? {} : { reply }),
  }
}

function callIn(call: Json): readonly Part[] {
  if (!isFields(call)) return []
  const { toolCallId, toolName, args, input } = call
  if (typeof toolName !== 'string') return [{ type: 'opaque', value: call }]
  const id = typeof toolCallId === 'string' ? toolCallId : ''
  return [{ type: 'tool_call', id, name: toolName, ...readInput(args ?? input) }]
}

function tool(span: OtlpSpan, reader: Told): Partial<Observation> & { readonly name: string } {
  const name = reader.text('ai.toolCall.name') ?? span.name
  const id = reader.text('ai.toolCall.id')
  const given = reader.raw('ai.toolCall.args', 'ai.toolCall.input')
  const response = reader.value('ai.toolCall.result', 'ai.toolCall.output')
  reader.raw('ai.telemetry.functionId')
  return {
    name,
    call: { name, ...defined({ id }), ...(given === undefined ? {} : readInput(given)) },
    ...(response === undefined ? {} : { result: { response } }),
  }
}

/** Up to version 5 Anthropic's input tokens were those that were not cached, and what was cached stood with the provider. */
function usageIn(reader: Told): Observation['usage'] {
  const metadata = parsed(reader.raw('ai.response.providerMetadata'))
  const of = (provider: string, key: string): number | undefined => {
    const told_ = isFields(metadata) ? metadata[provider] : undefined
    const value = isFields(told_) ? told_[key] : undefined
    return typeof value === 'number' ? value : undefined
  }
  reader.raw(
    'ai.usage.totalTokens',
    'ai.usage.tokens',
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.output_tokens',
    'ai.usage.outputTokenDetails.textTokens',
  )
  const fresh = reader.number('ai.usage.inputTokenDetails.noCacheTokens')
  const written = of('anthropic', 'cacheCreationInputTokens')
  return usageOf({
    counts: fresh !== undefined || written !== undefined ? 'uncached' : 'all',
    input: fresh ?? reader.number('ai.usage.inputTokens', 'ai.usage.promptTokens'),
    output: reader.number('ai.usage.outputTokens', 'ai.usage.completionTokens'),
    cacheRead:
      reader.number('ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.cachedInputTokens') ??
      of('openai', 'cachedPromptTokens') ??
      of('anthropic', 'cacheReadInputTokens'),
    cacheWrite: reader.number('ai.usage.inputTokenDetails.cacheWriteTokens') ?? written,
    reasoning:
      reader.number('ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens') ??
      of('openai', 'reasoningTokens'),
  })
}
