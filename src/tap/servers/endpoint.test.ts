import { request as httpRequest } from 'node:http'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { TapAborted } from '../tap.ts'
import { answering, watching } from '../testing/taps.ts'
import {
  bodyOf,
  Closing,
  drip,
  endpoint,
  noting,
  oneRun,
  raw,
  readerOf,
  until,
  under,
  upstream,
  type Watched,
} from './testing/endpoint.ts'

const closing = new Closing()
afterEach(() => closing.close())

const question = { model: 'gpt-shop', messages: [{ role: 'user', content: 'Wo ist W12? ☕' }] }
const events = ['data: {"a":1}\n\n', 'data: {"b":"', 'ö"}\n\ndata: [DONE]\n\n']

describe('a request on its way through the endpoint', () => {
  it('arrives as it was sent, and comes back as it was answered', async () => {
    const seen: Watched[] = []
    const asked: unknown[] = []
    const base = await upstream(closing, async (request, response) => {
      const { method, url, headers } = request
      asked.push({ method, url, headers, body: await bodyOf(request) })
      response.writeHead(201, 'Made', { 'X-Request-Id': 'req_1', 'set-cookie': ['a=1', 'b=2'] })
      response.end('{"ok":true}')
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { openai: base } })
    const answer = await fetch(`${origin}/openai/v1/chat/completions?x=%2F&y=a%20b`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-1', 'content-type': 'application/json', 'x-evalkit-trace': 'r1' },
      body: JSON.stringify(question),
    })
    expect([answer.status, answer.statusText, await answer.text()]).toEqual([201, 'Made', '{"ok":true}'])
    expect(answer.headers.get('x-request-id')).toBe('req_1')
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    const [{ headers, ...one }] = asked as [{ headers: Record<string, string> }]
    expect(one).toEqual({
      method: 'POST',
      url: '/v1/chat/completions?x=%2F&y=a%20b',
      body: JSON.stringify(question),
    })
    expect(headers).toMatchObject({ host: base.host, authorization: 'Bearer sk-1' })
    expect(headers).not.toHaveProperty('x-evalkit-trace')
    expect(seen).toMatchObject([
      {
        sent: { method: 'POST', body: JSON.stringify(question) },
        status: 201,
        chunks: ['{"ok":true}'],
        how: 'whole',
      },
    ])
    expect(seen[0]?.sent.url.href).toBe(`${base.origin}/v1/chat/completions?x=%2F&y=a%20b`)
    expect(seen[0]?.sent.headers.get('x-evalkit-trace')).toBeNull()
  })

  it('is answered piece by piece, each piece as it comes', async () => {
    const seen: Watched[] = []
    // The other side says the next piece only when the last one has come.
    let next = (): void => undefined
    const base = await upstream(closing, async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const event of events) {
        response.write(event)
        await new Promise<void>((resolve) => (next = resolve))
      }
      response.end()
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { a: base } })
    const answer = await fetch(`${origin}/a/v1`, { method: 'POST', body: '{}' })
    const reader = readerOf(answer)
    const pieces: string[] = []
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      pieces.push(Buffer.from(piece.value).toString())
      next()
    }
    expect(pieces).toEqual(events)
    expect(seen[0]?.chunks).toEqual(events)
    expect(seen[0]?.how).toBe('whole')
  })

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate without its wrapper', deflateRawSync],
  ])('keeps a body in %s as it is, and reads it beside', async (name, compress) => {
    const seen: Watched[] = []
    const text = JSON.stringify(question).repeat(5000)
    const bytes = compress(text)
    const base = await upstream(closing, (_, response) => {
      response.writeHead(200, { 'content-encoding': name.split(' ')[0], 'content-length': bytes.length })
      response.end(bytes)
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { a: base } })
    const came = await raw(origin, 'GET /a/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(came.endsWith(bytes.toString('latin1'))).toBe(true)
    expect(came).toContain(`content-length: ${bytes.length}`)
    expect(Buffer.concat(seen[0]?.bytes ?? []).toString() === text).toBe(true)
    expect(seen[0]?.how).toBe('whole')
  })

  it('notes a body that is not in the coding it says', async () => {
    const seen: Watched[] = []
    const base = await upstream(closing, (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain')
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { a: base } })
    const came = await raw(origin, 'GET /a/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(came).toContain('plain')
    expect(seen).toMatchObject([{ how: 'truncated', chunks: [] }])
  })

  it('asks for codings that can be read, and hands trailers on', async () => {
    const asked: unknown[] = []
    const base = await upstream(closing, (request, response) => {
      asked.push(request.headers['accept-encoding'])
      response.writeHead(200, { trailer: 'x-sum' })
      response.write('body')
      response.addTrailers({ 'x-sum': '42' })
      response.end()
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting()), upstreams: { a: base } })
    const trailers = await new Promise((resolve) => {
      const headers = { 'accept-encoding': 'br;q=1.0, compress, gzip, *;q=0.1' }
      httpRequest(`${origin}/a/x`, { headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.trailers))
      }).end()
    })
    expect(trailers).toEqual({ 'x-sum': '42' })
    expect(asked).toEqual(['br;q=1.0, gzip'])
  })

  it('hands redirects on, and answers without a body', async () => {
    const seen: Watched[] = []
    const base = await upstream(closing, (request, response) => {
      if (request.url === '/here') response.writeHead(307, { location: 'http://elsewhere.example/x' }).end()
      else response.writeHead(204).end()
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { a: base } })
    const moved = await fetch(`${origin}/a/here`, { method: 'POST', body: 'x', redirect: 'manual' })
    expect([moved.status, moved.headers.get('location')]).toEqual([307, 'http://elsewhere.example/x'])
    expect((await fetch(`${origin}/a/nothing`)).status).toBe(204)
    expect((await fetch(`${origin}/a/nothing`, { method: 'HEAD' })).status).toBe(204)
    expect(seen.map(({ how }) => how)).toEqual(['whole', 'whole', 'whole'])
  })

  it('ends the request at once when the client goes away', async () => {
    const seen: Watched[] = []
    let gone = false
    const base = await upstream(closing, (_, response) => {
      response.writeHead(200).write('one')
      response.on('close', () => (gone = true))
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { a: base } })
    const answer = await fetch(`${origin}/a/x`)
    const reader = readerOf(answer)
    await reader.read()
    await reader.cancel()
    await until(() => gone && seen[0]?.how !== undefined)
    expect(seen).toMatchObject([{ chunks: ['one'], how: 'cancelled' }])
  })

  it('ends it before it was answered, too', async () => {
    const seen: Watched[] = []
    let [came, gone] = [false, false]
    const base = await upstream(closing, (request) => {
      came = true
      request.on('close', () => (gone = true))
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { a: base } })
    const stop = new AbortController()
    const asked = fetch(`${origin}/a/x`, { signal: stop.signal }).catch((error: Error) => error.name)
    await until(() => came)
    stop.abort()
    expect(await asked).toBe('AbortError')
    await until(() => gone && seen[0]?.how !== undefined)
    expect(seen[0]?.error).toMatchObject({ name: 'AbortError' })
    expect(seen[0]?.sent.signal?.aborted).toBe(true)
  })

  it.each(['chunked', 'with a length'])('breaks off where the other side does (%s)', async (framing) => {
    const seen: Watched[] = []
    const base = await upstream(closing, (_, response) => {
      response.writeHead(200, framing === 'chunked' ? {} : { 'content-length': 1000 })
      response.write('data: half')
      setTimeout(() => response.socket?.resetAndDestroy(), 30)
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { a: base } })
    const reader = readerOf(await fetch(`${origin}/a/x`))
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('data: half')
    await expect(reader.read()).rejects.toThrow('terminated')
    expect(seen).toMatchObject([{ status: 200, chunks: ['data: half'], how: 'failed' }])
    expect(seen[0]?.error).toMatchObject({ message: 'terminated', cause: { code: 'ECONNRESET' } })
  })

  it('is answered with 502 where nobody is there, in a form SDKs read and may retry', async () => {
    const seen: Watched[] = []
    const free = await upstream(closing, () => undefined)
    await closing.close()
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { openai: free } })
    const answer = await fetch(`${origin}/openai/v1`, { method: 'POST', body: '{}' })
    expect(answer.status).toBe(502)
    expect(answer.headers.get('x-should-retry')).toBeNull()
    expect(await answer.json()).toEqual({
      type: 'error',
      error: {
        type: 'api_error',
        message: 'openai could not be reached (ECONNREFUSED).',
        param: null,
        code: null,
      },
    })
    expect(seen[0]?.error).toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNREFUSED' } })
  })

  it('goes once more where a kept connection was closed under it', async () => {
    let requests = 0
    const base = await upstream(closing, (request, response) => {
      requests++
      if (requests === 2) request.socket.resetAndDestroy()
      else response.end(`answer ${requests}`)
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting()), upstreams: { a: base } })
    expect(await (await fetch(`${origin}/a/x`)).text()).toBe('answer 1')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await (await fetch(`${origin}/a/x`)).text()).toBe('answer 3')
  })

  it('is refused where its body is too large', async () => {
    const { origin } = await endpoint(closing, {
      runs: oneRun(noting()),
      upstreams: { a: new URL('http://[::1]:9') },
    })
    const head = 'POST /a/x HTTP/1.1\r\nHost: localhost\r\n'
    expect(await raw(origin, `${head}content-length: 999999999\r\n\r\n`)).toContain('413 Payload Too Large')
  })

  it('says why a body could not be read as text', async () => {
    const seen: Watched[] = []
    const base = await upstream(closing, (request, response) => void request.pipe(response))
    const { origin } = await endpoint(closing, { runs: oneRun(noting(seen)), upstreams: { a: base } })
    const post = (body: Uint8Array<ArrayBuffer> | FormData, headers = {}): Promise<Response> =>
      fetch(`${origin}/a/x`, { method: 'POST', body, headers })
    const bytes = new Uint8Array([0xff, 0xfe, 0x00])
    expect(new Uint8Array(await (await post(bytes)).arrayBuffer())).toEqual(bytes)
    const form = new FormData()
    form.append('file', 'text')
    await (await post(form)).text()
    await (await post(new Uint8Array(gzipSync('{}')), { 'content-encoding': 'gzip' })).text()
    expect(seen.map(({ sent }) => sent.unread)).toEqual([
      'is no text',
      'is a form or a file',
      'is compressed',
    ])
    expect(seen.map(({ sent }) => sent.body)).toEqual([undefined, undefined, undefined])
  })

  it('keeps 50 requests at once apart', async () => {
    const base = await upstream(closing, async (request, response) => {
      const body = await bodyOf(request)
      await drip(response, [`${body}:`, body])
      response.end()
    })
    const { origin } = await endpoint(closing, { runs: oneRun(noting()), upstreams: { a: base } })
    const all = Array.from({ length: 50 }, async (_, at) => {
      const answer = await fetch(`${origin}/a/x`, { method: 'POST', body: String(at) })
      return answer.text()
    })
    expect(await Promise.all(all)).toEqual(Array.from({ length: 50 }, (_, at) => `${at}:${at}`))
  })
})

