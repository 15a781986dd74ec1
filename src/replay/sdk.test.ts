import Anthropic, { BadRequestError as AnthropicBadRequest } from '@anthropic-ai/sdk'
import OpenAI, { APIConnectionError, BadRequestError } from 'openai'
import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { asks, conversation, recordingWith, says, turn, used } from '../schema/testing/recordings.ts'
import { fetch } from '../tap/fetch.ts'
import { SpanLog } from '../tap/span-log.ts'
import { cross, withTap } from '../tap/tap.ts'
import { createPlayer, type Player } from './player.ts'

/** Nothing listens here. */
const baseURL = 'http://127.0.0.1:9/v1'
const question = 'Where is W12?'
const result = '{"status":"sent"}'
const inputSchema = { type: 'object', properties: { order: { type: 'string' } } } as const

function recorded(model: string, parameters: { [key: string]: number }) {
  return recordingWith(
    conversation(
      [
        turn(question),
        {
          model: {
            ...asks([['get_order', { order: 'W12' }]]),
            usage: { input: 10, output: 5, cacheRead: 4, cacheWrite: 0 },
            responseId: 'r_1',
          },
        },
        used('get_order', { order: 'W12' }, result, 'c1'),
        { model: says('It was sent.') },
      ],
      {
        model,
        system: [{ type: 'text', content: 'You work in a shop.' }],
        tools: [{ name: 'get_order', inputSchema }],
        parameters,
      },
    ),
  )
}

interface Fixed {
  readonly player: Player
  /** Attempts that reached our `fetch`. */
  readonly attempts: string[]
  readonly fetch: typeof globalThis.fetch
}

function fixed(recording: ReturnType<typeof recorded>): Fixed {
  const attempts: string[] = []
  const counting: typeof globalThis.fetch = (input, init) => {
    attempts.push(input instanceof Request ? input.url : String(input))
    return fetch(input, init)
  }
  return { player: createPlayer(recording, new SpanLog('sdk')), attempts, fetch: counting }
}

const errorOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).catch((error: unknown) => error)

describe('the OpenAI client', () => {
  const tools: OpenAI.ChatCompletionTool[] = [
    { type: 'function', function: { name: 'get_order', parameters: inputSchema } },
  ]
  const opening = (content = question): OpenAI.ChatCompletionMessageParam[] => [
    { role: 'system', content: 'You work in a shop.' },
    { role: 'user', content },
  ]
  const setUp = () => {
    const it = fixed(recorded('gpt-shop', { temperature: 0 }))
    const client = new OpenAI({ apiKey: 'x', fetch: it.fetch, baseURL })
    const create = (messages: OpenAI.ChatCompletionMessageParam[]) =>
      client.chat.completions.create({ model: 'gpt-shop', temperature: 0, messages, tools })
    return { ...it, client, create }
  }

  it('has a recorded conversation with a tool again, with nothing listening', async () => {
    const { player, attempts, create } = setUp()
    await withTap(player.tap, async () => {
      const messages = opening()
      const first = await create(messages)
      expect(first).toMatchObject({
        id: 'r_1',
        object: 'chat.completion',
        model: 'gpt-shop',
        _request_id: 'recorded',
      })
      expect(first.usage).toMatchObject({ prompt_tokens: 14, completion_tokens: 5, total_tokens: 19 })
      const [choice] = first.choices
      expect(choice?.finish_reason).toBe('tool_calls')
      const [call] = choice?.message.tool_calls ?? []
      if (choice === undefined || call?.type !== 'function') throw new Error('no call')
      expect(call.function).toEqual({ name: 'get_order', arguments: '{"order":"W12"}' })
      await cross('tool', { name: 'get_order', arguments: JSON.parse(call.function.arguments) as Json })
      messages.push(choice.message, { role: 'tool', tool_call_id: call.id, content: result })
      const second = await create(messages)
      expect(second.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'It was sent.' } })
    })
    expect(attempts).toHaveLength(2)
    expect(player.aborted()).toBeUndefined()
    expect(player.fidelity()).toMatchObject({ share: 1, counts: { exact: 3 } })
  })

  it('works with .withResponse(), retries switched on and options of its own', async () => {
    const { player, client } = setUp()
    await withTap(player.tap, async () => {
      const { data, response } = await client
        .withOptions({ maxRetries: 5 })
        .chat.completions.create({ model: 'gpt-shop', temperature: 0, messages: opening(), tools })
        .withResponse()
      expect([response.status, data.id]).toEqual([200, 'r_1'])
    })
  })

  it('gets a call that was not recorded refused, in one attempt, as a 400', async () => {
    const { player, attempts, create } = setUp()
    const error = await withTap(player.tap, () => errorOf(create(opening('Where is W13?'))))
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).not.toBeInstanceOf(APIConnectionError)
    expect(error).toMatchObject({
      status: 400,
      message: expect.stringContaining('At step 1 the model is asked something else') as string,
    })
    expect((error as Error).message).not.toMatch(/time.?out/i)
    expect(attempts).toHaveLength(1)
  })

  it('cannot hide a miss by swallowing the error', async () => {
    const { player, create } = setUp()
    await withTap(player.tap, () => errorOf(create(opening('Where is W13?'))))
    expect(player.aborted()).toMatchObject({
      step: 1,
      kind: 'request',
      differences: [{ path: 'messages[1].content', expected: question, got: 'Where is W13?' }],
    })
  })

  it('streams a recording that was made without one', async () => {
    const { player, client } = setUp()
    const completion = await withTap(player.tap, () =>
      client.chat.completions
        .stream({ model: 'gpt-shop', temperature: 0, messages: opening(), tools })
        .finalChatCompletion(),
    )
    expect(completion.choices[0]?.message.tool_calls).toMatchObject([
      { function: { name: 'get_order', arguments: '{"order":"W12"}' } },
    ])
    expect(player.fidelity()).toMatchObject({ share: 1, counts: { exact: 1 } })
  })

  it('gets endpoints refused that we do not read', async () => {
    const { player, attempts, client } = setUp()
    const error = await withTap(player.tap, () =>
      errorOf(client.embeddings.create({ model: 'gpt-shop', input: 'hi' })),
    )
    expect(error).toMatchObject({ status: 400 })
    expect(attempts).toEqual([`${baseURL}/embeddings`])
    expect(player.aborted()?.what).toContain('no model call we can read')
  })
})

