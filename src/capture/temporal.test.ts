import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  ApplicationFailure,
  CancelledFailure,
  cancelled,
  CompleteAsyncError,
  heartbeat,
  type Info,
} from '@temporalio/activity'
import { MockActivityEnvironment } from '@temporalio/testing'
import { type ActivityInterceptorsFactory, DefaultLogger } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SpoolRecord } from '../schema/spool.ts'
import type { Span, Trace } from '../schema/trace.ts'
import { fetch } from '../tap/fetch.ts'
import { answering } from '../tap/testing/taps.ts'
import { type Tap, withTap } from '../tap/tap.ts'
import { configure, flush } from './process.ts'
import { type ActivityKind, evalkitActivity, temporalTraceId } from './temporal.ts'
import { tracesOf } from './testing/memory-session.ts'
import { outlineOf } from './testing/outline.ts'

const order = { workflowId: 'order-W12', runId: '1b0c1e0e-0000-4000-8000-000000000001' }
const refund = { workflowId: 'refund-W7', runId: '1b0c1e0e-0000-4000-8000-000000000002' }

const logger = new DefaultLogger('ERROR')

let records: SpoolRecord[] = []
beforeEach(() => {
  records = []
  configure({ sinks: [{ name: 'memory', write: async (batch) => void records.push(...batch) }] })
})
afterEach(() => configure({ enabled: false }))

async function traces(): Promise<readonly Trace[]> {
  await flush()
  return tracesOf(records)
}

async function onlyTrace(): Promise<Trace> {
  const [trace, ...others] = await traces()
  if (trace === undefined || others.length > 0) throw new Error(`${others.length} traces too many`)
  return trace
}

function environment(
  info: Partial<Info> = {},
  kinds: Readonly<Record<string, ActivityKind>> = {},
): MockActivityEnvironment {
  // As a worker takes it.
  const interceptor: ActivityInterceptorsFactory = evalkitActivity({ kinds })
  const { execution = order, ...rest } = { execution: info.workflowExecution, ...info }
  return new MockActivityEnvironment(
    { activityId: '1', workflowType: 'orderTea', ...rest, workflowExecution: execution },
    { interceptors: [interceptor], logger },
  )
}

const calls = ({ spans }: Trace): readonly Span[] => spans.filter(({ kind }) => kind !== 'agent')

