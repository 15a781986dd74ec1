import { sha256 } from '../../lib/hash.ts'
import { rootId } from '../../schema/assemble.ts'
import type { Json } from '../../schema/json.ts'
import type { SpoolRecordOf } from '../../schema/spool.ts'
import { type Attribute, attributesOf, type Value } from './otlp-attributes.ts'
import { replyAttributes, requestAttributes } from './otlp-genai.ts'

/** A span as OTLP/HTTP says it in JSON: ids in hex, times in nanoseconds as text. */
export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  /** 1 internal, 3 client. */
  readonly kind: 1 | 3
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  /** Code 2 is an error; nothing is said of what went well, as instrumentations should (OpenTelemetry, trace API). */
  readonly status: { readonly code?: 2; readonly message?: string }
}

/** What a record that begins a span says of it. */
export interface SpanStart {
  readonly ids: Pick<OtlpSpan, 'traceId' | 'spanId' | 'parentSpanId'>
  readonly name: string
  readonly kind: OtlpSpan['kind']
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What kind of span it is to us. */
  readonly of: string
  readonly attributes: readonly Attribute[]
}

/** What the record that ends it adds. */
export interface SpanEnd {
  readonly durationMs: number | undefined
  readonly attributes: readonly Attribute[]
  readonly status: OtlpSpan['status']
}

/** The run itself: its span is sent when it ends. */
export function startOfRun(record: SpoolRecordOf<'start'>): SpanStart {
  const { v: _v, type: _type, trace, ...rest } = record
  return {
    ids: idsOf(trace, rootId, null),
    name: `invoke_agent ${record.name}`,
    kind: 1,
    at: timeOf(record.startedAt),
    of: 'agent',
    attributes: attributesOf({
      ...scalarsOf(record.attributes),
      ...common(trace, rootId, 'agent', record.dropped),
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': record.name,
      'evalkit.start': JSON.stringify(rest),
    }),
  }
}

export function startOfSpan(record: SpoolRecordOf<'span'>): SpanStart {
  const { trace, span, dropped } = record
  const { told, rest, name = span.name } = requestAttributes(span)
  return {
    ids: idsOf(trace, span.id, span.parent),
    name,
    kind: span.kind === 'llm' || span.kind === 'custom' ? 3 : 1,
    at: timeOf(span.startedAt),
    of: span.kind,
    attributes: attributesOf({
      ...scalarsOf(span.attributes),
      ...common(trace, span.id, span.kind, dropped),
      ...told,
      'evalkit.span': JSON.stringify({ span: { ...span, request: rest }, dropped }),
    }),
  }
}

export function endOfSpan(record: SpoolRecordOf<'reply'>, kind: string | undefined): SpanEnd {
  const { v: _v, type: _type, trace: _trace, span: _span, attempts, ...own } = record
  const { told, rest } = replyAttributes(kind, record.reply)
  return {
    durationMs: record.durationMs,
    status: statusOf(record),
    attributes: attributesOf({
      ...scalarsOf(record.attributes),
      ...told,
      ...lost(record.dropped),
      'error.type': errorType(record),
      'evalkit.reply': JSON.stringify({ ...own, reply: rest }),
      'evalkit.attempts': attempts === undefined ? undefined : JSON.stringify(attempts),
    }),
  }
}

export function endOfRun(record: SpoolRecordOf<'end'>): SpanEnd {
  const { v: _v, type: _type, trace: _trace, ...rest } = record
  return {
    durationMs: record.durationMs,
    status: statusOf(record),
    attributes: attributesOf({
      ...scalarsOf(record.attributes),
      ...lost(record.dropped),
      'error.type': errorType(record),
      'evalkit.end': JSON.stringify(rest),
    }),
  }
}

/** What the agent is going to do: a span of its own, of no length, sent at once. */
export function spanOfPlan({ trace, at, plan, dropped }: SpoolRecordOf<'plan'>): OtlpSpan {
  const id = `plan ${at}`
  const start: SpanStart = {
    ids: idsOf(trace, id, rootId),
    name: 'plan',
    kind: 1,
    at: timeOf(at),
    of: 'plan',
    attributes: attributesOf({
      ...common(trace, id, 'plan', dropped),
      'evalkit.plan': JSON.stringify({ at, plan, dropped }),
    }),
  }
  return joined(start, { durationMs: 0, status: {}, attributes: [] })
}

