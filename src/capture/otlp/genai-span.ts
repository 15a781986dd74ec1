import { defined } from '../../lib/defined.ts'
import type { LlmReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import type { FieldFidelity, ObservedField } from '../../schema/trace.ts'
import { readInput } from '../../tap/wire/text.ts'
import type { Observation } from '../importers/observation.ts'
import { type EventMessages, eventMessages } from './genai-events.ts'
import { isFields, replyIn, type Said, saidIn, systemIn, toolsIn } from './messages.ts'
import { type OtlpRun, seenOf } from './run.ts'
import type { OtlpSpan } from './shape.ts'
import { type CountedTokens, usageOf } from './tokens.ts'
import { type Told, told } from './told.ts'

/**
 * A span in the words of OpenTelemetry GenAI, of any version so far: whole JSON in `gen_ai.prompt` (to 1.27), messages as
 * log records or span events (1.28 to 1.36), as attributes (from 1.37), the names of semantic-conventions-genai. An
 * operation nobody knows is a `custom` span. Dialects that say more read it with `reader` and add it.
 */
export function observeGenAi(
  span: OtlpSpan,
  run: OtlpRun,
  reader: Told = told(span.attributes),
  { counts = 'all' }: { readonly counts?: CountedTokens['counts'] } = {},
): Observation {
  const seen = seenOf(span)
  const operation = reader.text('gen_ai.operation.name')
  const kind = kindOf(operation, span, run, reader)
  const common = {
    ...seen,
    kind,
    session: reader.text('gen_ai.conversation.id', 'session.id'),
    user: reader.text('user.id', 'enduser.id'),
    promptVersion: reader.text('gen_ai.prompt.version'),
    usage: usageIn(reader, counts),
    costUsd: reader.number('gen_ai.usage.cost', 'operation.cost'),
    usageScope: kind === 'llm' ? ('call' as const) : ('aggregate' as const),
  }
  if (kind === 'llm') return { ...common, ...model(span, run, reader), attributes: reader.rest() }
  if (kind === 'tool') return { ...common, ...tool(span, reader), attributes: reader.rest() }
  const said = conversation(span, run, reader)
  const agent = kind === 'agent' ? (reader.text('gen_ai.agent.name') ?? undefined) : undefined
  return {
    ...common,
    ...defined({ agent, input: plainInput(said.asked), output: plainOutput(said.reply) }),
    attributes: {
      ...reader.rest(),
      ...(kind === 'custom' && operation !== undefined ? { 'gen_ai.operation.name': operation } : {}),
    },
  }
}

const kinds: Readonly<Record<string, Observation['kind']>> = {
  chat: 'llm',
  text_completion: 'llm',
  generate_content: 'llm',
  execute_tool: 'tool',
  invoke_agent: 'agent',
  invoke_workflow: 'agent',
  retrieval: 'retrieval',
}

function kindOf(
  operation: string | undefined,
  span: OtlpSpan,
  run: OtlpRun,
  reader: Told,
): Observation['kind'] {
  if (operation !== undefined)
    return Object.hasOwn(kinds, operation) ? (kinds[operation] ?? 'custom') : 'custom'
  if (reader.text('mcp.method.name') === 'tools/call') {
    // The server's side of a call, and the client's below the tool's own span, are no calls of their own.
    const above = run.spanOf(span.parentSpanId)?.attributes
    const again =
      above?.['gen_ai.operation.name'] === 'execute_tool' || above?.['mcp.method.name'] === 'tools/call'
    return again || span.kind === 2 ? 'custom' : 'tool'
  }
  if (reader.has('gen_ai.tool.name')) return 'tool'
  const asks = reader.has(
    'gen_ai.request.model',
    'gen_ai.response.model',
    'gen_ai.input.messages',
    'gen_ai.prompt',
  )
  return asks ? 'llm' : 'custom'
}

function model(span: OtlpSpan, run: OtlpRun, reader: Told): Partial<Observation> {
  const { asked, reply, events } = conversation(span, run, reader)
  const { 'gen_ai.request.model': _, ...settings } = reader.under('gen_ai.request.')
  const parameters = Object.fromEntries(Object.entries(settings).filter(([key]) => key !== 'model'))
  const tools = toolsIn(reader.value('gen_ai.tool.definitions') ?? events.tools)
  const instructed = systemIn(reader.value('gen_ai.system_instructions') ?? events.system)
  const system = (asked?.system ?? []).length === 0 ? instructed : [...instructed, ...(asked?.system ?? [])]
  const finish = reader.value('gen_ai.response.finish_reasons')
  const first: Json | undefined = Array.isArray(finish) ? finish[0] : finish
  const finishReason = typeof first === 'string' ? first : reply?.finishReason
  const modelAsked = span.attributes['gen_ai.request.model']
  return {
    request: defined({
      model: typeof modelAsked === 'string' ? modelAsked : undefined,
      system: system.length === 0 ? undefined : system,
      messages: asked?.messages,
      tools: tools.length === 0 ? undefined : tools,
      parameters: Object.keys(parameters).length === 0 ? undefined : parameters,
    }),
    ...replied(reply, {
      model: reader.text('gen_ai.response.model'),
      responseId: reader.text('gen_ai.response.id'),
      finishReason,
    }),
  }
}

/** The observation with a reply that stood under other names than those of the conventions. */
export function withReply(seen: Observation, reply: NonNullable<Observation['reply']>): Observation {
  const { reply: _, ...known } = seen.fidelity ?? {}
  const { fidelity: __, ...rest } = seen
  const fidelity = Object.keys(known).length === 0 ? {} : { fidelity: known }
  return { ...rest, ...fidelity, reply: { ...reply, ...seen.reply, message: reply.message } }
}

/** Contents are opt-in: often all that is known of a reply is which model gave it, and why it ended. */
function replied(
  reply: Conversation['reply'],
  facts: { readonly [F in 'model' | 'responseId' | 'finishReason']: string | undefined },
): Pick<Observation, 'reply' | 'fidelity'> {
  const known = defined(facts)
  if (reply !== undefined) return { reply: { ...reply, ...known } }
  if (Object.keys(known).length === 0) return {}
  return { reply: { message: { role: 'assistant', parts: [] }, ...known }, fidelity: { reply: 'missing' } }
}

interface Conversation {
  readonly asked: Said | undefined
  readonly reply: Omit<LlmReply, 'usage' | 'costUsd'> | undefined
  readonly events: EventMessages
}

function conversation(span: OtlpSpan, run: OtlpRun, reader: Told): Conversation {
  const events = eventMessages(span, run.logsOf(span))
  const input = reader.value('gen_ai.input.messages', 'gen_ai.prompt') ?? events.input
  const output = reader.value('gen_ai.output.messages', 'gen_ai.completion') ?? events.output
  return { asked: saidIn(input), reply: output === undefined ? undefined : replyIn(output), events }
}

function tool(span: OtlpSpan, reader: Told): Partial<Observation> {
  const name = reader.text('gen_ai.tool.name') ?? span.name
  const id = reader.text('gen_ai.tool.call.id')
  const given = reader.raw('gen_ai.tool.call.arguments')
  const response = reader.value('gen_ai.tool.call.result')
  return {
    name,
    call: { name, ...defined({ id }), ...(given === undefined ? {} : readInput(given)) },
    ...(response === undefined ? {} : { result: { response } }),
    ...hidden({ arguments: given, result: response }),
  }
}

const marks = /^(?:__REDACTED__|<redacted>|\[REDACTED\]|\[redacted\])$/
const cuts = /(?:\.\.\. ?\[truncated\]|<truncated>|\[truncated\])$/

/** What an exporter hid or cut, by the marks they leave. */
export function hidden(
  fields: { readonly [F in ObservedField]?: Json | undefined },
): Pick<Observation, 'fidelity'> {
  const fidelity: Record<string, FieldFidelity> = {}
  for (const [field, value] of Object.entries(fields)) {
    if (typeof value !== 'string') continue
    if (marks.test(value)) fidelity[field] = 'redacted'
    else if (cuts.test(value.slice(-40))) fidelity[field] = 'truncated'
  }
  return Object.keys(fidelity).length === 0 ? {} : { fidelity }
}

function usageIn(reader: Told, counts: CountedTokens['counts']): Observation['usage'] {
  const fresh = reader.number('ai.usage.inputTokenDetails.noCacheTokens')
  const total = reader.number('gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens')
  reader.raw('gen_ai.usage.total_tokens', 'llm.usage.total_tokens')
  return usageOf({
    input: fresh ?? total,
    counts: fresh === undefined ? counts : 'uncached',
    output: reader.number('gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'),
    cacheRead: reader.number(
      'gen_ai.usage.cache_read.input_tokens',
      'gen_ai.usage.cache_read_input_tokens',
      'ai.usage.inputTokenDetails.cacheReadTokens',
    ),
    cacheWrite: reader.number(
      'gen_ai.usage.cache_write.input_tokens',
      'gen_ai.usage.cache_creation.input_tokens',
      'gen_ai.usage.cache_creation_input_tokens',
      'ai.usage.inputTokenDetails.cacheWriteTokens',
    ),
    reasoning: reader.number(
      'gen_ai.usage.reasoning.output_tokens',
      'gen_ai.usage.reasoning_tokens',
      'ai.usage.outputTokenDetails.reasoningTokens',
    ),
  })
}

/** What an agent was asked: the text, where it is one, else the messages. */
export function plainInput(said: Said | undefined): Json | undefined {
  if (said === undefined || said.messages.length === 0) return undefined
  const [only, second] = said.messages
  if (only === undefined || second !== undefined || only.parts.some(({ type }) => type !== 'text'))
    return said.messages
  return textOf(only)
}

export function plainOutput(reply: Conversation['reply']): Json | undefined {
  if (reply === undefined) return undefined
  const text = textOf(reply.message)
  return text === '' ? reply.message : text
}

export function recordIn(value: Json | undefined): { readonly [key: string]: Json | undefined } {
  return isFields(value) ? value : {}
}