describe('an activity', () => {
  it('is a tool in the trace of its workflow', async () => {
    const activity = environment({ activityType: 'brew' })
    const brew = async ({ tea }: { tea: string }, cups: number): Promise<unknown> => ({
      tea,
      cups,
      done: true,
    })
    await expect(activity.run(brew, { tea: 'oolong' }, 2)).resolves.toEqual({
      tea: 'oolong',
      cups: 2,
      done: true,
    })
    const trace = await onlyTrace()
    expect(trace).toMatchObject({
      id: temporalTraceId({ namespace: 'test', ...order }),
      name: 'orderTea',
      status: 'ok',
      attributes: {
        'evalkit.parts': true,
        'temporal.workflow_id': 'order-W12',
        'temporal.run_id': order.runId,
        'temporal.workflow_type': 'orderTea',
      },
    })
    expect(trace.ended).toBeUndefined()
    expect(calls(trace)).toMatchObject([
      {
        id: '1.1.s2',
        parent: 's1',
        kind: 'tool',
        name: 'brew',
        status: 'ok',
        request: { name: 'brew', arguments: [{ tea: 'oolong' }, 2], id: '1' },
        reply: { response: { tea: 'oolong', cups: 2, done: true }, isError: false },
        attributes: {
          'temporal.workflow_id': 'order-W12',
          'temporal.activity_id': '1',
          'temporal.activity_type': 'brew',
          'temporal.attempt': 1,
        },
      },
    ])
  })

  it.each([
    ['one argument is itself', ['W12'], 'W12'],
    ['none are an empty list', [], []],
    ['nothing is null', [undefined], null],
    ['what JSON cannot say is said to be so', [1n], { 'evalkit.unread': 'something that JSON cannot say' }],
  ])('%s', async (_, args, given) => {
    await environment().run(async (...all: unknown[]) => all.length, ...args)
    expect(calls(await onlyTrace())).toMatchObject([{ request: { arguments: given } }])
  })

  it('may be a plain function', async () => {
    await expect(environment().run(((a: number) => a + 1) as never, 1 as never)).resolves.toBe(2)
    const throws = (() => {
      throw new RangeError('too hot')
    }) as never
    await expect(environment({ activityId: '2' }).run(throws)).rejects.toThrow(RangeError)
    expect(calls(await onlyTrace())).toMatchObject([
      { reply: { response: 2 } },
      { error: { type: 'RangeError' } },
    ])
  })

  it('that fails, fails with the very error it threw, and tries again as a span of its own', async () => {
    const failure = ApplicationFailure.retryable('kettle is cold', 'ColdKettle')
    const brew = async (): Promise<string> => {
      throw failure
    }
    await expect(environment({ attempt: 1 }).run(brew)).rejects.toBe(failure)
    await expect(environment({ attempt: 2 }).run(async () => 'tea')).resolves.toBe('tea')
    const trace = await onlyTrace()
    expect(trace.status).toBe('ok')
    expect(calls(trace)).toMatchObject([
      {
        id: '1.1.s2',
        status: 'error',
        reply: {
          response: { thrown: { name: 'ApplicationFailure', message: 'kettle is cold' } },
          isError: true,
        },
        attributes: { 'temporal.attempt': 1 },
      },
      { id: '1.2.s2', status: 'ok', reply: { response: 'tea' }, attributes: { 'temporal.attempt': 2 } },
    ])
  })

  it('is cancelled, and sends its heartbeats, as ever', async () => {
    const activity = environment()
    const beats: unknown[] = []
    activity.on('heartbeat', (details) => {
      beats.push(details)
      activity.cancel()
    })
    const running = activity.run(async () => {
      heartbeat('half full')
      return cancelled()
    })
    await expect(running).rejects.toBeInstanceOf(CancelledFailure)
    expect(beats).toEqual(['half full'])
    expect(calls(await onlyTrace())).toMatchObject([{ status: 'error', error: { type: 'CancelledFailure' } }])
  })

  it('that completes elsewhere is no failure', async () => {
    const running = environment().run(async () => {
      throw new CompleteAsyncError()
    })
    await expect(running).rejects.toBeInstanceOf(CompleteAsyncError)
    expect(calls(await onlyTrace())).toMatchObject([
      { status: 'ok', reply: { response: { completes: 'elsewhere' } } },
    ])
  })

  it('that hangs leaves what it was asked', async () => {
    void environment({ activityType: 'brew' }).run(() => new Promise<never>(() => undefined))
    expect(calls(await onlyTrace())).toMatchObject([
      { name: 'brew', status: 'error', request: { name: 'brew' } },
    ])
  })

  it('of two workflows at once goes to its own trace', async () => {
    const kettle = Promise.withResolvers<void>()
    const brew = async (tea: string): Promise<string> => {
      await kettle.promise
      return tea
    }
    const running = [order, refund, order, refund].map((workflowExecution, at) =>
      environment({ workflowExecution, activityId: `${at}` }).run(brew, `tea ${at}`),
    )
    kettle.resolve()
    await Promise.all(running)
    const told = (await traces()).map((trace) => [
      trace.attributes['temporal.workflow_id'],
      ...calls(trace).map((span) => (span.kind === 'tool' ? span.reply?.response : span.kind)),
    ])
    expect(told).toEqual([
      ['order-W12', 'tea 0', 'tea 2'],
      ['refund-W7', 'tea 1', 'tea 3'],
    ])
  })

  it('runs once, also where a tap comes late', async () => {
    let runs = 0
    const late: Tap = {
      ...answering({}),
      async handle(_, __, { live }) {
        await Promise.resolve()
        if (live === undefined) throw new Error('no way')
        return live()
      },
    }
    await withTap(late, () => environment().run(async () => ++runs))
    expect(runs).toBe(1)
  })

  it('that no workflow asked for is a run of its own', async () => {
    const activity = new MockActivityEnvironment(
      { activityType: 'sweep', inWorkflow: false, workflowType: undefined, workflowExecution: undefined },
      { interceptors: [evalkitActivity()], logger },
    )
    await activity.run(async () => 'clean')
    const trace = await onlyTrace()
    expect([trace.name, trace.attributes['temporal.workflow_id']]).toEqual(['sweep', undefined])
    expect(outlineOf(trace)).toEqual(['agent sweep', '  tool sweep'])
  })

  it('of a kind that is off, and any where capture is off, is not recorded', async () => {
    await environment({ activityType: 'ping' }, { ping: 'off' }).run(async () => 'pong')
    configure({ enabled: false })
    await expect(environment().run(async () => 'tea')).resolves.toBe('tea')
    expect(records).toEqual([])
  })
})

