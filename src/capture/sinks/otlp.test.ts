import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Collector, startCollector } from '../testing/collector.ts'
import { replyOf, runOf, spanOf, startOf } from '../testing/records.ts'
import { otlpPost } from './otlp-post.ts'
import { recordsFromOtlp } from './testing/otlp-read.ts'
import { type OtlpOptions, otlpSink } from './otlp.ts'
import { quietFetch } from './quiet-fetch.ts'
import { RecordsLost, type Sink } from './sink.ts'

let collector: Collector
beforeEach(async () => {
  collector = await startCollector()
})
afterEach(() => collector.close())

const sinkTo = (options: Partial<OtlpOptions> = {}): Sink =>
  otlpSink({
    endpoint: collector.url,
    fetch: globalThis.fetch,
    now: () => Date.now(),
    backOffMs: 10,
    ...options,
  })

const lossOf = async (write: Promise<void>): Promise<RecordsLost> => {
  const loss: unknown = await write.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!RecordsLost.is(loss)) throw new Error('nothing was lost')
  return loss
}

describe('requests', () => {
  it('posts gzipped JSON to /v1/traces, with the resource and the headers', async () => {
    const sink = sinkTo({
      endpoint: `${collector.url}/otlp/`,
      headers: 'x-team=bread%20shop',
      resource: { 'service.name': 'bakery', 'service.version': '7', list: [1] },
    })
    await sink.write(runOf('t_1'))
    const [request] = collector.requests
    expect(request?.path).toBe('/otlp/v1/traces')
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'x-team': 'bread shop',
    })
    const [resourceSpans] = collector.accepted[0]?.resourceSpans ?? []
    expect(resourceSpans?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'bakery' } },
      { key: 'service.version', value: { stringValue: '7' } },
    ])
    expect(resourceSpans?.scopeSpans[0]?.scope).toEqual({ name: 'evalkit' })
    expect(recordsFromOtlp(collector.spans())).toEqual(runOf('t_1'))
  })

  it('sends credentials of the address as the header they stand for', async () => {
    const url = new URL(`${collector.url}/v1/traces`)
    url.username = 'baker'
    url.password = 'r%40ye'
    await sinkTo({ endpoint: url.href }).write(runOf('t_1'))
    expect(collector.requests[0]?.path).toBe('/v1/traces')
    expect(collector.requests[0]?.headers.authorization).toBe(`Basic ${btoa('baker:r@ye')}`)
  })

  it('asks nothing of the collector before a span has ended', async () => {
    const sink = sinkTo()
    await sink.write([startOf('t_1'), spanOf('t_1', 's2')])
    expect(collector.requests).toHaveLength(0)
    await sink.close?.()
    expect(collector.spans().map(({ name }) => name)).toEqual([
      'invoke_agent bakery',
      'chat claude-sonnet-4-5',
    ])
  })

  it('cuts what is too large for one request', async () => {
    const sink = sinkTo({ maxRequestChars: 10_000, maxInFlight: 2 })
    const replies = Array.from({ length: 9 }, (_, at) => [
      spanOf('t_1', `s${at + 2}`, 'x'.repeat(2000)),
      replyOf('t_1', `s${at + 2}`),
    ])
    await sink.write(replies.flat())
    expect(collector.requests.length).toBeGreaterThan(2)
    expect(collector.spans()).toHaveLength(9)
  })
})

