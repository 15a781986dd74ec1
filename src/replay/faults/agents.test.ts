import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import type { Attempt } from '../../schema/attempt.ts'
import type { CallOf } from '../../schema/call.ts'
import { knownTools } from '../../schema/known-tools.ts'
import type { Recording } from '../../schema/recording.ts'
import { asks, conversation, recordingWith, says, turn, used } from '../../schema/testing/recordings.ts'
import { trace as traceSchema } from '../../schema/trace.ts'
import { fetch } from '../../tap/fetch.ts'
import { tool } from '../../tap/function.ts'
import { play } from '../play.ts'
import { functionTarget, type TargetFunction } from '../targets/function.ts'
import { shopCase } from '../testing/trials.ts'
import { allColumns, playMatrix } from './matrix.ts'
import { playFaulted } from './play-faulted.ts'
import { readFault, readRule } from './schedule.ts'
import { faultVerdict } from './verdict.ts'

/** Nothing listens here. */
const baseURL = 'http://127.0.0.1:9/v1'
const known = knownTools({
  v: 1,
  tools: {
    get_order: { effect: 'read' },
    refund: { effect: 'write' },
    pay: { effect: 'write', idempotencyKey: 'arguments.key' },
  },
})

function trialOf(agent: TargetFunction, recording: Recording) {
  return {
    target: functionTarget(agent),
    case: shopCase,
    trial: 0,
    recording,
    user: 'none',
    timeoutMs: 20_000,
    now: () => Date.UTC(2026, 0, 1),
    replay: { known },
  } as const
}

/** What faults do to an agent: the word of the verdict, its reason, and the outcome. */
async function faced(agent: TargetFunction, recording: Recording, ...rules: readonly string[]) {
  const trial = trialOf(agent, recording)
  const clean = await play(trial)
  expect(clean).toMatchObject({ status: 'completed', divergences: [] })
  const { outcome, injected } = await playFaulted(trial, { rules: rules.map(readRule) })
  const { word, why } = faultVerdict({ clean, faulted: outcome, injected, known })
  return { word, why, outcome, injected }
}

const getOrder = tool({ name: 'get_order' }, (given: { order: string }): { status: string } =>
  ranForReal(given),
)
const refund = tool({ name: 'refund' }, (given: { order: string }): string => ranForReal(given))
const pay = tool({ name: 'pay' }, (given: { order: string; key: string }): string => ranForReal(given))

function ranForReal(given: object): never {
  throw new Error(`a tool must never run in a replay: ${JSON.stringify(given)}`)
}

