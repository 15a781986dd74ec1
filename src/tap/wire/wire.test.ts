import { readFileSync } from 'node:fs'
import Anthropic from '@anthropic-ai/sdk'
import * as fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { LlmReply, LlmRequest, Usage } from '../../schema/call.ts'
import { type Message, type Part, textMessage, toolMessage } from '../../schema/message.ts'
import { wires } from './index.ts'
import { listIn, recordIn } from './text.ts'
import { describeWire } from './wire.contract.ts'

const text = (content: string): Part => ({ type: 'text', content })
const stream = (name: string) =>
  readFileSync(new URL(`../../../test/data/wire/${name}.sse`, import.meta.url), 'utf8')

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
const calls = fc.uniqueArray(fc.oneof(callPart, malformedPart), {
  maxLength: 3,
  selector: (part) => (part.type === 'tool_call' ? part.id : ''),
})
const thinking: fc.Arbitrary<Part> = fc
  .tuple(content, fc.option(content, { nil: undefined }))
  .map(([content, signature]) => ({
    type: 'reasoning',
    content,
    ...(signature === undefined ? {} : { signature }),
  }))
const opaque = (...values: Extract<Part, { type: 'opaque' }>['value'][]): fc.Arbitrary<Part> =>
  fc.constantFrom(...values.map((value): Part => ({ type: 'opaque', value })))

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

function requests(system: number, ...turns: fc.Arbitrary<readonly Message[]>[]): fc.Arbitrary<LlmRequest> {
  return fc
    .record({
      settings,
      system: fc.array(textPart, { maxLength: system }),
      first: content,
      turns: fc.array(fc.oneof(...turns), { maxLength: 5 }),
    })
    .map(({ settings, system, first, turns }) => ({
      ...settings,
      system,
      messages: [textMessage('user', first), ...turns.flat()],
    }))
}

const usage: fc.Arbitrary<Usage> = fc.record({
  input: fc.nat(),
  cacheRead: fc.nat(),
  cacheWrite: fc.nat(),
  output: fc.nat(),
  reasoning: fc.nat(),
})

function replies(
  parts: fc.Arbitrary<readonly Part[]>,
  ...finishReasons: readonly string[]
): fc.Arbitrary<LlmReply> {
  return fc.record({
    message: parts.map((parts): Message => ({ role: 'assistant', parts })),
    model: name,
    finishReason: fc.constantFrom(...finishReasons),
    responseId: fc.stringMatching(/^[a-z]+_[a-z0-9]{1,6}$/),
    usage,
  })
}

const turn = (role: Message['role'], parts: fc.Arbitrary<readonly Part[]>) =>
  parts.map((parts): readonly Message[] => [{ role, parts }])
const join = (...all: fc.Arbitrary<readonly Part[]>[]) => fc.tuple(...all).map((parts) => parts.flat())
const maybe = (...parts: fc.Arbitrary<Part>[]) => fc.array(fc.oneof(...parts), { maxLength: 1 })

const broken = [
  ['messages that are none', { messages: 'hi' }],
  ['a message that is none', { messages: ['hi'] }],
  ['a role nobody knows', { messages: [{ role: 'critic', content: 'x' }] }],
  ['a tool that is none', { messages: [], tools: ['x'] }],
  ['a tool without a name', { messages: [], tools: [{ description: 'x' }] }],
] as const

// ── OpenAI chat ─────────────────────────────────────────────────────────────────────────────────────────────

const chatAside = opaque(
  { $message: { refusal: 'I cannot.' } },
  { $message: { reasoning_content: 'hm', n: 1 } },
)
const customCall = opaque({ id: 'c1000', type: 'custom', custom: { name: 'sql', input: 'select 1' } })
const openai = (answer: typeof fetch) =>
  new OpenAI({ apiKey: 'none', baseURL: 'http://x/v1', fetch: answer, maxRetries: 0 })
const chatAsked = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] }

describeWire({
  wire: wires['openai-chat'],
  requests: requests(
    2,
    turn('user', fc.array(textPart, { minLength: 1, maxLength: 3 })),
    turn('assistant', join(maybe(textPart), maybe(chatAside), calls)),
    results(fc.constant(false)),
    content.map((said): readonly Message[] => [{ ...textMessage('user', said), name: 'ann' }]),
  ),
  replies: replies(
    join(maybe(textPart), maybe(chatAside), calls, maybe(customCall)),
    'stop',
    'length',
    'tool_calls',
    'content_filter',
    'brand_new',
  ),
  notRequests: [['no messages', { model: 'm' }], ...broken],
  handedBack: (reply) => ({
    messages: [recordIn(listIn(recordIn(reply).choices)[0]).message ?? null],
  }),
  defaultFinish: 'stop',
  streams: [stream('openai-chat.usage'), stream('openai-chat.parallel-calls')],
  client: {
    plain: (answer) => openai(answer).chat.completions.create(chatAsked),
    streamed: (answer) => openai(answer).chat.completions.stream(chatAsked).finalChatCompletion(),
  },
})

