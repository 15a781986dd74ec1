import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { ModelServer } from '../../../test/capture/support/model-server.ts'
import { failureOf } from '../../dataset/testing/folder.ts'
import { canonicalJson } from '../../lib/json.ts'
import type { Case } from '../../schema/case.ts'
import { isAgentsModelCall } from '../../schema/call.ts'
import { textMessage, textOf } from '../../schema/message.ts'
import type { Outcome } from '../../schema/outcome.ts'
import { packRecording, type Recording, recordingOf, unpackRecording } from '../../schema/recording.ts'
import { recordingWith, used } from '../../schema/testing/recordings.ts'
import { totalsOf } from '../../schema/totals.ts'
import type { SpanOf } from '../../schema/trace.ts'
import { fetch } from '../../tap/fetch.ts'
import { faultableCalls } from '../faults/calls.ts'
import { budgetOf } from '../live/budget.ts'
import type { Play } from '../play.ts'
import type { PlayContext } from '../target.ts'
import { loop } from '../targets/loop.ts'
import { playing, shopCase } from '../testing/trials.ts'
import { listener } from '../user.contract.ts'
import { script } from './script.ts'
import { simulated, type SimulatedSettings } from './simulated.ts'
import { heard } from './simulated-prompt.ts'
import { dialogueServer, isUsers, type Lines, playingLive } from './testing/live-dialogue.ts'

let server: ModelServer | undefined
afterEach(() => server?.close())

async function serving(lines: Partial<Lines> = {}): Promise<ModelServer> {
  server = await dialogueServer({ agent: shopTalk.agent, user: shopTalk.user, ...lines })
  return server
}

const shopTalk: Lines = {
  agent: [
    { tool: 'get_order', arguments: { order: 'W12' } },
    'It was delivered. Shall I refund it?',
    'Refunded.',
  ],
  user: ['I want my money back for W12.', 'Yes, please.', 'Thanks! ###STOP###'],
}
const ada: SimulatedSettings = { persona: 'Ada, in a hurry.', model: 'small' }
const shop = loop({ model: 'large', system: 'You work in a shop.' })
const orders = recordingWith([used('get_order', { order: 'W12' }, { status: 'delivered' })])

const usersCalls = ({ trace }: Outcome): readonly SpanOf<'llm'>[] =>
  trace.spans.filter((span) => span.kind === 'llm' && span.by === 'user') as SpanOf<'llm'>[]
const agentsCalls = ({ trace }: Outcome): readonly SpanOf<'llm'>[] => trace.spans.filter(isAgentsModelCall)

/** What the model that plays the user was told, in a talk with a case. */
async function told(
  settings: SimulatedSettings,
  more: Partial<Play> = {},
): Promise<readonly SpanOf<'llm'>[]> {
  const { origin } = await serving()
  return usersCalls(await playingLive(origin, listener, undefined, { ...more, user: simulated(settings) }))
}

