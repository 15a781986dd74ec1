import { ClientRequest, type IncomingMessage, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Readable } from 'node:stream'
import { urlToHttpOptions } from 'node:url'

/** Connections of our own: idle ones are closed, and none of them is the agent's. */
const agents = {
  'http:': new HttpAgent({ keepAlive: true, maxSockets: 8, timeout: 30_000 }),
  'https:': new HttpsAgent({ keepAlive: true, maxSockets: 8, timeout: 30_000 }),
}

/**
 * As much of `fetch` as a sink needs: a request with a body of bytes, no redirects. What `fetch` cannot do: its
 * sockets hold no process alive, so an agent that is done ends at once even where a collector hangs. It is made of
 * `ClientRequest` itself, below `http.request` and `fetch`, which may be tapped.
 */
export const quietFetch: typeof globalThis.fetch = async (input, init = {}) => {
  const url = new URL(input instanceof Request ? input.url : input)
  const agent = url.protocol === 'http:' || url.protocol === 'https:' ? agents[url.protocol] : undefined
  if (agent === undefined) throw new TypeError(`cannot speak ${url.protocol}`)
  const body = init.body instanceof Uint8Array ? init.body : new Uint8Array()
  const headers = { ...Object.fromEntries(new Headers(init.headers)), 'content-length': body.length }
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = new ClientRequest({
      ...urlToHttpOptions(url),
      agent,
      method: init.method ?? 'GET',
      headers,
      ...(init.signal ? { signal: init.signal } : {}),
    })
    request.on('socket', (socket) => socket.unref())
    request.on('response', resolve)
    request.on('error', reject)
    request.end(body)
  })
  const status = message.statusCode ?? 0
  const empty = [204, 205, 304].includes(status)
  if (empty) message.resume()
  return new Response(empty ? null : streamOf(message), { status, headers: headersOf(message) })
}

function streamOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  return Readable.toWeb(message) as ReadableStream<Uint8Array>
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  return headers
}
