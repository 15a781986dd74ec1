import Anthropic from '@anthropic-ai/sdk'
import * as fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { bodyCollector } from '../../src/capture/body.ts'
import type { Attempt } from '../../src/schema/attempt.ts'
import { gradeOf } from '../../src/schema/grade.ts'
import type { SpanOf, Trace } from '../../src/schema/trace.ts'
import { fetch as tapped } from '../../src/tap/fetch.ts'
import { piecesOf } from '../../src/tap/serve.ts'
import { modelServer, type Scripted, sse } from './support/model-server.ts'
import { recorded, replayed } from './support/sessions.ts'

const model = 'claude-shop'
const json = { 'content-type': 'application/json', 'request-id': 'req_7' }
const events = { 'content-type': 'text/event-stream', 'request-id': 'req_8' }

/** Two parallel calls after thinking, streamed as Anthropic does it. */
const toolStream = sse(
  [
    'message_start',
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: {
          input_tokens: 3,
          cache_creation_input_tokens: 20,
          cache_read_input_tokens: 100,
          output_tokens: 1,
        },
      },
    },
  ],
  [
    'content_block_start',
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'thinking', thinking: '', signature: '' },
    },
  ],
  [
    'content_block_delta',
    {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'thinking_delta', thinking: 'Zwei Bestellungen — „W12“ 👋' },
    },
  ],
  [
    'content_block_delta',
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
  ],
  ['content_block_stop', { type: 'content_block_stop', index: 0 }],
  ['ping', { type: 'ping' }],
  [
    'content_block_start',
    {
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'tool_use', id: 'toolu_1', name: 'get_order', input: {} },
    },
  ],
  [
    'content_block_delta',
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"order"' } },
  ],
  [
    'content_block_delta',
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: ':"Grüße"}' } },
  ],
  ['content_block_stop', { type: 'content_block_stop', index: 1 }],
  [
    'content_block_start',
    {
      type: 'content_block_start',
      index: 2,
      content_block: { type: 'tool_use', id: 'toolu_2', name: 'get_order', input: {} },
    },
  ],
  [
    'content_block_delta',
    {
      type: 'content_block_delta',
      index: 2,
      delta: { type: 'input_json_delta', partial_json: '{"order":"W13"}' },
    },
  ],
  ['content_block_stop', { type: 'content_block_stop', index: 2 }],
  [
    'message_delta',
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 40 },
    },
  ],
  ['message_stop', { type: 'message_stop' }],
)

const message = {
  id: 'msg_2',
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text: 'Grüße 👋' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 5 },
}
const limited: Scripted = {
  status: 429,
  headers: { ...json, 'retry-after': '1', 'retry-after-ms': '2' },
  chunks: ['{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'],
}
const broken: Scripted = {
  status: 500,
  headers: { ...json, 'retry-after-ms': '1' },
  chunks: ['{"type":"error","error":{"type":"api_error","message":"oops"}}'],
}

/** Every byte a chunk of its own where it matters: inside of characters, and of the line that ends an event. */
const cutEverywhere = (pieces: readonly string[]): Uint8Array[] => {
  const bytes = Buffer.from(pieces.join(''))
  const cuts = [...bytes.keys()].filter((at) => (bytes[at] ?? 0) > 0x7f || at % 97 === 0)
  return [0, ...cuts]
    .map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
    .filter(({ length }) => length > 0)
}

interface Exact {
  readonly script: readonly Scripted[]
  readonly use: (client: Anthropic) => Promise<unknown>
  /** Their statuses. */
  readonly attempts: readonly number[]
  /** How the last one's body ended, where not by itself. */
  readonly ended?: string
}

