import { halfOf } from '../attempts.ts'
import type { Fault } from '../fault.ts'
import { thrown, withText } from '../tool-reply.ts'

export const truncated: Fault = {
  name: 'truncated',
  description:
    'Half of the reply is missing, and it ends as if that were all: JSON that stops, a stream without its last events.',
  places: ['model', 'http', 'tool'],
  done: () => 'yes',
  try: ({ attempt }) => halfOf(attempt),
  changes(reply) {
    if (reply.isError) return undefined
    const cut = withText(reply, half)
    if (cut !== undefined || typeof reply.response === 'string') return cut
    // A tool that gives a value had read its text by then: its own parser is what fails.
    return thrown('SyntaxError', 'Unexpected end of JSON input')
  },
}

function half(text: string): string | undefined {
  const kept = text.slice(0, Math.floor(text.length / 2)).toWellFormed()
  return kept === '' ? undefined : kept
}
