import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import { type LlmReply, llmReply, llmRequest, type LlmRequest, type Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { type Message, type Part, textMessage, toolMessage } from '../../schema/message.ts'
import { type WireName, wires } from './index.ts'

const seed = { seed: 42, numRuns: 400 }
const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json
const text = (content: string): Part => ({ type: 'text', content })

// ── what a format can carry ─────────────────────────────────────────────────────────────────────────────────

const content = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
const id = fc.stringMatching(/^c[0-9]{1,3}$/)
const name = fc.stringMatching(/^[a-z_]{1,8}$/)
const given = fc.dictionary(name, fc.oneof(fc.integer(), content, fc.boolean(), fc.constant(null)), {
  maxKeys: 3,
})
const textPart: fc.Arbitrary<Part> = content.map(text)
const callPart: fc.Arbitrary<Part> = fc
  .tuple(id, name, given)
  .map(([id, name, args]) => ({ type: 'tool_call', id, name, arguments: args }))
const malformedPart: fc.Arbitrary<Part> = fc
  .tuple(id, name, fc.constantFrom('{"order":', 'W12', '{}{}', '['.repeat(500), '{"__proto__":1}'))
  .map(([id, name, args]) => ({ type: 'tool_call', id, name, arguments: args, malformed: true }))
const reasoningPart: fc.Arbitrary<Part> = fc
  .tuple(content, fc.option(content, { nil: undefined }))
  .map(([content, signature]) => ({
    type: 'reasoning',
    content,
    ...(signature === undefined ? {} : { signature }),
  }))
const image: Part = { type: 'opaque', value: { type: 'image', source: { type: 'url', url: 'http://x' } } }

/** Results of parallel calls: a message each. */
const results = (isError: fc.Arbitrary<boolean>): fc.Arbitrary<readonly Message[]> =>
  fc
    .array(fc.tuple(id, content, isError), { minLength: 1, maxLength: 3 })
    .map((all) => all.map(([id, content, isError]) => unnamed(toolMessage(id, '', content, isError))))

function unnamed({ role, parts }: Message): Message {
  return { role, parts }
}

const tools = fc.array(
  fc.record(
    {
      name,
      description: content,
      inputSchema: fc.constant({ type: 'object' }),
      extra: fc.constant({ strict: true }),
    },
    { requiredKeys: ['name'] },
  ),
  { maxLength: 2 },
)
const settings = fc.record({
  model: name,
  tools,
  parameters: fc.dictionary(fc.constantFrom('temperature', 'max_tokens'), fc.nat()),
})

const chat: fc.Arbitrary<LlmRequest> = fc
  .record({
    settings,
    system: fc.array(textPart, { maxLength: 2 }),
    first: content,
    turns: fc.array(
      fc.oneof(
        fc
          .array(textPart, { minLength: 1, maxLength: 3 })
          .map((parts): Message[] => [{ role: 'user', parts }]),
        fc
          .tuple(
            fc.array(textPart, { maxLength: 1 }),
            fc.array(fc.oneof(callPart, malformedPart), { maxLength: 3 }),
          )
          .map(([texts, calls]): Message[] => [{ role: 'assistant', parts: [...texts, ...calls] }]),
        results(fc.constant(false)),
        content.map((said): Message[] => [{ ...textMessage('user', said), name: 'ann' }]),
      ),
      { maxLength: 5 },
    ),
  })
  .map(({ settings, system, first, turns }) => ({
    ...settings,
    system,
    messages: [textMessage('user', first), ...turns.flat()],
  }))

const claude: fc.Arbitrary<LlmRequest> = fc
  .record({
    settings,
    system: fc.array(textPart, { maxLength: 2 }),
    first: content,
    turns: fc.array(
      fc.tuple(
        fc.array(fc.oneof(textPart, callPart, reasoningPart), { minLength: 1, maxLength: 4 }),
        fc.option(results(fc.boolean()), { nil: undefined }),
        fc.option(fc.array(fc.oneof(textPart, fc.constant(image)), { minLength: 1, maxLength: 2 }), {
          nil: undefined,
        }),
      ),
      { maxLength: 4 },
    ),
  })
  .map(({ settings, system, first, turns }) => ({
    ...settings,
    system,
    messages: [
      textMessage('user', first),
      ...turns.flatMap(([said, results = [], user]): Message[] => [
        { role: 'assistant', parts: said },
        ...results,
        ...(user === undefined ? [] : [{ role: 'user', parts: user } as const]),
      ]),
    ],
  }))

describe.each([
  ['openai-chat', chat],
  ['anthropic-messages', claude],
] as const)('%s', (wireName: WireName, carried) => {
  const wire = wires[wireName]

  it('is registered under its name', () => {
    expect(wire.name).toBe(wireName)
    expect(wire.description).toMatch(/\.$/)
  })

  it('reads the requests it wrote', () => {
    fc.assert(
      fc.property(carried, (request) => {
        const read = wire.readRequest(asJson(wire.writeRequest(request)))
        expect(read).toEqual(request)
        expect(llmRequest.safeParse(read).error).toBeUndefined()
      }),
      seed,
    )
  })

  it('writes what it read, and again the same', () => {
    fc.assert(
      fc.property(carried, (request) => {
        const body = asJson(wire.writeRequest(request))
        expect(canonicalJson(wire.writeRequest(wire.readRequest(body)))).toBe(canonicalJson(body))
      }),
      seed,
    )
  })

  it('reads the replies it wrote', () => {
    const reply: LlmReply = {
      message: {
        role: 'assistant',
        parts: [
          text('Refunding.'),
          { type: 'tool_call', id: 'c1', name: 'refund', arguments: { order: 'W12' } },
        ],
      },
      model: 'm-2',
      finishReason: wireName === 'openai-chat' ? 'tool_calls' : 'tool_use',
      responseId: 'r1',
      usage: { input: 10, output: 4, cacheRead: 6, cacheWrite: 0, reasoning: 2 },
    }
    const read = wire.readReply(asJson(wire.writeReply(reply, { messages: [] })))
    expect(read).toEqual(reply)
    expect(llmReply.safeParse(read).error).toBeUndefined()
  })

  it('gives a reply what the recording does not know', () => {
    const bare: LlmReply = { message: { role: 'assistant', parts: [] } }
    const read = wire.readReply(asJson(wire.writeReply(bare, { model: 'asked', messages: [] })))
    expect(read).toMatchObject({ message: bare.message, model: 'asked' })
    expect(read.finishReason).toBe(wireName === 'openai-chat' ? 'stop' : 'end_turn')
  })

  it.each([
    ['no body', null],
    ['a list', []],
    ['no messages', { model: 'm' }],
    ['messages that are none', { messages: 'hi' }],
    ['a message that is none', { messages: ['hi'] }],
    ['a role nobody knows', { messages: [{ role: 'function', content: 'x' }] }],
    ['a tool that is none', { messages: [], tools: ['x'] }],
  ])('says so when a request is not of its format: %s', (_, body) => {
    expect(() => wire.readRequest(body)).toThrow(TypeError)
  })

  it.each([
    ['nothing', null],
    ['no content', {}],
    ['an error', { error: { message: 'overloaded' } }],
  ])('says so when a reply is not of its format: %s', (_, body) => {
    expect(() => wire.readReply(body)).toThrow(TypeError)
  })

  it('takes "stream: false" for what it is, nothing said', () => {
    expect(wire.readRequest({ messages: [], stream: false })).toEqual({
      messages: [],
      system: [],
      tools: [],
      parameters: {},
    })
  })

  it('counts only what is a count', () => {
    const usage = {
      prompt_tokens: -5,
      completion_tokens: '7',
      input_tokens: Number.POSITIVE_INFINITY,
      output_tokens: null,
      prompt_tokens_details: 3,
    }
    const body = {
      choices: [{ message: { role: 'assistant', content: 'x' } }],
      content: [],
      usage: usage as unknown as Json,
    }
    expect(wire.readReply(body).usage).toEqual({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 })
  })
})

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
