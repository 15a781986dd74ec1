import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type ModelServer,
  modelServer,
  type Scripted,
  sse,
} from '../../../test/capture/support/model-server.ts'
import { attempt as attemptSchema } from '../../schema/attempt.ts'
import { piecesOf } from '../../tap/serve.ts'
import { readCall, type Sent } from '../../tap/sent.ts'
import { breakerOf } from './breaker.ts'
import { budgetOf } from './budget.ts'
import { type Asked, finalAttempt, sendLive } from './exchange.ts'
import { sendOnce } from './send-once.ts'
import { completion, json, key, world } from './testing/world.ts'

let server: ModelServer | undefined
afterEach(() => server?.close())

const ok = (text = 'Hi.', over: object = {}): Scripted => ({
  headers: json,
  chunks: [completion(text, over)],
})
const failing = (status: number, headers: Record<string, string> = {}): Scripted => ({
  status,
  headers: { ...json, ...headers },
  chunks: [`{"error":{"type":"server_error","message":"no, ${key}"}}`],
})

/** A server that answers by this list, the last for good. */
async function serving(...script: readonly Scripted[]): Promise<ModelServer> {
  server = await modelServer((_, nth) => script[Math.min(nth, script.length - 1)] as Scripted)
  return server
}

function asking(origin: string, over: Record<string, unknown> = {}, signal?: AbortSignal): Asked {
  const sent: Sent = {
    method: 'POST',
    url: new URL(`${origin}/v1/chat/completions`),
    headers: new Headers({
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'x-custom': 'kept',
      'content-length': '7',
      'x-evalkit-trace': 'dropped',
    }),
    body: JSON.stringify({
      model: 'small',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'x' }],
      ...over,
    }),
    ...(signal === undefined ? {} : { signal }),
  }
  const read = readCall(sent)
  if (read.kind !== 'llm') throw new TypeError('no model call')
  return { sent, wire: read.wire, request: read.request }
}

describe('sendOnce', () => {
  it('sends what the agent sends, and keeps what came: bytes, cuts, times, and no key', async () => {
    const chunks = sse([undefined, { choices: [] }], [undefined, '[DONE]'])
    const { origin, heard } = await serving({
      headers: { 'content-type': 'text/event-stream', 'set-cookie': 'a=b' },
      chunks,
    })
    const { sent } = asking(origin)
    const attempt = await sendOnce(sent, world())
    expect(heard[0]).toMatchObject({ method: 'POST', path: '/v1/chat/completions', body: sent.body })
    expect(heard[0]?.headers).toMatchObject({ authorization: `Bearer ${key}`, 'x-custom': 'kept' })
    expect(heard[0]?.headers).not.toHaveProperty('x-evalkit-trace')
    expect(attemptSchema.parse(attempt)).toEqual(attempt)
    expect(attempt).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: chunks.join(''),
    })
    expect(attempt.startedAt).toBe('2026-01-01T00:00:00.000Z')
    expect([...piecesOf(attempt)].map((piece) => Buffer.from(piece).toString())).toEqual(chunks)
    expect(JSON.stringify(attempt)).not.toMatch(/sk-live|set-cookie|authorization/)
  })

  it('undoes compression, and keeps what is no text', async () => {
    const { origin } = await serving(
      { ...ok(), gzip: true },
      { headers: json, chunks: [Uint8Array.of(0xff, 0xfe)] },
    )
    const { sent } = asking(origin)
    expect((await sendOnce(sent, world())).body).toBe(completion('Hi.'))
    expect(await sendOnce(sent, world())).toMatchObject({ base64: '//4=' })
  })

  it('says how a body ended that did not end by itself', async () => {
    const { origin, heard } = await serving(
      { ...ok(), end: 'reset' },
      { headers: json, chunks: ['x'.repeat(5000)] },
    )
    const { sent } = asking(origin)
    expect(await sendOnce(sent, world())).toMatchObject({
      status: 200,
      ended: 'reset',
      error: { type: 'TypeError' },
    })
    const long = await sendOnce(sent, world({ mostBytes: 10 }))
    expect(long).toMatchObject({ status: 200, ended: 'truncated' })
    expect(long.body?.length ?? 0).toBeLessThanOrEqual(10)
    await heard[1]?.gone
  })

  it('says why no answer came', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => closed.once('listening', done))
    const { port } = closed.address() as AddressInfo
    await new Promise((done) => closed.close(done))
    const { sent } = asking(`http://127.0.0.1:${port}`)
    expect(await sendOnce(sent, world())).toMatchObject({
      headers: {},
      error: { type: 'TypeError', message: 'fetch failed', code: 'ECONNREFUSED' },
    })
  })

  it('gives up a provider that never answers', async () => {
    const { origin } = await serving({ ...ok(), end: 'hang' })
    const { sent } = asking(origin)
    const attempt = await sendOnce(sent, world({ timeoutMs: 60 }))
    expect(attempt).toMatchObject({
      ended: 'reset',
      error: { message: 'no answer within 60 ms', code: 'ETIMEDOUT' },
    })
  })

  it('takes a key out of what repeats it', async () => {
    const { origin } = await serving(failing(401, { 'x-request-id': key }))
    const attempt = await sendOnce(asking(origin).sent, world())
    expect(attempt.body).toContain('no, <redacted:key>')
    expect(attempt.headers['x-request-id']).toBe('<redacted:key>')
    expect(JSON.stringify(attempt)).not.toContain(key)
  })

  it('follows no redirect: it would carry the key along', async () => {
    const { origin, heard } = await serving(
      { status: 307, headers: { location: '/elsewhere' }, chunks: [] },
      ok(),
    )
    expect(await sendOnce(asking(origin).sent, world())).toMatchObject({ status: 307 })
    expect(heard).toHaveLength(1)
  })
})

