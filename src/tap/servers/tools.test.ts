import { afterEach, describe, expect, it } from 'vitest'
import type { ReplyOf, RequestOf } from '../../schema/call.ts'
import type { Tap } from '../tap.ts'
import { answering, watching } from '../testing/taps.ts'
import { recordedRuns, type RunEnd } from './runs.ts'
import { Closing, endpoint, oneRun } from './testing/endpoint.ts'

const closing = new Closing()
afterEach(() => closing.close())

async function tools(tap: Tap): Promise<(path: string, body?: unknown, method?: string) => Promise<Said>> {
  const { origin } = await endpoint(closing, { runs: oneRun(tap) })
  return async (path, body, method = 'POST') => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await fetch(`${origin}${path}`, { method, ...(text === undefined ? {} : { body: text }) })
    const said = await answer.text()
    return { status: answer.status, ...(said === '' ? {} : (JSON.parse(said) as object)) }
  }
}

interface Said {
  readonly status: number
  readonly call?: string
  readonly error?: { readonly message: string }
}

describe('the tool endpoint', () => {
  it('has the program run the tool, and records what it tells', async () => {
    const seen: unknown[] = []
    const post = await tools(watching(seen))
    const asked = await post('/tools/get_order', { arguments: { order: 'W12' }, id: 'call_7' })
    expect(asked).toEqual({ status: 200, run: true, call: 'c1' })
    expect(seen).toEqual([])
    expect(await post('/tools/calls/c1', { response: { state: 'sent' } })).toEqual({ status: 204 })
    await post('/tools/refund%20all', { arguments: null })
    await post('/tools/calls/c2', { response: 'no', isError: true })
    expect(seen).toEqual([
      {
        request: { name: 'get_order', arguments: { order: 'W12' }, id: 'call_7' },
        reply: { response: { state: 'sent' }, isError: false },
      },
      { request: { name: 'refund all', arguments: null }, reply: { response: 'no', isError: true } },
    ])
  })

  it('gives the recorded result in a replay, and the tool does not run', async () => {
    const asked: unknown[] = []
    const post = await tools(answering({ tool: { response: ['tea'], isError: false } }, asked as never))
    expect(await post('/tools/menu', { arguments: {} })).toEqual({
      status: 200,
      run: false,
      response: ['tea'],
      isError: false,
    })
    expect(asked).toEqual([{ kind: 'tool', request: { name: 'menu', arguments: {} } }])
  })

  it('is an error where the replay holds no such call', async () => {
    const post = await tools(answering({}))
    expect(await post('/tools/menu', { arguments: {} })).toEqual({
      status: 400,
      type: 'error',
      error: { type: 'evalkit_replay', message: 'nobody answers tool', param: null, code: null },
    })
  })

  it('keeps many calls at once apart, in whatever order they end', async () => {
    const seen: { request: { name: string }; reply: { response: unknown } }[] = []
    const post = await tools(watching(seen))
    const calls = await Promise.all(
      Array.from({ length: 30 }, async (_, at) => (await post(`/tools/t${at}`, { arguments: at })).call),
    )
    expect(new Set(calls).size).toBe(30)
    const told = calls.map((call, at) => [call, at] as const).reverse()
    await Promise.all(told.map(async ([call, at]) => post(`/tools/calls/${call}`, { response: at })))
    expect(seen.map(({ request, reply }) => request.name === `t${String(reply.response)}`)).toEqual(
      Array.from({ length: 30 }, () => true),
    )
  })

  it.each([
    ['no JSON', '/tools/x', '{', 400, 'The body must be a JSON object.'],
    ['a list', '/tools/x', '[]', 400, 'The body must be a JSON object.'],
    [
      'a key that is refused',
      '/tools/x',
      '{"arguments":{"__proto__":1}}',
      400,
      'The body must be a JSON object.',
    ],
    [
      'no arguments',
      '/tools/x',
      '{"args":1}',
      400,
      'Ask with {"arguments": …}: what the tool is called with.',
    ],
    [
      'an id that is none',
      '/tools/x',
      '{"arguments":1,"id":2}',
      400,
      '"id" is the id of the model’s tool call: a text.',
    ],
    ['no name', '/tools/', '{}', 404, 'POST /tools/<name> or /tools/calls/<call>.'],
    ['a name that cannot be read', '/tools/%zz', '{}', 404, 'POST /tools/<name> or /tools/calls/<call>.'],
    ['a deeper path', '/tools/x/y', '{}', 404, 'POST /tools/<name> or /tools/calls/<call>.'],
    [
      'a result nobody asked for',
      '/tools/calls/c9',
      '{"response":1}',
      404,
      'No tool call c9 waits for its result.',
    ],
    [
      'no result',
      '/tools/calls/c9',
      '{}',
      400,
      'Tell {"response": …}, and "isError": true where the tool failed.',
    ],
  ])('says what is wrong with %s', async (_, path, body, status, message) => {
    const post = await tools(watching())
    expect(await post(path, body)).toMatchObject({ status, error: { message } })
  })

  it('takes a result once, and only POST', async () => {
    const post = await tools(watching())
    await post('/tools/x', { arguments: 1 })
    expect((await post('/tools/calls/c1', { response: 1 })).status).toBe(204)
    expect((await post('/tools/calls/c1', { response: 2 })).status).toBe(404)
    expect((await post('/tools/x', undefined, 'GET')).status).toBe(405)
  })

  it('ends calls whose result was never told', async () => {
    const thrown: unknown[] = []
    const tap: Tap = {
      ...watching(),
      async handle<K extends 'tool'>(
        _: unknown,
        __: unknown,
        { live }: { live?: () => Promise<ReplyOf<K>> },
      ) {
        try {
          return await live?.()
        } catch (error) {
          thrown.push(error)
          throw error
        }
      },
    } as Tap
    const post = await tools(tap)
    await post('/tools/slow', { arguments: {} } satisfies Partial<RequestOf<'tool'>>)
    await closing.close()
    expect(thrown).toMatchObject([{ message: 'The result of the tool was never told.' }])
  })
})

