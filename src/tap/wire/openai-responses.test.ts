import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import type { LlmReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { type Part, textMessage, toolMessage } from '../../schema/message.ts'
import { wires } from './index.ts'

const wire = wires['openai-responses']
const read = (...input: Json[]) => wire.readRequest({ input }).messages
const written = (...input: Json[]) => wire.writeRequest(wire.readRequest({ input })).input
const of = (...input: Json[]) => canonicalJson(written(...input))
const replied = (...output: Json[]) => wire.readReply({ output }).message.parts
const call = { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"x":1}' }

describe('openai-responses', () => {
  it('reads a genuine reply', () => {
    const text = readFileSync(
      new URL('../../../test/data/wire/openai-responses.function-call.json', import.meta.url),
      'utf8',
    )
    expect(wire.readReply(JSON.parse(text) as Json)).toEqual({
      message: {
        role: 'assistant',
        parts: [
          {
            type: 'tool_call',
            id: 'call_qT654GsDB0G8qqOyqaLlypO4',
            name: 'calculate',
            arguments: { operation: 'add', a: 5, b: 3 },
          },
        ],
      },
      model: 'gpt-4o-mini-2024-07-18',
      finishReason: 'completed',
      responseId: 'resp_07142c47e6a68e8c0069d790d54cfc819585231b51412ea799',
      usage: { input: 79, cacheRead: 0, cacheWrite: 0, output: 22, reasoning: 0 },
    })
  })

  it('takes text for what it is, a message of the user', () => {
    expect(
      wire.readRequest({ model: 'm', instructions: 'Be kind.', input: 'hi', stream: true, store: false }),
    ).toEqual({
      model: 'm',
      system: [{ type: 'text', content: 'Be kind.' }],
      messages: [textMessage('user', 'hi')],
      tools: [],
      parameters: { store: false },
    })
  })

  it('does not tell apart what says the same', () => {
    const plain = of({ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' })
    const dressed = of(
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] },
      {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'b', annotations: [], logprobs: [] }],
      },
    )
    expect(dressed).toBe(plain)
    expect(of({ ...call, id: 'fc_1', status: 'completed' })).toBe(of({ ...call, arguments: '{ "x": 1 }' }))
    expect(of({ role: 'developer', content: 'a' })).toBe(of({ role: 'system', content: 'a' }))
  })

  it('tells apart what a model would tell apart', () => {
    const said = (text: string, more: { readonly [key: string]: Json } = {}): Json => ({
      role: 'assistant',
      content: text,
      ...more,
    })
    const output = (result: Json): Json => ({ type: 'function_call_output', call_id: 'c1', output: result })
    const bodies = [
      of(said('a\nb')),
      of(said('a'), said('b')),
      of({
        role: 'assistant',
        content: [said('a'), said('b')].map((_, at) => ({ type: 'output_text', text: 'ab'[at] ?? '' })),
      }),
      of(said('a'), said('b', { phase: 'final_answer' })),
      of(said('a', { phase: 'commentary' }), said('b')),
      of({ role: 'assistant', content: [{ type: 'refusal', refusal: 'a' }] }),
      of({ role: 'user', content: 'a' }),
      of({ role: 'user', content: [{ type: 'input_image', image_url: 'a' }] }),
      of(call, output('a')),
      of(call, output('b')),
      of(call, output([{ type: 'input_image', image_url: 'a' }])),
      of(output('a'), call),
      of({ type: 'item_reference', id: 'msg_1' }),
      of({ id: 'msg_1' }),
    ]
    expect(new Set(bodies).size).toBe(bodies.length)
  })

  it('reads what a model said in one turn as one message, and writes its items again', () => {
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' }
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search' } }
    const items: Json[] = [
      { role: 'user', content: 'hi' },
      reasoning,
      search,
      { role: 'assistant', content: 'Let me see.' },
      call,
      { ...call, call_id: 'c2' },
      { type: 'function_call_output', call_id: 'c1', output: 'one' },
      { type: 'function_call_output', call_id: 'c2', output: '{"a":1}' },
      { type: 'mcp_approval_response', approval_request_id: 'x', approve: true },
      { role: 'assistant', content: 'Done.' },
    ]
    expect(read(...items).map(({ role, parts }) => [role, ...parts.map(({ type }) => type)])).toEqual([
      ['user', 'text'],
      ['assistant', 'reasoning', 'opaque', 'text', 'tool_call', 'tool_call'],
      ['tool', 'tool_call_response'],
      ['tool', 'tool_call_response'],
      ['tool', 'opaque'],
      ['assistant', 'text'],
    ])
    expect(written(...items)).toEqual(items)
  })

  it.each<[string, { readonly [key: string]: Json }, string]>([
    ['with a summary', { summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'x' }, 'Hm.'],
    [
      'with two',
      {
        summary: [
          { type: 'summary_text', text: 'a' },
          { type: 'summary_text', text: 'b' },
        ],
      },
      'a\n\nb',
    ],
    ['with its text', { summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] }, 'Hm.'],
    ['without any', { summary: [], encrypted_content: 'x', status: 'completed' }, ''],
    ['with a summary of another kind', { summary: [{ type: 'new', text: 'Hm.', more: 1 }] }, 'Hm.'],
  ])('gives reasoning back unchanged: %s', (_, members, shown) => {
    const item = { type: 'reasoning', id: 'rs_1', ...members }
    expect(replied(item)).toMatchObject([{ type: 'reasoning', content: shown }])
    expect(written(item)).toEqual([item])
    expect(
      wire.writeReply({ message: { role: 'assistant', parts: replied(item) } }, { messages: [] }),
    ).toMatchObject({
      output: [item],
    })
  })

  it('shows reasoning of another provider as a summary', () => {
    const parts: Part[] = [{ type: 'reasoning', content: 'Hm.', signature: 'EuoC' }]
    expect(wire.writeReply({ message: { role: 'assistant', parts } }, { messages: [] })).toMatchObject({
      output: [{ id: 'rs_recorded_0', summary: [{ text: 'Hm.' }], encrypted_content: 'EuoC' }],
    })
  })

  it('carries annotations beside their text', () => {
    const annotations = [{ type: 'url_citation', url: 'http://x', title: 'x', start_index: 0, end_index: 1 }]
    const parts = replied({
      type: 'message',
      id: 'm1',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'a', annotations }],
    })
    expect(parts[0]).toEqual({ type: 'text', content: 'a' })
    expect(wire.writeReply({ message: { role: 'assistant', parts } }, { messages: [] })).toMatchObject({
      output: [{ content: [{ type: 'output_text', text: 'a', annotations }] }],
    })
  })

  it('keeps arguments that are not JSON as the model wrote them', () => {
    const parts = replied({ ...call, arguments: '{"order": ' })
    expect(parts).toMatchObject([{ arguments: '{"order": ', malformed: true }])
    expect(written({ ...call, arguments: '{"order": ' })).toMatchObject([{ arguments: '{"order": ' }])
  })

  it('carries the tools that the provider runs, settings included', () => {
    const tools = [
      { type: 'web_search', search_context_size: 'low' },
      { type: 'mcp', server_label: 'wiki', server_url: 'http://x' },
      { type: 'custom', name: 'sql', format: { type: 'text' } },
      { type: 'function', name: 'f', description: 'F.', parameters: { type: 'object' }, strict: false },
    ]
    const body = { model: 'm', input: [], tools, previous_response_id: 'resp_0' }
    expect(wire.readRequest(body).tools?.map(({ name }) => name)).toEqual(['web_search', 'mcp', 'sql', 'f'])
    expect(wire.writeRequest(wire.readRequest(body))).toEqual(body)
  })

  it('takes a request without input where the provider holds the conversation', () => {
    expect(wire.readRequest({ prompt: { id: 'p' } })).toMatchObject({
      messages: [],
      parameters: { prompt: { id: 'p' } },
    })
    expect(() => wire.readRequest({ prompt: null })).toThrow(TypeError)
  })

  it('shows the results of tools as their wire does', () => {
    const messages = [
      toolMessage('c1', 'f', { a: 1 }, false),
      toolMessage('c2', 'f', [{ type: 'input_image', image_url: 'x' }], false),
      toolMessage('c3', 'f', [{ type: 'image', source: {} }], true),
    ]
    expect(wire.writeRequest({ messages }).input).toEqual([
      { type: 'function_call_output', call_id: 'c1', output: '{"a":1}' },
      { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_image', image_url: 'x' }] },
      { type: 'function_call_output', call_id: 'c3', output: '[{"type":"image","source":{}}]' },
    ])
  })

  it('has instructions where they are one text, and a message where they are more', () => {
    const parts = ['a', 'b'].map((content): Part => ({ type: 'text', content }))
    expect(wire.writeRequest({ system: parts.slice(1), messages: [] })).toEqual({
      instructions: 'b',
      input: [],
    })
    expect(wire.writeRequest({ system: parts, messages: [] }).input).toMatchObject([
      { role: 'system', content: [{ text: 'a' }, { text: 'b' }] },
    ])
  })

  it('counts cached tokens once, and those written to a cache', () => {
    const usage = {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 15 },
      total_tokens: 120,
    }
    const reply = wire.readReply({ output: [], usage })
    expect(reply.usage).toEqual({ input: 10, cacheRead: 60, cacheWrite: 30, output: 20, reasoning: 15 })
    expect(wire.writeReply(reply, { messages: [] })).toMatchObject({ usage })
    const strange = { input_tokens: -5, output_tokens: '7', input_tokens_details: 3 }
    expect(wire.readReply({ output: [], usage: strange }).usage).toEqual({
      input: 0,
      output: 0,
      cacheRead: 0,
      cacheWrite: 0,
    })
  })

  it.each([
    [{ status: 'completed' }, 'completed'],
    [{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'max_output_tokens'],
    [{ status: 'incomplete', incomplete_details: null }, 'incomplete'],
    [{ status: 'failed', error: { code: 'server_error', message: 'x' } }, 'failed'],
    [{ status: 'in_progress' }, undefined],
    [{ status: 'queued' }, undefined],
    [{}, undefined],
  ])('knows why a reply ended: %j', (members, reason) => {
    expect(wire.readReply({ output: [], ...members }).finishReason).toBe(reason)
  })

  it('says the words of its own wire for why a reply ended', () => {
    const ended = (finishReason: string) => {
      const reply: LlmReply = { message: textMessage('assistant', ''), finishReason }
      return wire.writeReply(reply, { messages: [] })
    }
    expect(ended('tool_use')).toMatchObject({ status: 'completed', incomplete_details: null })
    expect(ended('length')).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    })
  })

  it('says what failed', () => {
    const failed = { output: [], status: 'failed', error: { code: 'server_error', message: 'It broke.' } }
    const told = { type: 'server_error', message: 'It broke.' }
    expect(wire.readError(failed)).toEqual(told)
    expect(wire.readError({ type: 'response.failed', response: failed })).toEqual(told)
    expect(
      wire.readError({ type: 'error', code: 'server_error', message: 'It broke.', param: null }),
    ).toEqual(told)
    expect(wire.readError({ type: 'response.created', response: { ...failed, error: null } })).toBeUndefined()
  })
})
