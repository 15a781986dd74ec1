import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../src/schema/grade.ts'
import { fetch as tapped } from '../../src/tap/fetch.ts'
import { modelServer, type Scripted, sse } from './support/model-server.ts'
import { recorded, replayed } from './support/sessions.ts'

const events = { 'content-type': 'text/event-stream', 'x-request-id': 'req_8' }
const ask = { model: 'gpt-shop', messages: [{ role: 'user' as const, content: 'Wo ist W12? 👋' }] }

const chunk = (delta: object, finish: string | null = null) =>
  [
    undefined,
    {
      id: 'c_1',
      object: 'chat.completion.chunk',
      model: ask.model,
      choices: [{ index: 0, delta, finish_reason: finish }],
    },
  ] as const
const called = (index: number, id: string, given: string) => ({
  index,
  id,
  type: 'function',
  function: { name: 'get_order', arguments: given },
})
const stream = [
  ...sse(
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Zwei — „W12“ 👋' }),
    chunk({ tool_calls: [called(0, 'call_1', '{"order":"Grü')] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: 'ße"}' } }] }),
    chunk({ tool_calls: [called(1, 'call_2', '{"order":"W13"}')] }),
    chunk({}, 'tool_calls'),
  ),
  'data: [DONE]\n\n',
]

/** Cut inside of every character that has more bytes than one. */
function cutInside(pieces: readonly string[]): Uint8Array[] {
  const bytes = Buffer.from(pieces.join(''))
  const cuts = [...bytes.keys()].filter((at) => at > 0 && (bytes[at] ?? 0) > 0x7f)
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
}

/** Everything the client tells, and how it ended. */
async function eventsOf(client: OpenAI, most = Number.POSITIVE_INFINITY): Promise<unknown[]> {
  const seen: unknown[] = []
  try {
    for await (const event of await client.chat.completions.create({ ...ask, stream: true })) {
      seen.push(event)
      if (seen.length >= most) break
    }
  } catch (error) {
    const { name, message, cause } = error as Error
    seen.push({ name, message, cause: (cause as { code?: string } | undefined)?.code })
  }
  return seen
}

const cases: Readonly<
  Record<string, { script: Scripted; use?: (client: OpenAI) => Promise<unknown>; ended?: string }>
> = {
  streamed: { script: { headers: events, chunks: stream } },
  'cut inside of characters': { script: { headers: events, chunks: cutInside(stream) } },
  'put together by the client': {
    script: { headers: events, chunks: cutInside(stream) },
    use: (client) => client.chat.completions.stream(ask).finalChatCompletion(),
  },
  gzip: { script: { headers: events, chunks: stream, gzip: true } },
  'reset in the middle': {
    script: { headers: events, chunks: cutInside(stream).slice(0, 6), end: 'reset' },
    ended: 'reset',
  },
  'left early': {
    script: { headers: events, chunks: stream, end: 'hang' },
    use: (client) => eventsOf(client, 2),
    ended: 'cancelled',
  },
}

describe.each(Object.entries(cases))('an OpenAI stream: %s', (_, { script, use = eventsOf, ended }) => {
  it('is replayed event for event, with the server off', async () => {
    const server = await modelServer(() => script)
    const clientOf = (fetch: typeof globalThis.fetch): OpenAI =>
      new OpenAI({ apiKey: 'x', baseURL: `${server.origin}/v1`, maxRetries: 0, fetch })
    const plain = await use(clientOf(globalThis.fetch))
    const { result, trace } = await recorded(() => use(clientOf(tapped)))
    await server.close()
    expect(result).toEqual(plain)
    expect(gradeOf(trace).grade).toBe('A')
    const [span] = trace.spans.filter(({ kind }) => kind === 'llm')
    expect(span?.kind === 'llm' && span.attempts?.map((attempt) => attempt.ended)).toEqual([ended])
    const { result: again, player } = await replayed(trace, () => use(clientOf(tapped)))
    expect(again).toEqual(plain)
    expect(player.aborted()).toBeUndefined()
    expect(player.fidelity()).toEqual({ share: 1, steps: 1, counts: { exact: 1 } })
  })
})
