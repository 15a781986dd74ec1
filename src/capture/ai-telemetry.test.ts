import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createOpenAI } from '@ai-sdk/openai'
import { generateText, isStepCount, simulateReadableStream, streamText, tool } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import * as z from 'zod'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Span, SpanOf, Trace } from '../schema/trace.ts'
import { tool as tapped } from '../tap/function.ts'
import { tapGlobalFetch } from '../tap/global-fetch.ts'
import { answering } from '../tap/testing/taps.ts'
import { withTap } from '../tap/tap.ts'
import { watchAiTelemetry } from './ai-telemetry.ts'
import { memorySession } from './testing/memory-session.ts'
import { outlineOf } from './testing/outline.ts'

interface Turn {
  readonly status?: number
  readonly message: object
}

/** A model server that plays its script, whole or as a stream. */
const script: Turn[] = []
const server = createServer((request, response) => {
  void request.toArray().then((pieces) => play(pieces, response))
})

function play(pieces: readonly unknown[], response: ServerResponse): void {
  const asked = JSON.parse(Buffer.concat(pieces as Buffer[]).toString()) as { stream?: boolean }
  const { status = 200, message } = script.shift() ?? { status: 500, message: {} }
  if (status !== 200) {
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after-ms': '1' })
    response.end(JSON.stringify({ error: { message: 'busy', type: 'server_error' } }))
  } else if (asked.stream === true) streamed(response, message)
  else {
    response.writeHead(200, { 'content-type': 'application/json' })
    const finish = 'tool_calls' in message ? 'tool_calls' : 'stop'
    response.end(
      JSON.stringify({
        id: 'c1',
        object: 'chat.completion',
        created: 0,
        model: 'gpt-4o-mini',
        choices: [
          { index: 0, finish_reason: finish, message: { role: 'assistant', content: null, ...message } },
        ],
        usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
      }),
    )
  }
}

function streamed(response: ServerResponse, message: object): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const calls = 'tool_calls' in message ? (message.tool_calls as object[]) : undefined
  const delta =
    calls === undefined ? message : { tool_calls: calls.map((call, index) => ({ index, ...call })) }
  const base = { id: 'c1', object: 'chat.completion.chunk', created: 0, model: 'gpt-4o-mini' }
  const finish = calls === undefined ? 'stop' : 'tool_calls'
  for (const choice of [
    { index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null },
    { index: 0, delta: {}, finish_reason: finish },
  ]) {
    response.write(`data: ${JSON.stringify({ ...base, choices: [choice] })}\n\n`)
  }
  response.end('data: [DONE]\n\n')
}

let openai: ReturnType<typeof createOpenAI>
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  openai = createOpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'sk-none' })
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

let undo: readonly (() => void)[] = []
beforeEach(() => {
  script.length = 0
  let ms = Date.UTC(2026, 10, 21)
  undo = [tapGlobalFetch(), watchAiTelemetry({ now: () => ms++ })]
})
afterEach(() => {
  for (const back of undo) back()
})

const city = z.object({ city: z.string() })
const tools = {
  weather: tool({
    description: 'The weather.',
    inputSchema: city,
    execute: async ({ city: where }) => ({ city: where, degrees: 7 }),
  }),
  map: tool({
    description: 'A map.',
    inputSchema: city,
    execute: (): string => {
      throw new RangeError('off the map')
    },
  }),
}

const call = (id: string, name: string, args: unknown): object => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(args) },
})
const asksBoth: Turn = {
  message: { tool_calls: [call('w1', 'weather', { city: 'Bonn' }), call('m1', 'map', { city: 'Atlantis' })] },
}
const answers: Turn = { message: { content: 'Seven degrees.' } }

async function recorded(run: () => Promise<unknown>): Promise<Trace> {
  const recording = memorySession()
  const recorder = recording.session.start('agent')
  await withTap(recorder.tap, run)
  recorder.end()
  await recording.session.flush()
  const [trace] = recording.traces()
  if (trace === undefined) throw new Error('nothing was recorded')
  return trace
}

const llmsOf = ({ spans }: Trace): readonly SpanOf<'llm'>[] => spans.filter((span) => span.kind === 'llm')
const toolsOf = ({ spans }: Trace): readonly SpanOf<'tool'>[] => spans.filter((span) => span.kind === 'tool')
const agentIn = ({ spans }: Trace): Span | undefined => spans.findLast((span) => span.kind === 'agent')

