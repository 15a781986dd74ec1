import { areGrown, grownIn } from '../capture/otlp/grown-attributes.ts'
import type { OtlpAttributes, OtlpLog, OtlpSpan } from '../capture/otlp/shape.ts'
import type { Redactor } from '../lib/redact.ts'
import type { Received } from './requests.ts'

export type Cleaner = Pick<Redactor, 'json' | 'text' | 'isClean'>

/**
 * What was received, without secrets: all that somebody wrote. Ids, times and enums are left alone: they are how spans
 * belong together, and a number of 32 digits may look like a key.
 */
export function redacted({ spans, logs }: Received, redactor: Cleaner): Received {
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
        attributes: attributesOf(attributes, redactor),
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

/** Long texts that hold nothing stay as they are, and are not put together to find that out. */
function attributesOf(attributes: OtlpAttributes, redactor: Cleaner): OtlpAttributes {
  const clean = new Map([...grownIn(attributes)].filter(([name, text]) => redactor.isClean(text, name)))
  if (clean.size === 0) return redactor.json(attributes)
  const without = { ...attributes }
  for (const name of clean.keys()) without[name] = ''
  const after = redactor.json(without)
  if (after === without) return attributes
  const whole = { ...after }
  for (const [name, { text }] of clean) {
    // A name may be a secret, too.
    if (whole[name] !== '') return redactor.json(attributes)
    whole[name] = text
  }
  areGrown(whole, clean)
  return whole
}
