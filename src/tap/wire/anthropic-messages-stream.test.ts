import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { wires } from './index.ts'
import { readEvents, writeEvent } from './sse.ts'

const wire = wires['anthropic-messages']
const start = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm-2',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 3, cache_read_input_tokens: 5, cache_creation_input_tokens: 7, output_tokens: 1 },
  },
}
const begin = (index: number, content_block: Json) => ({ type: 'content_block_start', index, content_block })
const add = (index: number, type: string, delta: { readonly [key: string]: Json }) => ({
  type: 'content_block_delta',
  index,
  delta: { type, ...delta },
})
const text = (index: number, piece: string) => add(index, 'text_delta', { text: piece })
const json = (index: number, piece: string) => add(index, 'input_json_delta', { partial_json: piece })
const use = (index: number, id: string) => begin(index, { type: 'tool_use', id, name: 'f', input: {} })
type Event = { readonly type: string; readonly [key: string]: unknown }
const assembled = (...events: readonly Event[]) =>
  wire.assemble(readEvents(events.map((event) => writeEvent(event, event.type)).join('')))
const parts = (...events: readonly Event[]) => wire.readReply(assembled(...events)).message.parts
const genuine = (name: string) =>
  readFileSync(new URL(`../../../test/data/wire/${name}.sse`, import.meta.url), 'utf8')

