import type { IncomingMessage, ServerResponse } from 'node:http'
import { TapAborted } from '../tap.ts'
import { refuse } from './answer-json.ts'
import { breakOff, unreachable } from './forward.ts'

/** Headers that say how the body crossed the network; here it crosses anew. */
const ofTransfer = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
])

/**
 * Answers a client with a `Response`, piece by piece. One that breaks off breaks off for the client; one that never
 * came is 502, as it was when it was recorded; what a tap refuses is a 400 that no client tries again.
 */
export async function serveResponse(
  answer: Promise<Response>,
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
): Promise<void> {
  let served: Response
  try {
    served = await answer
  } catch (error) {
    if (TapAborted.is(error)) refuse(response, 400, error.message, { type: 'evalkit_replay' })
    else unreachable(response, name, codeOf(error))
    return
  }
  const headers = [...served.headers].filter(([key]) => !ofTransfer.has(key))
  response.writeHead(served.status, headers.flat())
  response.flushHeaders()
  const reader = served.body?.getReader()
  if (reader === undefined) {
    response.end()
    return
  }
  response.on('close', () => {
    // Whoever made the body learns that nobody reads on; that it cannot be cancelled any more is no matter.
    if (!response.writableFinished) reader.cancel().catch(() => undefined)
  })
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (response.destroyed) return
      if (!response.write(piece.value)) await drained(response)
    }
    response.end()
  } catch {
    breakOff(request, response)
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : undefined
}
