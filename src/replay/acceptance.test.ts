/** What a replay has to stand, of tools whose world changes: an agent and a recording each. The list: docs/replay.md. */
import OpenAI from 'openai'
import { describe, expect, it, vi } from 'vitest'
import type { ToolReply } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { knownTools } from '../schema/known-tools.ts'
import { normalizersOf } from '../schema/normalizers.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Recording } from '../schema/recording.ts'
import { replayPolicy } from '../schema/replay-policy.ts'
import { asks, conversation, recordingWith, says, turn, used } from '../schema/testing/recordings.ts'
import { type ToolsFile, toolsFile } from '../schema/tool.ts'
import { fetch } from '../tap/fetch.ts'
import { tool } from '../tap/function.ts'
import type { Play } from './play.ts'
import type { TargetFunction } from './targets/function.ts'
import { playing } from './testing/trials.ts'

const file: ToolsFile = toolsFile.parse({
  tools: {
    get_order: { effect: 'read', resource: ['/order'] },
    cancel: { effect: 'write', resource: ['/order'] },
    search: { effect: 'read' },
    pay: { effect: 'write', idempotencyKey: 'arguments.key' },
  },
})

const really = vi.fn<() => never>(() => {
  throw new Error('the real tool ran')
})
const getOrder = tool<{ order: string }, Json>({ name: 'get_order' }, really)
const cancel = tool<{ order: string }, Json>({ name: 'cancel' }, really)
const search = tool<Record<string, Json>, Json>({ name: 'search' }, really)
const pay = tool<{ key: string; usd: number }, { id: string; key: string }>({ name: 'pay' }, really)

const order = (id: string, status: string) => used('get_order', { order: id }, status)
const cancelled = (id: string) => used('cancel', { order: id }, `cancelled ${id}`)

function replaying(
  agent: TargetFunction,
  recording: Recording,
  more: Partial<Play> = {},
  tools: ToolsFile = file,
): Promise<Outcome> {
  const normalizers = normalizersOf(
    tools,
    recording.calls.flatMap((call) => (call.kind === 'tool' ? [call.request.name] : [])),
  )
  return playing(agent, recording, { replay: { known: knownTools(tools), normalizers }, ...more })
}

/** How each reply of a trial was found, by its step. */
const servedIn = ({ trace }: Outcome) =>
  trace.spans.flatMap(({ served }) => (served === undefined ? [] : [served]))

