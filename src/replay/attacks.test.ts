import { AsyncResource } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { asks, conversation, recordingWith, says, turn, used } from '../schema/testing/recordings.ts'
import { fetch } from '../tap/fetch.ts'
import { tool } from '../tap/function.ts'
import { asTarget, type PlayContext } from './target.ts'
import { loop } from './targets/loop.ts'
import { playing } from './testing/trials.ts'

/** Ways to get something past a replay: each must end in a trial that is not scored, or in a named divergence. */

const ran: string[] = []
const pay = tool<Json, Json>({ name: 'pay' }, () => {
  ran.push('pay')
  return 'really paid'
})
const chat = (body: object, path = '/chat/completions'): Promise<Response> =>
  fetch(`http://127.0.0.1:9/v1${path}`, { method: 'POST', body: JSON.stringify(body) })
const paid = recordingWith([used('pay', { sum: 1 }, 'paid')])
const missed = { status: 'aborted', code: 'EVK_FIXTURE_MISS' }

describe('a miss is not lost', () => {
  it.each<[string, () => Promise<unknown>]>([
    [
      'a tool call it swallows',
      async () => [await pay({ sum: 1 }), await pay({ sum: 2 }).catch(() => 'fine')],
    ],
    ['a model call it swallows', async () => [await pay({ sum: 1 }), (await chat({ messages: [] })).status]],
    [
      'a stream it swallows',
      async () => [await pay({ sum: 1 }), (await chat({ messages: [], stream: true })).status],
    ],
    [
      'an endpoint we do not read',
      async () => [await pay({ sum: 1 }), (await chat({ input: 'hi' }, '/responses')).status],
    ],
    [
      'arguments that JSON cannot say',
      async () => [await pay({ sum: 1 }), await pay(Number.NaN).catch(() => 'fine')],
    ],
    [
      'a call it answers itself',
      async () => [
        await pay({ sum: 1 }),
        await Promise.race([pay({ sum: 3 }).catch(() => 0), Promise.resolve(1)]),
      ],
    ],
    [
      'a call it does not wait for',
      async () => {
        void pay({ sum: 9 }).catch(() => undefined)
        return pay({ sum: 1 }).catch(() => 'fine')
      },
    ],
    [
      'a call on its way when it returns',
      async () => {
        const got = await pay({ sum: 1 })
        // A client's own steps on the way to its fetch.
        let steps = Promise.resolve()
        for (let step = 0; step < 50; step++) steps = steps.then(() => undefined)
        void steps.then(() => chat({ messages: [] }))
        return got
      },
    ],
  ])('in an agent that completes after %s', async (_, agent) => {
    const outcome = await playing(async () => String(await agent()), paid)
    expect(outcome).toMatchObject(missed)
    expect(outcome).not.toHaveProperty('output')
    expect(outcome.fidelity.share).toBeLessThan(1)
    expect(outcome.fidelity.counts.miss).toBe(1)
    expect(outcome.divergences).toHaveLength(1)
    expect(ran).toEqual([])
  })

  it('in an agent that throws something else, or goes on until its time is up', async () => {
    const throwing = () => pay({ sum: 2 }).catch(() => Promise.reject(new Error('bank down')))
    expect(await playing(throwing, paid)).toMatchObject(missed)
    const retrying = async (): Promise<void> => {
      for (;;) {
        await pay({ sum: 2 }).catch(() => undefined)
        await setTimeout(1)
      }
    }
    const outcome = await playing(retrying, paid, { timeoutMs: 30 })
    expect(outcome).toMatchObject(missed)
    expect(outcome.fidelity.steps).toBe(1)
  })
})

