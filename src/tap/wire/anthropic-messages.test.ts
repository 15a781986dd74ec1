import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import type { LlmReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { type Part, textMessage, toolMessage } from '../../schema/message.ts'
import { wires } from './index.ts'

const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json
const text = (content: string): Part => ({ type: 'text', content })

describe('anthropic-messages', () => {
  const wire = wires['anthropic-messages']
  const of = (...messages: Json[]) => canonicalJson(wire.writeRequest(wire.readRequest({ messages })))

  it('speaks at …/v1/messages, and not beside it', () => {
    expect(wire.matches(new URL('https://api.anthropic.com/v1/messages?beta=true'))).toBe(true)
    expect(wire.matches(new URL('https://api.anthropic.com/v1/messages/count_tokens'))).toBe(false)
    expect(wire.matches(new URL('https://api.anthropic.com/v1/messages/batches'))).toBe(false)
  })

  it('tells requests apart by reasoning, which the model sees', () => {
    const said = (...parts: Part[]): Json =>
      asJson(wire.writeRequest({ messages: [{ role: 'assistant', parts }] }))
    expect(said({ type: 'reasoning', content: 'hm' }, text('ok'))).not.toEqual(said(text('ok')))
  })

  it('keeps the order of what stands in a message', () => {
    const result = { type: 'tool_result', tool_use_id: 'c1', content: 'sent' }
    const said = { type: 'text', text: 'and?' }
    expect(
      wire
        .readRequest({ messages: [{ role: 'user', content: [result, said] }] })
        .messages.map(({ role }) => role),
    ).toEqual(['tool', 'user'])
    expect(of({ role: 'user', content: [result, said] })).not.toBe(
      of({ role: 'user', content: [said, result] }),
    )
  })

  it('keeps a result of several blocks, or of blocks that are not text, as it is', () => {
    const of = (content: Json): Json => ({
      messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content }] }],
    })
    const blocks = of([
      { type: 'text', text: 'a' },
      { type: 'image', source: {} },
    ])
    expect(wire.writeRequest(wire.readRequest(blocks))).toEqual(blocks)
    expect(wire.writeRequest(wire.readRequest(of([{ type: 'text', text: 'a' }])))).toEqual(of('a'))
  })

  it('shows a result that is data as JSON', () => {
    const shown = wire.writeRequest({ messages: [toolMessage('c1', 'f', [{ a: 1 }], false)] })
    expect(shown.messages).toEqual([
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: '[{"a":1}]' }] },
    ])
  })

  it('does not see what no model sees', () => {
    const block = { type: 'text', text: 'a' }
    expect(of({ role: 'user', content: [{ ...block, cache_control: { type: 'ephemeral' } }] })).toBe(
      of({ role: 'user', content: 'a' }),
    )
  })

  it('carries the tools that the provider runs, settings included', () => {
    const tools = [
      { type: 'web_search_20250305', name: 'web_search', max_uses: 5 },
      { name: 'f', input_schema: { type: 'object' } },
    ]
    expect(wire.writeRequest(wire.readRequest({ messages: [], tools }))).toEqual({ messages: [], tools })
  })

  it('counts in three disjoint numbers', () => {
    const usage = {
      input_tokens: 3,
      cache_read_input_tokens: 5,
      cache_creation_input_tokens: 7,
      output_tokens: 11,
    }
    const { usage: read } = wire.readReply({ content: [], usage })
    expect(read).toEqual({ input: 3, cacheRead: 5, cacheWrite: 7, output: 11 })
    expect(
      wire.writeReply({ message: textMessage('assistant', 'x'), usage: read }, { messages: [] }),
    ).toMatchObject({ usage })
  })

  it('says the words of its own wire for why a reply ended', () => {
    const reply: LlmReply = { message: textMessage('assistant', ''), finishReason: 'tool_calls' }
    expect(wire.writeReply(reply, { messages: [] })).toMatchObject({ stop_reason: 'tool_use' })
  })
})
