import { Agent, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http'
import { Agent as SecureAgent, request as httpsRequest } from 'node:https'
import { contentDecoder } from '../content-decoder.ts'
import type { Watch } from '../sent.ts'
import { refuse } from './answer-json.ts'

/** The connections to the other side, kept between requests. */
export interface Connections {
  readonly http: Agent
  readonly https: Agent
  close(): void
}

/** Fresh connections; `proxyEnv` holds the variables that name a proxy on the way out (`HTTPS_PROXY` and its like). */
export function openConnections(proxyEnv?: Readonly<Record<string, string | undefined>>): Connections {
  const options = { keepAlive: true, ...(proxyEnv === undefined ? {} : { proxyEnv: { ...proxyEnv } }) }
  const [http, https] = [new Agent(options), new SecureAgent(options)]
  return {
    http,
    https,
    close() {
      http.destroy()
      https.destroy()
    },
  }
}

/** One request on its way to the other side. */
export interface Forwarded {
  readonly to: URL
  /** The path and query to ask for, spelled as the client spelled it. */
  readonly path: string
  readonly body: Buffer
  readonly connections: Connections
  /** What the other side is called in what we say of it. */
  readonly name: string
  readonly watch?: Watch | undefined
}

/** Headers that belong to one connection, not to the message (RFC 9110, 7.6.1), and those we write anew. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const rewritten = new Set(['host', 'content-length', 'expect'])
/** Content codings that every Node we run on can undo. Requests ask for no others. */
const readableCodings = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'identity'])
/** Bytes of one answer that are looked at, however far it unfolds. */
const mostDecoded = 64 * 1024 * 1024

/**
 * Hands a request on, and its answer back as it comes: status, headers, bytes and cuts, trailers; redirects too. The
 * watch sees the answer's body after content decoding. A client that goes away ends the request at once; an answer
 * that breaks off breaks off for the client. Where the other side cannot be reached the answer is 502.
 */
export function forward(request: IncomingMessage, response: ServerResponse, forwarded: Forwarded): void {
  const watch = once(forwarded.watch)
  let stop: () => void = () => undefined
  response.on('close', () => {
    if (response.writableFinished) return
    watch.cancelled()
    stop()
  })
  const send = (isRetry: boolean): void => {
    const outgoing = asking(request, forwarded)
    stop = () => outgoing.destroy()
    let answered = false
    outgoing.on('response', (incoming) => {
      answered = true
      handBack(incoming, request, response, watch)
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (answered || response.destroyed) return
      // The other side closed a connection it had kept just as it was used again: nothing of this request was read.
      if (outgoing.reusedSocket && !isRetry && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
        send(true)
        return
      }
      watch.fail(failedFetch('fetch failed', error))
      unreachable(response, forwarded.name, error.code)
    })
    outgoing.end(forwarded.body)
  }
  try {
    send(false)
  } catch (error) {
    // What Node refuses to send: a header no server reads.
    watch.fail(error)
    refuse(response, 400, `The request cannot be handed on: ${error instanceof Error ? error.message : ''}`)
  }
}

/** No answer came, and the client may well try again. */
export function unreachable(response: ServerResponse, name: string, code: string | undefined): void {
  const why = code === undefined ? '' : ` (${code})`
  refuse(response, 502, `${name} could not be reached${why}.`, { type: 'api_error', again: true })
}

function asking(
  request: IncomingMessage,
  { to, path, body, connections }: Forwarded,
): ReturnType<typeof httpRequest> {
  const secure = to.protocol === 'https:'
  const headers = ['Host', to.host, ...carried(request, rewritten)]
  if (body.length > 0 || request.headers['content-length'] !== undefined) {
    headers.push('Content-Length', String(body.length))
  }
  return (secure ? httpsRequest : httpRequest)({
    hostname: to.hostname.replace(/^\[|\]$/g, ''),
    port: to.port === '' ? (secure ? 443 : 80) : Number(to.port),
    method: request.method,
    path,
    headers,
    agent: secure ? connections.https : connections.http,
  })
}

