import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { otlp } from '../capture/importers/otlp.ts'
import { sourceFrom } from '../capture/importers/source.ts'
import { message, traceRequest } from '../capture/otlp/testing/proto-writer.ts'
import { mulberry32 } from '../lib/stats/mulberry32.ts'
import { createRedactor } from '../lib/redact.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { type Collector, openCollector } from './collector.ts'
import { makerHere } from './maker.ts'
import { openReceiver, type Receiver, type ReceiverOptions } from './receiver.ts'
import { openRequestFolder } from './requests.ts'
import { jsonRequest, spansOf } from './testing/spans.ts'

const samples = new URL('../capture/importers/', import.meta.url)
const sample = (name: string) => readFileSync(new URL(name, samples))

let folder: string
let store: Store
let collector: Collector
const receivers: Receiver[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'receiver-'))
  store = memoryStore()
  const now = () => 1
  const requests = await openRequestFolder(folder, now, () => 'processes')
  collector = await openCollector({
    folder,
    requests,
    now,
    maker: makerHere({
      requests,
      commit: async (changes) => void (await store.putTraces(changes.map(({ trace }) => trace))),
    }),
  })
})
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close()
  await rm(folder, { recursive: true, force: true })
})

async function opened(more: Partial<ReceiverOptions> = {}): Promise<Receiver> {
  const receiver = await openReceiver({ collector, redactor: createRedactor({}), ...more })
  receivers.push(receiver)
  return receiver
}

const json = { 'content-type': 'application/json; charset=utf-8' }
const proto = { 'content-type': 'application/x-protobuf' }

async function post(
  { origin }: Receiver,
  body: Uint8Array | string | object,
  headers: Record<string, string> = json,
  path = '/v1/traces',
) {
  const sent = body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body: sent as string })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString('utf8') }
}

async function stored(): Promise<readonly string[]> {
  await collector.drain()
  const ids: string[] = []
  for await (const { id } of store.listTraces({ where: [] })) ids.push(id)
  return ids.toSorted()
}

function imported(name: string): readonly string[] {
  return [...otlp.read(sourceFrom(name, sample(name)))].flatMap((item) =>
    'trace' in item ? [item.trace.id] : [],
  )
}

