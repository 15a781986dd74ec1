import { defined } from '../../lib/defined.ts'
import type { Json } from '../../schema/json.ts'
import { type Body, isRecord, recordIn, textIn } from '../../tap/wire/text.ts'
import { inspectReply, inspectRequest, inspectUsage, resultIn } from './inspect-message.ts'
import { instantOf, millisBetween } from './instant.ts'
import type { Observation } from './observation.ts'

/** The id of the observation that is the sample itself. */
export const sampleId = 'sample'

/**
 * The events of a sample as observations below it. What a scorer asks a model is no call of the agent: its events are kept as
 * they stand. So are events of a kind nobody knows.
 */
export function observedEvents(events: readonly Json[]): readonly Observation[] {
  const begun = new Map<string, Body>()
  for (const event of events) {
    const { event: kind, id } = recordIn(event)
    if (kind === 'span_begin' && typeof id === 'string') begun.set(id, recordIn(event))
  }
  const scoring = scoringSpans(begun)
  const ends = new Map<string, Json | undefined>()
  for (const event of events) {
    const { event: kind, id, timestamp } = recordIn(event)
    if (kind === 'span_end' && typeof id === 'string') ends.set(id, timestamp)
  }
  return events.flatMap((value, index): readonly Observation[] => {
    const event = recordIn(value)
    if (event.event === 'span_end' || (event.event === 'span_begin' && typeof event.id !== 'string'))
      return []
    const span = typeof event.span_id === 'string' && begun.has(event.span_id) ? event.span_id : undefined
    if (event.event === 'span_begin') return [spanOf(event, begun, ends)]
    const isScoring = span !== undefined && scoring.has(span)
    return [eventOf(event, `event ${index}`, span ?? sampleId, isScoring)]
  })
}

/** Spans in which something is scored, and what lies in them. */
function scoringSpans(begun: ReadonlyMap<string, Body>): ReadonlySet<string> {
  const scoring = new Set<string>()
  // A span begins before those in it.
  for (const [id, { type, parent_id: parent }] of begun) {
    if (type === 'scorer' || type === 'scorers' || (typeof parent === 'string' && scoring.has(parent)))
      scoring.add(id)
  }
  return scoring
}

function spanOf(
  event: Body,
  begun: ReadonlyMap<string, Body>,
  ends: ReadonlyMap<string, Json | undefined>,
): Observation {
  const id = textIn(event.id)
  const parent = textIn(event.parent_id)
  const start = instantOf(event.timestamp)
  const name = textIn(event.name)
  return {
    id,
    parent: begun.has(parent) && parent !== id ? parent : sampleId,
    kind: event.type === 'agent' ? 'agent' : 'custom',
    name: name === '' ? textIn(event.type) : name,
    status: 'ok',
    ...defined({
      startedAt: start?.iso,
      startNanos: start?.nanos,
      durationMs: millisBetween(start, instantOf(ends.get(id))),
    }),
    attributes: defined({ 'inspect.type': event.type }),
  }
}

function eventOf(event: Body, id: string, parent: string, isScoring: boolean): Observation {
  const start = instantOf(event.timestamp)
  const seconds = event.working_time
  const durationMs =
    millisBetween(start, instantOf(event.completed)) ??
    (typeof seconds === 'number' && seconds >= 0 ? seconds * 1000 : undefined)
  const base = {
    id,
    parent,
    name: textIn(event.event),
    status: 'ok' as const,
    ...defined({ startedAt: start?.iso, startNanos: start?.nanos, durationMs }),
  }
  if (event.event === 'model' && !isScoring) return { ...base, ...modelOf(event) }
  if (event.event === 'tool' && !isScoring) return { ...base, ...toolOf(event) }
  return { ...base, kind: 'custom', output: event }
}

function modelOf(
  event: Body,
): Pick<Observation, 'kind' | 'name' | 'status' | 'request' | 'reply' | 'usage' | 'error' | 'attributes'> {
  const output = recordIn(event.output)
  const failure = [event.error, output.error].find((error) => typeof error === 'string' && error !== '')
  const reply = inspectReply(output)
  const { id } = recordIn(recordIn(event.call).response)
  const usage = inspectUsage(output.usage)
  return {
    kind: 'llm',
    name: textIn(event.model),
    status: failure === undefined ? 'ok' : 'error',
    request: inspectRequest(event),
    ...(reply === undefined || failure !== undefined
      ? {}
      : { reply: { ...reply, ...(typeof id === 'string' ? { responseId: id } : {}) } }),
    ...defined({
      usage,
      error: failure === undefined ? undefined : { type: 'model_error', message: textIn(failure) },
    }),
    attributes: defined({
      'inspect.cache': event.cache ?? undefined,
      'inspect.retries': event.retries ?? undefined,
      'inspect.role': event.role ?? undefined,
    }),
  }
}

function toolOf(
  event: Body,
): Pick<Observation, 'kind' | 'name' | 'status' | 'call' | 'result' | 'error' | 'attributes'> {
  const failed = isRecord(event.error) ? event.error : undefined
  const name = textIn(event.function)
  const id = textIn(event.id)
  const response = resultIn(event.result, failed)
  return {
    kind: 'tool',
    name,
    status: failed === undefined ? 'ok' : 'error',
    call: { name, arguments: event.arguments ?? {}, ...(id === '' ? {} : { id }) },
    ...(event.result === undefined && failed === undefined
      ? {}
      : { result: { response, isError: failed !== undefined } }),
    ...(failed === undefined
      ? {}
      : { error: { type: textIn(failed.type), message: textIn(failed.message) } }),
    attributes: defined({
      'inspect.truncated': event.truncated ?? undefined,
      'inspect.agent': event.agent ?? undefined,
    }),
  }
}
