import { failedTry, halfOf } from '../attempts.ts'
import type { Fault } from '../fault.ts'
import { mcpError, thrown } from '../tool-reply.ts'

/** `ConnectionClosed` of the MCP SDKs. */
const connectionClosed = -32000

export const reset: Fault = {
  name: 'reset',
  description:
    'The connection breaks off in the middle of the reply: after half of its bytes, streamed or not.',
  places: ['model', 'http', 'tool'],
  done: () => 'maybe',
  try({ attempt }) {
    const half = halfOf(attempt)
    if (half === undefined) return failedTry('ECONNRESET')
    // As Node's fetch breaks a body off (undici, SocketError "other side closed").
    const error = { type: 'TypeError', message: 'terminated', code: 'UND_ERR_SOCKET' }
    return { ...half, ended: 'reset', error }
  },
  fails: (shape) =>
    shape === 'mcp' ? mcpError(connectionClosed, 'Connection closed') : thrown('Error', 'read ECONNRESET'),
}
