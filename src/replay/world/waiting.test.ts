import OpenAI, { APIConnectionTimeoutError } from 'openai'
import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../schema/attempt.ts'
import type { LlmReply } from '../../schema/call.ts'
import type { Recording } from '../../schema/recording.ts'
import { conversation, recordingWith } from '../../schema/testing/recordings.ts'
import { fetch } from '../../tap/fetch.ts'
import { readAttempt } from '../../tap/read-attempt.ts'
import { openaiChat } from '../../tap/wire/openai-chat.ts'
import { playing, shopCase } from '../testing/trials.ts'
import { real } from './real.ts'

const at = Date.UTC(2025, 5, 1, 12)
const answer = JSON.stringify({
  id: 'r_1',
  object: 'chat.completion',
  created: 0,
  model: 'gpt-shop',
  choices: [
    {
      index: 0,
      finish_reason: 'stop',
      message: { role: 'assistant', content: 'It was sent.', refusal: null },
    },
  ],
})
const served: Attempt = { status: 200, headers: { 'content-type': 'application/json' }, body: answer }
const busy = (headers: Attempt['headers']): Attempt => ({
  status: 429,
  headers: { 'content-type': 'application/json', ...headers },
  body: '{"error":{"message":"slow down"}}',
})

const brought = readAttempt(served, openaiChat).reply as LlmReply

/** A recorded question whose answer took these tries. */
function recorded(attempts: readonly Attempt[], reply = brought): Recording {
  const calls = conversation(
    [
      {
        kind: 'human',
        request: { name: 'user' },
        reply: { message: { role: 'user', parts: [{ type: 'text', content: 'Where is W12?' }] } },
      },
      { model: reply },
    ],
    { model: 'gpt-shop' },
  )
  return recordingWith(
    calls.flatMap((call) =>
      call.kind === 'llm' ? [{ ...call, attempts, startedAt: new Date(at).toISOString() }] : [],
    ),
  )
}

async function asking(options: { timeout?: number } = {}): Promise<unknown> {
  const client = new OpenAI({ apiKey: 'x', baseURL: 'http://127.0.0.1:9/v1', fetch, ...options })
  const began = Date.now()
  const said = await client.chat.completions
    .create({ model: 'gpt-shop', messages: [{ role: 'user', content: 'Where is W12?' }] })
    .then(({ choices }) => choices[0]?.message.content)
    .catch((error: unknown) => {
      if (error instanceof APIConnectionTimeoutError) return error.message
      throw error
    })
  return [said, Date.now() - began]
}

const played = (recording: Recording, options?: { timeout?: number }) =>
  playing(() => asking(options), recording, { case: { ...shopCase, input: 'Where is W12?' } })

describe('the OpenAI client in a trial', () => {
  it('waits the 60 seconds it was told to, in milliseconds', async () => {
    const before = real.uptime()
    const outcome = await played(recorded([busy({ 'retry-after': '60' }), served]))
    expect(outcome).toMatchObject({ status: 'completed', output: ['It was sent.', 60_000], divergences: [] })
    expect(real.uptime() - before).toBeLessThan(3000)
  })

  it('waits until the moment it was told to', async () => {
    const until = new Date(at + 30_000).toUTCString()
    const outcome = await played(recorded([busy({ 'retry-after': until }), served]))
    expect(outcome.output).toEqual(['It was sent.', 30_000])
  })

  it('waits as long each time it is played, where its own jitter says how long', async () => {
    const recording = recorded([busy({}), busy({}), served])
    const outcomes = await Promise.all([played(recording), played(recording)])
    expect(outcomes.map(({ status }) => status)).toEqual(['completed', 'completed'])
    const [first = 0, second] = outcomes.map(({ output }) => (output as [string, number])[1])
    expect(first).toBeGreaterThan(500)
    expect(second).toBe(first)
    expect(outcomes[0]?.trace.id).toBe(outcomes[1]?.trace.id)
  })

  it('gives up where it gave up, after a minute of its own', async () => {
    const gaveUp: Attempt = { headers: {}, error: { type: 'AbortError', message: 'aborted' } }
    const recording = recorded([gaveUp, gaveUp, gaveUp], {
      message: { role: 'assistant', parts: [] },
      finishReason: 'error',
    })
    const before = real.uptime()
    const outcome = await played(recording, { timeout: 60_000 })
    const [said, waited] = outcome.output as [string, number]
    expect(said).toBe('Request timed out.')
    expect(waited).toBeGreaterThanOrEqual(180_000)
    expect(real.uptime() - before).toBeLessThan(3000)
  })
})
