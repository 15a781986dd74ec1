import { describe, expect, it } from 'vitest'
import type { Call } from '../../schema/call.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { textMessage } from '../../schema/message.ts'
import type { Recording } from '../../schema/recording.ts'
import {
  asks,
  conversation,
  recordingWith,
  refund,
  says,
  turn,
  used,
} from '../../schema/testing/recordings.ts'
import type { Dialogue } from '../../schema/trace.ts'
import { describeTarget } from '../target.contract.ts'
import { playing, shopCase } from '../testing/trials.ts'
import { loop, type LoopSettings } from './loop.ts'

const output = 'It was delivered. Shall I refund it?'
for (const api of ['openai-chat', 'anthropic-messages'] as const) {
  describeTarget(`loop (${api})`, { make: () => loop({ api }), recording: refund(), output })
}

const free: Dialogue = { opening: [], stopTexts: [], stopTools: [], user: true }
const withDialogue = (calls: readonly Call[], dialogue: Partial<Dialogue> = {}): Recording =>
  recordingWith(calls, { dialogue: { ...free, ...dialogue } })

/** What the model was asked, step by step, as roles. */
const roles = (recording: Recording): string[] =>
  recording.calls.flatMap((call) =>
    call.kind === 'llm' ? [call.request.messages.map(({ role }) => role[0]).join('')] : [],
  )