/** A span that is sent before its end is known: the run ended without it, or there were too many to keep. */
export const unfinished: SpanEnd = {
  durationMs: undefined,
  status: {},
  attributes: attributesOf({ 'evalkit.unfinished': true }),
}

/** Stands in for the start of a span that was sent already: an evalkit that reads it puts the two together. */
export function lateStart(trace: string, span: string, at: number): SpanStart {
  const attributes = attributesOf({ ...common(trace, span, 'late', undefined) })
  return { ids: idsOf(trace, span, null), name: 'late end', kind: 1, at, of: 'late', attributes }
}

/** One span of its two halves. Where both say the same attribute, the end is right; losses add up. */
export function joined(start: SpanStart, end: SpanEnd): OtlpSpan {
  const byKey = new Map<string, Value>()
  for (const { key, value } of [...start.attributes, ...end.attributes]) {
    const before = key === 'evalkit.dropped' ? byKey.get(key) : undefined
    byKey.set(key, before === undefined ? value : sumOf(before, value))
  }
  return {
    ...start.ids,
    name: start.name,
    kind: start.kind,
    startTimeUnixNano: nanosOf(start.at, 0),
    endTimeUnixNano: nanosOf(start.at, end.durationMs ?? 0),
    attributes: [...byKey].map(([key, value]) => ({ key, value })),
    status: end.status,
  }
}

/** OpenTelemetry's ids are of one size; ours are not. */
export function idsOf(trace: string, span: string, parent: string | null): SpanStart['ids'] {
  const idOf = (id: string): string => sha256(`${trace} ${id}`).slice(0, 16)
  const ids = { traceId: sha256(trace).slice(0, 32), spanId: idOf(span) }
  return parent === null ? ids : { ...ids, parentSpanId: idOf(parent) }
}

function common(trace: string, span: string, kind: string, dropped: number | undefined) {
  return { 'evalkit.trace.id': trace, 'evalkit.span.id': span, 'evalkit.kind': kind, ...lost(dropped) }
}

function lost(dropped: number | undefined): { 'evalkit.dropped'?: number } {
  return dropped === undefined ? {} : { 'evalkit.dropped': dropped }
}

function statusOf({ status, error }: SpoolRecordOf<'reply'> | SpoolRecordOf<'end'>): OtlpSpan['status'] {
  if (status === 'ok') return {}
  return error === undefined ? { code: 2 } : { code: 2, message: error.message }
}

/** `_OTHER` is what the conventions say where nobody knows. */
function errorType({ status, error }: SpoolRecordOf<'reply'> | SpoolRecordOf<'end'>): string | undefined {
  return status === 'ok' ? undefined : (error?.type ?? '_OTHER')
}

/**
 * What other collectors can show and filter by; all of it stands in our own attributes too. What a user names like
 * one of those that we or the conventions define must not pass for it.
 */
function scalarsOf(
  attributes: { readonly [key: string]: Json | undefined } | undefined,
): Record<string, string | number | boolean> {
  const scalars: Record<string, string | number | boolean> = {}
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith('evalkit.') || key.startsWith('gen_ai.')) continue
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      scalars[key] = value
    }
  }
  return scalars
}

function sumOf(a: Value, b: Value): Value {
  return 'intValue' in a && 'intValue' in b
    ? { intValue: String(Number(a.intValue) + Number(b.intValue)) }
    : b
}

function timeOf(iso: string): number {
  const time = Date.parse(iso)
  return Number.isFinite(time) && time > 0 ? time : 0
}

/** Numbers do not hold nanoseconds since the epoch. */
function nanosOf(at: number, durationMs: number): string {
  return String(BigInt(Math.round(at)) * 1_000_000n + BigInt(Math.round(durationMs * 1e6)))
}
