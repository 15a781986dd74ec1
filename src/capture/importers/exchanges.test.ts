import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { recordFrom } from '../../schema/read.ts'
import { type Span, type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { har } from './har.ts'
import { recordedBody } from './recorded-body.ts'
import { sourceFrom } from './source.ts'
import { vcr } from './vcr.ts'

type Fields = Readonly<Record<string, unknown>>

const chat = 'https://api.openai.com/v1/chat/completions'
const asked = JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] })
const reply = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-5',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
})
const limited = JSON.stringify({
  error: { message: 'slow down', type: 'rate_limit', code: null, param: null },
})

function entry(
  status: number,
  text: string,
  more: { url?: string; at?: number; request?: Fields; content?: Fields } = {},
) {
  const json = [
    { name: 'Content-Type', value: 'application/json' },
    { name: 'Set-Cookie', value: 'session=1' },
    { name: 'X-Request-Id', value: 'req_1' },
  ]
  return {
    startedDateTime: new Date(1_700_000_000_000 + (more.at ?? 0)).toISOString(),
    time: 100,
    request: {
      method: 'POST',
      url: more.url ?? chat,
      headers: [{ name: 'Authorization', value: 'Bearer x' }],
      postData: { text: asked },
      ...more.request,
    },
    response: { status, headers: json, content: { text, ...more.content } },
  }
}

function read(entries: readonly unknown[]) {
  const text = JSON.stringify({ log: { version: '1.2', entries } })
  const found = [...har.read(sourceFrom('shop.har', new TextEncoder().encode(text)))]
  const traces = found.flatMap((item) => ('trace' in item ? [item.trace] : []))
  for (const trace of traces) recordFrom(traceSchema, trace, {}, 'trace')
  return { traces, problems: found.flatMap((item) => ('problem' in item ? [item.problem] : [])) }
}

function spansOf(entries: readonly unknown[]): readonly Span[] {
  return (read(entries).traces[0] as Trace).spans.slice(1)
}

function attemptsOf(span: Span | undefined) {
  return span !== undefined && 'attempts' in span ? (span.attempts ?? []) : []
}

describe('recorded exchanges', () => {
  it('are attempts of one span where the same was asked again after a failure that clients try again', () => {
    const spans = spansOf([
      entry(429, limited),
      entry(500, 'oops', { at: 200 }),
      entry(200, reply, { at: 400 }),
      // The same question once more is another call.
      entry(200, reply, { at: 600 }),
      entry(400, limited, { at: 800 }),
      entry(200, reply, { at: 1000 }),
    ])
    expect(spans.map((span) => [span.status, attemptsOf(span).map(({ status }) => status)])).toEqual([
      ['ok', [429, 500, 200]],
      ['ok', [200]],
      ['error', [400]],
      ['ok', [200]],
    ])
    expect(spans[0]).toMatchObject({ kind: 'llm', durationMs: 500, reply: { finishReason: 'stop' } })
    expect(spans[2]).toMatchObject({ error: { message: 'slow down' } })
    expect(spans[2]).not.toHaveProperty('reply')
  })

  it('are in order of time, whatever their order in the file', () => {
    const other = 'https://api.openai.com/v1/models'
    const spans = spansOf([entry(200, reply, { at: 500 }), entry(200, '[]', { at: 0, url: other })])
    expect(spans.map(({ kind, startedAt }) => [kind, startedAt])).toEqual([
      ['custom', '2023-11-14T22:13:20.000Z'],
      ['llm', '2023-11-14T22:13:20.500Z'],
    ])
  })

  it('keep of their headers what is harmless and useful', () => {
    const [span] = spansOf([entry(200, reply)])
    expect(attemptsOf(span)[0]?.headers).toEqual({
      'content-type': 'application/json',
      'x-request-id': 'req_1',
    })
    expect(JSON.stringify(read([entry(200, reply)]).traces)).not.toMatch(/Bearer|session=1/)
  })

  it('know that no response came', () => {
    const [span] = spansOf([
      { ...entry(0, ''), response: { status: 0, headers: [], content: {}, _error: 'net::ERR' } },
    ])
    expect(span).toMatchObject({ status: 'error', error: { type: 'NetworkError', message: 'net::ERR' } })
    expect(attemptsOf(span)).toMatchObject([{ error: { message: 'net::ERR' } }])
  })

  it('are bytes where they are: in base64, and compressed', () => {
    const packed = { encoding: 'base64', text: Buffer.from(reply).toString('base64') }
    expect(attemptsOf(spansOf([entry(200, '', { content: packed })])[0])[0]?.body).toBe(reply)
    const image = { encoding: 'base64', text: '/9j/4A==' }
    const url = 'https://cdn.example/cup.jpg'
    expect(attemptsOf(spansOf([entry(200, '', { url, content: image })])[0])[0]).toMatchObject({
      base64: '/9j/4A==',
    })
  })

  it('make a run that cannot be replayed where a body was left out', () => {
    const { traces } = read([entry(200, '', { content: { text: undefined, size: 900 } })])
    expect(attemptsOf(traces[0]?.spans[1])).toEqual([])
    expect(gradeOf(traces[0] as Trace)).toMatchObject({
      grade: 'C',
      missing: ['the reply of llm span s2 (gpt-5)'],
    })
  })

  it('are kept as they are where a request cannot be read', () => {
    const [span] = spansOf([entry(200, reply, { request: { postData: { text: 'a=1&b=2' } } })])
    expect(span).toMatchObject({ kind: 'custom', request: { body: 'a=1&b=2' }, reply: { status: 200 } })
    const unsaid = spansOf([entry(200, reply, { request: { postData: undefined, bodySize: 20 } })])
    expect(unsaid[0]).toMatchObject({ kind: 'custom', attributes: { 'evalkit.unread': expect.any(String) } })
  })

  it('are skipped as a whole where a body holds a number that nothing can be known by', () => {
    const tools = asked.replace(
      '"messages"',
      '"tools":[{"type":"function","function":{"name":"a","x":1e999}}],"messages"',
    )
    const { traces, problems } = read([entry(200, reply, { request: { postData: { text: tools } } })])
    expect(traces).toEqual([])
    expect(problems).toMatchObject([
      { action: 'skipped', reason: 'a body holds a number that JSON cannot say' },
    ])
  })

  it('name each that cannot be taken', () => {
    const { traces, problems } = read([
      entry(200, reply),
      entry(200, reply, { url: 'nowhere' }),
      { request: 1 },
      null,
    ])
    expect(problems.map(({ at }) => at)).toEqual([
      'log.entries[1].request.url',
      'log.entries[2].request',
      'log.entries[3]',
    ])
    expect(gradeOf(traces[0] as Trace).missing).toEqual(['3 records that were dropped while recording'])
  })
})

