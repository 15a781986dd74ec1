import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { textMessage } from '../../schema/message.ts'
import { wires } from './index.ts'
import { readEvents, writeEvent } from './sse.ts'

const wire = wires['openai-chat']
const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 7, model: 'm-2' }
const chunk = (delta: Json, finish_reason: string | null = null) => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason }],
})
const assembled = (...chunks: readonly unknown[]) =>
  wire.assemble(readEvents([...chunks, '[DONE]'].map((data) => writeEvent(data)).join('')))
const parts = (...chunks: readonly unknown[]) => wire.readReply(assembled(...chunks)).message.parts
const called = (...calls: Json[]) => chunk({ tool_calls: calls })
const call = (id: string, name: string, args: Json) => ({ type: 'tool_call', id, name, arguments: args })
const genuine = (name: string) =>
  readFileSync(new URL(`../../../test/data/wire/${name}.sse`, import.meta.url), 'utf8')

describe('a streamed chat completion', () => {
  it('is put together from its chunks', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 }
    const body = assembled(
      chunk({ role: 'assistant', content: '', refusal: null }),
      { ...chunk({ content: 'Refun' }), usage: null, obfuscation: 'x' },
      chunk({ content: 'ding.' }),
      chunk({}, 'stop'),
      { ...head, choices: [], usage },
    )
    expect(body).toEqual({
      ...head,
      object: 'chat.completion',
      usage,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Refunding.', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
    })
  })

  it('of a genuine recording has its calls and its usage', () => {
    expect(wire.readReply(wire.assemble(readEvents(genuine('openai-chat.parallel-calls'))))).toEqual({
      message: {
        role: 'assistant',
        parts: [
          call('call_SHtIMpPE5ainCyw3LLf32VcZ', 'get_current_weather', { location: 'Boston, MA' }),
          call('call_HvockKv2nSWQzdTmCv0p2IZD', 'get_tomorrow_weather', { location: 'Chicago, IL' }),
        ],
      },
      model: 'gpt-4o-mini-2024-07-18',
      finishReason: 'tool_calls',
      responseId: 'chatcmpl-C4TWPQMkkmZCU9sl9aFxRq4A2Uy7R',
    })
    expect(wire.readReply(wire.assemble(readEvents(genuine('openai-chat.usage'))))).toMatchObject({
      message: { parts: [{ name: 'get_capital', arguments: { country: 'UK' } }] },
      finishReason: 'tool_calls',
      usage: { input: 53, cacheRead: 0, cacheWrite: 0, output: 15, reasoning: 0 },
    })
  })

  it('keeps parallel calls apart whose pieces come in turns', () => {
    expect(
      parts(
        called(
          { index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '' } },
          { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } },
        ),
        called({ index: 0, function: { arguments: '{"x":' } }, { index: 1, function: { arguments: '{"y' } }),
        called({ index: 1, function: { arguments: '":2}' } }),
        called({ index: 0, function: { arguments: '1}' } }),
      ),
    ).toEqual([call('a', 'f', { x: 1 }), call('b', 'g', { y: 2 })])
  })

  it.each<[string, Json[]]>([
    [
      'without indexes',
      [
        { id: 'a', function: { name: 'f', arguments: '{"x"' } },
        { function: { arguments: ':1}' } },
        { id: 'b', function: { name: 'g', arguments: '' } },
        { function: { arguments: '{"y":2}' } },
      ],
    ],
    [
      'that are all numbered 0',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } },
        { index: 0, id: 'b', function: { name: 'g', arguments: '{"y"' } },
        { index: 0, function: { arguments: ':2}' } },
      ],
    ],
    [
      'that repeat id and name in every piece',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } },
        { index: 0, id: 'a', function: { name: 'f', arguments: ':1}' } },
        { index: 1, id: 'b', function: { name: 'g', arguments: '{"y":2}' } },
      ],
    ],
    [
      'that repeat them as nothing',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } },
        { index: 0, id: '', function: { name: '', arguments: ':1}' } },
        { index: 1, id: 'b', function: { name: 'g', arguments: '{"y":2}' } },
        { index: 1, id: null, function: { name: null, arguments: '' } },
      ],
    ],
    [
      'whose arguments are values',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: { x: 1 } } },
        { index: 1, id: 'b', function: { name: 'g', arguments: { y: 2 } } },
      ],
    ],
  ])('has the calls of servers that send them %s', (_, calls) => {
    expect(parts(...calls.map((piece) => called(piece)))).toEqual([
      call('a', 'f', { x: 1 }),
      call('b', 'g', { y: 2 }),
    ])
  })

  it('tells calls without any id apart, by name, and by where an object ends', () => {
    const all = [
      { index: 0, id: '', function: { name: 'f', arguments: '{"x":1}' } },
      { index: 0, id: '', function: { name: 'g', arguments: '{}' } },
      { index: 0, id: '', function: { name: 'g', arguments: '{"y":2}' } },
    ]
    expect(parts(...all.map((piece) => called(piece)))).toEqual([
      call('', 'f', { x: 1 }),
      call('', 'g', {}),
      call('', 'g', { y: 2 }),
    ])
  })

  it('that was cut inside the arguments of a call keeps them as text', () => {
    expect(
      parts(
        chunk({ content: 'Let me see.' }),
        called({ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"order":"W' } }),
      ),
    ).toEqual([
      { type: 'text', content: 'Let me see.' },
      { ...call('a', 'f', '{"order":"W'), malformed: true },
    ])
    expect(wire.readReply(assembled(chunk({ content: 'x' })))).not.toHaveProperty('finishReason')
  })

  it('brings a refusal, calls that take free text, audio, and fields that only a provider knows', () => {
    const body = assembled(
      chunk({ reasoning_content: 'Hm' }),
      chunk({ reasoning_content: 'm.', refusal: 'I ' }),
      chunk({ refusal: 'cannot.', reasoning_details: [{ text: 'a' }] }),
      chunk({ reasoning_details: [{ text: 'b' }], annotations: null }),
      called({ index: 0, id: 'a', type: 'custom', custom: { name: 'sql', input: 'select' } }),
      called({ index: 0, custom: { input: ' 1' } }),
      chunk({ audio: { id: 'au', transcript: 'He' } }),
      chunk({ audio: { transcript: 'llo', data: 'AA', expires_at: 9 } }),
    )
    expect(body).toMatchObject({
      choices: [
        {
          message: {
            content: null,
            refusal: 'I cannot.',
            reasoning_content: 'Hmm.',
            reasoning_details: [{ text: 'a' }, { text: 'b' }],
            tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'sql', input: 'select 1' } }],
            audio: { id: 'au', transcript: 'Hello', data: 'AA', expires_at: 9 },
          },
        },
      ],
    })
  })

  it('brings content that is a list once, and text once', () => {
    const thought = { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }
    expect(parts(chunk({ content: 'a' }), chunk({ content: [thought] }), chunk({ content: 'b' }))).toEqual([
      { type: 'text', content: 'a' },
      { type: 'opaque', value: thought },
      { type: 'text', content: 'b' },
    ])
  })

  it('brings a call from before there were tools', () => {
    const body = assembled(
      chunk({ function_call: { name: 'f', arguments: '{"x"' } }),
      chunk({ function_call: { arguments: ':1}' } }, 'function_call'),
    )
    const reply = wire.readReply(body)
    expect(reply.message.parts).toMatchObject([call('', 'f', { x: 1 }), { type: 'opaque' }])
    expect(wire.writeReply(reply, { messages: [] })).toMatchObject({
      choices: [{ message: { function_call: { name: 'f', arguments: '{"x":1}' } } }],
    })
  })

  it('of several choices is refused when it is read, and not before', () => {
    const two = {
      ...head,
      choices: [
        { index: 1, delta: { content: 'b' } },
        { index: 0, delta: { content: 'a' } },
      ],
    }
    expect(assembled(two)).toMatchObject({
      choices: [{ message: { content: 'a' } }, { message: { content: 'b' } }],
    })
    expect(() => wire.readReply(assembled(two))).toThrow('2 choices')
  })

  it('without a choice yet is an empty reply', () => {
    const azure = { ...head, id: '', model: '', choices: [], prompt_filter_results: [] }
    expect(wire.readReply(assembled(azure)).message.parts).toEqual([])
    expect(wire.readReply(assembled(azure, chunk({ content: 'a' })))).toMatchObject({
      responseId: 'chatcmpl-1',
      model: 'm-2',
    })
  })

  it('that broke off says why', () => {
    const broken = assembled(chunk({ content: 'a' }), { error: { code: 502, message: 'Upstream died' } })
    expect(wire.readError(broken)).toEqual({ type: '502', message: 'Upstream died' })
    expect(wire.readReply(broken).message).toEqual(textMessage('assistant', 'a'))
  })
})

