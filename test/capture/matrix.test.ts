import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../src/schema/grade.ts'
import type { Span, SpanOf, Trace } from '../../src/schema/trace.ts'
import { fetch as tapped } from '../../src/tap/fetch.ts'
import { tool } from '../../src/tap/function.ts'
import { modelServer, type Scripted, sse } from './support/model-server.ts'
import { recorded, replayed } from './support/sessions.ts'

/**
 * The twenty ways of using one client in which wrappers break or lose the call. Each is done three times: with the
 * plain client, recorded, and replayed with the server gone. What the agent sees is the same all three times.
 */
type Use = (client: OpenAI) => Promise<unknown>

const model = 'gpt-shop'
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Grüße 👋, where is W12?' }]
const asked = { model, messages }
const streamed = { ...asked, stream: true } as const

const completion = (message: object, finish_reason = 'stop'): Scripted => ({
  headers: { 'content-type': 'application/json', 'x-request-id': 'req_1', 'set-cookie': 'session=secret' },
  chunks: [
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model,
      choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason }],
      usage: { prompt_tokens: 12, completion_tokens: 4, total_tokens: 16 },
    }),
  ],
})

const delta = (content: object, finish_reason: string | null = null): [undefined, unknown] => [
  undefined,
  {
    id: 'chatcmpl-2',
    object: 'chat.completion.chunk',
    created: 1,
    model,
    choices: [{ index: 0, delta: content, finish_reason }],
  },
]

const words = ['It ', 'was ', 'sent — ', 'grüße ', '👋 ', 'bye']
const streamEvents = sse(
  delta({ role: 'assistant', content: '' }),
  ...words.map((content) => delta({ content })),
  delta({}, 'stop'),
  [undefined, '[DONE]'],
)

/** The same bytes, cut where it hurts: in the middle of events and of characters. */
const cutBadly = (text: string): Uint8Array[] => {
  const bytes = Buffer.from(text)
  const wave = bytes.indexOf(Buffer.from('👋'))
  const umlaut = bytes.indexOf(Buffer.from('ü'))
  const at = [7, umlaut + 1, wave + 1, wave + 2, bytes.length - 3]
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
}

const chatStream: Scripted = {
  headers: { 'content-type': 'text/event-stream; charset=utf-8' },
  chunks: cutBadly(streamEvents.join('')),
}

const response = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: 'completed',
  model,
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Grüße', annotations: [] }],
    },
  ],
  usage: { input_tokens: 9, output_tokens: 2, total_tokens: 11, input_tokens_details: { cached_tokens: 3 } },
}

const responseStream = sse(
  [
    'response.created',
    {
      type: 'response.created',
      sequence_number: 0,
      response: { ...response, status: 'in_progress', output: [] },
    },
  ],
  [
    'response.output_text.delta',
    {
      type: 'response.output_text.delta',
      sequence_number: 1,
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta: 'Grüße',
    },
  ],
  ['response.completed', { type: 'response.completed', sequence_number: 2, response }],
)

function script({ path, body }: { path: string; body: string }): Scripted {
  const json = { 'content-type': 'application/json' }
  if (path === '/v1/models')
    return { headers: json, chunks: ['{"object":"list","data":[{"id":"gpt-shop","object":"model"}]}'] }
  const {
    stream,
    tools,
    messages: said = [],
  } = JSON.parse(body) as {
    stream?: boolean
    tools?: unknown[]
    messages?: { role: string }[]
  }
  if (path === '/v1/responses') {
    return stream === true
      ? { headers: { 'content-type': 'text/event-stream' }, chunks: responseStream }
      : { headers: json, chunks: [JSON.stringify(response)] }
  }
  if (stream === true) return chatStream
  if (tools !== undefined && said.at(-1)?.role !== 'tool') {
    const call = {
      id: 'call_1',
      type: 'function',
      function: { name: 'get_order', arguments: '{"order":"W12"}' },
    }
    return completion({ tool_calls: [call] }, 'tool_calls')
  }
  return completion({ content: 'It was sent.' })
}

const all = async (stream: AsyncIterable<unknown>, most = Number.POSITIVE_INFINITY): Promise<unknown[]> => {
  const seen: unknown[] = []
  for await (const event of stream) {
    seen.push(event)
    if (seen.length >= most) break
  }
  return seen
}

