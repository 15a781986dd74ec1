import { byCodeUnit } from '../../lib/json.ts'
import type { Observation } from '../importers/observation.ts'
import type { OtlpAttributes, OtlpData, OtlpLog, OtlpSpan } from './shape.ts'

/** The spans of one trace, with the logs that were written in them. */
export interface OtlpRun {
  readonly traceId: string
  readonly spans: readonly OtlpSpan[]
  readonly logs: readonly OtlpLog[]
  /** In order of time. */
  logsOf(span: OtlpSpan): readonly OtlpLog[]
  /** In order of start. */
  childrenOf(span: OtlpSpan): readonly OtlpSpan[]
  spanOf(id: string | undefined): OtlpSpan | undefined
}

/** Spans and logs by the trace they belong to, in order of the traces' ids; logs of no trace are left over. */
export function runsIn(data: Pick<OtlpData, 'spans' | 'logs'>): {
  readonly runs: readonly OtlpRun[]
  /** Logs whose trace has no span here, or that have no trace. */
  readonly left: readonly OtlpLog[]
} {
  const spans = Map.groupBy(data.spans, ({ traceId }) => traceId)
  const logs = Map.groupBy(data.logs, ({ traceId = '' }) => traceId)
  const ids = [...spans.keys()].toSorted(byCodeUnit)
  return {
    runs: ids.map((id) => runOf(id, spans.get(id) ?? [], logs.get(id) ?? [])),
    left: data.logs.filter(({ traceId = '' }) => !spans.has(traceId)),
  }
}

/** Exporters send again what they do not know to have arrived: each span counts once, as it ended last, and each log once. */
export function runOf(traceId: string, spans: readonly OtlpSpan[], logs: readonly OtlpLog[]): OtlpRun {
  const byId = new Map<string, OtlpSpan>()
  for (const span of spans) {
    const known = byId.get(span.spanId)
    if (known === undefined || byTime(known.endTimeUnixNano, span.endTimeUnixNano) < 0)
      byId.set(span.spanId, span)
  }
  const distinct = new Map(
    logs.map(({ resource, scope, ...said }) => [JSON.stringify(said), { resource, scope, ...said }]),
  )
  const inTime = [...distinct.values()].toSorted((a, b) => byTime(a.timeUnixNano, b.timeUnixNano))
  const bySpan = Map.groupBy(inTime, ({ spanId = '' }) => spanId)
  const started = [...byId.values()].toSorted((a, b) => byTime(a.startTimeUnixNano, b.startTimeUnixNano))
  const children = Map.groupBy(started, ({ parentSpanId = '' }) => parentSpanId)
  return {
    traceId,
    spans: started,
    logs: inTime,
    logsOf: ({ spanId }) => bySpan.get(spanId) ?? [],
    childrenOf: ({ spanId }) => children.get(spanId) ?? [],
    spanOf: (id = '') => byId.get(id),
  }
}

/** Decimal text of any length, as numbers are ordered. */
export function byTime(a: string, b: string): number {
  return a.length - b.length || byCodeUnit(a, b)
}

/** What every dialect says of a span in the same way. */
export function seenOf(
  span: OtlpSpan,
): Pick<
  Observation,
  'id' | 'parent' | 'name' | 'startedAt' | 'startNanos' | 'durationMs' | 'status' | 'error' | 'codeVersion'
> {
  const start = BigInt(span.startTimeUnixNano)
  const end = BigInt(span.endTimeUnixNano)
  const error = errorOf(span)
  const version = span.resource['service.version']
  const startedAt = isoOf(start)
  return {
    id: span.spanId,
    parent: span.parentSpanId,
    name: span.name,
    status: span.status.code === 2 ? 'error' : 'ok',
    ...(startedAt === undefined ? {} : { startedAt, startNanos: start }),
    ...(startedAt !== undefined && end >= start ? { durationMs: Number(end - start) / 1e6 } : {}),
    ...(error === undefined ? {} : { error }),
    ...(typeof version === 'string' && version !== '' ? { codeVersion: version } : {}),
  }
}

/** The error of a span that says it failed: what its status says, and the exception it recorded. */
function errorOf({ status, events, attributes }: OtlpSpan): Observation['error'] {
  if (status.code !== 2) return undefined
  const thrown: OtlpAttributes = events.findLast(({ name }) => name === 'exception')?.attributes ?? {}
  const type = attributes['error.type'] ?? thrown['exception.type']
  const message = status.message ?? thrown['exception.message']
  return {
    type: typeof type === 'string' ? type : 'Error',
    message: typeof message === 'string' ? message : '',
  }
}

/** Milliseconds are what a date has; undefined for no time, and for one beyond what a date can say. */
export function isoOf(nanos: bigint): string | undefined {
  const ms = Number(nanos / 1_000_000n)
  return ms > 0 && ms < 8.64e15 ? new Date(ms).toISOString() : undefined
}