describe('an agent of the AI SDK', () => {
  it('is one trace: the agent, its model calls with their tries, its tools', async () => {
    script.push(asksBoth, { status: 500, message: {} }, answers)
    let text = ''
    const trace = await recorded(async () => {
      const model = openai.chat('gpt-4o-mini')
      const telemetry = { functionId: 'forecast' }
      ;({ text } = await generateText({ model, tools, stopWhen: isStepCount(3), prompt: 'Warm?', telemetry }))
    })
    expect(text).toBe('Seven degrees.')
    expect(outlineOf(trace)).toEqual([
      'agent agent',
      '  agent forecast',
      '    llm gpt-4o-mini x1',
      '    tool weather',
      '    tool map error',
      '    llm gpt-4o-mini x2',
    ])
    expect(agentIn(trace)).toMatchObject({ input: 'Warm?', output: 'Seven degrees.' })
    expect(toolsOf(trace)).toMatchObject([
      {
        request: { name: 'weather', arguments: { city: 'Bonn' }, id: 'w1' },
        reply: { response: { city: 'Bonn', degrees: 7 }, isError: false },
      },
      {
        request: { name: 'map', arguments: { city: 'Atlantis' }, id: 'm1' },
        reply: { response: { thrown: { name: 'RangeError', message: 'off the map' } }, isError: true },
        error: { type: 'RangeError' },
      },
    ])
    expect(trace.usage).toMatchObject({ input: 18, output: 8 })
  })

  it('is the same when it streams', async () => {
    script.push(asksBoth, answers)
    const trace = await recorded(async () => {
      const model = openai.chat('gpt-4o-mini')
      const { textStream } = streamText({ model, tools, stopWhen: isStepCount(3), prompt: 'Warm?' })
      const pieces: string[] = []
      for await (const piece of textStream) pieces.push(piece)
      expect(pieces).toEqual(['Seven degrees.'])
    })
    expect(outlineOf(trace)).toEqual([
      'agent agent',
      '  agent streamText',
      '    llm gpt-4o-mini x1',
      '    tool weather',
      '    tool map error',
      '    llm gpt-4o-mini x1',
    ])
  })

  it('that fails is an error, with what it threw', async () => {
    script.push({ status: 400, message: {} })
    const trace = await recorded(async () => {
      const model = openai.chat('gpt-4o-mini')
      await expect(generateText({ model, prompt: 'Warm?' })).rejects.toThrow('busy')
    })
    expect(outlineOf(trace)).toEqual([
      'agent agent',
      '  agent generateText error',
      '    llm gpt-4o-mini error x1',
    ])
  })

  it('keeps runs apart that run together', async () => {
    const model = (): MockLanguageModelV4 =>
      new MockLanguageModelV4({
        doGenerate: async ({ prompt }) => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          return said(JSON.stringify(prompt.at(-1)))
        },
      })
    const traces = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        recorded(() => generateText({ model: model(), prompt: `question ${at}` })),
      ),
    )
    for (const [at, trace] of traces.entries()) {
      expect(agentIn(trace)).toMatchObject({ input: `question ${at}` })
    }
    expect(traces.every((trace) => trace.spans.length === 3)).toBe(true)
  })

  it('calls other agents in its tools', async () => {
    const inner = new MockLanguageModelV4({ doGenerate: said('inner answer') })
    script.push({ message: { tool_calls: [call('a1', 'ask', {})] } }, answers)
    const ask = tool({
      inputSchema: z.object({}),
      execute: async () => (await generateText({ model: inner, prompt: 'inner' })).text,
    })
    const trace = await recorded(() =>
      generateText({
        model: openai.chat('gpt-4o-mini'),
        tools: { ask },
        stopWhen: isStepCount(2),
        prompt: 'outer',
      }),
    )
    expect(outlineOf(trace)).toEqual([
      'agent agent',
      '  agent generateText',
      '    llm gpt-4o-mini x1',
      '    tool ask',
      '      agent generateText',
      '        llm mock-model-id',
      '    llm gpt-4o-mini x1',
    ])
  })
})