const ask = { model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Wo ist W12? 👋' }] }

const eventsOf = async (client: Anthropic, most = Number.POSITIVE_INFINITY): Promise<unknown[]> => {
  const seen: unknown[] = []
  try {
    for await (const event of await client.messages.create({ ...ask, stream: true })) {
      seen.push(event)
      if (seen.length >= most) break
    }
  } catch (error) {
    const { name, message: what, cause } = error as Error
    seen.push({ name, what, cause: (cause as { code?: string } | undefined)?.code })
  }
  return seen
}

const exact: Readonly<Record<string, Exact>> = {
  plain: {
    script: [{ headers: json, chunks: [JSON.stringify(message)] }],
    use: (client) => client.messages.create(ask),
    attempts: [200],
  },
  'plain, in many pieces': {
    script: [{ headers: json, chunks: cutEverywhere([JSON.stringify(message)]) }],
    use: (client) => client.messages.create(ask),
    attempts: [200],
  },
  gzip: {
    script: [{ headers: json, chunks: [JSON.stringify(message)], gzip: true }],
    use: (client) => client.messages.create(ask),
    attempts: [200],
  },
  streamed: {
    script: [{ headers: events, chunks: toolStream }],
    use: (client) => eventsOf(client),
    attempts: [200],
  },
  'streamed, cut inside of characters': {
    script: [{ headers: events, chunks: cutEverywhere(toolStream) }],
    use: (client) => client.messages.stream(ask).finalMessage(),
    attempts: [200],
  },
  'streamed gzip': {
    script: [{ headers: events, chunks: toolStream, gzip: true }],
    use: (client) => eventsOf(client),
    attempts: [200],
  },
  'reset in the middle of a stream': {
    script: [{ headers: events, chunks: cutEverywhere(toolStream).slice(0, 12), end: 'reset' }],
    use: (client) => eventsOf(client),
    attempts: [200],
    ended: 'reset',
  },
  'left early': {
    script: [{ headers: events, chunks: toolStream, end: 'hang' }],
    use: (client) => eventsOf(client, 4),
    attempts: [200],
    ended: 'cancelled',
  },
  aborted: {
    script: [{ headers: events, chunks: toolStream.slice(0, 3), end: 'hang' }],
    async use(client) {
      const stream = client.messages.stream(ask)
      const seen: unknown[] = []
      stream.on('streamEvent', (event) => {
        seen.push(event)
        if (seen.length === 3) stream.abort()
      })
      const how = await stream.finalMessage().then(
        () => 'ended',
        (error: Error) => error.name,
      )
      return { seen, how, aborted: stream.aborted }
    },
    attempts: [200],
    ended: 'cancelled',
  },
  'aborted before anything came': {
    script: [{ headers: json, chunks: [], end: 'hang' }],
    async use(client) {
      const signal = AbortSignal.timeout(30)
      return client.messages.create(ask, { signal }).then(
        () => 'answered',
        (error: Error) => `${error.name}: ${error.message}`,
      )
    },
    attempts: [200],
    ended: 'cancelled',
  },
  '429 with retry-after, then 500, then an answer': {
    script: [limited, broken, { headers: json, chunks: [JSON.stringify(message)] }],
    use: (client) =>
      client
        .withOptions({ maxRetries: 3 })
        .messages.create(ask)
        .withResponse()
        .then(({ data, response, request_id }) => ({ data, status: response.status, request_id })),
    attempts: [429, 500, 200],
  },
  '500 to the end': {
    script: [broken, broken, broken],
    use: (client) =>
      client
        .withOptions({ maxRetries: 2 })
        .messages.create(ask)
        .then(
          () => 'answered',
          (error: InstanceType<typeof Anthropic.APIError>) => ({
            status: error.status,
            body: error.error,
            id: error.requestID,
          }),
        ),
    attempts: [500, 500, 500],
  },
  'an error in the middle of a stream': {
    script: [
      {
        headers: events,
        chunks: [
          ...toolStream.slice(0, 3),
          ...sse(['error', { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }]),
        ],
      },
    ],
    use: (client) => eventsOf(client),
    attempts: [200],
  },
}

describe.each(Object.entries(exact))('%s', (_, { script, use, attempts, ended }) => {
  it('is replayed event for event, and byte for byte', async () => {
    const clientOf = (origin: string, fetch: typeof globalThis.fetch): Anthropic =>
      new Anthropic({ apiKey: 'x', baseURL: origin, maxRetries: 0, fetch })
    const scripted = (_asked: unknown, nth: number): Scripted => script[nth % script.length] ?? broken
    const server = await modelServer(scripted)
    const plain = await use(clientOf(server.origin, globalThis.fetch))
    const calls = server.heard.length
    const first = spying()
    const { result, trace } = await recorded(() => use(clientOf(server.origin, first.fetch)))
    await server.close()
    expect(result).toEqual(plain)
    expect(server.heard.length).toBe(2 * calls)
    const [span] = llmSpans(trace)
    expect(llmSpans(trace)).toHaveLength(1)
    expect(span?.attempts?.map(({ status }) => status)).toEqual(attempts)
    expect(span?.attempts?.at(-1)?.ended).toBe(ended)
    expect(gradeOf(trace).grade).toBe('A')

    const second = spying()
    const again = await replayed(trace, () => use(clientOf(server.origin, second.fetch)))
    expect(again.result).toEqual(plain)
    expect(again.player.aborted()).toBeUndefined()
    expect(second.seen).toEqual(first.seen)
  })
})

it('keeps the two providers of one run apart', async () => {
  await using server = await modelServer(({ path }) =>
    path === '/v1/messages'
      ? { headers: json, chunks: [JSON.stringify(message)] }
      : {
          headers: json,
          chunks: [
            '{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}',
          ],
        },
  )
  const both = async (): Promise<unknown> => {
    const anthropic = new Anthropic({ apiKey: 'x', baseURL: server.origin, fetch: tapped })
    const openai = new OpenAI({ apiKey: 'x', baseURL: `${server.origin}/v1`, fetch: tapped })
    return Promise.all([
      anthropic.messages.create(ask),
      openai.chat.completions.create({ model: 'gpt-shop', messages: ask.messages }),
    ])
  }
  const { result, trace } = await recorded(both)
  expect(llmSpans(trace).map(({ attributes }) => attributes?.['evalkit.wire'])).toEqual([
    'anthropic-messages',
    'openai-chat',
  ])
  await server.close()
  expect((await replayed(trace, both)).result).toEqual(result)
})

it('finds a recording again whose request held a secret, and whose stream did', async () => {
  const secret = `sk-ant-api03-${'aB3dE5fG7h'.repeat(9)}`
  const spread = sse(
    ...['Your key is ', secret.slice(0, 9), secret.slice(9, 40), secret.slice(40), '.'].map(
      (content) =>
        [
          undefined,
          {
            id: 'c',
            object: 'chat.completion.chunk',
            choices: [{ index: 0, delta: { content }, finish_reason: null }],
          },
        ] as const,
    ),
    [undefined, '[DONE]'],
  )
  const server = await modelServer(() => ({ headers: events, chunks: cutEverywhere(spread) }))
  const text = async (): Promise<string> => {
    const openai = new OpenAI({ apiKey: secret, baseURL: `${server.origin}/v1`, fetch: tapped })
    const told: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: `Use ${secret}.` },
      { role: 'user', content: 'Key?' },
    ]
    let said = ''
    for await (const { choices } of await openai.chat.completions.create({
      model: 'gpt-shop',
      messages: told,
      stream: true,
    }))
      said += choices[0]?.delta.content ?? ''
    return said
  }
  const { result, trace } = await recorded(text)
  await server.close()
  expect(result).toBe(`Your key is ${secret}.`)
  expect(JSON.stringify(trace)).not.toContain(secret.slice(14, 30))
  const again = await replayed(trace, text)
  expect(again.player.aborted()).toBeUndefined()
  expect(again.result).toMatch(/^Your key is <redacted:[\w-]+:[0-9a-f]{10}>\.$/)
})

