import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import type { Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { type Part, textMessage } from '../../schema/message.ts'
import { wires } from './index.ts'

const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json
const text = (content: string): Part => ({ type: 'text', content })

describe('openai-chat', () => {
  const wire = wires['openai-chat']
  const of = (...messages: Json[]) => canonicalJson(wire.writeRequest(wire.readRequest({ messages })))

  it.each([
    'https://api.openai.com/v1/chat/completions',
    'https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1',
    'http://127.0.0.1:9/v1/chat/completions',
  ])('speaks at %s', (url) => {
    expect(wire.matches(new URL(url))).toBe(true)
  })
  it.each([
    'https://api.openai.com/v1/responses',
    'https://x/v1/chat/completions/c1',
    'https://x/?p=/chat/completions',
  ])('does not speak at %s', (url) => {
    expect(wire.matches(new URL(url))).toBe(false)
  })

  it('does not tell requests apart by reasoning, which it cannot carry', () => {
    const said = (...parts: Part[]): Json =>
      asJson(wire.writeRequest({ messages: [{ role: 'assistant', parts }] }))
    expect(said({ type: 'reasoning', content: 'hm' }, text('ok'))).toEqual(said(text('ok')))
  })

  it('tells apart what a model would tell apart', () => {
    const bodies = [
      of({ role: 'user', content: 'a\nb' }),
      of({
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      }),
      of({ role: 'user', name: 'ann', content: 'a\nb' }),
      of({ role: 'user', content: 'a' }, { role: 'user', content: 'b' }),
      of(
        { role: 'system', content: 'a' },
        { role: 'system', content: 'b' },
        { role: 'user', content: 'a\nb' },
      ),
      of({ role: 'system', content: 'a\nb' }, { role: 'user', content: 'a\nb' }),
      of({ role: 'user', content: 'a\nb' }, { role: 'system', content: 'a' }),
      of({ role: 'assistant', content: 'a', refusal: 'no' }),
      of({ role: 'assistant', content: 'a' }),
      of({ role: 'assistant', content: 'a', reasoning_content: 'x' }),
    ]
    expect(new Set(bodies).size).toBe(bodies.length)
  })

  it('does not tell apart what says the same', () => {
    const plain = of({ role: 'assistant', content: 'a' })
    expect(
      of({
        role: 'assistant',
        content: [{ type: 'text', text: 'a' }],
        refusal: null,
        annotations: [],
        tool_calls: [],
      }),
    ).toBe(plain)
    expect(of({ role: 'developer', content: 'a' })).toBe(of({ role: 'system', content: 'a' }))
  })

  it('gives back a refusal, and fields that only a provider knows, where they stood', () => {
    const message = { role: 'assistant', content: null, refusal: 'I cannot.', reasoning_content: 'hm' }
    const reply = wire.readReply({ choices: [{ message, finish_reason: 'stop' }] })
    expect(wire.writeReply(reply, { messages: [] })).toMatchObject({ choices: [{ message }] })
  })

  it('carries calls and tools that take free text', () => {
    const call = { id: 'c1', type: 'custom', custom: { name: 'sql', input: 'select 1' } }
    const body = {
      messages: [{ role: 'assistant', content: null, tool_calls: [call] }],
      tools: [
        { type: 'custom', custom: { name: 'sql' } },
        { type: 'function', function: { name: 'f', strict: true } },
      ],
    }
    expect(wire.writeRequest(wire.readRequest(body))).toEqual(body)
  })

  it('keeps arguments that are not JSON as the model wrote them', () => {
    const call = (args: string): Json => ({
      id: 'c1',
      type: 'function',
      function: { name: 'refund', arguments: args },
    })
    const read = (args: string) =>
      wire.readReply({
        choices: [{ message: { role: 'assistant', content: null, tool_calls: [call(args)] } }],
      })
    expect(read('{"order": ').message.parts).toEqual([
      { type: 'tool_call', id: 'c1', name: 'refund', arguments: '{"order": ', malformed: true },
    ])
    expect(read('').message.parts).toMatchObject([{ arguments: {} }])
    // JSON that nobody should walk is carried as text, too.
    for (const args of ['['.repeat(100_000) + ']'.repeat(100_000), '{"\\u005f_proto__":1}']) {
      expect(read(args).message.parts).toMatchObject([{ arguments: args, malformed: true }])
      expect(wire.writeReply(read(args), { messages: [] })).toMatchObject({
        choices: [{ message: { tool_calls: [call(args)] } }],
      })
    }
  })

  it('counts cached tokens once', () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 20,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 15 },
    }
    const { usage: read } = wire.readReply({
      choices: [{ message: { role: 'assistant', content: '' } }],
      usage,
    })
    expect(read).toEqual({ input: 40, cacheRead: 60, cacheWrite: 0, output: 20, reasoning: 15 })
    const written = asJson(
      wire.writeReply({ message: textMessage('assistant', ''), usage: read }, { messages: [] }),
    )
    expect(written).toMatchObject({ usage: { ...usage, total_tokens: 120 } })
    const cacheWritten: Usage = { input: 1, cacheRead: 2, cacheWrite: 4, output: 8 }
    expect(
      wire.writeReply({ message: textMessage('assistant', ''), usage: cacheWritten }, { messages: [] }),
    ).toMatchObject({
      usage: { prompt_tokens: 7, completion_tokens: 8, total_tokens: 15 },
    })
  })

  it('refuses a reply of several choices, of which it would lose all but one', () => {
    const choice = { message: { role: 'assistant', content: 'a' } }
    expect(() => wire.readReply({ choices: [choice, choice] })).toThrow('2 choices')
  })

  it('says the words of its own wire for why a reply ended', () => {
    const ended = (finishReason: string): unknown =>
      (
        wire.writeReply({ message: textMessage('assistant', ''), finishReason }, { messages: [] }) as {
          choices: { finish_reason: string }[]
        }
      ).choices[0]?.finish_reason
    expect(['tool_use', 'end_turn', 'length', 'new_reason'].map(ended)).toEqual([
      'tool_calls',
      'stop',
      'length',
      'new_reason',
    ])
  })
})
