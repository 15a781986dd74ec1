import type { Json } from '../../schema/json.ts'

/**
 * Traces and logs of OpenTelemetry's protocol (opentelemetry-proto, trace.proto and logs.proto 1.10), whatever encoding
 * they came in: plain values, which JSON can say. Ids are lower-case hex, times are nanoseconds since 1970 as decimal text
 * (a number does not hold them), integers beyond 2^53 are text, bytes are base64.
 */
export interface OtlpSpan {
  /** 32 hex digits, not all zero. */
  readonly traceId: string
  /** 16 hex digits, not all zero. */
  readonly spanId: string
  /** Absent for a root. */
  readonly parentSpanId?: string
  readonly name: string
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: OtlpAttributes
  readonly events: readonly OtlpEvent[]
  readonly links: readonly OtlpLink[]
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message?: string }
  /** Attributes that the exporter did not send, or that could not be taken. */
  readonly droppedAttributesCount?: number
  readonly resource: OtlpAttributes
  readonly scope: OtlpScope
}

export interface OtlpEvent {
  readonly timeUnixNano: string
  readonly name: string
  readonly attributes: OtlpAttributes
}

export interface OtlpLink {
  readonly traceId: string
  readonly spanId: string
  readonly attributes: OtlpAttributes
}

export interface OtlpLog {
  /** Absent where it belongs to no trace. */
  readonly traceId?: string
  readonly spanId?: string
  readonly timeUnixNano: string
  readonly severityNumber?: number
  /** The event's name, from the field or the attribute `event.name`. */
  readonly eventName?: string
  readonly body?: Json
  readonly attributes: OtlpAttributes
  readonly resource: OtlpAttributes
  readonly scope: OtlpScope
}

export interface OtlpScope {
  readonly name: string
  readonly version?: string
}

export type OtlpAttributes = { readonly [key: string]: Json }

/** A span or log record that cannot be taken, alone. */
export interface OtlpRejected {
  readonly what: 'span' | 'log'
  readonly reason: string
}

export interface OtlpData {
  readonly spans: readonly OtlpSpan[]
  readonly logs: readonly OtlpLog[]
  readonly rejected: readonly OtlpRejected[]
}

/** What one request or file may hold. A span beyond them is rejected, alone. */
export const otlpLimits = {
  /** Spans and log records together. */
  records: 200_000,
  attributes: 20_000,
  events: 20_000,
  links: 20_000,
  /** Nesting of lists and maps in one value. */
  depth: 64,
} as const

const ids = { trace: /^(?!0{32})[0-9a-f]{32}$/, span: /^(?!0{16})[0-9a-f]{16}$/ } as const

export function isTraceId(id: string): boolean {
  return ids.trace.test(id)
}

export function isSpanId(id: string): boolean {
  return ids.span.test(id)
}

/** Why a span cannot be taken; `undefined` where it can. */
export function refusedSpan({ traceId, spanId }: Pick<OtlpSpan, 'traceId' | 'spanId'>): string | undefined {
  if (!isTraceId(traceId)) return 'a span has no valid trace id (16 bytes, not all zero)'
  if (!isSpanId(spanId)) return 'a span has no valid span id (8 bytes, not all zero)'
  return undefined
}

/** Attributes under construction. A key that reaches an object's prototype is dropped, and counted. */
export function setAttribute(attributes: Record<string, Json>, key: string, value: Json): boolean {
  if (key === '__proto__') return false
  attributes[key] = value
  return true
}

/** A 64-bit integer as JSON can say it. */
export function integerValue(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** A double as JSON can say it: protobuf's JSON mapping has words for the others. */
export function doubleValue(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}
