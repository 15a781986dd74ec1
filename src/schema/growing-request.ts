import type { LlmRequest } from './call.ts'
import type { Message } from './message.ts'

/**
 * A request with the messages that a list has now, and that may only grow: they are copied when they are asked for. With a list
 * of its own for each request, a session of ten thousand turns took a gigabyte for lists alone.
 */
export function requestWith(request: Omit<LlmRequest, 'messages'>, said: readonly Message[]): LlmRequest {
  const { length } = said
  return {
    ...request,
    get messages() {
      return said.slice(0, length)
    },
  }
}