describe('a collector that does not take them', () => {
  it.each([429, 502, 503, 504])('is asked again after %i', async (status) => {
    collector.answer({ status }, { status }, { status: 200 })
    await sinkTo().write(runOf('t_1'))
    expect(collector.requests).toHaveLength(3)
    expect(collector.spans()).toHaveLength(2)
  })

  it.each([400, 401, 413, 500])('is asked once where it says %i', async (status) => {
    collector.answer({ status })
    const loss = await lossOf(sinkTo().write(runOf('t_1')))
    expect([loss.lost, loss.untold, loss.message]).toEqual([4, 4, `the collector answered ${status}`])
    expect(collector.requests).toHaveLength(1)
  })

  it('is asked again not before it wants, by later writes neither', async () => {
    collector.answer({ status: 429, headers: { 'retry-after': '1' } }, { status: 200 })
    const sink = sinkTo()
    const asked = sink.write(runOf('t_1'))
    while (collector.requests.length === 0) await sleep(5)
    // The second comes when the answer to the first is known, and long before it may be asked again.
    await Promise.all([asked, sleep(400).then(() => sink.write(runOf('t_2')))])
    const [first = 0, ...later] = collector.requests.map(({ at }) => at)
    expect(later).toHaveLength(2)
    // The collector's clock is cut to whole milliseconds.
    for (const at of later) expect(at - first).toBeGreaterThanOrEqual(990)
  })

  it('is given up where it wants to wait longer than records can', async () => {
    collector.answer({ status: 503, headers: { 'retry-after': new Date(Date.now() + 9e9).toUTCString() } })
    const loss = await lossOf(sinkTo({ deadlineMs: 300 }).write(runOf('t_1')))
    expect(loss.lost).toBe(4)
    expect(collector.requests).toHaveLength(1)
  })

  it('is not waited for where it hangs, and not asked twice for what it may have taken', async () => {
    collector.answer('hang')
    const loss = await lossOf(sinkTo({ timeoutMs: 150 }).write(runOf('t_1')))
    expect(loss.message).toBe('the collector did not answer within 150 ms')
    expect(collector.requests).toHaveLength(1)
  })

  it('is asked again after a reset', async () => {
    collector.answer('reset', { status: 200 })
    await sinkTo().write(runOf('t_1'))
    expect(collector.requests).toHaveLength(2)
  })

  it('is given up where it is gone', async () => {
    const loss = await lossOf(sinkTo({ endpoint: 'http://127.0.0.1:1', deadlineMs: 100 }).write(runOf('t_1')))
    expect(loss.lost).toBe(4)
    expect(loss.message).toContain('could not be reached')
  })

  it('is not followed elsewhere with our credentials', async () => {
    const other = await startCollector()
    collector.answer({ status: 307, headers: { location: `${other.url}/v1/traces` } })
    const loss = await lossOf(sinkTo({ headers: { authorization: 'Bearer secret' } }).write(runOf('t_1')))
    expect(loss.message).toBe('the collector answered 307')
    expect(other.requests).toHaveLength(0)
    await other.close()
  })

  it.each([
    ['{"partialSuccess":{"rejectedSpans":"1","errorMessage":"stale"}}', 2, 'stale'],
    ['{"partialSuccess":{"rejectedSpans":2}}', 4, 'the collector rejected spans'],
    ['{"partialSuccess":{"rejectedSpans":99}}', 4, 'the collector rejected spans'],
  ])('counts what it says it rejected: %s', async (body, lost, message) => {
    collector.answer({ status: 200, body })
    const loss = await lossOf(sinkTo().write(runOf('t_1')))
    expect([loss.lost, loss.message]).toEqual([lost, message])
  })

  it.each(['', 'OK', '[]', 'null', '{"partialSuccess":{}}', '{"partialSuccess":null}', 'x'.repeat(1e6)])(
    'is believed where it says 200, in whatever words (%#)',
    async (body) => {
      collector.answer({ status: 200, body })
      await sinkTo().write(runOf('t_1'))
      expect(collector.spans()).toHaveLength(2)
    },
  )

  it('is let go of as soon as nobody waits', async () => {
    collector.answer('hang')
    const abort = new AbortController()
    const write = lossOf(sinkTo().write(runOf('t_1'), abort.signal))
    await sleep(30)
    abort.abort()
    expect((await write).message).toBe('given up')
  })

  it('survives an address that is none', async () => {
    const loss = await lossOf(sinkTo({ endpoint: 'bakery', deadlineMs: 100 }).write(runOf('t_1')))
    expect(loss.lost).toBe(4)
  })
})

describe('the quiet way out', () => {
  it('brings status, headers and body', async () => {
    collector.answer({ status: 201, headers: { 'x-loaf': 'rye' }, body: 'bread' })
    const response = await quietFetch(collector.url, { method: 'POST', body: Buffer.from('x') })
    expect([response.status, response.headers.get('x-loaf'), await response.text()]).toEqual([
      201,
      'rye',
      'bread',
    ])
    await expect(quietFetch('ftp://127.0.0.1/')).rejects.toThrow('cannot speak ftp:')
  })

  it('carries the sink as `fetch` does', async () => {
    collector.answer({ status: 503 }, 'reset', { status: 200 })
    await sinkTo({ fetch: quietFetch }).write(runOf('t_1'))
    expect(collector.requests).toHaveLength(3)
    collector.answer('hang')
    expect(
      (await lossOf(sinkTo({ fetch: quietFetch, timeoutMs: 150 }).write(runOf('t_2')))).message,
    ).toContain('150 ms')
    collector.answer({ status: 302, headers: { location: '/elsewhere' } })
    expect((await lossOf(sinkTo({ fetch: quietFetch }).write(runOf('t_3')))).message).toContain('302')
  })
})

describe('otlpPost', () => {
  it('stops within its deadline', async () => {
    collector.answer({ status: 503 })
    const post = otlpPost({
      url: collector.url,
      headers: {},
      fetch: globalThis.fetch,
      now: () => Date.now(),
      timeoutMs: 10_000,
      deadlineMs: 500,
      backOffMs: 20,
    })
    const before = performance.now()
    await expect(post('{}')).rejects.toThrow('the collector answered 503')
    expect(performance.now() - before).toBeLessThan(5000)
    expect(collector.requests.length).toBeGreaterThan(1)
  })
})

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