describe('a chat completion that is streamed', () => {
  const reply = {
    message: textMessage('assistant', 'hi'),
    usage: { input: 1, cacheRead: 0, cacheWrite: 0, output: 2 },
  }
  const streamed = (parameters?: { readonly [key: string]: Json }) =>
    wire
      .writeStream(reply, { messages: [], ...(parameters === undefined ? {} : { parameters }) })
      .map((event) => event.slice('data: '.length, -2))

  it('ends with [DONE]', () => {
    expect(streamed().at(-1)).toBe('[DONE]')
  })

  it('has a choice in every chunk: clients that did not ask for usage rely on it', () => {
    const chunks = streamed()
      .slice(0, -1)
      .map((data) => JSON.parse(data) as { choices: unknown[]; usage?: object })
    expect(chunks.every(({ choices }) => choices.length === 1)).toBe(true)
    expect(chunks.at(-1)).toMatchObject({ usage: { prompt_tokens: 1, completion_tokens: 2 } })
  })

  it('has usage in a chunk of its own where that was asked for', () => {
    const chunks = streamed({ stream_options: { include_usage: true } })
      .slice(0, -1)
      .map((data) => JSON.parse(data) as { choices: unknown[]; usage: object | null })
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 3 } })
    expect(chunks.slice(0, -1).every(({ choices, usage }) => choices.length === 1 && usage === null)).toBe(
      true,
    )
  })
})