const errorOf = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    await promise
    return 'no error'
  } catch (error) {
    const { name, message, cause } = error as Error
    return { name, message, cause: (cause as { name?: string } | undefined)?.name }
  }
}

interface Matrix {
  readonly use: Use
  /** What is recorded: kind, and what the reply says, for each call. */
  readonly spans: readonly (string | undefined)[]
  /** How the last attempt ended, where not by itself. */
  readonly ended?: string
  /** A where nothing else is said. */
  readonly grade?: string
}

const matrix: Readonly<Record<string, Matrix>> = {
  create: { use: (client) => client.chat.completions.create(asked), spans: ['It was sent.'] },
  'create.withResponse': {
    async use(client) {
      const { data, response: got, request_id } = await client.chat.completions.create(asked).withResponse()
      return { data, status: got.status, type: got.headers.get('content-type'), request_id }
    },
    spans: ['It was sent.'],
  },
  'create.asResponse': {
    async use(client) {
      const got = await client.chat.completions.create(asked).asResponse()
      return {
        status: got.status,
        ok: got.ok,
        used: got.bodyUsed,
        text: await got.clone().text(),
        json: await got.json(),
      }
    },
    spans: ['It was sent.'],
  },
  'stream, read to its end': {
    use: async (client) => all(await client.chat.completions.create(streamed)),
    spans: [words.join('')],
  },
  'stream, left early': {
    use: async (client) => all(await client.chat.completions.create(streamed), 3),
    spans: [expect.stringMatching(/^It was /) as string],
    ended: 'cancelled',
  },
  'stream, whose consumer throws': {
    async use(client) {
      const stream = await client.chat.completions.create(streamed)
      return errorOf(
        (async () => {
          for await (const { choices } of stream)
            if (choices[0]?.delta.content === 'was ') throw new Error('enough')
        })(),
      )
    },
    spans: [expect.stringMatching(/^It was /) as string],
    ended: 'cancelled',
  },
  'stream, never consumed': {
    async use(client) {
      const stream = await client.chat.completions.create(streamed)
      return { controller: stream.controller.signal.aborted }
    },
    spans: [undefined],
    ended: 'abandoned',
  },
  'stream.tee': {
    async use(client) {
      const [left, right] = (await client.chat.completions.create(streamed)).tee()
      return Promise.all([all(left), all(right)])
    },
    spans: [words.join('')],
  },
  'stream.toReadableStream': {
    async use(client) {
      const stream = await client.chat.completions.create(streamed)
      return new Response(stream.toReadableStream()).text()
    },
    spans: [words.join('')],
  },
  'stream.controller.abort': {
    async use(client) {
      const stream = await client.chat.completions.create(streamed)
      const seen: unknown[] = []
      for await (const event of stream) {
        seen.push(event)
        if (seen.length === 2) stream.controller.abort()
      }
      return seen.length < words.length
    },
    spans: [expect.stringMatching(/^It /) as string],
    ended: 'cancelled',
  },
  'stream create.withResponse': {
    async use(client) {
      const { data, response: got } = await client.chat.completions.create(streamed).withResponse()
      return { status: got.status, type: got.headers.get('content-type'), events: await all(data) }
    },
    spans: [words.join('')],
  },
  'chat.completions.stream helper': {
    async use(client) {
      const seen: string[] = []
      const stream = client.chat.completions.stream(asked).on('content', (text) => seen.push(text))
      return { final: await stream.finalChatCompletion(), seen }
    },
    spans: [words.join('')],
  },
  runTools: {
    use: (client) => ran(client, tool({ name: 'get_order' }, sent, { effect: 'read' })),
    spans: ['get_order', 'It was sent.'],
  },
  'responses.create.withResponse': {
    async use(client) {
      const { data, response: got } = await client.responses.create({ model, input: 'hi' }).withResponse()
      return { data, status: got.status }
    },
    spans: ['Grüße'],
  },
  'responses stream': {
    use: async (client) => all(await client.responses.create({ model, input: 'hi', stream: true })),
    spans: ['Grüße'],
  },
  'client.buildURL': {
    async use(client) {
      await client.chat.completions.create(asked)
      return new URL(client.buildURL('/x', { a: '1' }, undefined)).pathname
    },
    spans: ['It was sent.'],
  },
  'client.withOptions': {
    use: (client) => client.withOptions({ timeout: 5000, maxRetries: 0 }).chat.completions.create(asked),
    spans: ['It was sent.'],
  },
  instanceof: {
    async use(client) {
      const promise = client.chat.completions.create(asked)
      await promise
      return [client instanceof OpenAI, promise instanceof Promise, Object.prototype.toString.call(client)]
    },
    spans: ['It was sent.'],
  },
  'an endpoint we do not read': {
    use: async (client) => (await client.models.list()).data,
    spans: ['GET /v1/models'],
    // Nothing an agent did.
    grade: 'C',
  },
  'no connection': {
    use: (client) =>
      errorOf(client.withOptions({ baseURL: 'http://127.0.0.1:9/v1' }).chat.completions.create(asked)),
    spans: [undefined],
  },
}