describe('the endpoint in a replay', () => {
  it('answers from the tap, and nothing goes out', async () => {
    const tap = answering({
      llm: { message: { role: 'assistant', parts: [{ type: 'text', content: 'Hier.' }] } },
    })
    const { origin } = await endpoint(closing, {
      runs: oneRun(tap),
      upstreams: { openai: new URL('http://127.0.0.1:9') },
    })
    const ask = (body: object): Promise<Response> =>
      fetch(`${origin}/openai/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) })
    expect(await (await ask(question)).json()).toMatchObject({
      choices: [{ message: { role: 'assistant', content: 'Hier.' } }],
    })
    const streamed = await (await ask({ ...question, stream: true })).text()
    expect(streamed).toContain('data: [DONE]')
    const missed = await fetch(`${origin}/openai/v1/models`)
    expect([missed.status, missed.headers.get('x-should-retry')]).toEqual([400, 'false'])
    expect(await missed.json()).toMatchObject({ error: { type: 'evalkit_replay' } })
  })

  it('breaks off, and fails, as it was recorded', async () => {
    // It breaks off when the first piece has been read: what a client has not read yet, a break takes with it.
    let read: () => void = () => undefined
    const wasRead = new Promise<void>((resolve) => {
      read = resolve
    })
    let pieces = 0
    const broken = new ReadableStream({
      async pull(controller) {
        if (pieces++ === 0) return controller.enqueue(Buffer.from('half'))
        await wasRead
        controller.error(new Error('x'))
      },
    })
    const unreached = new TypeError('fetch failed', {
      cause: Object.assign(new Error(''), { code: 'ECONNREFUSED' }),
    })
    const answers = [async () => new Response(broken), async () => Promise.reject(unreached)]
    const tap = { ...watching(), meet: () => ({ answer: answers.shift()?.() ?? Promise.reject(unreached) }) }
    const { origin } = await endpoint(closing, {
      runs: oneRun(tap),
      upstreams: { a: new URL('http://[::1]:9') },
    })
    const reader = readerOf(await fetch(`${origin}/a/x`))
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('half')
    read()
    await expect(reader.read()).rejects.toThrow('terminated')
    const failed = await fetch(`${origin}/a/x`)
    expect([failed.status, await failed.json()]).toMatchObject([
      502,
      { error: { message: 'a could not be reached (ECONNREFUSED).' } },
    ])
  })

  it('tells whoever made an answer that nobody reads on', async () => {
    let cancelled = false
    const endless = (): Response =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(Buffer.alloc(65536)),
          cancel: () => void (cancelled = true),
        }),
      )
    const tap = { ...watching(), meet: () => ({ answer: Promise.resolve(endless()) }) }
    const { origin } = await endpoint(closing, {
      runs: oneRun(tap),
      upstreams: { a: new URL('http://[::1]:9') },
    })
    const reader = readerOf(await fetch(`${origin}/a/x`))
    await reader.read()
    await reader.cancel()
    await until(() => cancelled)
    expect(cancelled).toBe(true)
  })
})

describe('the endpoint is no way out, and no way in', () => {
  const get = (path: string, host = 'localhost', more = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`

  it.each([
    ['another host’s address', 'GET http://169.254.169.254/latest HTTP/1.1\r\nHost: localhost\r\n\r\n', 403],
    ['a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n', 403],
    ['everything', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n', 403],
    ['an unknown upstream', get('/evil/x'), 404],
    ['a name with a host in it', get('/a@evil.example/x'), 404],
    ['a prototype', get('/__proto__/x'), 404],
    ['dots', get('/a/../../admin'), 400],
    ['dots, encoded', get('/a/%2e%2e/admin'), 400],
    ['dots, encoded twice', get('/a/%252e%252e/admin'), 400],
    ['dots behind an encoded slash', get('/a/x%2f..%2fadmin'), 400],
    ['dots behind a backslash', get('/a/x\\..\\admin'), 400],
    ['a fragment', get('/a/x#y'), 400],
    ['a name that was rebound', get('/a/x', 'evil.example'), 403],
    ['a name that only begins well', get('/a/x', 'localhost.evil.example'), 403],
    ['a page of another site', get('/a/x', 'localhost', 'Origin: https://evil.example\r\n'), 403],
    ['a page without a site', get('/a/x', 'localhost', 'Origin: null\r\n'), 403],
    ['a run with a strange name', get('/a/x', 'localhost', 'x-evalkit-trace: ../x\r\n'), 400],
  ])('refuses %s', async (_, bytes, status) => {
    const asked: unknown[] = []
    const base = await upstream(closing, (request, response) => {
      asked.push(request.url)
      response.end()
    })
    const { origin } = await endpoint(closing, {
      runs: oneRun(noting()),
      upstreams: { a: under(base, '/in/') },
    })
    expect(await raw(origin, bytes, '}}')).toMatch(new RegExp(`^HTTP/1.1 ${status}`))
    expect(asked).toEqual([])
  })

  it.each([
    ['localhost', '', '/a/x', '/in/x'],
    ['127.0.0.1:9999', 'Origin: http://localhost:3000\r\n', '/a//x', '/in//x'],
    ['[::1]', '', '/a/m%2Fx/..y?a=..', '/in/m%2Fx/..y?a=..'],
    ['api.localhost', '', '/a?x', '/in/?x'],
  ])('answers %s %s', async (host, more, path, there) => {
    const asked: unknown[] = []
    const base = await upstream(closing, (request, response) => {
      asked.push(request.url)
      response.end('hello')
    })
    const { origin } = await endpoint(closing, {
      runs: oneRun(noting()),
      upstreams: { a: under(base, '/in/') },
    })
    expect(await raw(origin, get(path, host, more))).toContain('hello')
    expect(asked).toEqual([there])
  })

  it('answers to a name it was told of', async () => {
    const base = await upstream(closing, (_, response) => response.end('hello'))
    const { origin } = await endpoint(closing, {
      runs: oneRun(noting()),
      upstreams: { a: base },
      names: ['evalkit'],
    })
    expect(await raw(origin, get('/a/x', 'evalkit:4141'))).toContain('hello')
    expect(await raw(origin, get('/a/x', 'evalkit.example:4141'))).toContain('403 Forbidden')
  })

  it('tells of whoever took it for a proxy', async () => {
    const strays: string[] = []
    const { origin } = await endpoint(closing, { runs: oneRun(noting()), stray: (what) => strays.push(what) })
    await raw(origin, 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n')
    await raw(origin, 'GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n')
    expect(strays).toEqual([
      'example.org:443 was asked for through a proxy',
      'http://example.org/ was asked for through a proxy',
    ])
  })

  it('says which port is taken', async () => {
    const { origin } = await endpoint(closing, { runs: oneRun(noting()) })
    const port = Number(new URL(origin).port)
    await expect(endpoint(closing, { runs: oneRun(noting()), port })).rejects.toMatchObject({
      code: 'EVK_USAGE',
      message: `Cannot listen on 127.0.0.1, port ${port}: the port is taken.`,
    })
  })

  it('never lets a failure of ours become silence', async () => {
    const failing = {
      ...oneRun(noting()),
      enter: () => {
        throw new TapAborted('broken')
      },
    }
    const { origin } = await endpoint(closing, { runs: failing, upstreams: { a: new URL('http://[::1]:9') } })
    expect((await fetch(`${origin}/a/x`)).status).toBe(500)
  })
})
