import { readJson } from '../../../lib/json.ts'
import { isStream } from '../../../tap/read-attempt.ts'
import { bodyOf, withBody, withData } from '../attempts.ts'
import type { Fault } from '../fault.ts'
import { thrown, withText } from '../tool-reply.ts'

export const malformed: Fault = {
  name: 'malformed',
  description: 'JSON that is none: a comma too many before its end. In a stream: of the event in its middle.',
  places: ['model', 'http', 'tool'],
  done: () => 'yes',
  try({ attempt }) {
    const body = bodyOf(attempt)
    if (body === undefined) return undefined
    const broken = isStream(attempt)
      ? withData(body, (data, at, of) => (at === Math.floor(of / 2) ? (brokenJson(data) ?? data) : data))
      : brokenJson(body)
    return broken === undefined || broken === body ? undefined : withBody(attempt, broken)
  },
  changes(reply) {
    if (reply.isError) return undefined
    const broken = withText(reply, brokenJson)
    if (broken !== undefined || typeof reply.response !== 'object') return broken
    // A tool that gives a value had read its text by then: its own parser is what fails.
    return thrown('SyntaxError', 'Expected double-quoted property name in JSON')
  },
}

/** `undefined` where the text is no object or list. */
function brokenJson(text: string): string | undefined {
  const end = text.trimEnd()
  const close = end.at(-1)
  if ((close !== '}' && close !== ']') || !readJson(end).ok) return undefined
  return `${end.slice(0, -1)},,${close}`
}