/** The client's own loop of model and tools. */
async function ran(
  client: OpenAI,
  run: (given: { order: string }) => string | Promise<string>,
): Promise<object> {
  const runner = client.chat.completions.runTools({
    ...asked,
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_order',
          description: 'Looks an order up.',
          parameters: { type: 'object', properties: { order: { type: 'string' } } },
          parse: JSON.parse,
          function: run,
        },
      },
    ],
  })
  return { text: await runner.finalContent(), messages: runner.messages }
}

const sent = ({ order }: { order: string }): string => `${order} was sent`

const clientOf = (origin: string, fetch?: typeof globalThis.fetch): OpenAI =>
  new OpenAI({
    apiKey: 'sk-never-kept',
    baseURL: `${origin}/v1`,
    maxRetries: 0,
    ...(fetch === undefined ? {} : { fetch }),
  })

// Before a tool of this name was ever behind the tap: what a tap knows of tools holds for the process.
it('a tool that is not behind the tap is missing in the recording, and is noticed in a replay', async () => {
  const server = await modelServer(script)
  const use: Use = (client) => ran(client, sent)
  const { trace } = await recorded(() => use(clientOf(server.origin, tapped)))
  await server.close()
  expect(gradeOf(trace).grade).toBe('C')
  const error = await replayed(trace, () => use(clientOf(server.origin, tapped))).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({
    status: 400,
    message: expect.stringContaining('the tool ran for real') as string,
  })
})

describe.each(Object.entries(matrix))('%s', (_, { use, spans, ended, grade = 'A' }) => {
  it('is the same to the agent recorded and replayed, and recorded right', async () => {
    const server = await modelServer(script)
    const plain = await use(clientOf(server.origin))
    const { result, trace } = await recorded(() => use(clientOf(server.origin, tapped)))
    await server.close()
    expect(result).toEqual(plain)
    expect(callsIn(trace).map(said)).toEqual(spans)
    expect(callsIn(trace).at(-1)?.attempts?.at(-1)?.ended).toBe(ended)
    expect(gradeOf(trace).grade).toBe(grade)
    expect(JSON.stringify(trace)).not.toMatch(/sk-never-kept|session=secret/)

    const again = await replayed(trace, () => use(clientOf(server.origin, tapped)))
    expect(again.result).toEqual(plain)
    expect(again.player.aborted()).toBeUndefined()
    expect(again.player.unused()).toEqual([])
    expect(again.player.fidelity().share).toBe(1)
  })
})

it('twenty of them', () => {
  expect(Object.keys(matrix)).toHaveLength(20)
})

type HttpSpan = SpanOf<'llm'> | SpanOf<'custom'>

function callsIn({ spans }: Trace): readonly HttpSpan[] {
  return spans.filter((span: Span): span is HttpSpan => span.kind === 'llm' || span.kind === 'custom')
}

/** What a model's reply says or asks for; of other endpoints, their name. */
function said(span: HttpSpan): string | undefined {
  if (span.kind === 'custom') return span.name
  const parts = span.reply?.message.parts ?? []
  const texts = parts.flatMap((part) =>
    part.type === 'text' ? [part.content] : part.type === 'tool_call' ? [part.name] : [],
  )
  return texts.length === 0 ? undefined : texts.join('')
}