describe('runs', () => {
  interface Begun {
    readonly key: string | undefined
    readonly name?: string
    readonly input?: unknown
    readonly ended: RunEnd[]
  }

  async function recording(idleMs?: number): Promise<{
    begun: Begun[]
    runs: ReturnType<typeof recordedRuns>
    say: (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<unknown[]>
  }> {
    const begun: Begun[] = []
    const runs = recordedRuns({
      ...(idleMs === undefined ? {} : { idleMs }),
      begin({ key, ...more }) {
        const ended: RunEnd[] = []
        begun.push({ key, ...more, ended })
        return { tap: watching(), end: (end) => void ended.push(end) }
      },
    })
    const { origin } = await endpoint(closing, { runs })
    const say = async (method: string, path: string, body?: object, headers = {}): Promise<unknown[]> => {
      const given = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      const answer = await fetch(`${origin}${path}`, given)
      const text = await answer.text()
      return [answer.status, text === '' ? undefined : JSON.parse(text)]
    }
    return { begun, runs, say }
  }

  it('begin with what was asked, and end with what was answered', async () => {
    const { begun, say } = await recording()
    expect(await say('GET', '/trace')).toEqual([200, {}])
    expect(
      await say('POST', '/trace', {
        input: { ticket: 1 },
        name: 'support',
        version: '7',
        attributes: { 'workflow.id': 'w' },
      }),
    ).toEqual([204, undefined])
    await say('POST', '/tools/x', { arguments: 1 })
    expect(await say('POST', '/trace/end', { output: 'done' })).toEqual([204, undefined])
    expect(await say('POST', '/trace/end', { output: 'again' })).toMatchObject([404, {}])
    expect(begun).toEqual([
      {
        key: undefined,
        name: 'support',
        version: '7',
        attributes: { 'workflow.id': 'w' },
        input: { ticket: 1 },
        ended: [{ output: 'done' }],
      },
    ])
  })

  it('begin with their first call, one for each name', async () => {
    const { begun, runs, say } = await recording()
    const of = (key: string, name?: string): Record<string, string> => ({
      'x-evalkit-trace': key,
      ...(name === undefined ? {} : { 'x-evalkit-name': name }),
    })
    for (const key of ['a', 'b', 'a']) await say('POST', '/tools/x', { arguments: 1 }, of(key, 'n'))
    await say('POST', '/tools/x', { arguments: 1 })
    await say('POST', '/trace/end', { error: 'no stock' }, of('b'))
    await say('POST', '/trace', { input: 2 }, of('a'))
    runs.close({ ended: 'exit' })
    expect(begun).toEqual([
      { key: 'a', name: 'n', ended: [{ ended: 'replaced' }] },
      { key: 'b', name: 'n', ended: [{ error: 'no stock' }] },
      { key: undefined, ended: [{ ended: 'exit' }] },
      { key: 'a', input: 2, ended: [{ ended: 'exit' }] },
    ])
  })

  it('end when they are quiet, but not while a call is under way', async () => {
    const { begun, say } = await recording(40)
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
    await say('POST', '/tools/x', { arguments: 1 })
    await pause(120)
    expect(begun[0]?.ended).toEqual([])
    await say('POST', '/tools/calls/c1', { response: 1 })
    await pause(120)
    expect(begun).toEqual([{ key: undefined, ended: [{ ended: 'idle' }] }])
  })

  it('are refused where they are said wrongly', async () => {
    const { say } = await recording()
    expect(await say('POST', '/trace', { name: 1 })).toMatchObject([400, {}])
    expect(await say('POST', '/trace', { attributes: [] })).toMatchObject([400, {}])
    expect(await say('POST', '/trace/end', { error: {} })).toMatchObject([400, {}])
    expect(await say('PUT', '/trace', {})).toMatchObject([405, {}])
    expect(await say('POST', '/trace/x', {})).toMatchObject([404, {}])
  })

  it('are no more than a thousand at once', () => {
    const ended: unknown[] = []
    const runs = recordedRuns({
      begin: ({ key }) => ({ tap: watching(), end: (end) => void ended.push([key, end]) }),
    })
    for (let at = 0; at < 1000; at++) runs.enter({ key: `k${at}` }).leave()
    runs.enter({ key: 'k0' }).leave()
    runs.enter({ key: 'one more' }).leave()
    expect(ended).toEqual([['k1', { ended: 'crowded out' }]])
  })
})