describe('sendLive', () => {
  it('gets past 429 and 500, and costs what the reply says', async () => {
    const { origin, heard } = await serving(
      failing(429, { 'retry-after-ms': '40' }),
      failing(500),
      ok('There.'),
    )
    const deps = world({ budget: budgetOf(1) })
    const { attempts, brought, costUsd } = await sendLive(asking(origin), deps)
    expect(attempts.map(({ status }) => status)).toEqual([429, 500, 200])
    expect(heard).toHaveLength(3)
    expect(deps.slept).toEqual([290, 500])
    expect(brought.reply?.message.parts).toEqual([{ type: 'text', content: 'There.' }])
    expect(costUsd).toBeCloseTo(0.00011, 12)
    expect(deps.budget?.spent()).toBeCloseTo(0.00011, 12)
    expect(JSON.stringify(attempts)).not.toContain(key)
  })

  it('asks once where the answer is 400', async () => {
    const { origin, heard } = await serving(failing(400), ok())
    const { attempts, brought, costUsd } = await sendLive(asking(origin), world())
    expect(heard).toHaveLength(1)
    expect(brought.error).toEqual({ type: 'server_error', message: 'no, <redacted:key>' })
    expect(costUsd).toBe(0)
    expect(finalAttempt(attempts).headers['x-should-retry']).toBe('false')
  })

  it('asks again where a stream says that the provider is overloaded', async () => {
    const events = sse([
      'error',
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    ])
    const url = '/v1/messages'
    const { origin } = await serving(
      { headers: { 'content-type': 'text/event-stream' }, chunks: events },
      {
        headers: json,
        chunks: ['{"type":"message","role":"assistant","content":[{"type":"text","text":"Now."}]}'],
      },
    )
    const sent = { ...asking(origin).sent, url: new URL(`${origin}${url}`) }
    const read = readCall(sent)
    if (read.kind !== 'llm') throw new TypeError('no model call')
    const { attempts } = await sendLive({ sent, wire: read.wire, request: read.request }, world())
    expect(attempts.map(({ status }) => status)).toEqual([200, 200])
  })

  it('opens the breaker of a provider that is down, and asks it no more', async () => {
    const { origin, heard } = await serving(failing(503))
    const deps = world({ retry: { attempts: 2 } })
    const breaker = breakerOf({ now: deps.now, after: 2, coolDownMs: 10_000 })
    for (let call = 0; call < 2; call++) {
      expect((await sendLive(asking(origin), { ...deps, breaker })).attempts).toHaveLength(2)
    }
    const refused = sendLive(asking(origin), { ...deps, breaker })
    await expect(refused).rejects.toMatchObject({ code: 'EVK_PROVIDER_DOWN' })
    expect(heard).toHaveLength(4)
    deps.pass(10_000)
    expect((await sendLive(asking(origin), { ...deps, breaker })).attempts).toHaveLength(2)
  })

  it('keeps to the cap under concurrency, and sends nothing more when it is reached', async () => {
    const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
    const { origin, heard } = await serving(ok('x', { usage }))
    // Each may cost up to 50 tokens of output and half a token a byte of its request; each costs 150 tokens.
    const budget = budgetOf(0.001)
    const calls = Array.from({ length: 20 }, () =>
      sendLive(asking(origin, { padding: 'x'.repeat(150) }), world({ budget })),
    )
    const results = await Promise.allSettled(calls)
    const done = results.filter(({ status }) => status === 'fulfilled').length
    expect(budget.spent()).toBeCloseTo(done * 0.00015, 12)
    expect(budget.spent()).toBeLessThanOrEqual(0.001)
    expect(done).toBeGreaterThanOrEqual(5)
    expect(heard).toHaveLength(done)
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    )
    expect(refused).toEqual(refused.map(() => expect.objectContaining({ code: 'EVK_SPEND_CAP' }) as unknown))
  })

  it('refuses a model of unknown price under a cap, and never counts it as free', async () => {
    const { origin, heard } = await serving(ok('x', { model: 'mystery' }))
    const asked = asking(origin, { model: 'mystery' })
    await expect(sendLive(asked, world({ budget: budgetOf(10) }))).rejects.toMatchObject({
      code: 'EVK_PRICE_UNKNOWN',
      message: 'Nobody knows what the model "mystery" costs, so a spend cap cannot hold.',
    })
    expect(heard).toHaveLength(0)
    expect(await sendLive(asked, world())).not.toHaveProperty('costUsd')
  })

  it('counts a reply that does not say what it used as dear as it could be', async () => {
    const { origin } = await serving(ok('x', { usage: null }))
    const budget = budgetOf(1)
    const asked = asking(origin)
    const { costUsd } = await sendLive(asked, world({ budget }))
    expect(costUsd).toBeUndefined()
    expect(budget.spent()).toBeCloseTo((Math.ceil((asked.sent.body?.length ?? 0) / 2) + 50) / 1e6, 12)
  })

  it.each(['run', 'agent'])(
    'stops at once when the %s is cancelled, and gives back what it holds',
    async (who) => {
      const { origin, heard } = await serving({ ...ok(), end: 'hang' })
      const stop = new AbortController()
      const budget = budgetOf(1)
      const breaker = breakerOf({ now: () => 0, after: 1 })
      const deps = world({ budget, breaker, ...(who === 'run' ? { signal: stop.signal } : {}) })
      const call = sendLive(asking(origin, {}, who === 'agent' ? stop.signal : undefined), deps)
      while (heard.length === 0) await new Promise((done) => setTimeout(done, 5))
      stop.abort(new Error('enough'))
      await expect(call).rejects.toThrow('enough')
      await heard[0]?.gone
      // Nothing is known of the provider.
      expect(() => breaker.enter(origin)).not.toThrow()
      // It was sent: nobody says that it is free.
      expect(budget.spent()).toBeGreaterThan(0)
      await expect(budget.reserve(1 - budget.spent())).resolves.toBeDefined()
    },
  )
})
