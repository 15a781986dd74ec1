import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import * as zlib from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answering, type Asked, watching } from './testing/taps.ts'
import { tapHttp } from './http-request.ts'
import { type Tap, withTap } from './tap.ts'

const sse = 'data: {"ключ":"значение"}\n\n'

/** Tells what it got, as it is asked by the path. */
const server = http.createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  const path = request.url ?? ''
  if (path === '/early') {
    response.writeHead(413).end('too large')
    return
  }
  if (path === '/hang-up') return request.socket.destroy()
  request.on('end', () => {
    const body = Buffer.concat(pieces).toString()
    if (path.startsWith('/coded/')) {
      const coding = path.slice('/coded/'.length)
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': coding })
      return response.end(coded(coding, sse.repeat(50)))
    }
    switch (path) {
      case '/none':
        return response.writeHead(204).end()
      case '/binary':
        return response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([0, 1, 2]))
      case '/long':
        return response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(100_000))
      case '/hints':
        response.writeEarlyHints({ link: '</style.css>; rel=preload' })
        return response.end('after hints')
      case '/reset':
        response.writeHead(200, { 'content-type': 'text/plain' })
        response.write('half of', () => setTimeout(() => request.socket.resetAndDestroy(), 20))
        return
      case '/endless':
        response.writeHead(200, { 'content-type': 'text/plain' })
        response.write('first')
        return
      case '/trailers':
        response.writeHead(200, { 'content-type': 'text/plain', trailer: 'x-sum' })
        response.write('with trailers')
        response.addTrailers({ 'x-sum': '1' })
        return response.end()
      default:
        response.writeHead(200, { 'content-type': 'application/json' })
        return response.end(JSON.stringify({ method: request.method, body }))
    }
  })
})
server.on('upgrade', (_, socket: net.Socket) => {
  socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: tea\r\nConnection: Upgrade\r\n\r\nhello')
})
server.on('connect', (_, socket: net.Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))

function coded(coding: string, text: string): Buffer {
  switch (coding) {
    case 'gzip':
      return zlib.gzipSync(text)
    case 'deflate':
      return zlib.deflateSync(text)
    case 'br':
      return zlib.brotliCompressSync(text)
    case 'zstd':
      return zlib.zstdCompressSync(text)
    default:
      return Buffer.from(text)
  }
}

let port = 0
let accepted = 0