describe('a simulated user', () => {
  it('talks with the built-in loop, and the talk is played again offline, step by step', async () => {
    const { origin } = await serving()
    const user = simulated(ada)
    const live = await playingLive(origin, shop, orders, { user })
    expect(live).toMatchObject({ status: 'completed', output: 'Refunded.' })
    expect([agentsCalls(live).length, usersCalls(live).length]).toEqual([3, 3])
    await server?.close()

    const recording = unpackRecording(packRecording(recordingOf(live.trace)))
    const again = await playing(shop, recording, { user })
    expect(again).toMatchObject({ status: 'completed', output: 'Refunded.', divergences: [] })
    expect(again.fidelity).toEqual({ share: 1, steps: 7, counts: { exact: 7 } })
    const calls = ({ trace }: Outcome) => recordingOf(trace).calls
    expect(canonicalJson(calls(again))).toBe(canonicalJson(calls(live)))
  })

  it('talks with an agent in code, over another provider, and again offline', async () => {
    const agent = async (_: unknown, { user }: PlayContext): Promise<string> => {
      const messages: { role: string; content: string }[] = []
      let answer = ''
      for (;;) {
        const turn = await user.next(messages.length === 0 ? undefined : textMessage('assistant', answer))
        if (turn === undefined) return answer
        messages.push({ role: 'user', content: textOf(turn) })
        const response = await fetch(`${at}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'large', messages }),
        })
        const { choices } = (await response.json()) as { choices: [{ message: { content: string } }] }
        answer = choices[0].message.content
        messages.push({ role: 'assistant', content: answer })
      }
    }
    const { origin: at } = await serving({ agent: ['Which order?', 'Refunded.'] })
    const user = simulated({ ...ada, api: 'anthropic-messages', parameters: { temperature: 0 } })
    const live = await playingLive(at, agent, undefined, { user })
    expect(live).toMatchObject({ status: 'completed', output: 'Refunded.' })
    await server?.close()
    const again = await playing(agent, recordingOf(live.trace), { user })
    expect(again).toMatchObject({ status: 'completed', output: 'Refunded.', divergences: [] })
    expect(again.fidelity).toEqual({ share: 1, steps: 5, counts: { exact: 5 } })
  })

  it('is no token or cost of the agent, and its own are known', async () => {
    const { origin } = await serving()
    const budget = budgetOf(1)
    const user = simulated(ada)
    const outcome = await playingLive(origin, shop, orders, { user }, { budget })
    // 110 tokens a reply: three of the agent, three of the user.
    expect(outcome.usage).toMatchObject({ input: 300, output: 30 })
    expect(totalsOf(outcome.trace.spans, 'user').usage).toMatchObject({ input: 300, output: 30 })
    expect(outcome.costUsd).toBeCloseTo(330 / 1e6)
    // What it spends is spent all the same.
    expect(budget.spent()).toBeCloseTo(660 / 1e6)
  })

  it('is not what --model and --system try out', async () => {
    const { origin, heard } = await serving()
    const overrides = { model: 'other', system: 'Be kind.' }
    await playingLive(origin, shop, orders, { user: simulated(ada) }, { overrides })
    const models = heard.map(({ body }) => [isUsers(body), (JSON.parse(body) as { model: string }).model])
    expect(new Set(models.map(String))).toEqual(new Set(['true,small', 'false,other']))
    expect(heard.filter(({ body }) => body.includes('Be kind.'))).toHaveLength(3)
  })

  it('has no faults: it is no part of the agent’s world', async () => {
    const { origin } = await serving()
    const { trace } = await playingLive(origin, shop, orders, { user: simulated(ada) })
    const calls = faultableCalls(recordingOf(trace))
    expect(calls.map(({ place, nth }) => `${place}@${nth}`)).toEqual([
      'model@1',
      'tool@1',
      'model@2',
      'model@3',
    ])
  })

  it('is played from the tape alone: another persona was never recorded', async () => {
    const { origin } = await serving()
    const { trace } = await playingLive(origin, shop, orders, { user: simulated(ada) })
    const other = simulated({ ...ada, persona: 'Bo, who has all day.' })
    const outcome = await playing(shop, recordingOf(trace), { user: other })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(outcome.reason).toContain('the model of a simulated user is asked something else than in step 1')
    expect(outcome.divergences[0]?.differences[0]?.path).toContain('messages[0]')
  })

  it('never takes what was recorded for the agent, and the other way round', async () => {
    const user = simulated(ada)
    const { origin } = await serving()
    const { trace } = await playingLive(origin, listener, undefined, { user })
    const swap = ({ calls, ...rest }: Recording): Recording => ({
      ...rest,
      calls: calls.map((call) => {
        const { by, ...others } = call as typeof call & { by?: 'user' }
        return by === undefined ? { ...others, by: 'user' } : others
      }) as Recording['calls'],
    })
    const outcome = await playing(listener, swap(recordingOf(trace)), { user })
    expect(outcome.reason).toContain('the recording holds no further model call of a simulated user')
  })

  it('can be played again by a script of what it said', async () => {
    const { origin } = await serving()
    for (const opening of [undefined, 'Hello there.']) {
      const user = simulated(opening === undefined ? ada : { ...ada, opening })
      const { trace, output = null } = await playingLive(origin, shop, orders, { user })
      const again = await playing(loop(), recordingOf(trace), { user: script() })
      expect(again).toMatchObject({ status: 'completed', output, divergences: [], fidelity: { share: 1 } })
      const [first] = again.trace.spans.filter(({ kind }) => kind === 'human') as SpanOf<'human'>[]
      expect(first?.reply?.message).toEqual(textMessage('user', opening ?? shopTalk.user[0] ?? ''))
    }
  })
})

describe('what a simulated user is told', () => {
  const given = (over: Partial<Case>): Partial<Play> => ({ case: { ...shopCase, ...over } })
  const input = { order: 'W12' }
  const messages = [
    textMessage('system', 'You work in a shop.'),
    textMessage('user', 'Hi, about W12.'),
    textMessage('assistant', 'Yes?'),
  ]
  const { input: _, ...bare } = shopCase

  it.each<[string, string, SimulatedSettings, Partial<Play>]>([
    ['the input', 'Refund W12.', ada, {}],
    ['an input that is no text', '{"order":"W12"}', ada, given({ input })],
    ['the eval’s goal', 'Get a refund.', { ...ada, goal: 'Get a refund.' }, {}],
    [
      'the case’s goal',
      'Complain.',
      { ...ada, goal: 'Get a refund.' },
      given({ user: { goal: 'Complain.' } }),
    ],
    ['what was said so far', 'Hi, about W12.', ada, { case: { ...bare, messages } }],
  ])('wants %s', async (_, goal, settings, more) => {
    const [first] = await told(settings, more)
    expect(textOf({ role: 'system', parts: first?.request.system ?? [] })).toContain(
      `What you want:\n${goal}\n`,
    )
  })

  it('has persona and instructions, the case’s first', async () => {
    const [first] = await told(
      { ...ada, instructions: 'Tell the number late.' },
      given({ user: { persona: 'Bo.' } }),
    )
    const prompt = textOf({ role: 'system', parts: first?.request.system ?? [] })
    expect(prompt).toContain('Who you are:\nBo.\n')
    expect(prompt).toContain('How you go about it:\nTell the number late.\n')
    expect(prompt).not.toContain('Ada')
    expect(prompt).toContain('write exactly ###STOP### and nothing else')
  })

  it('is the talk from its own side', async () => {
    const last = (await told(ada)).at(-1)
    expect(last?.request.messages.map((one) => [one.role, textOf(one)])).toEqual([
      ['user', '{"agent":null}'],
      ['assistant', 'I want my money back for W12.'],
      ['user', '{"agent":"Noted: 1."}'],
      ['assistant', 'Yes, please.'],
      ['user', '{"agent":"Noted: 2."}'],
    ])
  })

  it('begins with what was said before', async () => {
    const [first] = await told({ ...ada, opening: 'Never said.' }, { case: { ...bare, messages } })
    expect(first?.request.messages.map((one) => [one.role, textOf(one)])).toEqual([
      ['user', '{"agent":null}'],
      ['assistant', 'Hi, about W12.'],
      ['user', '{"agent":"Yes?"}'],
      ['user', '{"agent":null}'],
    ])
  })

  it('holds what an agent says as data, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (said) => {
        const text = textOf(heard(said))
        expect(JSON.parse(text)).toEqual({ agent: said })
        expect(text).not.toContain('\n')
      }),
      { seed: 42 },
    )
    expect(textOf(heard('a'.repeat(1_000_000))).length).toBeLessThan(51_000)
  })
})

describe('how a simulated user ends', () => {
  const output = async (settings: SimulatedSettings, lines: Partial<Lines>): Promise<unknown> => {
    const { origin } = await serving(lines)
    return (await playingLive(origin, listener, undefined, { user: simulated(settings) })).output
  }

  it.each<[string, Partial<SimulatedSettings>, readonly string[], readonly string[]]>([
    ['a stop text, which the agent never sees', {}, ['Hi.', 'Bye ###STOP###', 'Never.'], ['Hi.']],
    ['a stop text of its own', { stop: 'OVER' }, ['###STOP###', 'OVER'], ['###STOP###']],
    ['stopping at once', {}, ['###STOP###'], []],
    ['so many turns', { maxTurns: 2 }, ['One.', 'Two.', 'Three.'], ['One.', 'Two.']],
    ['an opening that is all', { maxTurns: 1, opening: 'Hello.' }, [], ['Hello.']],
  ])('by %s', async (_, settings, user, turns) => {
    expect(await output({ ...ada, ...settings }, { user })).toEqual(turns)
  })

  it('not where the agent says the stop text', async () => {
    const { origin } = await serving()
    const agent = loop({ model: 'large', system: 'Say ###STOP###.' })
    const talk = { agent: ['###STOP###', 'Done.'], user: ['Hi.', 'What?', '###STOP###'] }
    server = await dialogueServer(talk)
    expect(await playingLive(server.origin, agent, undefined, { user: simulated(ada) })).toMatchObject({
      status: 'completed',
      output: 'Done.',
    })
    expect(origin).not.toBe(server.origin)
  })

  it.each([[''], [' \n']])(
    'unscored where its model says nothing (%j), even if the agent swallows it',
    async (nothing) => {
      const { origin } = await serving({ user: ['Hi.', nothing] })
      const agent = (input: unknown, context: PlayContext) => listener(input, context).catch(() => 'fine')
      const outcome = await playingLive(origin, agent, undefined, { user: simulated(ada) })
      expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_USER_SILENT' })
      expect(outcome.reason).toContain('the model that plays the user said nothing')
    },
  )

  it('unscored where its model cannot be asked', async () => {
    const { origin } = await serving()
    await server?.close()
    const outcome = await playingLive(origin, listener, undefined, { user: simulated(ada) })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_PROVIDER_DOWN' })
  })
})

describe('the settings of a simulated user', () => {
  it.each<[object, string]>([
    [{ model: 'small' }, 'persona: '],
    [{ persona: 'Ada.' }, 'model: '],
    [{ ...ada, persona: '' }, 'persona: '],
    [{ ...ada, stop: '' }, 'stop: '],
    [{ ...ada, api: 'telegraph' }, 'api: '],
    [{ ...ada, maxTurns: 0 }, 'maxTurns: '],
    [{ ...ada, goals: 'Money.' }, 'there is no "goals"; did you mean "goal"?'],
  ])('are checked: %j', async (settings, says) => {
    const error = await failureOf(() => simulated(settings as SimulatedSettings))
    expect(error.code).toBe('EVK_EVAL_INVALID')
    expect(error.message).toContain(says)
  })

  it('are its identity: another of any of them is another user', () => {
    const others: Partial<SimulatedSettings>[] = [
      { persona: 'Bo.' },
      { goal: 'Money.' },
      { instructions: 'Be loud.' },
      { stop: 'OVER' },
      { model: 'large' },
      { api: 'anthropic-messages' },
      { parameters: { temperature: 0 } },
      { maxTurns: 3 },
      { opening: 'Hi.' },
    ]
    const all = [{}, ...others].map((over) => canonicalJson(simulated({ ...ada, ...over }).identity ?? null))
    expect(new Set(all).size).toBe(all.length)
  })
})
