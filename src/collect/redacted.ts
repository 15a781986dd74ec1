import type { OtlpAttributes, OtlpLog, OtlpSpan } from '../capture/otlp/shape.ts'
import type { Redactor } from '../lib/redact.ts'
import type { Received } from './requests.ts'

/**
 * What was received, without secrets: all that somebody wrote. Ids, times and enums are left alone: they are how spans
 * belong together, and a number of 32 digits may look like a key.
 */
export function redacted({ spans, logs }: Received, redactor: Pick<Redactor, 'json' | 'text'>): Received {
  const resources = new Map<OtlpAttributes, OtlpAttributes>()
  const resourceOf = (resource: OtlpAttributes): OtlpAttributes => {
    const known = resources.get(resource) ?? redactor.json(resource)
    resources.set(resource, known)
    return known
  }
  return {
    spans: spans.map((span): OtlpSpan => {
      const { name, attributes, events, links, status } = span
      return {
        ...span,
        name: redactor.text(name),
        attributes: redactor.json(attributes),
        events:
          events.length === 0
            ? events
            : events.map((event) => ({ ...event, attributes: redactor.json(event.attributes) })),
        links:
          links.length === 0
            ? links
            : links.map((link) => ({ ...link, attributes: redactor.json(link.attributes) })),
        status: status.message === undefined ? status : { ...status, message: redactor.text(status.message) },
        resource: resourceOf(span.resource),
      }
    }),
    logs: logs.map(
      (log): OtlpLog => ({
        ...log,
        ...(log.body === undefined ? {} : { body: redactor.json(log.body) }),
        attributes: redactor.json(log.attributes),
        resource: resourceOf(log.resource),
      }),
    ),
  }
}