describe('the bodies of cassettes', () => {
  function bodyIn(body: string): Span | undefined {
    const request = `request: {method: POST, uri: '${chat}', body: '${asked}'}`
    const text = `interactions:\n- ${request}\n  response:\n    status: {code: 200}\n    headers: {Content-Type: [application/json], Content-Encoding: [gzip]}\n    body: ${body}\nversion: 1\n`
    const [found] = [...vcr.read(sourceFrom('a.yaml', new TextEncoder().encode(text)))]
    return found !== undefined && 'trace' in found ? found.trace.spans[1] : undefined
  }

  it.each([
    ['a string', `{string: '${reply}'}`],
    ['bytes', `{string: !!binary ${Buffer.from(reply).toString('base64')}}`],
    ['compressed bytes', `{string: !!binary ${gzipSync(reply).toString('base64')}}`],
    ['the text itself', `'${reply}'`],
  ])('may be %s', (_, body) => {
    const span = bodyIn(body)
    expect(span).toMatchObject({ kind: 'llm', reply: { message: { parts: [{ content: 'Hello' }] } } })
    expect(attemptsOf(span)).toMatchObject([{ status: 200, body: reply }])
  })
})

describe('a compressed body', () => {
  const bytes = new TextEncoder().encode('{"order":"W12"}')

  it('is undone, in the order it was done', () => {
    expect(recordedBody(gzipSync(bytes), 'gzip')).toEqual({ body: '{"order":"W12"}' })
    expect(recordedBody(brotliCompressSync(gzipSync(bytes)), 'gzip, br')).toEqual({ body: '{"order":"W12"}' })
  })

  it('is left alone where it is not what its header says, or where we do not know that', () => {
    expect(recordedBody(bytes, 'gzip')).toEqual({ body: '{"order":"W12"}' })
    expect(recordedBody(bytes, 'constructor')).toEqual({ body: '{"order":"W12"}' })
    expect(recordedBody(Uint8Array.of(0xff, 0xfe))).toEqual({ base64: '//4=' })
  })

  it('that is a bomb is cut off', () => {
    const bomb = gzipSync(new Uint8Array(80 * 1024 * 1024))
    expect(recordedBody(bomb, 'gzip')).toEqual({ base64: '', ended: 'truncated' })
  })
})