describe('loop', () => {
  it('runs parallel calls in the order they were asked for', async () => {
    const calls = conversation([
      turn('Where are my orders?'),
      {
        model: asks([
          ['get_order', { order: 'W2' }],
          ['get_order', { order: 'W1' }],
          ['get_order', { order: 'W2' }],
        ]),
      },
      used('get_order', { order: 'W2' }, 'packed', 'c1'),
      used('get_order', { order: 'W1' }, 'lost', 'c2'),
      used('get_order', { order: 'W2' }, 'sent', 'c3'),
      { model: says('All over the place.') },
    ])
    const outcome = await playing(loop(), withDialogue(calls))
    expect(outcome).toMatchObject({ status: 'completed', divergences: [], output: 'All over the place.' })
    const served = outcome.trace.spans.flatMap((span) => (span.kind === 'tool' ? [span.reply?.response] : []))
    expect(served).toEqual(['packed', 'lost', 'sent'])
  })

  it('runs a call whose arguments were no JSON as it was asked for', async () => {
    const part = { type: 'tool_call', id: 'c1', name: 'pay', arguments: '{"sum":', malformed: true } as const
    const paid = used('pay', '{"sum":', 'Error: no JSON', 'c1')
    const calls = conversation([
      turn('Pay.'),
      { model: { message: { role: 'assistant', parts: [part] } } },
      { ...paid, request: { ...paid.request, malformed: true }, reply: { ...paid.reply, isError: true } },
      { model: says('I could not.') },
    ])
    expect(await playing(loop(), withDialogue(calls))).toMatchObject({ status: 'completed', divergences: [] })
  })

  it('ends at a text of the user, of the recording or of its own settings', async () => {
    const calls = conversation([turn('Hi.'), { model: says('Hello.') }, turn('bye now')])
    for (const [settings, dialogue] of [
      [{}, { stopTexts: ['bye'] }],
      [{ stopTexts: ['now'] }, { stopTexts: ['never said'] }],
    ] as const) {
      const outcome = await playing(loop(settings), withDialogue(calls, dialogue))
      expect(outcome).toMatchObject({ status: 'completed', divergences: [], output: 'Hello.' })
    }
    // Without, it asks the model once more.
    expect(await playing(loop(), withDialogue(calls))).toMatchObject({
      status: 'aborted',
      code: 'EVK_FIXTURE_MISS',
    })
  })

  it('does not end at a text that the model says', async () => {
    const calls = conversation([
      turn('Hi.'),
      { model: says('Do not say bye.') },
      turn('ok'),
      { model: says('Fine.') },
    ])
    expect(await playing(loop(), withDialogue(calls, { stopTexts: ['bye'] }))).toMatchObject({
      divergences: [],
      output: 'Fine.',
    })
  })

  it('ends after the result of a stop tool', async () => {
    const calls = conversation([
      turn('A person, please.'),
      {
        model: asks([
          ['transfer', {}],
          ['get_order', {}],
        ]),
      },
      used('transfer', {}, 'done', 'c1'),
    ])
    const recorded = withDialogue(calls, { stopTools: ['transfer'] })
    expect(await playing(loop(), recorded)).toMatchObject({
      status: 'completed',
      divergences: [],
      output: '',
    })
    expect(await playing(loop({ stopTools: [] }), recorded)).toMatchObject({ status: 'aborted' })
  })

  it('opens as the recording did, or as it is told', async () => {
    const opening = [textMessage('assistant', 'Welcome!')]
    const asked = conversation([turn('Hi.'), { model: says('Hello.') }])
    const calls = asked.map((call) =>
      call.kind === 'llm' ? { ...call, request: { messages: [...opening, ...call.request.messages] } } : call,
    )
    expect(roles(recordingWith(calls))).toEqual(['au'])
    expect(await playing(loop(), withDialogue(calls, { opening }))).toMatchObject({
      divergences: [],
      output: 'Hello.',
    })
    expect(await playing(loop({ opening }), withDialogue(calls))).toMatchObject({
      divergences: [],
      output: 'Hello.',
    })
    expect(await playing(loop(), withDialogue(calls))).toMatchObject({ status: 'aborted' })
  })

  it('asks nobody where nobody answered', async () => {
    const calls = conversation([
      { model: asks([['restart', {}]]) },
      used('restart', {}, 'ok', 'c1'),
      { model: says('Done.') },
    ])
    const outcome = await playing(loop(), withDialogue(calls, { user: false }))
    expect(outcome).toMatchObject({ status: 'completed', divergences: [], output: 'Done.' })
  })

  it('takes messages from the case, and lets the user answer after', async () => {
    const messages = [
      textMessage('user', 'Hi.'),
      textMessage('assistant', 'Yes?'),
      textMessage('user', 'W12.'),
    ]
    const asked = (more: readonly Call[]): Call[] => [
      { kind: 'llm', request: { messages }, reply: says('Sent.') },
      ...more,
    ]
    const given = { v: 1, id: 'order', messages, tags: [] } as const
    expect(await playing(loop(), withDialogue(asked([])), { case: given })).toMatchObject({
      divergences: [],
      output: 'Sent.',
    })
    const longer = asked([
      turn('Thanks.'),
      {
        kind: 'llm',
        request: { messages: [...messages, says('Sent.').message, textMessage('user', 'Thanks.')] },
        reply: says('Bye.'),
      },
    ])
    expect(await playing(loop(), withDialogue(longer), { case: given })).toMatchObject({
      divergences: [],
      output: 'Bye.',
    })
  })

  it('takes the turns of the user where the case has no messages at all', async () => {
    const given = { v: 1, id: 'order', messages: [], tags: [] } as const
    expect(await playing(loop(), refund(), { case: given })).toMatchObject({
      status: 'completed',
      divergences: [],
    })
  })

  it('says the input of the case where no user speaks', async () => {
    const asked = (content: string): readonly Call[] => [
      { kind: 'llm', request: { messages: [textMessage('user', content)] }, reply: says('ok') },
    ]
    expect(await playing(loop(), recordingWith(asked('Refund W12.')), { user: 'none' })).toMatchObject({
      output: 'ok',
      divergences: [],
    })
    const given = { ...shopCase, input: { order: 'W12' } }
    expect(await playing(loop(), recordingWith(asked('{"order":"W12"}')), { case: given })).toMatchObject({
      output: 'ok',
    })
  })

  it('compares what it is told: another prompt, model or tool is a miss, that names the place', async () => {
    const changes: [LoopSettings, string][] = [
      [{ system: 'You work in a bank.' }, 'messages[0].content'],
      [{ model: 'gpt-bank' }, 'model'],
    ]
    for (const [settings, path] of changes) {
      const outcome = await playing(loop(settings), refund())
      expect(outcome).toMatchObject({
        status: 'aborted',
        divergences: [{ step: 2, kind: 'request', differences: [{ path }] }],
      })
    }
    const same = { system: 'You work in a shop.', model: 'gpt-shop' }
    expect(await playing(loop(same), refund())).toMatchObject({ status: 'completed', divergences: [] })
  })

  describe('maxTurns', () => {
    const many = (turns: number): readonly Call[] =>
      conversation(
        Array.from({ length: turns }, (_, at) => [
          { model: asks([['get', { at }]], at) },
          used('get', { at }, 'more', `c${at}`),
        ]).flat(),
      )
    const at = (settings: LoopSettings, turns: number, dialogue: Partial<Dialogue>) =>
      playing(loop(settings), withDialogue(many(turns), { user: false, ...dialogue }))

    it('of the recording: a run that was cut off there is reproduced, and has failed', async () => {
      expect(await at({}, 4, { maxTurns: 4 })).toMatchObject({
        status: 'failed',
        code: 'EVK_AGENT_LIMIT',
        reason: 'The agent was stopped: 4 model turns and no end.',
        divergences: [],
        fidelity: { share: 1, steps: 8 },
      })
      expect(await at({}, 70, { maxTurns: 70 })).toMatchObject({ status: 'failed', divergences: [] })
    })

    it('of the settings: cuts off sooner, and says what was left', async () => {
      const outcome = await at({ maxTurns: 2 }, 4, { maxTurns: 4 })
      expect(outcome).toMatchObject({
        status: 'failed',
        code: 'EVK_AGENT_LIMIT',
        divergences: [
          { kind: 'end' },
          { kind: 'unused', what: expect.stringContaining('and 3 more') as string },
        ],
      })
    })

    it('of the settings does not outlast the recording’s', async () => {
      expect(await at({ maxTurns: 9 }, 4, { maxTurns: 4 })).toMatchObject({
        status: 'failed',
        divergences: [],
      })
    })

    it('is 50 where nobody says', async () => {
      expect(await at({}, 60, {})).toMatchObject({
        status: 'failed',
        reason: expect.stringContaining('50 model turns') as string,
      })
    })
  })

  it.each<[unknown, string]>([
    [{ api: 'gemini' }, 'api: '],
    [{ maxTurns: 0 }, 'maxTurns: '],
    [{ maxTurns: 1.5 }, 'maxTurns: '],
    [{ tools: [{ description: 'nameless' }] }, 'tools[0].name: '],
    [{ opening: [{ role: 'robot', parts: [] }] }, 'opening[0].role: '],
    [{ promt: 'x' }, 'promt'],
    [null, 'expected object'],
  ])('refuses the settings %j', (settings, why) => {
    let error: unknown
    try {
      loop(settings as LoopSettings)
    } catch (thrown) {
      error = thrown
    }
    expect(EvalkitError.is(error) && error.code).toBe('EVK_EVAL_INVALID')
    expect((error as Error).message).toMatch(/^This is not a valid loop: /)
    expect((error as Error).message).toContain(why)
  })

  it('is versioned by what it is told', () => {
    expect(loop().versions).toEqual({})
    expect(Object.keys(loop({ system: 'a', model: 'm', tools: [] }).versions).sort()).toEqual([
      'model',
      'prompt',
      'tools',
    ])
    expect(loop({ system: 'a' }).versions).not.toEqual(loop({ system: 'b' }).versions)
  })
})
