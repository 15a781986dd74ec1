import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './cli.ts'

/** One event, as Temporal exports it. */
export interface HistoryEvent {
  readonly eventId: string
  readonly eventTime: string
  readonly eventType: string
  readonly [attributes: string]: unknown
}

/** The events of a genuine history in `test/data/temporal`. */
export function genuine(name: 'tools' | 'customer-service'): readonly HistoryEvent[] {
  const text = readFileSync(
    join(repository, 'test', 'data', 'temporal', `${name}-workflow-history.json`),
    'utf8',
  )
  return (JSON.parse(text) as { readonly events: readonly HistoryEvent[] }).events
}

export function historyText(events: readonly unknown[]): string {
  return JSON.stringify({ events })
}

export const payloads = (...values: readonly unknown[]) => ({
  payloads: values.map((value) => ({
    metadata: { encoding: base64('json/plain') },
    data: base64(JSON.stringify(value)),
  })),
})

/**
 * Puts events behind one of a history, so many milliseconds later each; all that comes after is as much later. Their ids
 * are their own, so that nothing else refers to them. A signal that comes is answered by the workflow's code.
 */
export function withEvents(
  events: readonly HistoryEvent[],
  behind: string,
  added: readonly { readonly type: string; readonly laterMs: number; readonly fields?: object }[],
): readonly HistoryEvent[] {
  const at = events.findIndex(({ eventId }) => eventId === behind) + 1
  const from = Date.parse(events[at - 1]?.eventTime ?? '')
  let late = 0
  const fresh = added.map(({ type, laterMs, fields = {} }, index) => {
    late += laterMs
    return {
      eventId: `${behind}.${index + 1}`,
      eventTime: new Date(from + late).toISOString(),
      eventType: `EVENT_TYPE_${type}`,
      someEventAttributes: fields,
    }
  })
  const rest = events.slice(at).map((event) => ({
    ...event,
    eventTime: new Date(Date.parse(event.eventTime) + late).toISOString(),
  }))
  return [...events.slice(0, at), ...fresh, ...rest]
}

export const signal = (signalName: string, value: unknown, laterMs = 0) => ({
  type: 'WORKFLOW_EXECUTION_SIGNALED',
  laterMs,
  fields: { signalName, input: payloads(value) },
})

/** The same history with something else in its payloads. */
export function edited(
  events: readonly HistoryEvent[],
  id: string,
  edit: (text: string) => string,
): readonly HistoryEvent[] {
  return events.map((event) =>
    event.eventId === id
      ? (JSON.parse(
          JSON.stringify(event, (key, value: unknown) =>
            key === 'data' && typeof value === 'string'
              ? base64(edit(Buffer.from(value, 'base64').toString('utf8')))
              : value,
          ),
        ) as HistoryEvent)
      : event,
  )
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
