import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import { type LlmReply, llmReply, llmRequest, type LlmRequest } from '../../schema/call.ts'
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