beforeAll(async () => {
  server.on('connection', () => accepted++)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

let undo: () => void
beforeEach(() => {
  accepted = 0
  undo = tapHttp({ http, https })
})
afterEach(() => undo())

interface Script {
  readonly path: string
  readonly method?: string
  readonly options?: http.RequestOptions
  /** What is done with the request after its listeners are on. */
  readonly send?: (request: http.ClientRequest) => void
  readonly read?: (response: http.IncomingMessage, log: (...what: unknown[]) => void) => unknown
}

const events = {
  request: ['socket', 'finish', 'continue', 'information', 'abort', 'timeout', 'error', 'close', 'drain'],
  response: ['data', 'end', 'aborted', 'error', 'close', 'pause', 'resume', 'readable'],
}

/** Everything an agent sees of a request: its events in their order, and what they bring. */
async function eventsOf({ path, method, options, send, read }: Script): Promise<readonly unknown[]> {
  const lines: unknown[] = []
  const log = (...what: unknown[]): void => void lines.push(what.map(told))
  const agent = new http.Agent({ keepAlive: false })
  const request = http.request({ host: '127.0.0.1', port, path, method, agent, ...options })
  log(request instanceof http.ClientRequest, Object.keys(request).sort(), request.path, request.method)
  // A listener of ours would hide errors that nobody handles, and keep responses that nobody reads.
  log(request.eventNames())
  for (const event of events.request) request.on(event, (...args) => log(event, ...args))
  request.on('response', (response) => {
    log('response', response.statusCode, response.headers, response instanceof http.IncomingMessage)
    log(response.eventNames(), Object.keys(response).sort())
    for (const event of events.response) {
      if (event === 'data' ? read === undefined : event !== 'readable') {
        response.on(event, (...args: unknown[]) => log(`response ${event}`, ...args))
      }
    }
    response.on('end', () => log('trailers', response.trailers, response.complete))
    read?.(response, log)
  })
  for (const event of ['upgrade', 'connect']) {
    request.on(event, (response: http.IncomingMessage, socket: net.Socket) => {
      log(event, response.statusCode)
      socket.on('data', () => undefined).on('close', () => log('socket closed'))
    })
  }
  let over: Promise<unknown> | undefined
  request.on('response', (response) => {
    over = new Promise((resolve) => response.on('close', resolve))
  })
  const closed = new Promise((resolve) => request.on('close', resolve))
  if (send === undefined) request.end()
  else send(request)
  await closed
  // A response that waits to be read outlives its request.
  await over
  await wait(5)
  agent.destroy()
  return lines
}

function told(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  if (value instanceof Error) return [value.name, value.message, Reflect.get(value, 'code')]
  if (value instanceof net.Socket) return 'socket'
  if (typeof value !== 'object' || value === null) return value
  const { date: _, ...rest } = value as Record<string, unknown>
  return rest
}

const scripts: Readonly<Record<string, Script>> = {
  'a plain GET': { path: '/' },
  HEAD: { path: '/', method: 'HEAD' },
  'no content': { path: '/none' },
  'early hints': { path: '/hints' },
  trailers: { path: '/trailers' },
  'a body in one piece': { path: '/', method: 'POST', send: (request) => request.end('tea for two') },
  'a body in pieces, of many kinds': {
    path: '/',
    method: 'POST',
    send(request) {
      request.write('dGVh', 'base64')
      request.write(new Uint8Array([0x20, 0xc3]), () => undefined)
      request.write(Buffer.from([0xa9]))
      request.end('!', 'utf8', () => undefined)
    },
  },
  'a body that waits for 100-continue': {
    path: '/',
    method: 'POST',
    options: { headers: { expect: '100-continue', 'content-length': 3 } },
    send: (request) => void request.once('continue', () => request.end('tea')),
  },
  'an answer before the body is sent': {
    path: '/early',
    method: 'POST',
    send(request) {
      request.write('x')
      request.once('response', () => request.destroy())
    },
  },
  'the other side hangs up': { path: '/hang-up' },
  'the other side hangs up in the middle': { path: '/reset' },
  'nobody listens there': { path: '/', options: { port: 1 } },
  'a write after the end': {
    path: '/',
    method: 'POST',
    send: (request) => void request.end('a').write('b'),
  },
  'destroyed before it ends': { path: '/', method: 'POST', send: (request) => void request.destroy() },
  'destroyed with an error': {
    path: '/',
    send: (request) => void request.end().destroy(new Error('enough')),
  },
  aborted: { path: '/endless', send: (request) => request.end().once('response', () => request.abort()) },
  'an aborted signal': { path: '/', options: { signal: AbortSignal.abort() } },
  'a timeout': {
    path: '/endless',
    options: { timeout: 30 },
    send: (request) => void request.end().once('timeout', () => request.destroy(new Error('late'))),
  },
  'a response destroyed by its reader': {
    path: '/endless',
    read: (response) => void response.once('data', () => response.destroy()),
  },
  'a loop that is left': {
    path: '/endless',
    read: async (response, log) => {
      for await (const piece of response) {
        log(piece)
        break
      }
    },
  },
  'text, by setEncoding': {
    path: '/coded/identity',
    read: (response, log) => void response.setEncoding('utf8').on('data', log),
  },
  'reading on demand': {
    path: '/long',
    read: (response, log) => {
      response.on('readable', () => {
        let size = 0
        for (let piece: Buffer | null; (piece = response.read() as Buffer | null) !== null; )
          size += piece.length
        log(size > 0)
      })
    },
  },
  'pausing and resuming': {
    path: '/',
    read: (response, log) => {
      response.pause().on('data', log)
      setTimeout(() => response.resume(), 20)
    },
  },
  'an upgrade': { path: '/', options: { headers: { connection: 'upgrade', upgrade: 'tea' } } },
  'a tunnel': { path: 'example.test:443', method: 'CONNECT' },
}

describe('an agent under watch sees what it would have seen', () => {
  it.each(Object.entries(scripts))('%s', async (_, script) => {
    const seen: unknown[] = []
    const untapped = await eventsOf(script)
    const tapped = await withTap(watching(seen), () => eventsOf(script))
    // Whether data comes in one piece or two is for the network to say.
    const order = (lines: readonly unknown[]): unknown => lines.filter((line) => !isReadable(line))
    expect(order(tapped)).toEqual(order(untapped))
    expect(seen.length > 0).toBe(script.method !== 'CONNECT')
  })

  it('arguments that are wrong throw what they throw', () => {
    const wrong: readonly unknown[][] = [
      ['no address'],
      ['ftp://example.test/'],
      [{ host: 7 }],
      [{ method: 'T A' }],
      [{ path: '/a b' }],
      [{ agent: 'smith' }],
      ['http://example.test/', { headers: { 'no name': 'x' } }],
      [undefined],
    ]
    const thrownBy = (...args: unknown[]): unknown => {
      try {
        const request = Reflect.apply(http.request, http, args) as http.ClientRequest
        request.on('error', () => undefined).destroy()
        return 'nothing'
      } catch (error) {
        return told(error)
      }
    }
    for (const args of wrong) {
      const untapped = thrownBy(...args)
      expect(withTap(watching(), () => thrownBy(...args))).toEqual(untapped)
    }
    expect(thrownBy('no address')).not.toBe('nothing')
  })

  it('a body that is written wrongly throws, and what is written after it counts', async () => {
    const seen: unknown[] = []
    await withTap(watching(seen), async () => {
      const request = http.request({ host: '127.0.0.1', port, method: 'POST' })
      const write = (): unknown => Reflect.apply(Reflect.get(request, 'write'), request, [7])
      expect(write).toThrow(/"chunk" argument/)
      request.end('tea')
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      await response.toArray()
    })
    expect(seen.at(-1)).toMatchObject({ asked: 'tea', how: 'end' })
  })

  it('the functions look as they did', () => {
    const tapped = [http.request, http.get, https.request, https.get].map(({ name, length }) => [
      name,
      length,
    ])
    undo()
    const plain = [http.request, http.get, https.request, https.get].map(({ name, length }) => [name, length])
    expect(tapped).toEqual(plain)
  })

  it('a kept connection serves many, each watched by itself', async () => {
    const seen: unknown[] = []
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    await withTap(watching(seen), async () => {
      for (const body of ['one', 'two', 'three']) await posted('/', body, { agent })
    })
    agent.destroy()
    expect(accepted).toBe(1)
    expect(seen.filter((one) => 'how' in (one as object))).toMatchObject([
      { asked: 'one', body: '{"method":"POST","body":"one"}' },
      { asked: 'two', body: '{"method":"POST","body":"two"}' },
      { asked: 'three', body: '{"method":"POST","body":"three"}' },
    ])
  })

  it('a connection of the agent that makes its own stays its own', async () => {
    let made = 0
    const createConnection = (): net.Socket => {
      made++
      return net.connect(port, '127.0.0.1')
    }
    await withTap(watching(), () => posted('/', 'x', { createConnection }))
    expect(made).toBe(1)
  })
})

describe('what is recorded', () => {
  // Node 22.14 has no zstd.
  const codings = ['gzip', 'deflate', 'br', 'identity', ...('zstdCompressSync' in zlib ? ['zstd'] : [])]
  it.each(codings)('a body coded as %s, decoded', async (coding) => {
    const seen: unknown[] = []
    const got = await withTap(watching(seen), () => posted(`/coded/${coding}`, ''))
    await expect.poll(() => seen.length).toBe(2)
    expect(got.equals(coded(coding, sse.repeat(50)))).toBe(true)
    expect(seen.at(-1)).toMatchObject({ body: sse.repeat(50), how: 'end' })
  })

  it('any body, however it is cut and said', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string().map((text) => Buffer.from(text)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
        const seen: unknown[] = []
        const whole = Buffer.concat(pieces.map((one) => Buffer.from(one))).toString()
        await withTap(watching(seen), async () => {
          const request = http.request({ host: '127.0.0.1', port, method: 'POST' })
          for (const one of pieces) request.write(one)
          request.end()
          const [response] = (await once(request, 'response')) as [http.IncomingMessage]
          await response.toArray()
        })
        expect(seen.at(-1)).toMatchObject({ asked: whole === '' ? undefined : whole, how: 'end' })
      }),
      { seed: 42, numRuns: 40 },
    )
  })

  it.each([
    ['/reset', 'half of', 'reset'],
    ['/binary', '', 'truncated'],
    ['/long', 'x'.repeat(64 * 1024), 'truncated'],
    ['/none', '', 'end'],
  ])('%s', async (path, body, how) => {
    const seen: unknown[] = []
    await withTap(watching(seen), () => posted(path, 'x').catch(() => undefined))
    expect(seen.at(-1)).toMatchObject({ body, how })
  })

  it('what the agent leaves', async () => {
    const seen: unknown[] = []
    await withTap(watching(seen), () => eventsOf(scripts['a loop that is left'] as Script))
    expect(seen.at(-1)).toMatchObject({ body: 'first', how: 'cancelled' })
  })

  it('a request nobody answers, with what the agent was told', async () => {
    const seen: unknown[] = []
    await withTap(watching(seen), () => eventsOf(scripts['nobody listens there'] as Script))
    expect(seen).toMatchObject([{ method: 'GET', how: { code: 'ECONNREFUSED' } }])
  })

  it('a body that is no text, or too long, is not kept; a model call is, whatever it says it is', async () => {
    const seen: unknown[] = []
    const type = { headers: { 'content-type': 'application/octet-stream' } }
    await withTap(watching(seen), async () => {
      await posted('/', 'text that says it is none', type)
      await posted('/', 'x'.repeat(70_000))
      await posted('/v1/chat/completions', 'y'.repeat(70_000), type)
    })
    expect(seen.filter((one) => 'how' in (one as object))).toMatchObject([
      { asked: 'is neither text nor JSON' },
      { asked: 'is too long to be kept' },
      { asked: 'y'.repeat(70_000) },
    ])
  })

  it('what was written, whatever the agent makes of its buffer afterwards', async () => {
    const seen: unknown[] = []
    await withTap(watching(seen), async () => {
      const request = http.request({ host: '127.0.0.1', port, method: 'POST' })
      const piece = Buffer.from('tea')
      await new Promise((resolve) => request.write(piece, resolve))
      piece.fill('x')
      request.end()
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      await response.toArray()
    })
    expect(seen.at(-1)).toMatchObject({ asked: 'tea' })
  })

  it('a request that is answered before it was sent, or never was', async () => {
    const seen: unknown[] = []
    await withTap(watching(seen), async () => {
      await eventsOf(scripts['an answer before the body is sent'] as Script)
      await eventsOf(scripts['destroyed before it ends'] as Script)
    })
    expect(seen).toMatchObject([
      { status: 413 },
      { asked: 'was not at its end when the response came' },
      { asked: 'was never finished', how: { message: 'socket hang up' } },
    ])
  })

  it('the address behind a proxy, and of a name that the host header gives', async () => {
    const seen: unknown[] = []
    await withTap(watching(seen), async () => {
      await posted('http://models.example.test/v1/chat/completions?a=1', '{}')
      await posted('//double', '{}', { headers: { host: 'shop.example.test' } })
    })
    expect(seen.filter((one) => 'how' in (one as object))).toMatchObject([
      { url: 'http://models.example.test/v1/chat/completions?a=1' },
      { url: 'http://shop.example.test//double' },
    ])
  })

  it('in the run it belongs to, of many at once', async () => {
    const runs = Array.from({ length: 100 }, (_, at) => ({ at, seen: [] as unknown[] }))
    const agent = new http.Agent({ keepAlive: true, maxSockets: 5 })
    await Promise.all(
      runs.map(({ at, seen }) =>
        withTap(watching(seen), async () => {
          await posted('/', `first ${at}`, { agent })
          await posted('/', `second ${at}`, { agent })
        }),
      ),
    )
    agent.destroy()
    for (const { at, seen } of runs) {
      expect(seen.filter((one) => 'how' in (one as object))).toMatchObject([
        { asked: `first ${at}`, how: 'end' },
        { asked: `second ${at}`, how: 'end' },
      ])
    }
  })

  it('of https too', async () => {
    const seen: unknown[] = []
    const request = withTap(watching(seen), () => https.get({ host: '127.0.0.1', port, path: '/v1?a=1' }))
    await once(request, 'error')
    expect(seen).toMatchObject([{ url: `https://127.0.0.1:${port}/v1?a=1` }])
  })
})