describe('a model call', () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const message = { role: 'assistant', content: 'Oolong.' }
    const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }
    response.end(
      JSON.stringify({
        id: 'c1',
        model: 'm',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      }),
    )
  })
  let url = ''
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const ask = async (question: string): Promise<unknown> => {
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: question }] })
    const response = await fetch(url, { method: 'POST', body })
    return response.json()
  }

  it.each([
    ['tool', ['agent orderTea', '  tool choose', '    llm m x1']],
    ['custom', ['agent orderTea', '  custom choose', '    llm m x1']],
    ['llm', ['agent orderTea', '  custom choose', '    llm m x1']],
  ] as const)('in an activity that is a %s', async (kind, outline) => {
    await environment({ activityType: 'choose' }, { choose: kind }).run(ask, 'Which tea?')
    const trace = await onlyTrace()
    expect(outlineOf(trace)).toEqual(outline)
    expect(trace.usage).toMatchObject({ input: 5, output: 2 })
    expect(calls(trace).map(({ id }) => id)).toEqual(['1.1.s2', '1.1.s3'])
  })

  it('of the AI SDK plugin, that no tap met, is read from what went in and came out', async () => {
    const invokeModel = async (): Promise<unknown> => ({
      content: [{ type: 'text', text: 'Oolong.' }],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: { inputTokens: { total: 5, noCache: 5 }, outputTokens: { total: 2 } },
    })
    const prompt = [{ role: 'user', content: [{ type: 'text', text: 'Which tea?' }] }]
    await environment({ activityType: 'invokeModel' }, { invokeModel: 'llm' }).run(invokeModel, {
      modelId: 'm',
      options: { prompt, temperature: 0 },
    })
    const trace = await onlyTrace()
    expect(outlineOf(trace)).toEqual(['agent orderTea', '  custom invokeModel', '    llm m'])
    expect(calls(trace)[1]).toMatchObject({
      request: {
        model: 'm',
        messages: [{ role: 'user', parts: [{ type: 'text', content: 'Which tea?' }] }],
        parameters: { temperature: 0 },
      },
      reply: { message: { parts: [{ type: 'text', content: 'Oolong.' }] }, usage: { input: 5, output: 2 } },
    })
  })

  it('of any other kind is carried as it is', async () => {
    await environment({ activityType: 'think' }, { think: 'llm' }).run(async () => 'Oolong.', 'Which tea?')
    expect(calls(await onlyTrace())[1]).toMatchObject({
      kind: 'llm',
      request: { messages: [{ role: 'user', parts: [{ type: 'opaque', value: 'Which tea?' }] }] },
      reply: { message: { role: 'assistant', parts: [{ type: 'text', content: 'Oolong.' }] } },
    })
  })
})

describe('in a replay', () => {
  it('a tool is answered from the recording, and does not run', async () => {
    let ran = false
    const brew = async (): Promise<string> => {
      ran = true
      return 'fresh'
    }
    const tap = { ...answering({ tool: { response: 'recorded', isError: false } }), closed: true } as const
    await expect(withTap(tap, () => environment().run(brew, 'oolong'))).resolves.toBe('recorded')
    const thrown = { response: { thrown: { name: 'ColdKettle', message: 'cold' } }, isError: true }
    const failing = { ...answering({ tool: thrown }), closed: true } as const
    await expect(withTap(failing, () => environment().run(brew, 'oolong'))).rejects.toMatchObject({
      name: 'ColdKettle',
    })
    expect(ran).toBe(false)
    expect(await traces()).toEqual([])
  })
})
