import { refusedTry } from '../attempts.ts'
import { type Fault, seconds } from '../fault.ts'
import { mcpFailure, thrown } from '../tool-reply.ts'

export const rateLimit: Fault = {
  name: 'rate-limit',
  description: 'Too many requests: 429, with the time after which to come back in retry-after.',
  places: ['model', 'http', 'tool'],
  argument: { ...seconds, fallback: 1000 },
  done: () => 'no',
  try(_, ms) {
    // The header knows whole seconds (RFC 9110, 10.2.3).
    const after = String(Math.ceil(ms / 1000))
    return refusedTry(429, 'rate_limit_error', 'Too many requests.', { 'retry-after': after })
  },
  fails(shape, ms) {
    const text = `Too many requests (429): try again in ${seconds.write(ms)}`
    return shape === 'mcp' ? mcpFailure(text) : thrown('Error', text)
  },
}