describe('a streamed message', () => {
  it('is put together from its blocks', () => {
    const { message } = start
    expect(
      assembled(
        start,
        begin(0, { type: 'thinking', thinking: '', signature: '' }),
        { type: 'ping' },
        add(0, 'thinking_delta', { thinking: 'Hm' }),
        add(0, 'thinking_delta', { thinking: 'm.' }),
        add(0, 'signature_delta', { signature: 'sig' }),
        begin(1, { type: 'text', text: '' }),
        text(1, 'Let me '),
        text(1, 'see.'),
        use(2, 'a'),
        json(2, ''),
        json(2, '{"order":'),
        json(2, '"W1"}'),
        {
          type: 'message_delta',
          delta: { stop_reason: 'tool_use', stop_sequence: null },
          usage: { output_tokens: 40 },
        },
        { type: 'message_stop' },
      ),
    ).toEqual({
      ...message,
      content: [
        { type: 'thinking', thinking: 'Hmm.', signature: 'sig' },
        { type: 'text', text: 'Let me see.' },
        { type: 'tool_use', id: 'a', name: 'f', input: { order: 'W1' } },
      ],
      stop_reason: 'tool_use',
      usage: { ...message.usage, output_tokens: 40 },
    })
  })

  it('of a genuine recording has the calls of tools that the provider runs, and their results', () => {
    const run = wire.readReply(wire.assemble(readEvents(genuine('anthropic-messages.code-execution'))))
    expect(run.message.parts.map((part) => (part.type === 'opaque' ? part.value : part.type))).toMatchObject([
      'reasoning',
      'text',
      {
        type: 'server_tool_use',
        name: 'bash_code_execution',
        input: { command: 'echo "65465-6544 * 65464-6+1.02255" | bc -l' },
      },
      { type: 'bash_code_execution_tool_result', content: { stdout: '-428330955.97745\n' } },
      'text',
    ])
    expect(run).toMatchObject({
      finishReason: 'end_turn',
      usage: { input: 4714, cacheRead: 0, cacheWrite: 0, output: 304 },
    })
    const mcp = wire.readReply(wire.assemble(readEvents(genuine('anthropic-messages.mcp'))))
    expect(mcp.message.parts).toMatchObject([
      { type: 'reasoning', signature: expect.stringMatching(/^EuoC/) as string },
      {
        type: 'opaque',
        value: { type: 'mcp_tool_use', server_name: 'deepwiki', input: { repoName: 'pydantic/pydantic-ai' } },
      },
      { type: 'opaque', value: { type: 'mcp_tool_result', is_error: false } },
      { type: 'text' },
    ])
  })

  it('keeps blocks apart whose deltas come in turns, and finds those without an index', () => {
    expect(
      parts(start, use(1, 'b'), use(0, 'a'), json(1, '{"y"'), json(0, '{"x":1}'), json(1, ':2}')),
    ).toMatchObject([
      { id: 'a', arguments: { x: 1 } },
      { id: 'b', arguments: { y: 2 } },
    ])
    const bare = { type: 'content_block_start', content_block: { type: 'text', text: '' } }
    const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a' } }
    expect(parts(start, bare, delta, bare, delta, delta)).toEqual([
      { type: 'text', content: 'a' },
      { type: 'text', content: 'aa' },
    ])
  })

  it('takes the counters of its end for what they are, totals', () => {
    const end = {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', container: { id: 'c' } },
      usage: {
        input_tokens: 30,
        cache_read_input_tokens: null,
        output_tokens: 9,
        server_tool_use: { web_search_requests: 1 },
      },
    }
    const body = assembled(start, end)
    expect(body).toMatchObject({
      container: { id: 'c' },
      usage: { server_tool_use: { web_search_requests: 1 } },
    })
    expect(wire.readReply(body).usage).toEqual({ input: 30, cacheRead: 5, cacheWrite: 7, output: 9 })
  })

  it('brings citations beside their text, and gives them back', () => {
    const citation = { type: 'char_location', cited_text: 'No refunds.', document_index: 0 }
    const reply = wire.readReply(
      assembled(
        start,
        begin(0, { type: 'text', text: '', citations: [] }),
        text(0, 'None'),
        add(0, 'citations_delta', { citation }),
        text(0, '.'),
      ),
    )
    expect(reply.message.parts[0]).toEqual({ type: 'text', content: 'None.' })
    expect(wire.writeReply(reply, { messages: [] })).toMatchObject({
      content: [{ type: 'text', text: 'None.', citations: [citation] }],
    })
  })

  it('that was cut inside the input of a call keeps it as text', () => {
    const reply = wire.readReply(assembled(start, use(0, 'a'), json(0, '{"order":"W')))
    expect(reply.message.parts).toEqual([
      { type: 'tool_call', id: 'a', name: 'f', arguments: '{"order":"W', malformed: true },
    ])
    expect(reply).not.toHaveProperty('finishReason')
    expect(parts(start, use(0, 'a'), json(0, '["__proto__"]'))).toMatchObject([{ arguments: ['__proto__'] }])
    expect(parts(start, use(0, 'a'), json(0, '{"__proto__":1}'))).toMatchObject([{ malformed: true }])
  })

  it.each([
    [
      'as it should be',
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      'overloaded_error',
    ],
    ['without its type', { error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded_error'],
    ['flat', { type: 'error', message: 'Overloaded' }, 'error'],
  ])('that is only an error says so: %s', (_, event, type) => {
    const body = wire.assemble(readEvents(writeEvent(event, 'error')))
    expect(wire.readError(body)).toEqual({ type, message: 'Overloaded' })
  })

  it('that broke off says why, beside what had come', () => {
    const body = assembled(start, begin(0, { type: 'text', text: '' }), text(0, 'Ref'), {
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
    })
    expect(wire.readError(body)).toEqual({ type: 'overloaded_error', message: 'Overloaded' })
    expect(wire.readReply(body).message.parts).toEqual([{ type: 'text', content: 'Ref' }])
  })

  it('brings what a delta gives whole, and blocks whose start was lost', () => {
    const compacted = [
      begin(0, { type: 'compaction', content: null }),
      add(0, 'compaction_delta', { content: 'They want a refund.', encrypted_content: 'x' }),
    ]
    expect(assembled(start, ...compacted)).toMatchObject({
      content: [{ type: 'compaction', content: 'They want a refund.', encrypted_content: 'x' }],
    })
    expect(parts(text(3, 'a'), add(4, 'thinking_delta', { thinking: 'b' }))).toEqual([
      { type: 'text', content: 'a' },
      { type: 'reasoning', content: 'b' },
    ])
  })
})

describe('a message that is streamed', () => {
  it('names each event, as its client needs it', () => {
    const events = readEvents(
      wire
        .writeStream(
          { message: { role: 'assistant', parts: [{ type: 'text', content: 'a' }] } },
          { messages: [] },
        )
        .join(''),
    )
    expect(events.map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    for (const { event, data } of events) expect(JSON.parse(data)).toMatchObject({ type: event })
  })
})
