import type { IncomingHttpHeaders } from 'node:http'
import { defined } from '../../lib/defined.ts'
import type { Asking } from './runs.ts'

/** The member of W3C baggage (w3.org/TR/baggage) that names a run, for services that hand on baggage and nothing else. */
export const baggageMember = 'evalkit-trace'

/**
 * Which run a request names, or what is wrong with the name: the header `x-evalkit-trace`, else the member of that name
 * in `baggage`. What other headers hold is not ours to refuse.
 */
export function askingOf(headers: IncomingHttpHeaders): Asking | string {
  const named = headers['x-evalkit-trace']
  const name = headers['x-evalkit-name']
  if (Array.isArray(named) || (named !== undefined && !isKey(named))) {
    return 'x-evalkit-trace is up to 128 letters, digits, ".", "_", ":" and "-".'
  }
  if (Array.isArray(name) || (name !== undefined && name.length > 200)) return 'x-evalkit-name is too long.'
  const { baggage, traceparent } = headers
  const key = named ?? keyIn(typeof baggage === 'string' ? baggage : '')
  return defined({ key, name, traceId: traceIdIn(traceparent) })
}

function isKey(text: string): boolean {
  return /^[\w.:-]{1,128}$/.test(text)
}

/** `evalkit-trace=<key>` among `name=value;property, …`. */
function keyIn(baggage: string): string | undefined {
  for (const member of baggage.slice(0, 8192).split(',')) {
    const [name = '', value = ''] = (member.split(';')[0] ?? '').split('=').map((part) => part.trim())
    if (name === baggageMember && isKey(value)) return value
  }
  return undefined
}

/** `00-<trace id>-<parent id>-<flags>` (w3.org/TR/trace-context). */
function traceIdIn(traceparent: string | string[] | undefined): string | undefined {
  if (typeof traceparent !== 'string') return undefined
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(traceparent.trim())?.[1]
}