describe('an agent with the OpenAI client', () => {
  const parameters = { temperature: 0 }
  const recording = recordingWith(
    conversation(
      [
        turn('Where is W12?'),
        { model: asks([['get_order', { order: 'W12' }]]) },
        used('get_order', { order: 'W12' }, { status: 'sent' }, 'c1'),
        { model: says('It was sent.') },
      ],
      { model: 'gpt-shop', parameters },
    ).filter(({ kind }) => kind !== 'human'),
    { output: 'It was sent.' },
  )
  /** A loop as everybody writes it; `again` is how often it asks once more by itself. */
  const agent = (again: number, stream = false): TargetFunction =>
    async function support() {
      const client = new OpenAI({ apiKey: 'x', fetch, baseURL })
      const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Where is W12?' }]
      for (;;) {
        const message = await tried(again, () =>
          stream ? streamed(client, messages) : plain(client, messages),
        )
        messages.push(message)
        if (message.tool_calls === undefined) return message.content ?? ''
        for (const call of message.tool_calls) {
          if (call.type !== 'function') continue
          const result = await tried(again, () =>
            getOrder(JSON.parse(call.function.arguments) as { order: string }),
          )
          messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(result) })
        }
      }
    }
  type Said = OpenAI.ChatCompletionMessage
  async function plain(client: OpenAI, messages: OpenAI.ChatCompletionMessageParam[]): Promise<Said> {
    const { choices } = await client.chat.completions.create({ model: 'gpt-shop', ...parameters, messages })
    const [choice] = choices
    if (choice === undefined) throw new Error('the model did not answer')
    return choice.message
  }
  async function streamed(client: OpenAI, messages: OpenAI.ChatCompletionMessageParam[]): Promise<Said> {
    const stream = client.chat.completions.stream({ model: 'gpt-shop', ...parameters, messages })
    return (await stream.finalChatCompletion()).choices[0]?.message as Said
  }

  it.each(['model@1: 503 x2', 'model@2: rate-limit', 'model@1: 529', 'model@2: 500 x2'])(
    'gets past %s by the retries of its client',
    async (rule) => {
      const { word, outcome, injected } = await faced(agent(0), recording, rule)
      expect(word).toBe('survived')
      expect(outcome).toMatchObject({ status: 'completed', output: 'It was sent.', divergences: [] })
      expect(outcome.fidelity.counts).toEqual({ exact: 2, injected: 1 })
      expect(injected).toMatchObject([
        { place: 'model', recovered: true, times: rule.endsWith('x2') ? 2 : 1 },
      ])
      expect(outcome.trace.spans.find(({ served }) => served === 'injected')?.attributes).toMatchObject({
        'evalkit.injected': [rule],
      })
      expect(traceSchema.parse(outcome.trace)).toEqual(outcome.trace)
    },
  )

  it('crashes where the retries of its client are used up, and an agent that asks anew goes on where it was', async () => {
    const crashed = await faced(agent(0), recording, 'model@1: 503 x4')
    expect(crashed).toMatchObject({ word: 'crashed', injected: [{ times: 3, recovered: false }] })
    expect(crashed.why).toContain('503')
    const survived = await faced(agent(1), recording, 'model@1: 503 x4')
    expect(survived).toMatchObject({ word: 'survived', injected: [{ times: 4, recovered: true }] })
  })

  it.each(['reset', 'truncated', 'malformed', 'wrong-schema', 'timeout'])(
    'meets %s of a reply that is read whole',
    async (fault) => {
      const rule = `model@1: ${fault}`
      const { word, injected } = await faced(agent(1), recording, rule)
      expect({ word, injected }).toMatchObject({ word: 'survived', injected: [{ fault, recovered: true }] })
      // A body that breaks off is no request that failed: the client does not ask again. A request that got no answer is.
      expect((await faced(agent(0), recording, rule)).word).toBe(fault === 'timeout' ? 'survived' : 'crashed')
    },
  )

  it.each(['reset', 'truncated', 'malformed'])('meets %s in the middle of a stream', async (fault) => {
    const rule = `model@1: ${fault}`
    const without = await faced(agent(0, true), recording, rule)
    expect(without).toMatchObject({ injected: [{ fault, recovered: false }] })
    expect(without.word).toBe('crashed')
    expect((await faced(agent(1, true), recording, rule)).word).toBe('survived')
  })

  it('sees a model that says nothing', async () => {
    const { word, why, outcome } = await faced(agent(0), recording, 'model@2: empty')
    expect(outcome).toMatchObject({ status: 'completed', output: '' })
    expect({ word, why }).toEqual({ word: 'degraded', why: 'it answers nothing' })
  })

  it('is not decided where the model is shown another result than recorded', async () => {
    const { word, why, outcome } = await faced(agent(0), recording, 'get_order: injected-instructions')
    expect(outcome.status).toBe('aborted')
    expect(word).toBe('not decided')
    expect(why).toContain('what it did next is not in the recording')
  })

  it('is stopped where it asks a model without end that stays down', async () => {
    const { word, why } = await faced(agent(Number.POSITIVE_INFINITY), recording, 'model@2: 503 x*')
    expect({ word, why }).toEqual({
      word: 'crashed',
      why: 'The agent was stopped: it does not give up: a request to the model was tried 26 times, and failed each time.',
    })
  })

  it('leaves the same bytes each time', async () => {
    const rules = ['model@1: 503 x2', 'get_order@1: timeout', 'model@2: reset'] as const
    const [one, two] = [
      await faced(agent(1), recording, ...rules),
      await faced(agent(1), recording, ...rules),
    ]
    expect(one.word).toBe('survived')
    expect(canonicalJson(two.outcome)).toBe(canonicalJson(one.outcome))
  })

  it('makes a matrix with all faults', async () => {
    const trial = trialOf(agent(0), recording)
    const columns = allColumns().filter(({ fault }) => fault.name !== 'slow')
    const cells = await playMatrix(() => trial, columns, { clean: await play(trial), known })
    expect(cells.map(({ rule, verdict: { word } }) => `${rule} → ${word}`)).toMatchInlineSnapshot(`
      [
        "model@1: rate-limit → survived",
        "model@1: 503 → survived",
        "model@1: timeout → survived",
        "model@1: reset → crashed",
        "model@1: truncated → crashed",
        "model@1: malformed → crashed",
        "model@1: wrong-schema → crashed",
        "model@1: empty → degraded",
        "model@1: 503 x* → crashed",
        "get_order@1: rate-limit → crashed",
        "get_order@1: 503 → crashed",
        "get_order@1: timeout → crashed",
        "get_order@1: reset → crashed",
        "get_order@1: truncated → crashed",
        "get_order@1: malformed → crashed",
        "get_order@1: wrong-schema → not decided",
        "get_order@1: empty → not decided",
        "get_order@1: injected-instructions → not decided",
        "get_order@1: 503 x* → crashed",
        "model@2: rate-limit → survived",
        "model@2: 503 → survived",
        "model@2: timeout → survived",
        "model@2: reset → crashed",
        "model@2: truncated → crashed",
        "model@2: malformed → crashed",
        "model@2: wrong-schema → crashed",
        "model@2: empty → degraded",
        "model@2: 503 x* → crashed",
      ]
    `)
  }, 60_000)
})

