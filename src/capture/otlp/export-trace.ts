import { defined } from '../../lib/defined.ts'
import { rootId } from '../../schema/assemble.ts'
import type { Json } from '../../schema/json.ts'
import type { Span, Trace } from '../../schema/trace.ts'
import { sessionOf, userOf } from '../../schema/trace-origin.ts'
import { attributesOf } from '../sinks/otlp-attributes.ts'
import {
  endOfRun,
  endOfSpan,
  idsOf,
  joined,
  type OtlpSpan,
  type SpanEnd,
  type SpanStart,
  startOfRun,
  startOfSpan,
} from '../sinks/otlp-span.ts'

/** The attribute in which an exported trace stands whole, for an evalkit that reads it again. */
export const exportedKey = 'evalkit.exported'

/**
 * A trace as one request of OTLP/HTTP in JSON: an `invoke_agent` span for the run and one for each of its spans, in the words
 * of the GenAI conventions (notes on versions stand in docs/capture-sinks.md). What those do not say is not lost: the first
 * span holds the whole trace, and importing it gives that very trace. Times that nobody knows are 0.
 */
export function otlpOfTrace(trace: Trace): object {
  const spans = [rootSpan(trace), ...trace.spans.map((span) => childSpan(span, trace))]
  const resource = { attributes: attributesOf({ 'service.name': trace.name }) }
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'evalkit' }, spans }] }] }
}

function rootSpan(trace: Trace): OtlpSpan {
  const { id, name, startedAt = '', status, durationMs = 0, versions, attributes } = trace
  const base = { v: 1, trace: id, versions } as const
  const start = startOfRun({ ...base, type: 'start', name, startedAt, attributes })
  const end = endOfRun({ ...base, type: 'end', status, durationMs, attributes: {} })
  const own = attributesOf({
    'gen_ai.conversation.id': sessionOf(trace),
    'user.id': userOf(trace),
    'gen_ai.prompt.version': versions.prompt,
    'evalkit.cost_usd': trace.costUsd,
    [exportedKey]: JSON.stringify(trace),
  })
  return joined(withoutRecord(start), { ...end, attributes: [...withoutRecord(end).attributes, ...own] })
}

function childSpan(span: Span, trace: Trace): OtlpSpan {
  const { id, parent, kind, name, status, error, durationMs, attributes } = span
  const base = { v: 1, trace: trace.id } as const
  const asked = 'request' in span ? (span.request as Json | undefined) : undefined
  const said = 'reply' in span ? (span.reply as Json | undefined) : undefined
  const startedAt = span.startedAt ?? trace.startedAt ?? ''
  const start = startOfSpan({
    ...base,
    type: 'span',
    span: { id, parent, kind, name, startedAt, ...defined({ request: asked, attributes }) },
  })
  const end = endOfSpan(
    { ...base, type: 'reply', span: id, status, ...defined({ reply: said, error, durationMs }) },
    kind,
  )
  // Spans without a parent hang below the run, whose name may be that of one of them.
  const ids = idsOf(trace.id, `span ${id}`, parent === null ? rootId : `span ${parent}`)
  return joined({ ...withoutRecord(start), ids }, withoutRecord(end))
}

/** What a recorder would say to be put together again: the whole trace says it once, on the first span. */
const recordKeys: ReadonlySet<string> = new Set([
  'evalkit.start',
  'evalkit.end',
  'evalkit.span',
  'evalkit.reply',
])

function withoutRecord<T extends SpanStart | SpanEnd>(half: T): T {
  return { ...half, attributes: half.attributes.filter(({ key }) => !recordKeys.has(key)) }
}
