import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textMessage } from '../schema/message.ts'
import { fetch } from './fetch.ts'
import { guardUntapped, withTap } from './tap.ts'
import { answering, type Asked, watching } from './testing/taps.ts'

const nowhere = 'http://127.0.0.1:9/v1'
const chat = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
const post = (body: RequestInit['body'], more: RequestInit = {}): RequestInit => ({
  method: 'POST',
  body,
  ...more,
})
const reply = { message: textMessage('assistant', 'hello') }

describe('fetch, in a replay', () => {
  it('answers a model request in the form of its provider', async () => {
    const asked: Asked[] = []
    const [openai, anthropic] = await withTap(answering({ llm: reply }, asked), () =>
      Promise.all([
        fetch(`${nowhere}/chat/completions`, post(JSON.stringify(chat))),
        fetch(new URL(`${nowhere}/messages`), post(JSON.stringify(chat))),
      ]),
    )
    expect(openai?.status).toBe(200)
    expect(await openai?.json()).toMatchObject({
      choices: [{ message: { role: 'assistant', content: 'hello' } }],
    })
    expect(await anthropic?.json()).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: 'hello' }],
    })
    expect(asked).toMatchObject([
      { kind: 'llm', request: { model: 'm', messages: [textMessage('user', 'hi')] } },
      { kind: 'llm' },
    ])
  })

  it.each([
    ['bytes', (text: string) => post(new TextEncoder().encode(text))],
    ['a stream', (text: string) => post(new Blob([text]).stream(), { duplex: 'half' })],
    ['a blob', (text: string) => post(new Blob([text]))],
  ])('reads a body that is %s', async (_, init) => {
    const got = await withTap(answering({ llm: reply }), () =>
      fetch(`${nowhere}/chat/completions`, init(JSON.stringify(chat))),
    )
    expect(got.status).toBe(200)
  })

  it('reads a Request', async () => {
    const request = new Request(`${nowhere}/chat/completions`, post(JSON.stringify(chat)))
    expect((await withTap(answering({ llm: reply }), () => fetch(request))).status).toBe(200)
  })

  it.each<[string, string, RequestInit | undefined, string]>([
    ['to an endpoint we do not read', '/embeddings', post('{}'), 'POST http://127.0.0.1:9/v1/embeddings'],
    ['beside a known one', '/messages/count_tokens', post('{}'), '/v1/messages/count_tokens'],
    ['of another method', '/chat/completions', undefined, 'GET http://127.0.0.1:9/v1/chat/completions'],
    ['without a body', '/chat/completions', { method: 'POST' }, 'that is not JSON'],
    [
      'that is no JSON',
      '/chat/completions',
      post('{"model":'),
      'a request for openai-chat was made that is not JSON',
    ],
    ['nested without end', '/messages', post('['.repeat(1e5)), 'that is not JSON'],
    [
      'of no known form',
      '/messages',
      post('{"prompt":"hi"}'),
      'a request for anthropic-messages was made that cannot be read (no "messages"',
    ],
  ])('refuses a request %s, out of band as well, and sends nothing', async (_, path, init, why) => {
    const asked: Asked[] = []
    const got = await withTap(answering({ llm: reply }, asked), () => fetch(`${nowhere}${path}`, init))
    expect(got.status).toBe(400)
    expect(got.headers.get('x-should-retry')).toBe('false')
    expect(await got.json()).toMatchObject({
      error: { type: 'evalkit_replay', message: expect.stringContaining(why) as string },
    })
    expect(asked).toEqual([{ passed: expect.stringContaining(why) as string }])
  })

  it('refuses what it cannot even address', async () => {
    const foreign = { url: `${nowhere}/chat/completions` } as unknown as Request
    for (const input of ['/v1/chat/completions', foreign]) {
      expect((await withTap(answering({ llm: reply }), () => fetch(input))).status).toBe(400)
    }
  })

  it('turns a refused call into a 400', async () => {
    const got = await withTap(answering({}), () => fetch(`${nowhere}/messages`, post(JSON.stringify(chat))))
    expect(got.status).toBe(400)
    expect(await got.json()).toMatchObject({ error: { message: 'nobody answers llm' } })
  })

  it('heeds a caller that gave up', async () => {
    const init = post(JSON.stringify(chat), { signal: AbortSignal.abort() })
    await expect(
      withTap(answering({ llm: reply }), () => fetch(`${nowhere}/messages`, init)),
    ).rejects.toThrow('aborted')
  })

  it('sends nothing from outside every trial while one is played', async () => {
    const told: string[] = []
    const release = guardUntapped((what) => told.push(what))
    const got = await fetch(`${nowhere}/chat/completions`, post(JSON.stringify(chat)))
    release()
    expect(got.status).toBe(400)
    expect(told).toHaveLength(1)
  })
})

describe('fetch, where nothing is replayed', () => {
  let server: Server
  let base = ''
  const heard: { url: string | undefined; body: string; key: unknown }[] = []

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        heard.push({
          url: request.url,
          body: Buffer.concat(chunks).toString(),
          key: request.headers['x-api-key'],
        })
        response.writeHead(201, { 'content-type': 'text/event-stream' }).end('data: {}\n\n')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  it('is the global fetch, streams and all', async () => {
    const body = JSON.stringify({ ...chat, stream: true })
    const got = await fetch(`${base}/chat/completions`, post(body, { headers: { 'x-api-key': 'k' } }))
    expect([got.status, await got.text()]).toEqual([201, 'data: {}\n\n'])
    expect(heard.at(-1)).toEqual({ url: '/v1/chat/completions', body, key: 'k' })
  })

  it('lets through, whole, what a watcher cannot read', async () => {
    const seen: unknown[] = []
    const body = JSON.stringify({ ...chat, stream: true })
    const inits = [post(body), post(new Blob([body]).stream(), { duplex: 'half' })]
    for (const init of inits) {
      const got = await withTap(watching(seen), () => fetch(`${base}/messages`, init))
      expect(got.status).toBe(201)
      expect(heard.at(-1)?.body).toBe(body)
    }
    const request = new Request(`${base}/messages`, post(body))
    expect((await withTap(watching(seen), () => fetch(request))).status).toBe(201)
    expect(heard.at(-1)?.body).toBe(body)
    expect(seen).toHaveLength(3)
  })
})
