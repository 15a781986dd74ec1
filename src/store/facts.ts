import { commonStart } from '../lib/common-start.ts'
import { isAgentsModelCall, type Usage } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { Message } from '../schema/message.ts'
import type { Span, Trace } from '../schema/trace.ts'
import { sessionOf, userOf } from '../schema/trace-origin.ts'
import type { TraceSummary } from '../schema/trace-query.ts'
import { momentOf } from './time.ts'

/** What can be asked of one span without opening it. */
export interface SpanFacts {
  readonly kind: Span['kind']
  readonly name: string
  readonly status: 'ok' | 'error'
  /** Moment in ms since 1970 UTC. */
  readonly started?: number
  readonly durationMs?: number
  /** The tool used, of tool spans. */
  readonly tool?: string
  /** The call came back as an error. */
  readonly failed?: boolean
  /** The model that answered, of llm spans. */
  readonly model?: string
  readonly tokens?: number
  readonly costUsd?: number
  /** A model answered, and nobody knows what that cost. */
  readonly unpriced?: true
}

/** What can be asked of a trace without opening it: every store keeps the same, and filters by it. */
export interface TraceFacts {
  readonly summary: TraceSummary
  /** Moment in ms since 1970 UTC; absent where unknown or not a time. */
  readonly started?: number
  readonly tokens?: number
  readonly spans: readonly SpanFacts[]
}

export function factsOf(trace: Trace): TraceFacts {
  const spans = trace.spans.map((span) => spanFacts(span, trace))
  const calls = spans.filter((span) => span.kind === 'tool')
  const started = momentOf(trace.startedAt)
  const usage = trace.usage
  return {
    summary: dropUnknown({
      id: trace.id,
      name: plain(trace.name),
      format: plain(trace.source.format),
      task: plainOf(trace.task?.id),
      trial: trace.trial,
      status: trace.status,
      ended: plainOf(trace.ended),
      session: plainOf(sessionOf(trace)),
      user: plainOf(userOf(trace)),
      prompt: plainOf(trace.versions.prompt),
      code: plainOf(trace.versions.code),
      startedAt: trace.startedAt,
      durationMs: trace.durationMs,
      models: distinct(spans.map((span) => span.model)),
      spans: spans.length,
      toolCalls: calls.length,
      toolErrors: calls.filter((span) => span.failed === true).length,
      inputTokens: usage === undefined ? undefined : usage.input + usage.cacheRead + usage.cacheWrite,
      outputTokens: usage?.output,
      costUsd: trace.costUsd,
      unpriced: unpricedOf(trace),
      tags: distinct(trace.tags.map(plain)),
      scores: trace.scores.map((score) =>
        score.status === 'scored'
          ? { name: plain(score.name), value: score.value, passed: score.passed }
          : { name: plain(score.name) },
      ),
    }),
    ...(started === undefined ? {} : { started }),
    ...(usage === undefined ? {} : { tokens: tokensOf(usage) }),
    spans,
  }
}

/** The tools used in a trace, each once. */
export function toolsOf(facts: TraceFacts): readonly string[] {
  return distinct(facts.spans.map((span) => span.tool))
}

/**
 * Every text a search looks into, each once, in order: what people and models said, arguments and results, and the
 * trace's input and output. System prompts are left out: they hold every word of the domain, in every trace.
 */
export function textsOf(trace: Trace): ReadonlySet<string> {
  const texts = new Set<string>()
  const seen = new Set<unknown>()
  const addValue = (value: Json | undefined): void => {
    if (typeof value === 'string') texts.add(value)
    else if (value !== undefined) texts.add(leavesOf(value).join(' '))
  }
  const addMessage = (message: Message): void => {
    if (message.role === 'system' || seen.has(message)) return
    seen.add(message)
    for (const part of message.parts) {
      if (part.type === 'text' || part.type === 'reasoning') texts.add(part.content)
      else if (part.type === 'tool_call') addValue(part.arguments)
      else if (part.type === 'tool_call_response') addValue(part.response)
    }
  }
  addValue(trace.input)
  let before: readonly Message[] = []
  for (const span of trace.spans) {
    switch (span.kind) {
      case 'llm': {
        const { messages } = span.request
        for (const message of messages.slice(commonStart(before, messages))) addMessage(message)
        before = messages
        if (span.reply !== undefined) addMessage(span.reply.message)
        break
      }
      case 'tool':
        addValue(span.request.arguments)
        addValue(span.reply?.response)
        break
      case 'human':
        addValue(span.request.question)
        if (span.reply !== undefined) addMessage(span.reply.message)
        break
      default:
        addValue(span.input)
        addValue(span.output)
    }
  }
  addValue(trace.output)
  return texts
}

/** Text that every store can hold: half a surrogate pair is not text. */
export function plain(text: string): string {
  return text.toWellFormed()
}

/**
 * The agent's model calls whose cost nobody knows. Where the source gave the sum alone, it is the sum of all of them.
 */
export function unpricedOf(trace: Pick<Trace, 'spans' | 'costUsd'>): number | undefined {
  const calls = trace.spans.filter(isAgentsModelCall).filter((span) => span.reply !== undefined)
  const unpriced = calls.filter((span) => span.reply?.costUsd === undefined).length
  if (unpriced === 0 || (trace.costUsd !== undefined && unpriced === calls.length)) return undefined
  return unpriced
}

function plainOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : plain(text)
}

function spanFacts(span: Span, trace: Trace): SpanFacts {
  const started = momentOf(span.startedAt)
  const base = {
    kind: span.kind,
    name: plain(span.name),
    status: span.status,
    ...(started === undefined ? {} : { started }),
    ...(span.durationMs === undefined ? {} : { durationMs: span.durationMs }),
  }
  if (span.kind === 'tool') {
    const failed = span.status === 'error' || span.reply?.isError === true
    return { ...base, tool: plain(span.request.name), failed }
  }
  // Of a simulated user's model nobody asks when they ask for models.
  if (span.kind !== 'llm' || span.by === 'user') return base
  // Most recordings name the model once, for the whole run.
  const model = span.reply?.model ?? span.request.model ?? trace.versions.model
  const usage = span.reply?.usage
  const costUsd = span.reply?.costUsd
  return {
    ...base,
    ...(model === undefined ? {} : { model: plain(model) }),
    ...(usage === undefined ? {} : { tokens: tokensOf(usage) }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(costUsd === undefined && span.reply !== undefined ? { unpriced: true } : {}),
  }
}

/** All of the input, cached or not, and the output (reasoning is a part of it). */
function tokensOf(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite + usage.output
}

function leavesOf(value: Json): string[] {
  if (value === null || typeof value !== 'object') return value === null ? [] : [String(value)]
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(leavesOf)
  return Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [key, ...leavesOf(member)],
  )
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))]
}

function dropUnknown<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T
}
