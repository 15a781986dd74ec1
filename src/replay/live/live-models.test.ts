import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI, { BadRequestError } from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { type ModelServer, modelServer, type Scripted } from '../../../test/capture/support/model-server.ts'
import { cachedReply } from '../../schema/cached-reply.ts'
import { textMessage, textOf } from '../../schema/message.ts'
import { fetch } from '../../tap/fetch.ts'
import { openSqliteStore } from '../../store/sqlite/open.ts'
import type { Sent } from '../../tap/sent.ts'
import { withTap } from '../../tap/tap.ts'
import { wires } from '../../tap/wire/index.ts'
import { modelAccessFrom } from './access.ts'
import { budgetOf } from './budget.ts'
import { type LiveModelsOptions, openLiveModels } from './live-models.ts'
import { cacheKey, memoryReplyCache, type ReplyCache } from './reply-cache.ts'
import { anthropicMessage, completion, json, key, liveTap, world } from './testing/world.ts'

let server: ModelServer | undefined
afterEach(() => server?.close())

async function serving(script: (nth: number, body: string) => Scripted): Promise<ModelServer> {
  server = await modelServer(({ body }, nth) => script(nth, body))
  return server
}

const counting = (nth: number): Scripted => ({ headers: json, chunks: [completion(`reply ${nth}`)] })
const failing = (status: number, message = 'no'): Scripted => ({
  status,
  headers: json,
  chunks: [JSON.stringify({ error: { type: 'some_error', message } })],
})

function accessTo(
  origin: string,
  env: Record<string, string> = {
    OPENAI_API_KEY: key,
    ANTHROPIC_API_KEY: key,
    AWS_BEARER_TOKEN_BEDROCK: key,
  },
) {
  return modelAccessFrom({
    OPENAI_BASE_URL: `${origin}/v1`,
    ANTHROPIC_BASE_URL: origin,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: origin,
    ...env,
  })
}

function live(origin: string, over: Partial<LiveModelsOptions> = {}) {
  return openLiveModels({ ...world(), breaker: {}, mode: 'live', access: accessTo(origin), ...over })
}

const request = { model: 'small', messages: [textMessage('user', 'Hi')], parameters: { temperature: 0 } }
const chat = wires['openai-chat']

/** A cache that can be looked into. */
function openCache(): ReplyCache & { readonly rows: Map<string, string> } {
  const rows = new Map<string, string>()
  return {
    rows,
    async get(at) {
      const row = rows.get(at)
      return row === undefined ? undefined : cachedReply.parse(JSON.parse(row))
    },
    async put(at, reply) {
      rows.set(at, JSON.stringify(cachedReply.parse(reply)))
    },
  }
}

