import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Span, Trace } from '../schema/trace.ts'
import { fetch } from '../tap/fetch.ts'
import { tool } from '../tap/function.ts'
import { human } from '../tap/human.ts'
import { withTap } from '../tap/tap.ts'
import type { Recorder } from './recorder.ts'
import { memorySession } from './testing/memory-session.ts'

const getOrder = tool({ name: 'get_order' }, async ({ order }: { order: string }) => {
  await setImmediate()
  if (order === 'W0') throw new RangeError('no such order')
  return { order, status: 'sent' }
})

/** Runs `body` recorded; the recorder is ended by the caller's `body`, or after it. */
async function recording(body: (recorder: Recorder) => unknown): Promise<Trace> {
  const { session, traces } = memorySession()
  const recorder = session.start('shop', { input: 'Where is W12?' })
  const output = await withTap(recorder.tap, () => body(recorder))
  recorder.end({ output })
  await session.flush()
  const [trace] = traces()
  if (trace === undefined) throw new Error('nothing was recorded')
  return trace
}

const spanNamed = ({ spans }: Trace, name: string): Span => {
  const found = spans.find((span) => span.name === name)
  if (found === undefined) throw new Error(`no span ${name}`)
  return found
}

describe('a recorder', () => {
  it('tells of a run: what went in, what it used, what came out', async () => {
    const trace = await recording(() => getOrder({ order: 'W12' }))
    expect(trace).toMatchObject({
      name: 'shop',
      status: 'ok',
      input: 'Where is W12?',
      output: { order: 'W12', status: 'sent' },
      source: { format: 'evalkit-spool' },
      spans: [
        { id: 's1', parent: null, kind: 'agent', status: 'ok' },
        {
          id: 's2',
          parent: 's1',
          kind: 'tool',
          name: 'get_order',
          status: 'ok',
          request: { name: 'get_order', arguments: { order: 'W12' } },
          reply: { response: { order: 'W12', status: 'sent' }, isError: false },
        },
      ],
    })
  })

  it('hands on what a tool threw, and says so', async () => {
    const trace = await recording(async () => {
      await expect(getOrder({ order: 'W0' })).rejects.toBeInstanceOf(RangeError)
      return 'unknown'
    })
    expect(spanNamed(trace, 'get_order')).toMatchObject({
      status: 'error',
      error: { type: 'RangeError', message: 'no such order' },
      reply: { isError: true, response: { thrown: { name: 'RangeError' } } },
    })
    expect(trace.status).toBe('ok')
  })

  it('nests what a tool does in itself, and agents in agents', async () => {
    const outer = tool({ name: 'outer' }, async () => getOrder({ order: 'W1' }))
    const trace = await recording(({ tap }) =>
      tap.within(
        { kind: 'agent', name: 'refunds', input: 'W1', attributes: { 'handoff.to': 'refunds' } },
        async () => {
          await outer({})
          return 'done'
        },
      ),
    )
    const refunds = spanNamed(trace, 'refunds')
    expect(refunds).toMatchObject({ parent: 's1', kind: 'agent', input: 'W1', output: 'done' })
    expect(spanNamed(trace, 'outer').parent).toBe(refunds.id)
    expect(spanNamed(trace, 'get_order').parent).toBe(spanNamed(trace, 'outer').id)
  })

  it('keeps what a person answered, whatever it is', async () => {
    const trace = await recording(async () => [
      await human('May I refund 40 USD?', () => 'yes'),
      await human({ name: 'approve', question: { usd: 40 } }, async () => ({ approved: true, by: 'anna' })),
    ])
    expect(trace.output).toEqual(['yes', { approved: true, by: 'anna' }])
    expect(trace.spans.slice(1)).toMatchObject([
      { kind: 'human', request: { name: 'human', question: 'May I refund 40 USD?' } },
      { kind: 'human', request: { name: 'approve', question: { usd: 40 } } },
    ])
  })

  it('never mixes a thousand runs that are under way at once', async () => {
    const { session, traces } = memorySession()
    const run = async (nth: number): Promise<void> => {
      const recorder = session.start(`run ${nth}`)
      const output = await withTap(recorder.tap, async () => {
        const got: unknown[] = []
        for (let call = 0; call < 3; call++) {
          // Each run yields a different number of times, so that all orders occur.
          for (let turn = 0; turn < (nth * 7 + call) % 5; turn++) await setImmediate()
          got.push(await getOrder({ order: `${nth}.${call}` }))
        }
        return got
      })
      recorder.end({ output })
    }
    await Promise.all(Array.from({ length: 1000 }, (_, nth) => run(nth)))
    await session.flush()
    const all = traces()
    expect(all).toHaveLength(1000)
    for (const { name, spans, output } of all) {
      const nth = name.slice(4)
      const orders = spans.flatMap((span) => (span.kind === 'tool' ? [span.request.arguments] : []))
      expect(orders).toEqual([0, 1, 2].map((call) => ({ order: `${nth}.${call}` })))
      expect(output).toMatchObject(orders.map((order) => ({ ...(order as object), status: 'sent' })))
    }
  })

  it('says what an agent threw, and throws it on', async () => {
    const { session, traces } = memorySession()
    const recorder = session.start('shop')
    recorder.end({ threw: new TypeError('no model') })
    recorder.end({ output: 'twice' })
    await session.flush()
    expect(traces()).toMatchObject([
      { status: 'error', ended: 'TypeError', spans: [{ error: { message: 'no model' } }] },
    ])
  })

  it('leaves the start of a run that hangs, and what it waits for', async () => {
    const { session, traces } = memorySession()
    const recorder = session.start('shop')
    const hanging = tool({ name: 'hangs' }, () => new Promise<never>(() => undefined))
    void withTap(recorder.tap, () => hanging({ order: 'W12' }))
    await session.flush()
    expect(traces()).toMatchObject([
      {
        status: 'error',
        ended: 'unfinished',
        spans: [{}, { name: 'hangs', request: { arguments: { order: 'W12' } } }],
      },
    ])
  })

  it('takes versions from what is asked, unless the user knows better', async () => {
    const server = createServer((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/messages`
    const body = JSON.stringify({
      model: 'claude-shop',
      system: 'You work in a shop.',
      messages: [{ role: 'user', content: 'hi' }],
      tools: [{ name: 'get_order', input_schema: { type: 'object' } }],
    })
    const ask = async (versions: { prompt?: string }): Promise<Trace> => {
      const { session, traces } = memorySession({
        versions: { code: 'abc1234' },
        attributes: { 'service.version': '2.1' },
      })
      const recorder = session.start('shop', { versions })
      await withTap(recorder.tap, async () => (await fetch(url, { method: 'POST', body })).text())
      recorder.end()
      await session.flush()
      const [trace] = traces()
      if (trace === undefined) throw new Error('nothing was recorded')
      return trace
    }
    const found = await ask({})
    const told = await ask({ prompt: '12' })
    server.close()
    expect(found.versions).toMatchObject({ code: 'abc1234', model: 'claude-shop' })
    expect(found.versions.prompt).toMatch(/^[0-9a-f]{16}$/)
    expect(found.versions.tools).toMatch(/^[0-9a-f]{16}$/)
    expect(found.attributes).toMatchObject({
      'service.version': '2.1',
      'evalkit.tools': { get_order: expect.any(String) as string },
    })
    expect(told.versions).toEqual({ ...found.versions, prompt: '12' })
  })

  it('keeps secrets out of everything', async () => {
    const secret = `sk-ant-api03-${'x1Y2z3'.repeat(12)}`
    const leaky = tool({ name: 'leaky' }, () => {
      throw new Error(`bad key ${secret}`)
    })
    const trace = await recording(async () => {
      await leaky({ authorization: `Bearer ${secret}`, note: secret }).catch(() => undefined)
      await human(`Use ${secret}?`, () => ({ key: secret }))
      return { text: secret }
    })
    expect(JSON.stringify(trace)).not.toContain(secret.slice(0, 24))
    expect(JSON.stringify(trace)).toContain('<redacted:')
  })

  it('keeps them out of names, attributes and addresses too', async () => {
    const secret = `sk-ant-api03-${'x1Y2z3'.repeat(12)}`
    const bot = `123456789:AA${'Hk3bQ9xZt7'.repeat(3)}abc`
    const { session, records } = memorySession()
    const recorder = session.start(`run of ${secret}`, { attributes: { auth: secret, plan: 'pro' } })
    await withTap(recorder.tap, async () => {
      recorder.tap.within({ kind: 'agent', name: `for ${secret}` }, () => undefined)
      await fetch(`http://127.0.0.1:9/bot${bot}/sendMessage?key=${secret}`).catch(() => undefined)
    })
    recorder.end({ attributes: { note: secret } })
    await session.flush()
    const written = JSON.stringify(records)
    expect(written).not.toContain(secret.slice(14, 40))
    expect(written).not.toContain(bot.slice(12, 30))
    expect(written).toContain('"plan":"pro"')
    expect(written).toContain('sendMessage')
  })

  it('records only what can be said: live objects are nobody else’s', async () => {
    const { session, traces } = memorySession()
    for (const output of [new Response('x'), new Map(), () => 1, Symbol('x'), 10n, { big: 10n }, undefined]) {
      session.start('shop').end({ output })
    }
    await session.flush()
    expect(traces().map((trace) => trace.output)).toEqual(Array.from({ length: 7 }, () => undefined))
  })
})