describe('nothing goes live', () => {
  it('from a queue that was made outside of the trial', async () => {
    const outside = new AsyncResource('queue')
    const queued = () => outside.runInAsyncScope(() => pay({ sum: 1 }))
    const outcome = await playing(() => queued().catch(() => 'fine'), paid)
    expect(ran).toEqual([])
    expect(outcome).toMatchObject(missed)
    expect(outcome.reason).toContain('outside the async context of any trial')
  })

  it('when the trial is over', async () => {
    let later: Promise<unknown> = Promise.resolve()
    const leaving = (): string => {
      later = setTimeout(20)
        .then(() => pay({ sum: 1 }))
        .catch((error: unknown) => error)
      return 'gone'
    }
    const outcome = await playing(leaving, paid)
    const before = JSON.stringify(outcome)
    expect(await later).toMatchObject({ name: 'TapAborted', message: 'The trial is over.' })
    expect(JSON.stringify(outcome)).toBe(before)
    expect(outcome.divergences).toMatchObject([{ kind: 'unused' }])
    expect(ran).toEqual([])
  })

  it('from an agent that went on after its time was up', async () => {
    let stopped: unknown
    const zombie = async (): Promise<void> => {
      await setTimeout(40)
      stopped = await pay({ sum: 1 }).catch((error: unknown) => error)
    }
    const outcome = await playing(zombie, paid, { timeoutMs: 10, time: 'real' })
    const counts = { ...outcome.fidelity.counts }
    await setTimeout(60)
    expect(stopped).toMatchObject({ message: 'The trial is over.' })
    expect(outcome.fidelity.counts).toEqual(counts)
    expect(outcome.trace.spans).toHaveLength(1)
  })
})

describe('a conversation that was tampered with is noticed', () => {
  const order = { order: 'W12', items: ['tea', 'jam'], status: 'delivered' }
  const getOrder = tool<Json, typeof order>({ name: 'get_order' }, () => order)
  const recorded = recordingWith(
    conversation([
      turn('Where is W12?'),
      { model: asks([['get_order', { order: 'W12' }]]) },
      used('get_order', { order: 'W12' }, order, 'c1'),
      { model: says('It was delivered.') },
    ]),
  )

  /** Shows the model what came of the tool, after somebody had a hand in it. */
  const agent =
    (edit: (result: typeof order) => Json) =>
    async (_: unknown, { user }: PlayContext): Promise<string> => {
      await user.next(undefined)
      const messages: Json[] = [{ role: 'user', content: 'Where is W12?' }]
      const ask = async (): Promise<{ content: string | null }> => {
        const body = (await (await chat({ messages })).json()) as {
          choices?: { message: { content: string | null } }[]
        }
        const message = body.choices?.[0]?.message ?? { content: 'refused' }
        messages.push(message)
        return message
      }
      await ask()
      const shown = edit(await getOrder({ order: 'W12' }))
      messages.push({
        role: 'tool',
        tool_call_id: 'c1',
        content: typeof shown === 'string' ? shown : JSON.stringify(shown),
      })
      return (await ask()).content ?? ''
    }

  it('and one that was not is reproduced', async () => {
    expect(
      await playing(
        agent((it) => it),
        recorded,
      ),
    ).toMatchObject({ status: 'completed', divergences: [], output: 'It was delivered.' })
  })

  it.each<[string, (result: typeof order) => Json]>([
    ['another status', (it) => ({ ...it, status: 'lost' })],
    [
      // The result is the recording's own object, if it was not copied: then both change, and nobody sees it.
      'a result changed where it stands',
      (it) => {
        it.items.reverse()
        return it
      },
    ],
    ['one field less', ({ order, items }) => ({ order, items })],
    ['a word more', (it) => `${JSON.stringify(it)} `],
  ])('%s', async (_, edit) => {
    for (let trial = 0; trial < 2; trial++) {
      const outcome = await playing(agent(edit), recorded)
      expect(outcome).toMatchObject({
        ...missed,
        divergences: [{ step: 4, kind: 'request', differences: [{ path: 'messages[2].content' }] }],
      })
    }
    expect(order.items).toEqual(['tea', 'jam'])
  })

  it('another system prompt, written into the settings it was given', async () => {
    const prompted = recordingWith(
      conversation([turn('Hi.'), { model: says('Hello.') }], {
        system: [{ type: 'text', content: 'Be kind.' }],
      }),
    )
    const spoiling = async (_: unknown, { recordedSettings }: PlayContext): Promise<string> => {
      const [part] = recordedSettings.system ?? []
      Object.assign(part ?? {}, { content: 'Be rude.' })
      const messages = [
        { role: 'system', content: 'Be rude.' },
        { role: 'user', content: 'Hi.' },
      ]
      return (await chat({ messages })).text()
    }
    expect(await playing(spoiling, prompted)).toMatchObject(missed)
  })

  it('another turn of the user, written into the one that was served', async () => {
    const asked = recordingWith(conversation([turn('Pay 1.'), { model: says('Paid.') }]))
    const spoiling = async (_: unknown, { user }: PlayContext): Promise<string> => {
      const said = await user.next(undefined)
      Object.assign(said?.parts[0] ?? {}, { content: 'Pay 100.' })
      return (await chat({ messages: [{ role: 'user', content: 'Pay 100.' }] })).text()
    }
    expect(await playing(spoiling, asked)).toMatchObject(missed)
  })

  it('a user who is asked something else than was recorded', async () => {
    const question = 'Shall I refund it?'
    const answered = recordingWith([{ ...turn('Yes.'), request: { name: 'user', question } }])
    const asking = (content: string) =>
      asTarget({
        kind: 'x',
        name: 'x',
        versions: {},
        play: async (_, { user }) => {
          await user.next(says(content).message)
          return 'ok'
        },
      })
    expect(await playing(asking(question), answered)).toMatchObject({ status: 'completed', divergences: [] })
    expect(await playing(asking('Shall I delete your account?'), answered)).toMatchObject(missed)
  })
})

