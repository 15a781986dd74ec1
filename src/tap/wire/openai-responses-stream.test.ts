import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import type { Part } from '../../schema/message.ts'
import { wires } from './index.ts'
import { readEvents, writeEvent } from './sse.ts'

type Event = { readonly type?: string; readonly [key: string]: unknown }

const wire = wires['openai-responses']
const response = {
  id: 'resp_1',
  object: 'response',
  model: 'm-2',
  status: 'in_progress',
  output: [],
  usage: null,
}
const created = { type: 'response.created', response }
const added = (output_index: number, item: Json) => ({
  type: 'response.output_item.added',
  output_index,
  item,
})
const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'in_progress', content: [] }
const said = (output_index: number, delta: string) => ({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index,
  content_index: 0,
  delta,
})
const call = (id: string) => ({ type: 'function_call', id, call_id: `call_${id}`, name: 'f', arguments: '' })
const args = (output_index: number, delta: string) => ({
  type: 'response.function_call_arguments.delta',
  output_index,
  delta,
})
const assembled = (...events: readonly Event[]) =>
  wire.assemble(readEvents(events.map((event) => writeEvent(event, event.type)).join('')))
const parts = (...events: readonly Event[]) => wire.readReply(assembled(...events)).message.parts

describe('a streamed response', () => {
  it('is what its last event says', () => {
    const output = [{ ...message, status: 'completed', content: [{ type: 'output_text', text: 'Done.' }] }]
    const whole = { ...response, status: 'completed', output, usage: { input_tokens: 3, output_tokens: 2 } }
    expect(
      assembled(created, added(0, message), said(0, 'Do'), { type: 'response.completed', response: whole }),
    ).toEqual(whole)
  })

  it('has its items where its last event does not have them', () => {
    const { output: _, ...bare } = response
    const done = { ...message, content: [{ type: 'output_text', text: 'Done.' }] }
    expect(
      assembled(
        created,
        added(0, message),
        said(0, 'Do'),
        { type: 'response.output_item.done', output_index: 0, item: done },
        {
          type: 'response.completed',
          response: { ...bare, status: 'completed' },
        },
      ),
    ).toMatchObject({ status: 'completed', output: [done] })
  })

  it('has its items where an event in its midst knew only some', () => {
    const some = { ...response, output: [{ ...message, content: [{ type: 'output_text', text: 'Do' }] }] }
    const midst = { type: 'response.in_progress', response: some }
    expect(parts(midst)).toEqual([{ type: 'text', content: 'Do' }])
    expect(parts(created, midst, added(0, message), said(0, 'Done.'))).toEqual([
      { type: 'text', content: 'Done.' },
    ])
  })

  it('that was cut has what came, and has not ended', () => {
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: [] }
    const part = { type: 'summary_text', text: '' }
    const summary = { output_index: 0, summary_index: 0 }
    const events: Event[] = [
      created,
      added(0, reasoning),
      { type: 'response.reasoning_summary_part.added', ...summary, part },
      { type: 'response.reasoning_summary_text.delta', ...summary, delta: 'Hm' },
      { type: 'response.reasoning_summary_text.delta', ...summary, delta: 'm.' },
      added(1, message),
      {
        type: 'response.content_part.added',
        output_index: 1,
        content_index: 0,
        part: { type: 'output_text', text: '', annotations: [] },
      },
      said(1, 'Let me '),
      said(1, 'see.'),
      {
        type: 'response.output_text.annotation.added',
        output_index: 1,
        content_index: 0,
        annotation: { type: 'url_citation' },
      },
      added(2, call('a')),
      args(2, '{"x":1}'),
      { type: 'response.function_call_arguments.done', output_index: 2, arguments: '{"x":1}' },
      added(3, call('b')),
      args(3, '{"order":"W'),
    ]
    const reply = wire.readReply(assembled(...events))
    expect(reply).not.toHaveProperty('finishReason')
    expect(reply).toMatchObject({ responseId: 'resp_1', model: 'm-2' })
    expect(reply.message.parts).toMatchObject([
      { type: 'reasoning', content: 'Hmm.' },
      { type: 'text', content: 'Let me see.' },
      { type: 'opaque', value: { $text: { annotations: [{ type: 'url_citation' }] } } },
      { type: 'tool_call', id: 'call_a', name: 'f', arguments: { x: 1 } },
      { type: 'tool_call', id: 'call_b', name: 'f', arguments: '{"order":"W', malformed: true },
    ])
  })

  it('keeps items apart whose deltas come in turns', () => {
    expect(
      parts(
        created,
        added(0, call('a')),
        added(1, call('b')),
        args(1, '{"y"'),
        args(0, '{"x":1}'),
        args(1, ':2}'),
      ),
    ).toMatchObject([
      { id: 'call_a', arguments: { x: 1 } },
      { id: 'call_b', arguments: { y: 2 } },
    ])
  })

  it.each<[string, Event[]]>([
    [
      'that give no index, only ids',
      [
        { type: 'response.output_item.added', item: { type: 'reasoning', id: 'r', summary: [] } },
        { type: 'response.output_item.added', item: { ...message, id: 'm' } },
        { type: 'response.output_text.delta', item_id: 'm', delta: 'Do' },
        { type: 'response.reasoning_summary_text.delta', item_id: 'r', delta: 'Hm.' },
        { type: 'response.output_text.delta', item_id: 'm', delta: 'ne.' },
      ],
    ],
    [
      'that give nothing but text',
      [
        { type: 'response.reasoning_summary_text.delta', delta: 'Hm.' },
        { type: 'response.output_text.delta', delta: 'Do' },
        { type: 'response.output_text.delta', delta: 'ne.' },
      ],
    ],
    [
      'that tell the text whole, after its pieces',
      [
        { type: 'response.reasoning_text.delta', output_index: 0, delta: 'Hm' },
        { type: 'response.reasoning_text.done', output_index: 0, text: 'Hm.' },
        { type: 'response.output_text.delta', output_index: 1, delta: 'Don' },
        { type: 'response.output_text.done', output_index: 1, text: 'Done.' },
      ],
    ],
  ])('of servers %s', (_, events) => {
    const seen: readonly Part[] = parts(created, ...events)
    expect(seen).toMatchObject([
      { type: 'reasoning', content: 'Hm.' },
      { type: 'text', content: 'Done.' },
    ])
  })

  it('brings refusals, and what built-in and custom tools are asked', () => {
    const custom = { type: 'custom_tool_call', id: 'ct_1', call_id: 'c', name: 'sql', input: '' }
    const code = { type: 'code_interpreter_call', id: 'ci_1', code: '' }
    expect(
      assembled(
        created,
        added(0, message),
        { type: 'response.refusal.delta', output_index: 0, content_index: 0, delta: 'I ' },
        { type: 'response.refusal.delta', output_index: 0, content_index: 0, delta: 'cannot.' },
        added(1, custom),
        { type: 'response.custom_tool_call_input.delta', output_index: 1, delta: 'select 1' },
        added(2, code),
        { type: 'response.code_interpreter_call.in_progress', output_index: 2 },
        { type: 'response.code_interpreter_call_code.delta', output_index: 2, delta: 'print(' },
        added(3, { type: 'mcp_call', id: 'mcp_1', name: 'ask', arguments: '' }),
        { type: 'response.mcp_call_arguments.done', output_index: 3, arguments: '{}' },
      ),
    ).toMatchObject({
      output: [
        { content: [{ type: 'refusal', refusal: 'I cannot.' }] },
        { ...custom, input: 'select 1' },
        { ...code, code: 'print(' },
        { type: 'mcp_call', arguments: '{}' },
      ],
    })
  })

  it.each([
    ['an event of its own', { type: 'error', code: 'server_error', message: 'It broke.', param: null }],
    ['one without a type', { error: { code: 'server_error', message: 'It broke.' } }],
    [
      'the last event',
      {
        type: 'response.failed',
        response: { ...response, status: 'failed', error: { code: 'server_error', message: 'It broke.' } },
      },
    ],
  ])('that broke off says why, in %s', (_, event) => {
    const body = assembled(created, added(0, message), said(0, 'Ref'), event)
    expect(wire.readError(body)).toEqual({ type: 'server_error', message: 'It broke.' })
    expect(wire.readReply(body).message.parts).toEqual([{ type: 'text', content: 'Ref' }])
  })
})

