import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { decodeJson, isOtlpJson } from '../capture/otlp/decode-json.ts'
import { decodeProto } from '../capture/otlp/decode-proto.ts'
import { ProtoError } from '../capture/otlp/proto-reader.ts'
import type { OtlpData } from '../capture/otlp/shape.ts'
import { readJson } from '../lib/json.ts'
import { type ListenOptions, type Loopback, listen } from '../tap/servers/loopback.ts'
import { accept, type Encoding, encodingOf, refuse } from './answer.ts'
import { readBody } from './body.ts'
import type { Collector, Counters } from './collector.ts'
import { type Cleaner, redacted } from './redacted.ts'

export interface ReceiverOptions extends ListenOptions {
  readonly collector: Collector
  /** Takes secrets out of what is received, before anything of it is written. */
  readonly redactor: Cleaner
  /** Demanded as `Authorization: Bearer <token>`, where there is one. */
  readonly token?: string
  /** Bytes of one request, as sent and decompressed. */
  readonly mostBytes?: number
  /** Requests that are worked on at once; the others are told to come again. */
  readonly mostAtOnce?: number
  readonly patienceMs?: number
}

export interface ReceiverCounters extends Counters {
  /** Spans and log records that were refused one by one. */
  readonly rejected: number
  /** Requests that were refused as a whole, by the status they were answered with. */
  readonly refused: Readonly<Record<string, number>>
  /** Requests that came to the path of the other signal. */
  readonly misdirected: number
}

export interface Receiver extends Loopback {
  /** Takes nothing new, answers what it has begun, and stops listening. */
  close(): Promise<void>
  counters(): ReceiverCounters
}

/**
 * Receives traces and logs over OTLP/HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp): protobuf and JSON, gzip
 * and deflate, on `/v1/traces` and `/v1/logs`, and tells how it is on `/health`. A request is answered when what was taken
 * of it is kept: nothing acknowledged is lost. Pages in a browser and names that are not this machine's are refused.
 */
export async function openReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { collector, redactor, token, mostBytes = 64 * 1024 * 1024, mostAtOnce = 64 } = options
  const limits = { most: mostBytes, patienceMs: options.patienceMs ?? 30_000 }
  const refused: Record<string, number> = {}
  let rejected = 0
  let misdirected = 0
  let atOnce = 0
  let closing = false
  let quiet: (() => void) | undefined
  const counters = (): ReceiverCounters => ({
    ...collector.counters(),
    rejected,
    misdirected,
    refused: { ...refused },
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?')
    if (path === '/health' && (request.method === 'GET' || request.method === 'HEAD')) {
      // That it runs is for everybody to see; what it was sent, for those who may send.
      const known = token === undefined || isToken(request.headers.authorization, token)
      const body = JSON.stringify({ status: 'ok', ...(known ? counters() : {}) })
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(request.method === 'HEAD' ? '' : body)
      return
    }
    const encoding = encodingOf(request.headers['content-type'])
    const problem = unfit(request, path, encoding, token)
    const say = (status: number, what: string, retryAfterS?: number): void => {
      refused[status] = (refused[status] ?? 0) + 1
      refuse(response, status, encoding ?? 'json', {
        what,
        ...(retryAfterS === undefined ? {} : { retryAfterS }),
      })
    }
    if (problem !== undefined) {
      request.resume()
      say(problem.status, problem.what)
      return
    }
    if (encoding === undefined) return
    if (closing || atOnce >= mostAtOnce || !collector.roomy()) {
      request.resume()
      if (closing) say(503, 'This collector is being stopped.', 5)
      else say(429, 'Too much at once: come again.', 2)
      return
    }
    atOnce++
    try {
      await take(request, response, path === '/v1/logs' ? 'logs' : 'spans', encoding, say)
    } finally {
      if (--atOnce === 0) quiet?.()
    }
  }

  async function take(
    request: IncomingMessage,
    response: ServerResponse,
    what: 'spans' | 'logs',
    encoding: Encoding,
    say: (status: number, text: string, retryAfterS?: number) => void,
  ): Promise<void> {
    const body = await readBody(request, limits)
    if ('status' in body) {
      say(body.status, body.what)
      return
    }
    const data = decoded(body.bytes, encoding)
    if (typeof data === 'string') {
      say(400, data)
      return
    }
    const strays = what === 'spans' ? data.logs.length : data.spans.length
    if (strays > 0) misdirected++
    const excess = collector.excess(data)
    const spans = excess.size === 0 ? data.spans : data.spans.filter((span) => !excess.has(span))
    try {
      await collector.take(redacted({ spans, logs: data.logs }, redactor))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (!diskFull.has(code)) throw error
      say(503, 'There is no room on the disk.', 30)
      return
    }
    const refusedHere = data.rejected.length + excess.size
    rejected += refusedHere
    const why = data.rejected[0]?.reason ?? 'the trace has too many spans'
    accept(response, encoding, { what, rejected: refusedHere, why })
  }

  const server = await listen(answer, options)
  return {
    ...server,
    counters,
    async close() {
      closing = true
      if (atOnce > 0) await new Promise<void>((resolve) => (quiet = resolve))
      await server.close()
    },
  }
}

const diskFull: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

function unfit(
  { method, headers }: IncomingMessage,
  path: string,
  encoding: Encoding | undefined,
  token: string | undefined,
): { readonly status: number; readonly what: string } | undefined {
  if (token !== undefined && !isToken(headers.authorization, token)) {
    return { status: 401, what: 'Authorization: Bearer <token> is missing, or is another.' }
  }
  if (path === '/v1/metrics') return { status: 404, what: 'Metrics are not received: traces and logs are.' }
  if (path !== '/v1/traces' && path !== '/v1/logs')
    return { status: 404, what: 'POST /v1/traces or /v1/logs.' }
  if (method !== 'POST') return { status: 405, what: 'POST /v1/traces or /v1/logs.' }
  if (encoding !== undefined) return undefined
  return { status: 415, what: 'Content-Type is application/x-protobuf or application/json.' }
}

/** In a time that tells nothing of how much of it was right. */
function isToken(authorization: string | undefined, token: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  const [, told = ''] = /^Bearer +(.+)$/i.exec(authorization ?? '') ?? []
  return timingSafeEqual(hash(told), hash(token))
}

/** What a request holds, or why it is none. An empty one is one. */
function decoded(bytes: Buffer, encoding: Encoding): OtlpData | string {
  if (encoding === 'protobuf') {
    try {
      return decodeProto(bytes)
    } catch (error) {
      if (error instanceof ProtoError) return `This is no request of OTLP in protobuf: ${error.message}.`
      throw error
    }
  }
  const read = readJson(bytes.toString('utf8'))
  if (!read.ok) return `This is no JSON that is taken: ${read.problem.kind}.`
  if (!isOtlpJson(read.value) && !isEmptyObject(read.value)) return 'This is no request of OTLP in JSON.'
  return decodeJson(read.value)
}

function isEmptyObject(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  )
}