describe('a model that no tap meets over HTTP', () => {
  it('is what the SDK says of it', async () => {
    const model = new MockLanguageModelV4({
      doGenerate: {
        ...said(''),
        content: [
          { type: 'reasoning', text: 'hm' },
          { type: 'tool-call', toolCallId: 'w1', toolName: 'weather', input: '{"city":"Bonn"}' },
        ],
      },
    })
    const trace = await recorded(() =>
      generateText({ model, instructions: 'Be brief.', temperature: 0.5, prompt: 'Warm?', tools }),
    )
    const [span] = llmsOf(trace)
    expect(span).toMatchObject({
      name: 'mock-model-id',
      status: 'ok',
      request: {
        model: 'mock-model-id',
        system: [{ type: 'text', content: 'Be brief.' }],
        messages: [{ role: 'user', parts: [{ type: 'text', content: 'Warm?' }] }],
        tools: [
          { name: 'weather', description: 'The weather.', inputSchema: { type: 'object' } },
          { name: 'map' },
        ],
        parameters: { temperature: 0.5 },
      },
      reply: {
        message: {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'hm' },
            { type: 'tool_call', id: 'w1', name: 'weather', arguments: { city: 'Bonn' } },
          ],
        },
        finishReason: 'stop',
        usage: { input: 3, cacheRead: 2, cacheWrite: 0, output: 4 },
      },
    })
  })

  it('shows the results of its tools in the next request', async () => {
    const turns = [
      {
        ...said(''),
        content: [{ type: 'tool-call', toolCallId: 'm1', toolName: 'map', input: '{"city":"Ys"}' } as const],
      },
      said('done'),
    ]
    const model = new MockLanguageModelV4({ doGenerate: async () => turns.shift() ?? said('') })
    const trace = await recorded(() =>
      generateText({ model, tools, stopWhen: isStepCount(2), prompt: 'Map?' }),
    )
    expect(llmsOf(trace).at(-1)?.request.messages.at(-1)).toEqual({
      role: 'tool',
      name: 'map',
      parts: [{ type: 'tool_call_response', id: 'm1', response: 'RangeError: off the map', isError: true }],
    })
  })

  it('that streams is known by its request: what came is told to nobody but the agent', async () => {
    const { finishReason, usage } = said('')
    const chunks = [
      { type: 'text-start', id: '1' } as const,
      { type: 'text-delta', id: '1', delta: 'hi' } as const,
      { type: 'text-end', id: '1' } as const,
      { type: 'finish', finishReason, usage } as const,
    ]
    const model = new MockLanguageModelV4({ doStream: { stream: simulateReadableStream({ chunks }) } })
    const trace = await recorded(async () => {
      await expect(streamText({ model, prompt: 'Warm?' }).text).resolves.toBe('hi')
    })
    const [call] = llmsOf(trace)
    expect(call?.request.messages).toHaveLength(1)
    expect(call?.reply).toBeUndefined()
  })

  it('that fails is a call that failed', async () => {
    const model = new MockLanguageModelV4({
      doGenerate: () => Promise.reject(new TypeError('no such model')),
    })
    const trace = await recorded(async () => {
      await expect(generateText({ model, prompt: 'Warm?', maxRetries: 0 })).rejects.toThrow('no such model')
    })
    expect(llmsOf(trace)).toMatchObject([{ status: 'error', error: { message: 'no such model' } }])
  })
})

describe('what the agent does not want recorded', () => {
  it.each([
    [['inputs'], { recordInputs: false }],
    [['outputs'], { recordOutputs: false }],
    [['inputs', 'outputs'], { recordInputs: false, recordOutputs: false }],
  ])('%j', async (hidden, telemetry) => {
    const secretIn = 'orchid'
    const secretOut = 'walnut'
    script.push(
      { message: { tool_calls: [call('w1', 'weather', { city: secretIn })] } },
      { message: { content: secretOut } },
    )
    const trace = await recorded(() =>
      generateText({
        model: openai.chat('gpt-4o-mini'),
        tools,
        stopWhen: isStepCount(2),
        prompt: `About ${secretIn}`,
        telemetry,
      }),
    )
    const said = JSON.stringify(trace)
    const secrets = { inputs: secretIn, outputs: secretOut }
    for (const of of ['inputs', 'outputs'] as const) {
      expect(said.includes(secrets[of]) && hidden.includes(of)).toBe(false)
    }
    // That it happened is no secret.
    expect(outlineOf(trace)).toContain('    tool weather')
  })

  it('telemetry that is off leaves HTTP alone', async () => {
    script.push(answers)
    const model = openai.chat('gpt-4o-mini')
    const trace = await recorded(() =>
      generateText({ model, prompt: 'Warm?', telemetry: { isEnabled: false } }),
    )
    expect(outlineOf(trace)).toEqual(['agent agent', '  llm gpt-4o-mini x1'])
  })
})

it('a tool that the tap meets itself is recorded once, with what a replay will serve', async () => {
  const lookup = tapped({ name: 'weather' }, async ({ city: where }: { city: string }) => ({
    where,
    degrees: 7,
  }))
  script.push({ message: { tool_calls: [call('w1', 'weather', { city: 'Bonn' })] } }, answers)
  const weather = tool({
    inputSchema: city,
    execute: async (given) => `${(await lookup(given)).degrees} degrees`,
  })
  const trace = await recorded(() =>
    generateText({
      model: openai.chat('gpt-4o-mini'),
      tools: { weather },
      stopWhen: isStepCount(2),
      prompt: 'Warm?',
    }),
  )
  expect(toolsOf(trace)).toMatchObject([{ reply: { response: { where: 'Bonn', degrees: 7 } } }])
})

it('in a replay nothing is told', async () => {
  const asked: { kind?: string }[] = []
  const tap = { ...answering({}, asked as never), closed: true } as const
  const model = new MockLanguageModelV4({ doGenerate: said('hi') })
  await withTap(tap, () => generateText({ model, prompt: 'hi' }))
  expect(asked).toEqual([])
})

it('without a tap nothing is done', async () => {
  const model = new MockLanguageModelV4({ doGenerate: said('hi') })
  await expect(generateText({ model, prompt: 'hi' })).resolves.toMatchObject({ text: 'hi' })
})

function said(text: string) {
  return {
    content: [{ type: 'text', text } as const],
    finishReason: { unified: 'stop', raw: 'stop' } as const,
    usage: {
      inputTokens: { total: 5, noCache: 3, cacheRead: 2, cacheWrite: 0 },
      outputTokens: { total: 4, text: 4, reasoning: undefined },
    },
    warnings: [],
  }
}