describe('the last event', () => {
  it.each([
    [{ type: 'response.completed', response: {} }, true],
    [{ type: 'response.incomplete', response: {} }, true],
    [{ type: 'error', message: 'It broke.' }, true],
    [{ type: 'response.output_text.done', text: 'response.completed' }, false],
  ])('is known by its name, or by its type where it has none: %j', (data, is) => {
    const text = JSON.stringify(data)
    expect(wire.isLast({ event: data.type, data: text })).toBe(is)
    expect(wire.isLast({ data: text })).toBe(is)
    expect(wire.isLast({ data: text.slice(0, -1) })).toBe(false)
    expect(wire.isLast({ event: data.type, data: text.slice(0, -1) })).toBe(false)
  })
})

describe('a response that is streamed', () => {
  it('numbers and names its events, and ends as it ended', () => {
    const reply = {
      message: { role: 'assistant', parts: [{ type: 'text', content: 'a' }] },
      finishReason: 'length',
    } as const
    const events = readEvents(wire.writeStream(reply, { messages: [] }).join(''))
    expect(events.at(-1)?.event).toBe('response.incomplete')
    events.forEach(({ event, data }, sequence_number) => {
      expect(JSON.parse(data)).toMatchObject({ type: event, sequence_number })
    })
  })
})