describe('where nothing may leave', () => {
  const asks: readonly (readonly [string, () => http.ClientRequest])[] = [
    ['options', () => http.request({ host: '127.0.0.1', port, method: 'post', path: '/x?secret=1' })],
    ['an address', () => http.request(`http://127.0.0.1:${port}/x`)],
    ['an address and a callback', () => http.get(new URL(`http://127.0.0.1:${port}/x`), () => undefined)],
    ['an address and options', () => http.get(`http://127.0.0.1:${port}/x`, { agent: new http.Agent() })],
    ['https', () => https.get(`https://127.0.0.1:${port}/x`)],
    ['a connection of its own', () => http.get({ createConnection: () => net.connect(port, '127.0.0.1') })],
    ['no agent', () => http.get({ host: '127.0.0.1', port, agent: false })],
  ]
  it.each(asks)('asked by %s', async (_, ask) => {
    const asked: Asked[] = []
    const closed: Tap = { ...answering({}, asked), closed: true }
    const request = withTap(closed, ask)
    expect(request).toBeInstanceOf(http.ClientRequest)
    if (!request.writableEnded) request.end('tea')
    const [error] = (await once(request, 'error')) as [Error]
    if (!request.closed) await once(request, 'close')
    await wait(20)
    expect(error).toMatchObject({ name: 'TapAborted' })
    expect(asked).toEqual([{ passed: expect.stringMatching(/^a request was made through node:https?, /) }])
    expect(JSON.stringify(asked)).not.toContain('secret')
    expect(accepted).toBe(0)
  })

  it('a tap that answers after all destroys the request', async () => {
    const request = withTap(answering({}), () => http.request({ host: '127.0.0.1', port }))
    request.end()
    const [error] = (await once(request, 'error')) as [Error]
    expect(error.name).toBe('TapAborted')
  })
})

it('is put in place once, and undone once', () => {
  const tapped = http.request
  const second = tapHttp({ http, https })
  expect(http.request).toBe(tapped)
  second()
  expect(http.request).toBe(tapped)
  undo()
  expect(http.request).not.toBe(tapped)
})

async function posted(path: string, body: string, options: http.RequestOptions = {}): Promise<Buffer> {
  const request = http.request({ host: '127.0.0.1', port, path, method: 'POST', ...options })
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  request.on('error', () => undefined)
  return Buffer.concat(await response.toArray())
}

function isReadable(line: unknown): boolean {
  return Array.isArray(line) && line[0] === 'response readable'
}
