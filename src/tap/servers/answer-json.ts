import type { IncomingMessage, ServerResponse } from 'node:http'
import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { isRecord } from '../wire/text.ts'

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/**
 * An error of ours, in the form clients of both providers read (`error.type`, `error.message`), with what keeps them
 * from asking again. `again`: what may well work the next time.
 */
export function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  { type = 'evalkit', again = false } = {},
): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (!again) response.setHeader('x-should-retry', 'false')
  answerJson(response, status, { type: 'error', error: { type, message, param: null, code: null } })
}

/**
 * The body of a request, whole. Where it is larger than `limit` bytes the request is answered with 413, and this
 * gives `undefined`; so it does where the client went away.
 */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let size = 0
  const tooLarge = (): undefined => {
    response.setHeader('connection', 'close')
    refuse(response, 413, `The body is larger than ${limit} bytes.`)
    // It is read on for a moment, and thrown away: a client that still writes would not see the answer.
    request.resume()
    setTimeout(() => request.destroy(), 2000).unref()
    return undefined
  }
  if (Number(request.headers['content-length'] ?? 0) > limit) return tooLarge()
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > limit) return tooLarge()
      pieces.push(piece)
    }
  } catch {
    // The client went away in the middle of its request: there is nobody to answer.
    response.destroy()
    return undefined
  }
  return Buffer.concat(pieces)
}

/** What a client says in JSON: an object. Gives `undefined` where it was answered that it is none. */
export async function readMembers(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
): Promise<{ readonly [key: string]: Json | undefined } | undefined> {
  const body = await readBody(request, response, limit)
  if (body === undefined) return undefined
  if (body.length === 0) return {}
  const read = readJson(body.toString('utf8'))
  if (!read.ok || !isRecord(read.value)) {
    refuse(response, 400, 'The body must be a JSON object.')
    return undefined
  }
  return read.value
}
