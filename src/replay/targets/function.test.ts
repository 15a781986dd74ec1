import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { contentHash } from '../../lib/hash.ts'
import { asks, conversation, recordingWith, says, turn, used } from '../../schema/testing/recordings.ts'
import { fetch } from '../../tap/fetch.ts'
import { tool } from '../../tap/function.ts'
import { describeTarget } from '../target.contract.ts'
import type { PlayContext } from '../target.ts'
import { playing, shopCase } from '../testing/trials.ts'
import { functionTarget } from './function.ts'

const getOrder = tool<unknown, string>({ name: 'get_order' }, (): string => {
  throw new Error('the real tool ran')
})

/** A support agent as people write them: a client, a tool, a loop. */
async function support(_: unknown, { user }: PlayContext): Promise<string> {
  const client = new OpenAI({ apiKey: 'x', fetch, baseURL: 'http://127.0.0.1:9/v1' })
  const opened = await user.next(undefined)
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: textIn(opened) }]
  for (;;) {
    const { choices } = await client.chat.completions.create({ model: 'gpt-shop', messages })
    const message = choices[0]?.message
    if (message === undefined) throw new Error('no choice')
    messages.push(message)
    for (const call of message.tool_calls ?? []) {
      if (call.type !== 'function') continue
      const content = await getOrder(JSON.parse(call.function.arguments))
      messages.push({ role: 'tool', tool_call_id: call.id, content })
    }
    if (message.tool_calls === undefined) return message.content ?? ''
  }
}

function textIn(message: Awaited<ReturnType<PlayContext['user']['next']>>): string {
  return message?.parts.map((part) => (part.type === 'text' ? part.content : '')).join('') ?? ''
}

describeTarget('a function', {
  make: () => functionTarget(support),
  recording: recordingWith(
    conversation(
      [
        turn('Where is W12?'),
        { model: asks([['get_order', { order: 'W12' }]]) },
        used('get_order', { order: 'W12' }, '{"status":"sent"}', 'c1'),
        { model: says('It was sent.') },
      ],
      { model: 'gpt-shop' },
    ),
    { output: 'It was sent.' },
  ),
  output: 'It was sent.',
})

describe('functionTarget', () => {
  const nothing = recordingWith([])

  it('is named for its function, and versioned by its code', () => {
    const target = functionTarget(support)
    expect(target).toMatchObject({
      kind: 'function',
      name: 'support',
      versions: { code: contentHash(support.toString()) },
    })
    expect(functionTarget(() => 1).name).toBe('target')
  })

  it.each([
    ['a text', () => 'ok', 'ok'],
    ['null', () => null, null],
    ['false', () => false, false],
    [
      'an object, as JSON carries it',
      () => ({ when: new Date(0), left: undefined }),
      { when: '1970-01-01T00:00:00.000Z' },
    ],
    ['a promise', () => Promise.resolve([1]), [1]],
  ])('returns %s', async (_, fn, output) => {
    expect(await playing(fn, nothing)).toMatchObject({ status: 'completed', output })
  })

  it('may return nothing', async () => {
    const outcome = await playing(() => undefined, nothing)
    expect(outcome.status).toBe('completed')
    expect(outcome).not.toHaveProperty('output')
  })

  const circle: Record<string, unknown> = {}
  circle.self = circle
  it.each([
    ['NaN, which JSON would make null', Number.NaN],
    ['NaN within', { rate: Number.NaN }],
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a cycle', circle],
    ['a key that is refused', JSON.parse('{"__proto__":1}')],
  ])('fails for %s', async (_, output) => {
    expect(await playing(() => output, nothing)).toMatchObject({
      status: 'failed',
      code: 'EVK_AGENT_THREW',
      reason: 'The agent threw TypeError: The target returned something that JSON cannot say.',
    })
  })

  it('gets its input and its case in copies', async () => {
    const given = { ...shopCase, input: { lines: ['tea'] } }
    const spoil = (input: { lines: string[] }, context: PlayContext): number => {
      ;(context.case.input as { lines: string[] }).lines.length = 0
      input.lines.push('jam')
      return input.lines.length
    }
    const one = await playing(spoil, nothing, { case: given })
    expect(one.output).toBe(2)
    expect(one.trace.input).toEqual({ lines: ['tea'] })
    expect((await playing(spoil, nothing, { case: given })).output).toBe(2)
  })
})