describe('exchange, with the official clients', () => {
  const openai = (origin: string) => new OpenAI({ apiKey: key, baseURL: `${origin}/v1`, fetch })
  const ask = (client: OpenAI) =>
    client.chat.completions.create({
      model: 'small',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Hi' }],
    })

  it('answers an OpenAI client live, with one place for retries', async () => {
    const { origin, heard } = await serving((nth) => (nth < 2 ? failing(503) : counting(nth)))
    const models = live(origin).forTrial()
    const answer = await withTap(liveTap(models), () => ask(openai(origin)))
    expect(answer.choices[0]?.message.content).toBe('reply 2')
    expect(heard).toHaveLength(3)
    expect(heard.map(({ headers }) => headers['x-stainless-retry-count'])).toEqual(['0', '0', '0'])
    expect(heard.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill(`Bearer ${key}`))
  })

  it('hands an answer on that is about the request, once', async () => {
    const { origin, heard } = await serving(() => failing(400, 'context too long'))
    const models = live(origin).forTrial()
    const error = await withTap(liveTap(models), () => ask(openai(origin)).catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as Error).message).toContain('context too long')
    expect(heard).toHaveLength(1)
  })

  it('answers an Anthropic client live, also streamed', async () => {
    const events = [
      ['message_start', { message: { ...JSON.parse(anthropicMessage('')), content: [] } }],
      ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }],
      ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hello' } }],
      ['content_block_stop', { index: 0 }],
      ['message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } }],
      ['message_stop', {}],
    ] as const
    const chunks = events.map(
      ([type, data]) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`,
    )
    const { origin } = await serving((_, body) =>
      body.includes('"stream":true')
        ? { headers: { 'content-type': 'text/event-stream' }, chunks }
        : { headers: json, chunks: [anthropicMessage('Hi there')] },
    )
    const client = new Anthropic({ apiKey: key, baseURL: origin, fetch })
    const said = {
      model: 'claude-small',
      max_tokens: 10,
      messages: [{ role: 'user' as const, content: 'Hi' }],
    }
    const cache = openCache()
    const run = live(origin, { cache })
    const texts = await withTap(liveTap(run.forTrial()), async () => {
      const plain = await client.messages.create(said)
      const streamed = await client.messages.stream({ ...said, max_tokens: 11 }).finalText()
      return [plain.content[0]?.type === 'text' ? plain.content[0].text : '', streamed]
    })
    expect(texts).toEqual(['Hi there', 'Hello'])
    // A stream that is asked for again in one piece is written anew.
    const again = live(origin, { cache, mode: 'cached' }).forTrial()
    const whole = await withTap(liveTap(again), () => client.messages.create({ ...said, max_tokens: 11 }))
    expect(whole.content).toEqual([expect.objectContaining({ type: 'text', text: 'Hello' })])
    expect(server?.heard).toHaveLength(2)
  })

  it.each([401, 403, 404])(
    'ends with an error of its own where the provider says %d: no failure of the agent',
    async (status) => {
      const { origin, heard } = await serving(() =>
        failing(status, `Incorrect API key provided: ${key} \u001b[31m`),
      )
      const call = live(origin).forTrial().exchange(sentTo(origin), { trial: 0 })
      const error = await call.catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'EVK_PROVIDER_REFUSED', exit: 4 })
      expect((error as Error).message).toMatch(
        /^127\.0\.0\.1:\d+ refuses the request \(\d+\): some_error: Incorrect API key/,
      )
      const all = String((error as Error).stack) + JSON.stringify(error)
      expect(all).not.toContain('sk-live')
      expect(all).not.toContain('\u001b')
      expect(heard).toHaveLength(1)
    },
  )

  it('ends with an error of its own where the provider does not answer', async () => {
    const { origin } = await serving(() => failing(529))
    const call = live(origin, { retry: { attempts: 3 } })
      .forTrial()
      .exchange(sentTo(origin), { trial: 0 })
    await expect(call).rejects.toMatchObject({
      code: 'EVK_PROVIDER_DOWN',
      message: expect.stringContaining('does not answer (529, 529, 529): some_error: no') as string,
    })
  })

  it('puts another model and prompt into what the client sends', async () => {
    const { origin, heard } = await serving(counting)
    const models = live(origin, { overrides: { model: 'large', system: 'Be kind.' } }).forTrial()
    const answer = await models.exchange(sentTo(origin), { trial: 0 })
    expect(JSON.parse(heard[0]?.body ?? '')).toEqual({
      model: 'large',
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi' },
      ],
    })
    expect(answer.request).toMatchObject({ model: 'large', system: [{ type: 'text', content: 'Be kind.' }] })
  })

  it('takes only what is a request to a model', async () => {
    const models = live('http://127.0.0.1:9').forTrial()
    const sent = { ...sentTo('http://127.0.0.1:9'), url: new URL('http://127.0.0.1:9/v1/models') }
    await expect(models.exchange(sent, { trial: 0 })).rejects.toThrow(TypeError)
  })
})

function sentTo(origin: string): Sent {
  return {
    method: 'POST',
    url: new URL(`${origin}/v1/chat/completions`),
    headers: new Headers({ authorization: `Bearer ${key}` }),
    body: '{"model":"small","messages":[{"role":"user","content":"Hi"}]}',
  }
}

describe('ask, for the built-in loop', () => {
  it.each([
    [
      'openai-chat',
      '/v1/chat/completions',
      completion('Hello'),
      { authorization: `Bearer ${key}` },
      { model: 'small' },
    ],
    [
      'anthropic-messages',
      '/v1/messages',
      anthropicMessage('Hello'),
      { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      { model: 'small', max_tokens: 4096 },
    ],
    [
      'bedrock-anthropic',
      '/model/small/invoke',
      anthropicMessage('Hello'),
      { authorization: `Bearer ${key}` },
      { anthropic_version: 'bedrock-2023-05-31', max_tokens: 4096 },
    ],
    [
      'openai-responses',
      '/v1/responses',
      '{"id":"r","object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}]}',
      { authorization: `Bearer ${key}` },
      { model: 'small' },
    ],
  ] as const)('speaks %s', async (name, path, reply, headers, settings) => {
    const { origin, heard } = await serving(() => ({ headers: json, chunks: [reply] }))
    const parameters = { temperature: 0, stream_options: { include_usage: true } }
    const answer = await live(origin)
      .forTrial()
      .ask({ ...request, parameters }, wires[name], { trial: 0 })
    expect(textOf(answer.reply.message)).toBe('Hello')
    expect(answer).toMatchObject({ served: 'live', attempts: [{ status: 200 }] })
    expect(heard[0]).toMatchObject({ path, headers })
    const {
      messages: _messages,
      input: _input,
      ...body
    } = JSON.parse(heard[0]?.body ?? '') as Record<string, unknown>
    expect(body).toEqual({ temperature: 0, ...settings })
  })

  it('keeps a limit that is set', async () => {
    const { origin, heard } = await serving(() => ({ headers: json, chunks: [anthropicMessage('Hello')] }))
    const limited = { ...request, parameters: { max_tokens: 7 } }
    await live(origin).forTrial().ask(limited, wires['anthropic-messages'], { trial: 0 })
    expect(heard[0]?.body).toContain('"max_tokens":7')
  })

  it('names what is missing: a key, a model', async () => {
    const { origin, heard } = await serving(counting)
    const models = live(origin, { access: accessTo(origin, {}) }).forTrial()
    await expect(models.ask(request, chat, { trial: 0 })).rejects.toMatchObject({
      code: 'EVK_KEY_MISSING',
      exit: 2,
      message: 'A live model is asked, but OPENAI_API_KEY is not set.',
    })
    const { model: _, ...nameless } = request
    await expect(live(origin).forTrial().ask(nameless, chat, { trial: 0 })).rejects.toMatchObject({
      code: 'EVK_USAGE',
    })
    expect(heard).toHaveLength(0)
  })

  it.each([400, 401, 404])('says what the provider says of %d, without keys', async (status) => {
    const { origin } = await serving(() =>
      failing(status, `The model "small" does not exist; sk-other-1234567890*** ${key}`),
    )
    const error = await live(origin)
      .forTrial()
      .ask(request, chat, { trial: 0 })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'EVK_PROVIDER_REFUSED' })
    expect((error as Error).message).toContain(
      'The model "small" does not exist; <redacted:key> <redacted:key>',
    )
  })

  it('keeps to the spend cap of the run, over trials', async () => {
    const { origin, heard } = await serving(counting)
    const budget = budgetOf(0.0003)
    const run = live(origin, { budget })
    const limited = { ...request, parameters: { max_tokens: 100 } }
    const first = await run.forTrial().ask(limited, chat, { trial: 0 })
    expect(first.costUsd).toBeCloseTo(0.00011, 12)
    const second = run.forTrial().ask(limited, chat, { trial: 1 })
    await expect(second).resolves.toMatchObject({ served: 'live' })
    await expect(run.forTrial().ask(limited, chat, { trial: 2 })).rejects.toMatchObject({
      code: 'EVK_SPEND_CAP',
    })
    expect(heard).toHaveLength(2)
  })
})

describe('cached', () => {
  const text = async (
    answer: Promise<{ readonly reply: { readonly message: Parameters<typeof textOf>[0] } }>,
  ) => textOf((await answer).reply.message)

  it('serves each trial its own replies again, and costs nothing', async () => {
    const { origin, heard } = await serving(counting)
    const cache = openCache()
    const playAll = async (mode: 'live' | 'cached', env?: Record<string, string>): Promise<string[]> => {
      const run = live(origin, { mode, cache, access: accessTo(origin, env) })
      const texts: string[] = []
      for (const trial of [0, 1, 2]) {
        const models = run.forTrial()
        // Twice the same request in one trial: two samples.
        for (let nth = 0; nth < 2; nth++) texts.push(await text(models.ask(request, chat, { trial })))
      }
      return texts
    }
    const first = await playAll('live')
    expect(first).toEqual([0, 1, 2, 3, 4, 5].map((nth) => `reply ${nth}`))
    // Without a key, and without asking.
    expect(await playAll('cached', {})).toEqual(first)
    expect(heard).toHaveLength(6)
    const again = await live(origin, { mode: 'cached', cache }).forTrial().ask(request, chat, { trial: 1 })
    expect(again).toMatchObject({ served: 'cached', costUsd: 0, attempts: [{ status: 200 }] })
    expect(again.reply.costUsd).toBeCloseTo(0.00011, 12)
    for (const row of cache.rows.values()) expect(row).not.toMatch(/sk-live|authorization|Bearer/)
  })

  it('asks for what it does not hold, and live asks always; the newest is kept', async () => {
    const { origin } = await serving(counting)
    const cache = memoryReplyCache()
    const ask = (mode: 'live' | 'cached') =>
      text(live(origin, { mode, cache }).forTrial().ask(request, chat, { trial: 0 }))
    expect(await ask('cached')).toBe('reply 0')
    expect(await ask('cached')).toBe('reply 0')
    expect(await ask('live')).toBe('reply 1')
    expect(await ask('cached')).toBe('reply 1')
  })

  it('lasts in a store', async () => {
    const { origin, heard } = await serving(counting)
    const folder = mkdtempSync(join(tmpdir(), 'evalkit-live-'))
    const ask = async (mode: 'live' | 'cached') => {
      const store = await openSqliteStore(join(folder, 'evalkit.db'))
      const cache = { get: (at: string) => store.getReply(at), put: store.putReply.bind(store) }
      const models = live(origin, { mode, cache }).forTrial()
      const answer = await models.exchange(sentTo(origin), { trial: 3 })
      await store.close()
      return answer
    }
    try {
      const first = await ask('live')
      const again = await ask('cached')
      expect(again.attempts).toEqual(first.attempts)
      expect(again.reply).toEqual(first.reply)
      expect(heard).toHaveLength(1)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('keeps no errors, and nothing that broke off', async () => {
    const { origin } = await serving((nth) => (nth === 0 ? failing(400) : { ...counting(nth), end: 'reset' }))
    const cache = openCache()
    const models = live(origin, { cache, retry: { attempts: 1 } }).forTrial()
    await models.exchange(sentTo(origin), { trial: 0 })
    await expect(models.exchange(sentTo(origin), { trial: 0 })).rejects.toMatchObject({
      code: 'EVK_PROVIDER_DOWN',
    })
    expect(cache.rows.size).toBe(0)
  })

  it('keeps what was redacted', async () => {
    const { origin } = await serving(() => ({ headers: json, chunks: [completion('the code is 4711')] }))
    const cache = openCache()
    const redact = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('4711', '****')) as T
    const answer = await live(origin, { cache, redact }).forTrial().ask(request, chat, { trial: 0 })
    expect(textOf(answer.reply.message)).toBe('the code is 4711')
    expect([...cache.rows.values()].join('')).not.toContain('4711')
  })

  it('is told apart by everything that could make another reply', () => {
    const base = { wire: chat, request, url: new URL('https://a.example/v1?key=1'), trial: 0, nth: 0 }
    const other = [
      base,
      { ...base, trial: 1 },
      { ...base, nth: 1 },
      { ...base, url: new URL('https://b.example/v1') },
      { ...base, wire: wires['openai-responses'] },
      { ...base, request: { ...request, model: 'large' } },
      { ...base, request: { ...request, parameters: { temperature: 1 } } },
      { ...base, request: { ...request, messages: [textMessage('user', 'Hi!')] } },
    ]
    expect(new Set(other.map(cacheKey)).size).toBe(other.length)
    // Neither what the address has behind its path nor the order of keys makes another one.
    const same = {
      ...base,
      url: new URL('https://a.example/v1?key=2#x'),
      request: { ...request, parameters: { ...request.parameters } },
    }
    expect(cacheKey(same)).toBe(cacheKey(base))
  })
})

it('ends what a trial has under way with its signal', async () => {
  const { origin, heard } = await serving(() => ({ ...counting(0), end: 'hang' }))
  const stop = new AbortController()
  const call = live(origin).forTrial({ signal: stop.signal }).ask(request, chat, { trial: 0 })
  while (heard.length === 0) await new Promise((done) => setTimeout(done, 5))
  stop.abort(new Error('enough'))
  await expect(call).rejects.toThrow('enough')
})