describe('an agent with the Anthropic client', () => {
  const recording = recordingWith(
    conversation([turn('Hello'), { model: { ...says('Good day.'), finishReason: 'end_turn' } }], {
      model: 'claude-shop',
      parameters: { max_tokens: 100 },
    }).slice(1),
    { output: 'Good day.' },
  )
  const asked = {
    model: 'claude-shop',
    max_tokens: 100,
    messages: [{ role: 'user' as const, content: 'Hello' }],
  }
  const agent = (again: number, stream: boolean): TargetFunction =>
    async function greet() {
      const client = new Anthropic({ apiKey: 'x', fetch, baseURL: 'http://127.0.0.1:9' })
      const { content } = await tried(again, async () => {
        return stream ? client.messages.stream(asked).finalMessage() : client.messages.create(asked)
      })
      return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
    }

  it.each([
    ['model: 529 x2', false, 0, 'survived'],
    ['model: 529 x2', true, 0, 'survived'],
    ['model@1: 429', true, 0, 'survived'],
    ['model@1: reset', true, 0, 'crashed'],
    ['model@1: reset', true, 1, 'survived'],
    ['model@1: reset', false, 0, 'crashed'],
    ['model@1: reset', false, 1, 'survived'],
    ['model@1: timeout', true, 0, 'survived'],
    ['model@1: truncated', true, 0, 'crashed'],
    ['model@1: truncated', true, 1, 'survived'],
    ['model@1: malformed', false, 1, 'survived'],
    ['model: 503', false, 0, 'crashed'],
  ])('%s, streamed %s, asking again %i times: %4$s', async (rule, stream, again, word) => {
    expect(await faced(agent(again, stream), recording, rule)).toMatchObject({ word })
  })

  it('serves recorded bytes broken off where they are known', async () => {
    const [call] = recording.calls as readonly [CallOf<'llm'>]
    const body = JSON.stringify({
      id: 'm1',
      type: 'message',
      role: 'assistant',
      model: 'claude-shop',
      content: [{ type: 'text', text: 'Good day.' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 },
    })
    const attempts: readonly Attempt[] = [
      { status: 500, headers: { 'content-type': 'application/json' }, body: '{}' },
      { status: 200, headers: { 'content-type': 'application/json', 'request-id': 'r9' }, body },
    ]
    const bytes: Recording = { ...recording, calls: [{ ...call, attempts }] }
    expect(await faced(agent(0, false), bytes, 'model: 529 x1')).toMatchObject({ word: 'survived' })
    const { why } = await faced(agent(0, false), bytes, 'model@1: truncated')
    expect(why).toContain('JSON')
  })
})

describe('an agent whose tools fail', () => {
  const recording = recordingWith(
    [used('get_order', { order: 'W12' }, { status: 'delivered' }), used('refund', { order: 'W12' }, 'ok')],
    { output: 'Refunded W12.' },
  )
  const paying = recordingWith([used('pay', { order: 'W12', key: 'k1' }, 'paid')], { output: 'Paid.' })

  it('survives what it tries again', async () => {
    async function careful() {
      await tried(2, () => getOrder({ order: 'W12' }))
      await refund({ order: 'W12' })
      return 'Refunded W12.'
    }
    expect(await faced(careful, recording, 'get_order: 503 x2')).toMatchObject({
      word: 'survived',
      injected: [{ nth: 1 }, { nth: 2 }],
    })
    expect(await faced(careful, recording, 'get_order: 503 x3')).toMatchObject({
      word: 'crashed',
      why: 'The agent threw Error: Request failed with status code 503 (Service Unavailable)',
    })
    expect(await faced(careful, recording, '*@2: reset')).toMatchObject({ word: 'crashed' })
  })

  it('does a write twice that timed out, and nobody could know whether it was done', async () => {
    async function hasty() {
      await getOrder({ order: 'W12' })
      await tried(1, () => refund({ order: 'W12' }))
      return 'Refunded W12.'
    }
    expect(await faced(hasty, recording, 'refund@1: timeout')).toMatchObject({
      word: 'double write',
      why: 'tool refund was tried again though it may have been done already, and nothing marks both as one',
    })
    // Who was told that nothing was done may try again.
    expect(await faced(hasty, recording, 'refund@1: 429')).toMatchObject({ word: 'survived' })
  })

  it('does a write twice whose result it could not read, though the replay ends there', async () => {
    async function checking() {
      await getOrder({ order: 'W12' })
      if ((await refund({ order: 'W12' })) !== 'ok') await refund({ order: 'W12' })
      return 'Refunded W12.'
    }
    const { word, why, outcome } = await faced(checking, recording, 'refund@1: empty')
    expect(outcome.status).toBe('aborted')
    expect({ word, why }).toMatchObject({
      word: 'double write',
      why: expect.stringContaining('was done again'),
    })
  })

  it('may try a write again with the same idempotency key, and not with another', async () => {
    const agent = (keys: readonly [string, string]): TargetFunction =>
      async function payer() {
        const [first, second] = keys
        await pay({ order: 'W12', key: first }).catch(() => pay({ order: 'W12', key: second }))
        return 'Paid.'
      }
    expect(await faced(agent(['k1', 'k1']), paying, 'pay@1: timeout')).toMatchObject({ word: 'survived' })
    expect(await faced(agent(['k1', 'k2']), paying, 'pay@1: timeout')).toMatchObject({ word: 'double write' })
  })

  it('is wrong where it says that all worked', async () => {
    async function optimist() {
      await getOrder({ order: 'W12' })
      await refund({ order: 'W12' }).catch(() => undefined)
      return 'Refunded W12.'
    }
    expect(await faced(optimist, recording, 'refund@1: 503')).toMatchObject({
      word: 'wrong',
      why: 'it answers as if all had worked, though tool refund was not done',
    })
    expect(await faced(optimist, recording, 'refund@1: timeout')).toMatchObject({
      word: 'wrong',
      why: 'it answers as if all had worked, it cannot know whether tool refund was done',
    })
  })

  it('is degraded where it says what failed, and wrong where it makes something up', async () => {
    const agent = (otherwise: string): TargetFunction =>
      async function honest() {
        await getOrder({ order: 'W12' })
        return refund({ order: 'W12' }).then(
          () => 'Refunded W12.',
          () => otherwise,
        )
      }
    const honest = await faced(agent('I could not refund W12 now.'), recording, 'refund@1: 500')
    expect(honest).toMatchObject({ word: 'degraded', why: 'it answers that something did not work' })
    const inventive = await faced(agent('Refunded W13.'), recording, 'refund@1: 500')
    expect(inventive).toMatchObject({ word: 'wrong' })
  })

  it('is wrong where it writes something else', async () => {
    async function rash() {
      const { status } = await getOrder({ order: 'W12' })
      await refund({ order: status === 'delivered' ? 'W12' : 'W13' })
      return 'Refunded W12.'
    }
    const { word, why } = await faced(rash, recording, 'get_order: wrong-schema')
    expect({ word, why }).toMatchObject({ word: 'wrong', why: expect.stringContaining('tool refund') })
  })

  it('takes another path', async () => {
    const two = recordingWith([...recording.calls.slice(0, 1), ...recording.calls], recording)
    async function twofold() {
      await getOrder({ order: 'W12' }).then(
        () => getOrder({ order: 'W12' }),
        () => undefined,
      )
      await refund({ order: 'W12' })
      return 'Refunded W12.'
    }
    expect(await faced(twofold, two, 'get_order@1: 503')).toMatchObject({
      word: 'degraded',
      why: 'the same writes and answer, by another path: 1 step fewer',
    })
  })

  it('is stopped where it never gives up, also where it does nothing but try', async () => {
    async function stubborn() {
      for (;;) {
        try {
          await getOrder({ order: 'W12' })
          break
        } catch {
          // And again.
        }
      }
      await refund({ order: 'W12' })
      return 'Refunded W12.'
    }
    const { word, why, outcome } = await faced(stubborn, recording, 'get_order: 503')
    expect(outcome).toMatchObject({ status: 'failed', code: 'EVK_AGENT_LIMIT' })
    expect({ word, why }).toEqual({
      word: 'crashed',
      why: 'The agent was stopped: it does not give up: tool get_order was tried 26 times, and failed each time.',
    })
    expect(await faced(stubborn, recording, 'get_order: 503 x5')).toMatchObject({ word: 'survived' })
  })

  it('is not decided where nothing happened', async () => {
    async function usual() {
      await getOrder({ order: 'W12' })
      await refund({ order: 'W12' })
      return 'Refunded W12.'
    }
    expect(await faced(usual, recording, 'get_order@2: 503')).toMatchObject({
      word: 'not decided',
      injected: [],
    })
    // Text is no JSON that could be malformed.
    expect(await faced(usual, recording, 'refund@1: malformed')).toMatchObject({
      word: 'not decided',
      injected: [],
    })
    const trial = trialOf(usual, recording)
    const cells = await playMatrix(() => trial, [readFault('malformed')], { clean: await play(trial), known })
    expect(cells.map(({ rule }) => rule)).toEqual(['get_order@1: malformed'])
  })

  it('waits for a slow one, or does not', async () => {
    async function patient() {
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, 30, undefined))
      const order = await Promise.race([getOrder({ order: 'W12' }), late])
      if (order === undefined) return 'I could not look W12 up in time.'
      await refund({ order: 'W12' })
      return 'Refunded W12.'
    }
    expect(await faced(patient, recording, 'get_order: slow 1ms')).toMatchObject({ word: 'survived' })
    expect(await faced(patient, recording, 'get_order: slow 200ms')).toMatchObject({ word: 'degraded' })
  })
})