describe('reads and writes in another order', () => {
  const recording = recordingWith([order('A', 'packed'), cancelled('A'), order('A', 'gone')])

  it('a read after a write that was not there yet is labelled stale, and is no exact one', async () => {
    const before = recordingWith([order('A', 'packed'), cancelled('A')])
    const late: TargetFunction = async () => [await cancel({ order: 'A' }), await getOrder({ order: 'A' })]
    const outcome = await replaying(late, before)
    expect(outcome).toMatchObject({ status: 'completed', output: ['cancelled A', 'packed'] })
    expect(servedIn(outcome)).toEqual(['exact', 'stale-state'])
    expect(outcome.fidelity).toEqual({ share: 0.5, steps: 2, counts: { exact: 1, 'stale-state': 1 } })
  })

  it('and where that is strict, it is a miss', async () => {
    const policy = replayPolicy.parse({ strict: true })
    const before = recordingWith([order('A', 'packed'), cancelled('A')])
    const late: TargetFunction = async () => [await cancel({ order: 'A' }), await getOrder({ order: 'A' })]
    const outcome = await replaying(late, before, { replay: { known: knownTools(file), policy } })
    expect(outcome).toMatchObject({ status: 'aborted', fidelity: { firstOffTape: 2 } })
  })

  it('a read is what it was in that state, whenever it comes', async () => {
    const other: TargetFunction = async () => [await cancel({ order: 'A' }), await getOrder({ order: 'A' })]
    const outcome = await replaying(other, recording)
    expect(outcome).toMatchObject({ output: ['cancelled A', 'gone'], fidelity: { share: 1 } })
  })

  it('a read more changes nothing but a count', async () => {
    const more: TargetFunction = async () => {
      await getOrder({ order: 'A' })
      await getOrder({ order: 'A' })
      return [await cancel({ order: 'A' }), await getOrder({ order: 'A' })]
    }
    const outcome = await replaying(more, recording)
    expect(outcome).toMatchObject({ status: 'completed', output: ['cancelled A', 'gone'], divergences: [] })
    expect(outcome.fidelity).toEqual({ share: 1, steps: 4, counts: { exact: 3, 'repeat-read': 1 } })
  })

  it('a write twice is not made up: the trial ends there', async () => {
    const twice: TargetFunction = async () => {
      await getOrder({ order: 'A' })
      await cancel({ order: 'A' })
      return cancel({ order: 'A' }).catch(() => 'all is well')
    }
    const outcome = await replaying(twice, recording)
    expect(outcome).toMatchObject({ status: 'aborted', fidelity: { firstOffTape: 3 } })
    expect(outcome.divergences[0]?.what).toContain('recorded step 2 was already served at step 2')
  })

  it('calls of two orders at once come in any order', async () => {
    const both = recordingWith([order('A', 'a'), order('B', 'b'), cancelled('A'), cancelled('B')])
    const reversed: TargetFunction = async () => {
      const read = await Promise.all([getOrder({ order: 'B' }), getOrder({ order: 'A' })])
      return [...read, ...(await Promise.all([cancel({ order: 'B' }), cancel({ order: 'A' })]))]
    }
    const outcome = await replaying(reversed, both)
    expect(outcome).toMatchObject({
      output: ['b', 'a', 'cancelled B', 'cancelled A'],
      fidelity: { share: 1 },
    })
  })

  it('calls that are the same, made at once, get what came then, in the order they were made', async () => {
    const polls = recordingWith([order('A', 'first'), order('A', 'second'), order('A', 'third')])
    const asked: TargetFunction = () => Promise.all([1, 2, 3].map(() => getOrder({ order: 'A' })))
    expect((await replaying(asked, polls)).output).toEqual(['first', 'second', 'third'])
  })
})

describe('arguments that say the same', () => {
  const inputSchema = {
    type: 'object',
    properties: {
      tags: { type: 'array' },
      limit: { type: 'integer' },
      sort: { type: 'string', default: 'new' },
    },
  } as const
  const tools = toolsFile.parse({ tools: { search: { effect: 'read', inputSchema } } })

  it.each([
    ['a list that was encoded twice', { tags: '["a","b"]', limit: 10 }, { tags: ['a', 'b'], limit: 10 }],
    ['a number in quotes', { limit: '10' }, { limit: 10 }],
    ['a field that the schema gained', { limit: 10 }, { limit: 10, sort: 'new' }],
  ] as const)('%s', async (_, recorded, given) => {
    const agent: TargetFunction = () => search(given)
    const recording = recordingWith([used('search', recorded, 'found')])
    const outcome = await replaying(agent, recording, {}, tools)
    expect(outcome).toMatchObject({ status: 'completed', output: 'found', fidelity: { share: 1 } })
    expect(servedIn(outcome)).toEqual(['normalized'])
  })

  it('and not where they say something else', async () => {
    const recording = recordingWith([used('search', { limit: 10 }, 'found')])
    expect(await replaying(() => search({ limit: 10, sort: 'old' }), recording, {}, tools)).toMatchObject({
      status: 'aborted',
      divergences: [{ differences: [{ path: 'arguments.sort', expected: 'new', got: 'old' }] }],
    })
  })
})