it('gives back any bytes, cut anywhere', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
        ),
      ),
      (pieces) => {
        const body = bodyCollector()
        for (const piece of pieces) body.add(piece)
        const read = JSON.parse(JSON.stringify(body.take().read())) as Pick<
          Attempt,
          'body' | 'base64' | 'cuts'
        >
        expect([...piecesOf(read)].map((piece) => [...piece])).toEqual(
          pieces.filter(({ length }) => length > 0).map((piece) => [...piece]),
        )
      },
    ),
    { seed: 42, numRuns: 50 },
  )
})

function llmSpans({ spans }: Trace): readonly SpanOf<'llm'>[] {
  return spans.filter((span) => span.kind === 'llm')
}

/** The tap's `fetch`, and what it hands to the client: each response's status and the chunks that were read of it. */
function spying(): { fetch: typeof globalThis.fetch; seen: unknown[] } {
  const seen: unknown[] = []
  return {
    seen,
    async fetch(input, init) {
      const response = await tapped(input, init)
      const chunks: string[] = []
      seen.push({ status: response.status, type: response.headers.get('content-type'), chunks })
      if (response.body === null) return response
      const reader = response.body.getReader()
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const { done, value } = await reader.read()
            if (done) return controller.close()
            chunks.push(Buffer.from(value).toString('hex'))
            controller.enqueue(value)
          },
          cancel: (reason) => reader.cancel(reason),
        },
        { highWaterMark: 0 },
      )
      return new Response(body, response)
    },
  }
}