describe('an agent whose tool is an HTTP endpoint', () => {
  const url = 'http://127.0.0.1:9/orders'
  const recording = recordingWith(
    [
      {
        kind: 'custom',
        request: { method: 'POST', url, body: { order: 'W12' } },
        reply: { status: 200, body: { id: 7 } },
        attempts: [{ status: 200, headers: { 'content-type': 'application/json' }, body: '{"id":7}' }],
      },
    ],
    { output: { id: 7 } },
  )
  const agent = (headers: Readonly<Record<string, string>>): TargetFunction =>
    async function order() {
      return tried(1, async () => {
        const response = await fetch(url, { method: 'POST', body: JSON.stringify({ order: 'W12' }), headers })
        if (!response.ok) throw new Error(`status ${response.status}`)
        return response.json()
      })
    }

  it.each([
    ['http: 503 x1', {}, 'survived'],
    ['http: timeout x1', {}, 'double write'],
    ['http: reset x1', {}, 'double write'],
    ['http: malformed x1', {}, 'double write'],
    ['http: timeout x1', { 'idempotency-key': 'k' }, 'survived'],
    ['http: 502', {}, 'crashed'],
  ])('%s with %j: %s', async (rule, headers, word) => {
    const found = await faced(agent(headers), recording, rule)
    // Two tries that may both have got through are two writes, also where the agent gave up then.
    expect(found).toMatchObject({ word: rule === 'http: 502' ? 'double write' : word })
  })
})

it('a fault is read where it stands in a list', () => {
  expect(readFault('503').argument).toBe(503)
})

/** Tries once more, so many times. */
async function tried<T>(again: number, body: () => Promise<T>): Promise<T> {
  for (let left = again; ; left--) {
    try {
      return await body()
    } catch (error) {
      if (left === 0) throw error
    }
  }
}