describe('an agent with the OpenAI client', () => {
  const then = '11111111-aaaa-4aaa-8aaa-111111111111'
  const now = '22222222-bbbb-4bbb-8bbb-222222222222'
  const model = 'gpt-shop'
  const client = new OpenAI({ apiKey: 'x', fetch, baseURL: 'http://127.0.0.1:9/v1' })
  const paid = (key: string) => `{"id":"p-1","key":"${key}"}`
  const recording = recordingWith(
    conversation(
      [
        turn('Pay 5.'),
        { model: asks([['pay', { usd: 5 }]]) },
        used('pay', { key: then, usd: 5 }, paid(then), 'c1'),
        { model: says(`Paid under ${then}.`) },
      ],
      { model },
    ),
  )

  /** Asks the model, does with `make` what it asks for, and shows it what came back. */
  const agent =
    (make: (given: Record<string, Json>) => Promise<unknown>): TargetFunction =>
    async () => {
      const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Pay 5.' }]
      const first = await client.chat.completions.create({ model, messages })
      const [asked] = first.choices[0]?.message.tool_calls ?? []
      if (asked?.type !== 'function') throw new Error('no call was asked for')
      const result = String(await make(JSON.parse(asked.function.arguments) as Record<string, Json>))
      if (first.choices[0] !== undefined) messages.push(first.choices[0].message)
      messages.push({ role: 'tool', tool_call_id: asked.id, content: result })
      const second = await client.chat.completions.create({ model, messages })
      return second.choices[0]?.message.content
    }

  // The person’s turn is the case’s input here.
  const { calls } = recording
  const asked: Recording = { ...recording, calls: calls.slice(1) }

  it('has its new key in the result, in what the model is shown, and in what the model says', async () => {
    const outcome = await replaying(
      agent((given) => pay({ ...given, key: now } as never)),
      asked,
    )
    expect(outcome).toMatchObject({ status: 'completed', output: `Paid under ${now}.`, divergences: [] })
    expect(outcome.fidelity).toEqual({ share: 1, steps: 3, counts: { exact: 1, normalized: 2 } })
    expect(JSON.stringify(outcome.trace.spans)).not.toContain(then)
  })

  it('cannot pay twice under another key', async () => {
    const twice = agent(async (given) => {
      await pay({ ...given, key: now } as never)
      return pay({ ...given, key: `${now}-again` } as never)
    })
    expect(await replaying(twice, asked)).toMatchObject({ status: 'aborted', fidelity: { firstOffTape: 3 } })
  })

  it('is stopped where it ran a tool that no tap knows: EVK_TOOL_UNTAPPED', async () => {
    const ran = vi.fn<() => Promise<string>>(async () => 'paid for real')
    const untapped = recordingWith(
      asked.calls.map((call) =>
        call.kind === 'llm'
          ? {
              ...call,
              reply: JSON.parse(
                JSON.stringify(call.reply).replaceAll('"pay"', '"transfer"'),
              ) as typeof call.reply,
            }
          : call,
      ),
    )
    const outcome = await replaying(agent(ran), untapped)
    expect(ran).toHaveBeenCalledTimes(1)
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_TOOL_UNTAPPED' })
    expect(outcome.divergences[0]?.what).toContain('transfer')
  })

  it('may say itself what became of a tool that it did not call', async () => {
    const refused = conversation(
      [
        turn('Pay 5.'),
        { model: asks([['pay', { usd: 5 }]]) },
        { ...used('pay', { usd: 5 }, 'A person said no.', 'c1') },
        { model: says('I may not.') },
      ],
      { model },
    ).filter(({ kind }) => kind === 'llm')
    const outcome = await replaying(
      agent(async () => 'A person said no.'),
      recordingWith(refused),
    )
    expect(outcome).toMatchObject({ status: 'completed', output: 'I may not.', fidelity: { share: 1 } })
  })
})

it('answers from elsewhere only what the policy lets it, and never what writes', async () => {
  const agent: TargetFunction = () =>
    Promise.all(
      [search({ q: 1 }), cancel({ order: 'A' })].map((asked) => asked.catch((error: Error) => error.message)),
    )
  const policy = replayPolicy.parse({ onMiss: 'tool-error', tools: { cancel: 'live', search: 'live' } })
  const outcome = await replaying(agent, recordingWith([]), {
    replay: { known: knownTools(file), policy, simulate: { cancel: (): Json => 'made up' } },
  })
  expect(outcome.status).toBe('aborted')
  expect(really).toHaveBeenCalledTimes(1)
  const reply = outcome.trace.spans.find(({ name }) => name === 'cancel') as { reply?: ToolReply } | undefined
  expect(reply?.reply).toBeUndefined()
})