describe('a receiver', () => {
  it('takes protobuf and JSON, plain and compressed: the same traces as an import of the file', async () => {
    const receiver = await opened()
    const openLlmetry = sample('otlp-openllmetry.sample.pb')
    const answers = [
      await post(receiver, openLlmetry, proto),
      await post(receiver, sample('otlp-langfuse.sample.json')),
      await post(receiver, gzipSync(sample('otlp-ai-sdk-v7.sample.json')), {
        ...json,
        'content-encoding': 'gzip',
      }),
      await post(receiver, deflateSync(sample('otlp-openinference.sample.pb')), {
        ...proto,
        'content-encoding': 'deflate',
      }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(answers.map(({ headers }) => headers.get('content-type'))).toEqual([
      'application/x-protobuf',
      'application/json',
      'application/json',
      'application/x-protobuf',
    ])
    expect(answers.map(({ text }) => text)).toEqual(['', '{}', '{}', ''])
    const wanted = [
      'otlp-openllmetry.sample.pb',
      'otlp-langfuse.sample.json',
      'otlp-ai-sdk-v7.sample.json',
      'otlp-openinference.sample.pb',
    ]
    expect(await stored()).toEqual(wanted.flatMap(imported).toSorted())
  })

  it('joins logs that come to their own path, and knows those that come to the wrong one', async () => {
    const [traces = '', logs = ''] = sample('otlp-instrumentation-openai.sample.jsonl')
      .toString('utf8')
      .split('\n')
    const receiver = await opened()
    expect((await post(receiver, traces)).status).toBe(200)
    expect((await post(receiver, logs)).status).toBe(200)
    expect(receiver.counters()).toMatchObject({ misdirected: 1, logs: 9 })
    expect((await post(receiver, logs, json, '/v1/logs')).status).toBe(200)
    expect(await stored()).toEqual(imported('otlp-instrumentation-openai.sample.jsonl'))
  })

  it('rejects spans one by one, and says how many and why in the encoding of the request', async () => {
    const receiver = await opened()
    const [first, ...others] = spansOf(0)
    const half = jsonRequest([{ ...first, traceId: 'nonsense' } as never, ...others])
    const answer = await post(receiver, half)
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      {
        partialSuccess: {
          rejectedSpans: '1',
          errorMessage: 'a span has no valid trace id (16 bytes, not all zero)',
        },
      },
    ])
    const bad = await post(receiver, traceRequest([message([[5, 'no ids']])]), proto)
    expect(bad.status).toBe(200)
    expect(bad.bytes[0]).toBe(0x0a)
    expect(bad.text).toContain('no valid trace id')
    expect(receiver.counters()).toMatchObject({ rejected: 2, spans: 3 })
    expect(await stored()).toHaveLength(1)
  })

  it('takes empty requests, and refuses what is none', async () => {
    const receiver = await opened()
    expect((await post(receiver, {})).status).toBe(200)
    expect((await post(receiver, new Uint8Array(), proto)).status).toBe(200)
    expect((await post(receiver, '{"resourceSpans":')).status).toBe(400)
    expect((await post(receiver, '{"__proto__":{}}')).status).toBe(400)
    expect((await post(receiver, '{"other":1}')).status).toBe(400)
    expect((await post(receiver, Buffer.from('\u0001\u0002nonsense'), proto)).status).toBe(400)
    expect((await post(receiver, 'x', { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post(receiver, 'x', { ...json, 'content-encoding': 'br' })).status).toBe(415)
    expect((await post(receiver, 'x', { ...json, 'content-encoding': 'gzip' })).status).toBe(400)
    expect((await post(receiver, {}, json, '/v1/metrics')).status).toBe(404)
    expect((await fetch(`${receiver.origin}/v1/traces`, { method: 'PUT', headers: json })).status).toBe(405)
    expect(receiver.counters().refused).toEqual({ 400: 5, 415: 2, 404: 1, 405: 1 })
  })

  it('holds no more than a request may have, however little it takes to ask for more', async () => {
    const receiver = await opened({ mostBytes: 100_000 })
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    expect(bomb.length).toBeLessThan(100_000)
    expect((await post(receiver, bomb, { ...json, 'content-encoding': 'gzip' })).status).toBe(413)
    expect((await post(receiver, 'x'.repeat(100_001))).status).toBe(413)
    expect(await streamed(receiver, 300_000)).toBe(413)
    expect((await post(receiver, jsonRequest(spansOf(0)))).status).toBe(200)
  })

  it('tells clients to come again while there is no room, and does not wait for ever for a body', async () => {
    const receiver = await opened({ mostAtOnce: 1, patienceMs: 200 })
    const slow = streamed(receiver, 10, false)
    await expect.poll(() => post(receiver, {}).then(({ status }) => status)).toBe(429)
    const busy = await post(receiver, {})
    expect(busy.headers.get('retry-after')).toBe('2')
    expect(await slow).toBe(400)
    expect((await post(receiver, {})).status).toBe(200)
  })

  it('wants the token, where there is one, and refuses pages and strangers', async () => {
    const receiver = await opened({ token: 'secret-1' })
    expect((await post(receiver, {})).status).toBe(401)
    expect((await post(receiver, {}, { ...json, authorization: 'Bearer secret-2' })).status).toBe(401)
    const right = { ...json, authorization: 'Bearer secret-1' }
    expect((await post(receiver, {}, right)).status).toBe(200)
    expect((await post(receiver, {}, { ...right, origin: 'https://evil.example' })).status).toBe(403)
    expect(await asHost(receiver, 'evil.example')).toBe(403)
    expect(await asHost(receiver, 'localhost')).toBe(200)
    const health = (headers: Record<string, string>) =>
      fetch(`${receiver.origin}/health`, { headers }).then((answer) => answer.json())
    expect(await health({})).toEqual({ status: 'ok' })
    expect(await health({ authorization: right.authorization })).toMatchObject({ requests: 1 })
  })

  it('writes no secret to the disk, and says how it is', async () => {
    const receiver = await opened()
    const secret = `sk-ant-api03-${'a1B2c3D4'.repeat(11)}`
    const [first, ...others] = spansOf(0)
    const spans =
      first === undefined
        ? []
        : [{ ...first, attributes: { ...first.attributes, note: `key ${secret}` } }, ...others]
    expect((await post(receiver, jsonRequest(spans))).status).toBe(200)
    const names = await readdir(folder)
    const written = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
    expect(written.join('')).toContain('Question 0?')
    expect(written.join('')).not.toContain(secret)
    const health = await fetch(`${receiver.origin}/health`)
    expect([health.status, await health.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'ok', spans: 4, requests: 1, openTraces: 1 }),
    ])
  })

  it('answers every changed request, and goes on', async () => {
    const receiver = await opened()
    const random = mulberry32(42)
    const below = (end: number): number => Math.floor(random() * end)
    for (let input = 0; input < 150; input++) {
      const isProto = input % 2 === 0
      const body = Buffer.from(sample(`otlp-openllmetry.sample.${isProto ? 'pb' : 'json'}`))
      for (let change = 0; change <= below(6); change++) body[below(body.length)] = below(256)
      const cut = body.subarray(0, body.length - (below(3) === 0 ? below(body.length) : 0))
      const { status } = await post(
        receiver,
        cut,
        isProto ? proto : json,
        below(2) === 0 ? '/v1/logs' : '/v1/traces',
      )
      expect([200, 400]).toContain(status)
    }
    expect((await post(receiver, sample('otlp-langfuse.sample.json'))).status).toBe(200)
    expect(await stored()).toContain(imported('otlp-langfuse.sample.json')[0])
    expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined()
  })

  it('answers what it has begun when it is stopped', async () => {
    const receiver = await opened()
    const pending = post(receiver, jsonRequest(spansOf(0)))
    await expect.poll(() => collector.counters().requests + 1).toBeGreaterThan(0)
    const answer = await pending
    await receiver.close()
    receivers.splice(0)
    expect(answer.status).toBe(200)
    expect(await stored()).toHaveLength(1)
  })
})

/** Sends a body in pieces, without saying how long it is. */
function streamed({ origin }: Receiver, bytes: number, ends = true): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = httpRequest(`${origin}/v1/traces`, { method: 'POST', headers: json }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', () => resolve(undefined))
    request.write('x'.repeat(bytes))
    if (ends) request.end()
  })
}

function asHost({ origin }: Receiver, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { host }
    httpRequest(`${origin}/health`, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).end()
  })
}