function handBack(
  incoming: IncomingMessage,
  request: IncomingMessage,
  response: ServerResponse,
  watch: WatchOnce,
): void {
  const status = incoming.statusCode ?? 502
  response.sendDate = false
  try {
    response.writeHead(status, incoming.statusMessage ?? '', carried(incoming))
  } catch (error) {
    watch.fail(error)
    incoming.destroy()
    refuse(response, 502, 'The answer has headers that cannot be handed back.', { type: 'api_error' })
    return
  }
  response.flushHeaders()
  watch.head(status, headersOf(incoming))
  let broken: Error | undefined
  let ended: 'reset' | 'cancelled' | 'truncated' | undefined
  let left = 2
  // The client's answer ends when both it has come whole and what it says was read: then the client may end, and we.
  const settle = (how?: 'reset' | 'cancelled' | 'truncated'): void => {
    ended ??= how
    if (--left > 0) return
    if (broken === undefined) {
      watch.end(ended)
      const trailers = pairs(incoming.rawTrailers)
      if (trailers.length > 0 && request.httpVersionMinor > 0) response.addTrailers(trailers)
      response.end()
    } else {
      watch.fail(broken)
      breakOff(request, response)
    }
  }
  const coding = incoming.headers['content-encoding']
  const decoder = contentDecoder(coding, mostDecoded, { chunk: (bytes) => watch.chunk(bytes), end: settle })
  incoming.on('data', (bytes: Buffer) => {
    decoder.chunk(bytes)
    if (!response.write(bytes)) incoming.pause()
  })
  response.on('drain', () => incoming.resume())
  incoming.on('end', () => {
    decoder.end()
    settle()
  })
  incoming.on('error', (error: NodeJS.ErrnoException) => {
    broken = failedFetch('terminated', error)
    decoder.end('reset')
    settle()
  })
}

/** Ends an answer in its middle, once what came of it has gone out. */
export function breakOff(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = response
  if (socket === null) return
  // To HTTP/1.0 a connection that closes in good order is a body that ended.
  if (request.httpVersionMinor === 0) socket.resetAndDestroy()
  else socket.destroySoon()
}

/** The headers of a message that are for its receiver, as they were spelled, name and value in turn. */
function carried(
  { rawHeaders, headers }: IncomingMessage,
  without: ReadonlySet<string> = new Set(),
): string[] {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  const dropped = new Set([...hopByHop, ...without, ...named])
  return pairs(rawHeaders).flatMap(([name, value]) => {
    const key = name.toLowerCase()
    if (dropped.has(key) || key.startsWith('x-evalkit-')) return []
    if (key === 'accept-encoding') return [name, readable(value)]
    return [name, value]
  })
}

/** The codings that both the client and we can read. */
function readable(codings: string): string {
  const kept = codings.split(',').filter((coding) => {
    const [name = ''] = coding.split(';')
    return readableCodings.has(name.trim().toLowerCase())
  })
  return kept.length === 0 ? 'identity' : kept.map((coding) => coding.trim()).join(', ')
}

/** The headers of a message as an agent reads them. */
export function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, value] of pairs(rawHeaders)) {
    if (!name.toLowerCase().startsWith('x-evalkit-')) headers.append(name, value)
  }
  return headers
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as [string, string]] : []))
}

/** What a `fetch` in the agent's place would have thrown: recordings say the same wherever they were made. */
function failedFetch(message: string, cause: Error): Error {
  return new TypeError(message, { cause })
}

interface WatchOnce extends Watch {
  cancelled(): void
}

/** A watch that is told of one end only, whatever else happens on the way out. */
function once(watch: Watch | undefined): WatchOnce {
  let over = false
  let answered = false
  const last = (tell: () => void): void => {
    if (over) return
    over = true
    tell()
  }
  const aborted = (): Error => new DOMException('This operation was aborted', 'AbortError')
  return {
    head(status, headers) {
      answered = true
      if (!over) watch?.head(status, headers)
    },
    chunk(bytes) {
      if (!over) watch?.chunk(bytes)
    },
    end: (how) => last(() => watch?.end(how)),
    fail: (error) => last(() => watch?.fail(error)),
    cancelled: () => last(() => (answered ? watch?.end('cancelled') : watch?.fail(aborted()))),
  }
}
