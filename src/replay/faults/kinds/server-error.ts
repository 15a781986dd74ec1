import { refusedTry } from '../attempts.ts'
import type { Fault } from '../fault.ts'
import { mcpFailure, thrown } from '../tool-reply.ts'

const names: Readonly<Record<number, string>> = {
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  529: 'Overloaded',
}

export const serverError: Fault = {
  name: 'server-error',
  description: 'The other side fails: any status from 500 to 599, also 529 (overloaded). Left out: 503.',
  places: ['model', 'http', 'tool'],
  argument: {
    what: 'a status from 500 to 599',
    fallback: 503,
    read: (text) => (/^5\d\d$/.test(text) ? Number(text) : undefined),
    write: String,
    alone: true,
  },
  // Who is overloaded or not there has done nothing; of the others nobody knows how far they came.
  done: (status) => (status === 503 || status === 529 ? 'no' : 'maybe'),
  try: (_, status) => refusedTry(status, status === 529 ? 'overloaded_error' : 'api_error', nameOf(status)),
  fails(shape, status) {
    const text = `Request failed with status code ${status} (${nameOf(status)})`
    return shape === 'mcp' ? mcpFailure(text) : thrown('Error', text)
  },
}

function nameOf(status: number): string {
  return names[status] ?? 'Server Error'
}