describe('the Anthropic client', () => {
  const tools: Anthropic.Tool[] = [{ name: 'get_order', input_schema: { ...inputSchema } }]
  const setUp = () => {
    const it = fixed(recorded('claude-shop', { max_tokens: 100 }))
    const client = new Anthropic({ apiKey: 'x', fetch: it.fetch, baseURL: 'http://127.0.0.1:9' })
    const body = (messages: Anthropic.MessageParam[]) => ({
      model: 'claude-shop',
      max_tokens: 100,
      system: 'You work in a shop.',
      messages,
      tools,
    })
    return { ...it, client, body }
  }

  it('has a recorded conversation with a tool again, with nothing listening', async () => {
    const { player, attempts, client, body } = setUp()
    await withTap(player.tap, async () => {
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content: question }]
      const first = await client.messages.create(body(messages))
      expect(first).toMatchObject({ id: 'r_1', stop_reason: 'tool_use', _request_id: 'recorded' })
      expect(first.usage).toMatchObject({ input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 5 })
      const call = first.content.find((block) => block.type === 'tool_use')
      expect(call).toMatchObject({ name: 'get_order', input: { order: 'W12' } })
      await cross('tool', { name: 'get_order', arguments: { order: 'W12' } })
      messages.push(
        { role: 'assistant', content: first.content },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: call?.id ?? '',
              content: result,
              cache_control: { type: 'ephemeral' },
            },
          ],
        },
      )
      const second = await client.messages.create(body(messages))
      expect(second).toMatchObject({
        stop_reason: 'end_turn',
        content: [{ type: 'text', text: 'It was sent.' }],
      })
    })
    expect(attempts).toHaveLength(2)
    expect(player.fidelity()).toMatchObject({ share: 1, counts: { exact: 3 } })
  })

  it('gets a call that was not recorded refused, in one attempt, as a 400', async () => {
    const { player, attempts, client, body } = setUp()
    const error = await withTap(player.tap, () =>
      errorOf(client.messages.create(body([{ role: 'user', content: 'Where is W13?' }]))),
    )
    expect(error).toBeInstanceOf(AnthropicBadRequest)
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining('At step 1') as string })
    expect(attempts).toHaveLength(1)
    expect(player.aborted()).toMatchObject({ kind: 'request' })
  })

  it('streams a recording that was made without one', async () => {
    const { player, client, body } = setUp()
    const message = await withTap(player.tap, () =>
      client.messages.stream(body([{ role: 'user', content: question }])).finalMessage(),
    )
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', name: 'get_order', input: { order: 'W12' } }],
      usage: { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 5 },
    })
    expect(player.fidelity()).toMatchObject({ share: 1, counts: { exact: 1 } })
  })

  it('gets a count of tokens refused: nothing leaves the process', async () => {
    const { player, client, body } = setUp()
    const { max_tokens: _, ...counted } = body([{ role: 'user', content: question }])
    expect(await withTap(player.tap, () => errorOf(client.messages.countTokens(counted)))).toMatchObject({
      status: 400,
    })
    expect(player.aborted()).toMatchObject({ kind: 'miss' })
  })
})