// ── Anthropic ───────────────────────────────────────────────────────────────────────────────────────────────

const image = opaque({ type: 'image', source: { type: 'url', url: 'http://x' } })
const serverTool = opaque(
  { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'x' } },
  { type: 'web_search_tool_result', tool_use_id: 's1', content: [] },
  { type: 'redacted_thinking', data: 'x' },
)
const cited = content.map((said): readonly Part[] => [
  text(said),
  { type: 'opaque', value: { $text: { citations: [{ type: 'char_location', cited_text: 'x' }] } } },
])
const claudeParts = fc
  .array(
    fc.oneof(
      fc.oneof(textPart, callPart, malformedPart, thinking, serverTool).map((part) => [part]),
      cited,
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.flat())
const claudeRequests = requests(
  2,
  fc
    .tuple(
      turn('assistant', claudeParts),
      fc.option(results(fc.boolean()), { nil: [] }),
      fc.option(turn('user', fc.array(fc.oneof(textPart, image), { minLength: 1, maxLength: 2 })), {
        nil: [],
      }),
    )
    .map((turns) => turns.flat()),
)
const claudeReplies = replies(
  claudeParts,
  'end_turn',
  'max_tokens',
  'tool_use',
  'refusal',
  'pause_turn',
  'brand_new',
)
const anthropic = (answer: typeof fetch) =>
  new Anthropic({ apiKey: 'none', baseURL: 'http://x', fetch: answer, maxRetries: 0 })
const claudeAsked = { model: 'm', max_tokens: 9, messages: [{ role: 'user' as const, content: 'hi' }] }

describeWire({
  wire: wires['anthropic-messages'],
  requests: claudeRequests,
  replies: claudeReplies,
  notRequests: [['no messages', { model: 'm' }], ...broken],
  handedBack: (reply) => ({
    messages: [{ role: 'assistant', content: recordIn(reply).content }],
  }),
  defaultFinish: 'end_turn',
  streams: [stream('anthropic-messages.code-execution')],
  client: {
    // Of input that is no JSON the client shows what it can make of it.
    reads: ({ message }) =>
      message.parts.every((part) => part.type !== 'tool_call' || part.malformed !== true),
    plain: (answer) => anthropic(answer).messages.create(claudeAsked),
    streamed: (answer) => anthropic(answer).messages.stream(claudeAsked).finalMessage(),
  },
})

describeWire({
  wire: wires['bedrock-anthropic'],
  requests: claudeRequests,
  replies: claudeReplies,
  notRequests: [['no messages', { anthropic_version: 'bedrock-2023-05-31' }], ...broken],
  handedBack: (reply) => ({
    messages: [{ role: 'assistant', content: recordIn(reply).content }],
  }),
  defaultFinish: 'end_turn',
  streams: [stream('anthropic-messages.code-execution')],
})

// ── OpenAI Responses ────────────────────────────────────────────────────────────────────────────────────────

const reasoned: fc.Arbitrary<Part> = fc
  .tuple(fc.oneof(content, fc.constant('')), fc.nat({ max: 1e9 }), fc.boolean())
  .map(([content, at, encrypted]) => ({
    type: 'reasoning',
    content,
    signature: JSON.stringify({ id: `rs_${at}`, ...(encrypted ? { encrypted_content: 'gAAAA' } : {}) }),
  }))
const said = fc.oneof(
  textPart.map((part) => [part]),
  fc.tuple(
    textPart,
    opaque({ $text: { annotations: [{ type: 'url_citation', url: 'http://x', title: 'x' }] } }),
  ),
  opaque({ type: 'refusal', refusal: 'I cannot.' }).map((part) => [part]),
)
const phase = opaque({ $item: { phase: 'commentary' } })
const builtin = fc.nat({ max: 1e9 }).map(
  (at): Part => ({
    type: 'opaque',
    value: {
      type: 'web_search_call',
      id: `ws_${at}`,
      status: 'completed',
      action: { type: 'search', query: 'x' },
    },
  }),
)
const responseParts = join(
  maybe(reasoned),
  maybe(builtin),
  fc.option(said, { nil: [] }),
  calls,
  fc.option(
    join(
      phase.map((part) => [part]),
      said,
    ),
    { nil: [] },
  ),
)
const responsesAsked = { model: 'm', input: 'hi' }

describeWire({
  wire: wires['openai-responses'],
  requests: requests(
    1,
    turn(
      'user',
      fc.array(fc.oneof(textPart, opaque({ type: 'input_image', image_url: 'x' })), {
        minLength: 1,
        maxLength: 3,
      }),
    ),
    fc
      .tuple(turn('assistant', responseParts), results(fc.constant(false)))
      .map((turns) => turns.flat().filter(({ parts }) => parts.length > 0)),
    opaque({ type: 'computer_call_output', call_id: 'x', output: { type: 'computer_screenshot' } }).map(
      (part): readonly Message[] => [{ role: 'tool', parts: [part] }],
    ),
  ),
  replies: replies(
    responseParts,
    'completed',
    'max_output_tokens',
    'content_filter',
    'failed',
    'incomplete',
    'brand_new',
  ),
  notRequests: [
    ['no input', { model: 'm' }],
    ['input that is none', { input: 7 }],
    ['an item that is none', { input: ['hi'] }],
    ['a role nobody knows', { input: [{ role: 'critic', content: 'x' }] }],
    ['a tool that is none', { input: [], tools: ['x'] }],
    ['a tool without a name', { input: [], tools: [{ description: 'x' }] }],
  ],
  handedBack: (reply) => ({ input: recordIn(reply).output }),
  defaultFinish: 'completed',
  streams: [],
  client: {
    plain: (answer) => openai(answer).responses.create(responsesAsked),
    streamed: (answer) => openai(answer).responses.stream(responsesAsked).finalResponse(),
  },
})

// ── the list ────────────────────────────────────────────────────────────────────────────────────────────────

describe('wires', () => {
  const claims = (address: string) =>
    Object.values(wires)
      .filter((wire) => wire.matches(new URL(address)))
      .map(({ name }) => name)

  it('stand under their names', () => {
    expect(Object.values(wires).map(({ name }) => name)).toEqual(Object.keys(wires))
  })

  it('carry what only looks like a word of ours', () => {
    for (const forged of [
      { $text: { text: 'x' } },
      { $message: { role: 'tool' } },
      { $carried: { a: 1 } },
      { $item: {} },
    ]) {
      const content = [forged, { type: 'other' }]
      const messages = [{ role: 'user', content }]
      for (const name of ['openai-chat', 'anthropic-messages'] as const) {
        expect(wires[name].writeRequest(wires[name].readRequest({ messages }))).toEqual({ messages })
      }
      const responses = wires['openai-responses']
      const input = [...messages, { role: 'assistant', content }]
      expect(responses.writeRequest(responses.readRequest({ input }))).toEqual({ input })
    }
  })

  it.each([
    ['https://api.openai.com/v1/chat/completions', 'openai-chat'],
    ['https://generativelanguage.googleapis.com/v1beta/openai/chat/completions', 'openai-chat'],
    ['https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1', 'openai-chat'],
    ['http://127.0.0.1:9/chat/completions', 'openai-chat'],
    ['https://gateway.example/team-a/openai/v1/chat/completions?trace=1#x', 'openai-chat'],
    ['https://api.openai.com/v1/responses', 'openai-responses'],
    ['https://x.openai.azure.com/openai/responses?api-version=1', 'openai-responses'],
    ['http://127.0.0.1:9/openai/v1/responses', 'openai-responses'],
    ['https://api.anthropic.com/v1/messages?beta=true', 'anthropic-messages'],
    ['https://x.services.ai.azure.com/anthropic/v1/messages', 'anthropic-messages'],
    ['http://127.0.0.1:9/anthropic/v1/messages', 'anthropic-messages'],
    [
      'https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-x-v1:0/invoke',
      'bedrock-anthropic',
    ],
    ['https://proxy/aws/model/anthropic.claude-x-v1%3A0/invoke', 'bedrock-anthropic'],
    [
      'https://b/model/arn%3Aaws%3Abedrock%3Ax%3Ainference-profile%2Fus.anthropic.y/invoke',
      'bedrock-anthropic',
    ],
  ])('%s is claimed by %s alone', (address, name) => {
    expect(claims(address)).toEqual([name])
  })

  it.each([
    'https://api.openai.com/v1/models',
    'https://api.openai.com/v1/embeddings',
    'https://api.openai.com/v1/chat/completions/c1',
    'https://api.openai.com/v1/responses/resp_1',
    'https://api.openai.com/v1/responses/resp_1/cancel',
    'https://api.openai.com/v1/responses/input_tokens',
    'https://api.openai.com/v1/threads/t/messages',
    'https://api.anthropic.com/v1/messages/batches',
    'https://api.anthropic.com/v1/messages/count_tokens',
    'https://x/?p=/chat/completions',
    'https://x/#/v1/responses',
    'https://b/model/us.anthropic.claude-x-v1:0/invoke-with-response-stream',
    'https://b/model/us.anthropic.claude-x-v1:0/converse',
    'https://b/model/meta.llama3-70b/invoke',
    'https://b/model/%E0%A4%A/invoke',
    'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.0-flash:generateContent',
  ])('%s is claimed by none', (address) => {
    expect(claims(address)).toEqual([])
  })
})
