import * as z from 'zod'
import { EvalkitError } from '../../schema/errors.ts'
import { pathText } from '../../schema/read.ts'
import { checked, documentIn, fingerprint, skipped } from './foreign.ts'
import type { Importer, Source } from './importer.ts'
import type { HistoryEvent } from './temporal-history.ts'
import { runOf } from './temporal-run.ts'
import { withTraceId } from './trace-id.ts'

/**
 * Exported histories of Temporal workflows (`temporal workflow show --output json`): a file is one run. Activities are
 * its calls, by the names its plugins give them; signals and updates are what people said.
 */
export const temporal: Importer = {
  name: 'temporal',
  description: 'Histories of Temporal workflows: activities, signals and updates.',
  looksFor: 'a JSON object with a list "events" that starts with a workflow execution',

  detect(source) {
    const parsed = history.safeParse(documentIn(source))
    return parsed.success && parsed.data.events.slice(0, 5).some((row) => event.safeParse(row).success)
  },

  *read(source, { unfinished = false } = {}) {
    const events: HistoryEvent[] = []
    let lost = 0
    for (const [index, row] of eventsIn(source).entries()) {
      const place = ['events', index]
      const result = checked(event, row, place)
      if (result.ok && fingerprint(row) !== undefined) events.push(asEvent(result.record))
      else {
        lost++
        yield result.ok
          ? skipped(pathText(place), 'the event holds a number that JSON cannot say')
          : skipped(result.at, result.reason)
      }
    }
    const run = runOf(events)
    if (run === undefined) {
      yield skipped('events', 'the history does not start with a workflow execution')
      return
    }
    if (run.ended === 'unfinished' && !unfinished) {
      yield skipped('events', 'the workflow has not ended (--unfinished imports what is there)')
      return
    }
    const { name: format } = temporal
    const dropped = lost === 0 ? {} : { 'evalkit.dropped': lost }
    yield {
      trace: withTraceId({
        ...run,
        source: { format, at: source.file },
        attributes: { ...run.attributes, ...dropped },
      }),
    }
  },
}

const history = z.looseObject({ events: z.array(z.unknown()) })

const event = z.looseObject({
  eventId: z.union([z.string(), z.number()]),
  eventTime: z.string(),
  eventType: z.string().regex(/^(EVENT_TYPE_[A-Z_]+|[A-Z][A-Za-z]+)$/),
})

function eventsIn(source: Source): readonly unknown[] {
  const result = history.safeParse(source.document())
  if (result.success) return result.data.events
  throw new EvalkitError('EVK_SCHEMA', `This is not ${temporal.looksFor}.`, { at: { file: source.file } })
}

/** Types come as the enum says (`EVENT_TYPE_…`), or in the words of the web UI. */
function asEvent(row: z.infer<typeof event>): HistoryEvent {
  const time = Date.parse(row.eventTime)
  const attributes = Object.entries(row).find(([key]) => key.endsWith('EventAttributes'))?.[1]
  return {
    id: String(row.eventId),
    type: row.eventType
      .replace(/^EVENT_TYPE_/, '')
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toUpperCase(),
    ...(Number.isNaN(time) ? {} : { time }),
    fields: typeof attributes === 'object' && attributes !== null ? { ...attributes } : {},
  }
}