describe('what happens outside of every run', () => {
  it('is a trace of the process, that ends when it is full', async () => {
    const { session, traces } = memorySession({ ambientSpans: 2 })
    for (let call = 0; call < 5; call++)
      await withTap(session.ambient().tap, () => getOrder({ order: `W${call + 1}` }))
    session.settle()
    await session.flush()
    expect(traces().map(({ name, ended, spans }) => [name, ended, spans.length])).toEqual([
      ['process', 'full', 3],
      ['process', 'full', 3],
      ['process', 'exit', 2],
    ])
  })

  it('ends after a while of silence', async () => {
    const { session, traces } = memorySession({ ambientIdleMs: 5 })
    const first = session.ambient()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(session.ambient()).not.toBe(first)
    await session.flush()
    expect(traces()[0]).toMatchObject({ ended: 'idle' })
  })
})

describe('a sink that fails', () => {
  it.each([
    ['throws', () => Promise.reject(new Error('disk full'))],
    ['never answers', () => new Promise<void>(() => undefined)],
  ])('and %s costs the agent nothing', async (_, write) => {
    const { session } = memorySession({ sinks: [{ name: 'bad', write }] })
    const recorder = session.start('shop')
    expect(await withTap(recorder.tap, () => getOrder({ order: 'W12' }))).toEqual({
      order: 'W12',
      status: 'sent',
    })
    recorder.end()
    await session.flush(50)
    expect(session.counts().written).toBe(0)
  })
})
