import { byCodeUnit, readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { type Fields, isFields } from './messages.ts'
import { byTime } from './run.ts'
import type { OtlpAttributes, OtlpSpan } from './shape.ts'
import { parsed } from './told.ts'

/** A span that an evalkit sent (`src/capture/sinks/otlp.ts`). */
export function isOurs({ attributes }: Pick<OtlpSpan, 'attributes'>): boolean {
  return (
    typeof attributes['evalkit.trace.id'] === 'string' && typeof attributes['evalkit.span.id'] === 'string'
  )
}

/**
 * The records that spans of an evalkit were made of: starts, spans in the order they began, replies, plans, ends. Spans of
 * somebody else give none. They are as the other side said them: check them with `spoolRecord`.
 */
export function spoolRecordsIn(spans: readonly OtlpSpan[]): readonly Fields[] {
  const read = spans.map((span) => ({ at: span.startTimeUnixNano, ...recordsOf(span.attributes) }))
  // Ids are given in the order of start; clocks are not that fine.
  const inOrder = read.toSorted(
    (a, b) => numberOf(a.id) - numberOf(b.id) || byTime(a.at, b.at) || byCodeUnit(a.id, b.id),
  )
  return [
    ...read.flatMap(({ start }) => start),
    ...inOrder.flatMap(({ span }) => span),
    ...read.flatMap(({ reply }) => reply),
    ...read.flatMap(({ plan }) => plan),
    ...read.flatMap(({ end }) => end),
  ]
}

/** Each of them one record or none. */
interface Parts {
  readonly id: string
  readonly start: readonly Fields[]
  readonly span: readonly Fields[]
  readonly reply: readonly Fields[]
  readonly plan: readonly Fields[]
  readonly end: readonly Fields[]
}

function recordsOf(attributes: OtlpAttributes): Parts {
  const trace = textIn(attributes['evalkit.trace.id'])
  const id = textIn(attributes['evalkit.span.id']) ?? ''
  const base = { v: 1, ...(trace === undefined ? {} : { trace }) }
  const one = (key: string, record: (said: Fields) => Fields): readonly Fields[] => {
    const said = parsed(attributes[key])
    return trace !== undefined && isFields(said) ? [record(said)] : []
  }
  return {
    id,
    start: one('evalkit.start', (said) => ({ ...base, type: 'start', ...said })),
    span: one('evalkit.span', ({ span, ...said }) => ({
      ...base,
      type: 'span',
      ...said,
      span: isFields(span) ? withRequest(span, attributes) : span,
    })),
    reply: one('evalkit.reply', (said) => ({
      ...base,
      type: 'reply',
      span: id,
      ...withReply(said, attributes),
    })),
    plan: one('evalkit.plan', (said) => ({ ...base, type: 'plan', ...said })),
    end: one('evalkit.end', (said) => ({ ...base, type: 'end', ...said })),
  }
}

function withRequest(span: Fields, attributes: OtlpAttributes): Fields {
  if (!isFields(span['request'])) return span
  const tools = parsed(attributes['gen_ai.tool.definitions'])
  const request = {
    ...span['request'],
    ...found({
      system: parsed(attributes['gen_ai.system_instructions']),
      messages: parsed(attributes['gen_ai.input.messages']),
      tools: Array.isArray(tools)
        ? (tools as readonly Json[]).filter(isFields).map(toolWithoutType)
        : undefined,
      arguments: jsonIn(attributes['gen_ai.tool.call.arguments']),
    }),
  }
  return { ...span, request }
}

function withReply(said: Fields, attributes: OtlpAttributes): Fields {
  const messages = parsed(attributes['gen_ai.output.messages'])
  const message: Json | undefined = Array.isArray(messages) ? messages[0] : undefined
  const attempts = found({ attempts: parsed(attributes['evalkit.attempts']) })
  if (!isFields(said['reply'])) return { ...said, ...attempts }
  const reply = {
    ...said['reply'],
    ...found({
      message: isFields(message) ? without(message, 'finish_reason') : undefined,
      response: jsonIn(attributes['gen_ai.tool.call.result']),
    }),
  }
  return { ...said, reply, ...attempts }
}

function toolWithoutType(tool: Fields): Fields {
  const { parameters, ...rest } = without(tool, 'type')
  return { ...rest, ...found({ inputSchema: parameters }) }
}

function without(members: Fields, key: string): Fields {
  return Object.fromEntries(Object.entries(members).filter(([name]) => name !== key))
}

function found(members: Fields): Fields {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** Our own attributes are JSON, text included; what a collector cut is not. */
function jsonIn(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string') return value
  const read = readJson(value)
  return read.ok ? (read.value as Json) : undefined
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(id: string): number {
  return Number(/\d+/.exec(id)?.[0] ?? 0)
}