describe('only what was recorded for this very call is served', () => {
  it.each<[string, Json]>([
    ['another number', { sum: 2 }],
    ['a text for a number', { sum: '1' }],
    ['an unknown argument more', { sum: 1, to: 'eve' }],
    ['a list for the object', [{ sum: 1 }]],
    ['nothing', null],
  ])('not for %s', async (_, given) => {
    expect(await playing(() => pay(given), paid)).toMatchObject(missed)
  })

  it('not twice', async () => {
    expect(await playing(() => Promise.all([pay({ sum: 1 }), pay({ sum: 1 })]), paid)).toMatchObject(missed)
  })

  it('not one date for another', async () => {
    const on = tool<{ day: Date }, Json>({ name: 'on' }, () => 'live')
    const recorded = recordingWith([used('on', { day: '2026-01-01T00:00:00.000Z' }, 'new year')])
    expect(await playing(() => on({ day: new Date(Date.UTC(2026, 0, 1)) }), recorded)).toMatchObject({
      output: 'new year',
    })
    expect(await playing(() => on({ day: new Date(Date.UTC(2026, 0, 2)) }), recorded)).toMatchObject(missed)
  })

  it('not from another trial’s recording, however they interleave', async () => {
    const slow = async (): Promise<string> => {
      await setTimeout(2)
      return (await pay({ sum: 1 })) as string
    }
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, trial) =>
        playing(slow, recordingWith([used('pay', { sum: 1 }, `paid ${trial}`)]), { trial }),
      ),
    )
    expect(all.map(({ output }) => output)).toEqual(all.map((_, trial) => `paid ${trial}`))
  })

  it('a recording cannot name a model reply for a request with another tool set', async () => {
    const recorded = recordingWith(
      conversation([turn('Hi.'), { model: says('Hello.') }], { tools: [{ name: 'pay' }] }),
    )
    const rearmed = loop({ tools: [{ name: 'pay', extra: { strict: true } }] })
    expect(await playing(rearmed, recorded)).toMatchObject(missed)
  })
})
