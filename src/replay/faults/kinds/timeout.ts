import { failedTry } from '../attempts.ts'
import type { Fault } from '../fault.ts'
import { mcpError, thrown } from '../tool-reply.ts'

/** `RequestTimeout` of the MCP SDKs. */
const requestTimeout = -32001

export const timeout: Fault = {
  name: 'timeout',
  description:
    'No answer came in time, and nobody knows what was done. The error is given at once: no time is waited.',
  places: ['model', 'http', 'tool'],
  done: () => 'maybe',
  // What Node's fetch throws when its own time for the head of a response is up (undici, HeadersTimeoutError).
  try: () => failedTry('UND_ERR_HEADERS_TIMEOUT'),
  fails: (shape) =>
    shape === 'mcp'
      ? mcpError(requestTimeout, 'Request timed out')
      : thrown('TimeoutError', 'The operation was aborted due to timeout'),
}
