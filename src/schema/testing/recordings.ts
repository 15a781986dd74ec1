import * as fc from 'fast-check'
import type { Call, CallOf, LlmReply } from '../call.ts'
import type { Json } from '../json.ts'
import { type Message, type Part, textMessage, toolCallsOf } from '../message.ts'
import { messageFrom, type Recording } from '../recording.ts'

/** A recording of these calls, and nothing else said of it. */
export function recordingWith(calls: readonly Call[], more: Partial<Recording> = {}): Recording {
  return { trace: 't_shop', trial: 0, versions: {}, scores: [], calls, ...more }
}

/** The model asks for tools, by name and arguments; ids are `c1`, `c2`, … from `first`. */
export function asks(tools: readonly (readonly [name: string, given: Json])[], first = 1): LlmReply {
  const parts = tools.map(
    ([name, given], at): Part => ({ type: 'tool_call', id: `c${first + at}`, name, arguments: given }),
  )
  return { message: { role: 'assistant', parts } }
}

/** The model says something. */
export function says(content: string): LlmReply {
  return { message: textMessage('assistant', content) }
}

/** One turn of a user of the shop. */
export function turn(content: string): CallOf<'human'> {
  return { kind: 'human', request: { name: 'user' }, reply: { message: textMessage('user', content) } }
}

/** One call of a tool; `id` is the model's. */
export function used(name: string, given: Json, response: Json, id?: string): CallOf<'tool'> {
  const request = { name, arguments: given, ...(id === undefined ? {} : { id }) }
  return { kind: 'tool', request, reply: { response, isError: false } }
}

/** What a conversation is made of, in order: a turn, a tool's result, or the model's reply to all that was said. */
export type Said = CallOf<'human'> | CallOf<'tool'> | { readonly model: LlmReply }

/** The calls of an agent that shows the model the whole conversation each time. */
export function conversation(
  said: readonly Said[],
  settings: Omit<CallOf<'llm'>['request'], 'messages'> = {},
): readonly Call[] {
  const messages: Message[] = []
  return said.map((one): Call => {
    if ('model' in one) {
      const request = { ...settings, messages: [...messages] }
      messages.push(one.model.message)
      return { kind: 'llm', request, reply: one.model }
    }
    messages.push(messageFrom(one))
    return one
  })
}

/** A customer wants their money back: two turns of the user, three of the model, one tool. */
export function refund(more: Partial<Recording> = {}): Recording {
  const calls = conversation(
    [
      turn('I want my money back for W12.'),
      { model: asks([['get_order', { order: 'W12' }]]) },
      used('get_order', { order: 'W12' }, '{"order":"W12","status":"delivered"}', 'c1'),
      { model: says('It was delivered. Shall I refund it?') },
      turn('Yes. ###STOP###'),
    ],
    { model: 'gpt-shop', system: [{ type: 'text', content: 'You work in a shop.' }] },
  )
  const dialogue = { opening: [], stopTexts: ['###STOP###'], stopTools: [], user: true }
  return recordingWith(calls, { dialogue, output: 'It was delivered. Shall I refund it?', ...more })
}

/** A run of `turns` turns, each with a tool, as an agent makes it that repeats the whole conversation. */
export function longConversation(turns: number): Recording {
  const said = Array.from({ length: turns }, (_, at): readonly Said[] => [
    turn(`Where is order W${at}?`),
    { model: asks([['get_order', { order: `W${at}` }]], at) },
    used('get_order', { order: `W${at}` }, `{"order":"W${at}","status":"sent"}`, `c${at}`),
    { model: says(`Order W${at} was sent.`) },
  ])
  return recordingWith(conversation(said.flat()))
}

type Action = 'turn' | 'ask' | 'retry' | 'compact' | 'prompt' | 'forget' | 'edit'

interface Move {
  readonly thread: 0 | 1
  readonly action: Action
  readonly content: string
  readonly tools: readonly string[]
}

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.record({
    thread: fc.constantFrom<0 | 1>(0, 0, 1),
    action: fc.constantFrom<Action>(
      'turn',
      'ask',
      'ask',
      'ask',
      'retry',
      'compact',
      'prompt',
      'forget',
      'edit',
    ),
    content: fc.constantFrom('a', 'b', 'ok'),
    tools: fc.array(fc.constantFrom('get', 'put'), { maxLength: 3 }),
  }),
  { maxLength: 14 },
)

/**
 * What agents do to their conversations: parallel tool calls with results that repeat, retries, compaction, a prompt
 * or a parameter that changes on the way, results shown otherwise than they came, two sub-agents that take turns.
 */
export const recordings: fc.Arbitrary<Recording> = moves.map((all) => {
  const threads = [newThread('first'), newThread('second')] as const
  return recordingWith(all.flatMap((move, at) => play(threads[move.thread], move, at)))
})

interface Thread {
  messages: Message[]
  settings: Omit<CallOf<'llm'>['request'], 'messages'>
}

function newThread(name: string): Thread {
  return { messages: [], settings: { system: [{ type: 'text', content: name }], model: 'm' } }
}

function play(thread: Thread, { action, content, tools }: Move, at: number): Call[] {
  switch (action) {
    case 'turn': {
      const said = turn(content)
      thread.messages.push(messageFrom(said))
      return [at % 2 === 0 ? { ...said, durationMs: at } : said]
    }
    case 'retry':
      return [{ kind: 'llm', request: requestOf(thread), reply: says('again') }]
    case 'compact':
      thread.messages = [textMessage('user', `so far: ${content}`)]
      return []
    case 'prompt':
      thread.settings = { ...thread.settings, system: [{ type: 'text', content }], parameters: { at } }
      return []
    case 'forget': {
      const { parameters: _, ...rest } = thread.settings
      thread.settings = rest
      return []
    }
    case 'edit':
      thread.messages = [...thread.messages.slice(0, -1), textMessage('user', content)]
      return []
    case 'ask': {
      const parts: Part[] = tools.map((name, n) => ({
        type: 'tool_call',
        id: `c${n}`,
        name,
        arguments: { content },
      }))
      const text: Part[] = tools.length === 1 ? [] : [{ type: 'text', content }]
      const reply: LlmReply = { message: { role: 'assistant', parts: [...text, ...parts] } }
      const request = requestOf(thread)
      thread.messages.push(reply.message)
      const results = toolCallsOf(reply.message).map((asked): Call & { kind: 'tool' } => ({
        kind: 'tool',
        request: { name: asked.name, arguments: asked.arguments, id: asked.id },
        reply: { response: content, isError: asked.name === 'put' },
      }))
      thread.messages.push(...results.map(messageFrom))
      return [{ kind: 'llm', request, reply, startedAt: '2026-01-01T00:00:00Z' }, ...results]
    }
  }
}

function requestOf({ messages, settings }: Thread): CallOf<'llm'>['request'] {
  return { ...settings, messages: [...messages] }
}
