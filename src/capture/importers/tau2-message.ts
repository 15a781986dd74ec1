import type * as z from 'zod'
import type { LlmReply, Usage } from '../../schema/call.ts'
import type { Part, ToolCallPart } from '../../schema/message.ts'
import { pathText } from '../../schema/read.ts'
import type { ConversationItem } from './conversation.ts'
import { argumentsFrom, callPart, partsOf, type Repair, said } from './foreign.ts'
import { rawReply, type Tau2Call, type Tau2Message, thinkingBlock } from './tau2-schema.ts'

type Raw = z.infer<typeof rawReply>

/** The messages of a simulation as items; durations run from one message's time to the next one's. */
export function itemsFrom(
  messages: readonly Tau2Message[],
  place: readonly PropertyKey[],
  repairs: Repair[],
): readonly ConversationItem[] {
  let previous: string | undefined
  return messages.flatMap((message, index) => {
    const at = [...place, index]
    const now = timeFrom(message.timestamp, [...at, 'timestamp'], repairs)
    const timing = timingOf(previous, now)
    previous = now
    return itemOf(message, { at, timing, repairs })
  })
}

/**
 * A time of the recording as ISO 8601 in UTC. The benchmark writes local times without a zone; which one is not
 * recorded, so they are read as UTC: their order and distance are right, the hour may not be.
 */
export function timeFrom(
  text: string | null | undefined,
  place: readonly PropertyKey[],
  repairs: Repair[],
): string | undefined {
  if (text === undefined || text === null) return undefined
  const ms = Date.parse(/(?:[zZ]|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`)
  if (!Number.isNaN(ms)) return new Date(ms).toISOString()
  repairs.push({ at: pathText(place), reason: 'not a time; left out' })
  return undefined
}

interface Context {
  readonly at: readonly PropertyKey[]
  readonly timing: Pick<ConversationItem, 'startedAt' | 'durationMs'>
  readonly repairs: Repair[]
}

function itemOf(message: Tau2Message, { at: place, timing, repairs }: Context): ConversationItem[] {
  const at = pathText(place)
  switch (message.role) {
    case 'system':
      return []
    case 'user': {
      const parts = partsOf(message.content)
      const calls = callsOf(message.tool_calls, place, repairs)
      if (calls.length === 0) return [{ kind: 'user', at, message: { role: 'user', parts }, ...timing }]
      // Such a turn goes to the environment, never to the agent, whatever else it says.
      const attributes = parts.length > 0 ? { said: [...parts] } : undefined
      return [{ kind: 'user-calls', at, calls, attributes, ...timing }]
    }
    case 'assistant': {
      const calls = callsOf(message.tool_calls, place, repairs)
      const raw = rawReply.safeParse(message.raw_data ?? {}).data ?? {}
      const parts: Part[] = [...reasoningOf(raw, message.reasoning), ...partsOf(message.content), ...calls]
      const reply = replyOf(message, raw, calls)
      const extras = said({ errors: message.errors })
      const attributes = Object.keys(extras).length > 0 ? extras : undefined
      return [{ kind: 'assistant', at, message: { role: 'assistant', parts }, reply, attributes, ...timing }]
    }
    case 'tool':
      return [
        {
          kind: 'result',
          at,
          id: message.id || undefined,
          response: message.content ?? null,
          isError: message.error === true,
          attributes: message.requestor === 'user' ? { requestor: 'user' } : undefined,
          ...timing,
        },
      ]
  }
}

function callsOf(
  calls: readonly Tau2Call[] | null | undefined,
  place: readonly PropertyKey[],
  repairs: Repair[],
): readonly ToolCallPart[] {
  return (calls ?? []).map((call, index) => {
    const at = pathText([...place, 'tool_calls', index, 'arguments'])
    const { name, arguments: given } = call
    const id = call.id ?? ''
    if (given === undefined || given === null) {
      repairs.push({ at, reason: 'the call has no arguments; read as {}' })
      return callPart({ id, name, arguments: {}, malformed: false })
    }
    if (typeof given !== 'string') return callPart({ id, name, arguments: given, malformed: false })
    const read = argumentsFrom(given)
    const malformed = read.malformed !== undefined
    repairs.push({
      at,
      reason: malformed ? `${read.malformed}; kept as text` : 'arguments are JSON as text; parsed',
    })
    return callPart({ id, name, arguments: read.value, malformed })
  })
}

/** Reasoning comes before what the model says; a block we cannot read is carried as it is. */
function reasoningOf(raw: Raw, field: string | null | undefined): Part[] {
  const blocks = raw.thinking_blocks ?? raw.message?.thinking_blocks ?? []
  if (blocks.length > 0) {
    return blocks.map((block) => {
      const thinking = thinkingBlock.safeParse(block)
      if (!thinking.success) return { type: 'opaque', value: block }
      const { thinking: content, signature } = thinking.data
      return { type: 'reasoning', content, ...(signature ? { signature } : {}) }
    })
  }
  const text = field || raw.message?.reasoning_content
  return text ? [{ type: 'reasoning', content: text }] : []
}

function replyOf(
  { usage, cost }: Extract<Tau2Message, { role: 'assistant' }>,
  raw: Raw,
  calls: readonly ToolCallPart[],
): Omit<LlmReply, 'message'> {
  const tokens = usage === undefined || usage === null ? undefined : usageOf(usage, raw)
  const spent = tokens === undefined ? 0 : tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.output
  // The solo agent ends by a call that the benchmark rewrites into a text: then the raw reason is of another reply.
  const rewritten = (raw.message?.tool_calls?.length ?? calls.length) !== calls.length
  const finishReason = rewritten ? undefined : (raw.finish_reason ?? raw.stop_reason ?? undefined)
  return {
    ...(raw.model === undefined ? {} : { model: raw.model }),
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(raw.id === undefined ? {} : { responseId: raw.id }),
    ...(tokens === undefined ? {} : { usage: tokens }),
    // A cost of 0 for tokens that were spent means that the benchmark knew no price.
    ...(typeof cost === 'number' && (cost > 0 || (cost === 0 && tokens !== undefined && spent === 0))
      ? { costUsd: cost }
      : {}),
  }
}

/** `prompt_tokens` counts everything that was read; ours are disjoint. Anthropic's own block says it directly. */
function usageOf(usage: { prompt_tokens: number; completion_tokens: number }, raw: Raw): Usage {
  const details = raw.usage ?? {}
  const cacheRead = details.cache_read_input_tokens ?? details.prompt_tokens_details?.cached_tokens ?? 0
  const cacheWrite = details.cache_creation_input_tokens ?? 0
  const reasoning = details.completion_tokens_details?.reasoning_tokens
  return {
    input: Math.max(0, usage.prompt_tokens - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    output: usage.completion_tokens,
    ...(typeof reasoning === 'number' ? { reasoning } : {}),
  }
}

function timingOf(previous: string | undefined, now: string | undefined): Context['timing'] {
  if (now === undefined) return {}
  if (previous === undefined) return {}
  const durationMs = Date.parse(now) - Date.parse(previous)
  // Clocks that run backwards measure nothing.
  return durationMs < 0 ? { startedAt: previous } : { startedAt: previous, durationMs }
}
