import { describe, expect, it } from 'vitest'
import type { Call } from '../schema/call.ts'
import { asks, conversation, recordingWith, says, turn, used } from '../schema/testing/recordings.ts'
import { cross } from '../tap/tap.ts'
import type { PlayContext } from './target.ts'
import { loop } from './targets/loop.ts'
import { playing } from './testing/trials.ts'

const start = Date.UTC(2026, 2, 1)
const hour = 3600 * 1000
const day = 24 * hour

/** A turn that was asked for at so many milliseconds of the run, and came so much later. */
const at = <T extends Call>(call: T, asked: number, took = 0): T => ({
  ...call,
  startedAt: new Date(start + asked).toISOString(),
  durationMs: took,
})
const approve: Call = {
  kind: 'human',
  request: { name: 'approve' },
  reply: { message: { role: 'user', parts: [{ type: 'opaque', value: true }] } },
}
const played = { recordedStart: start }

/** Says at which time of its run it got what. */
const clerk = async (_: unknown, { user }: Pick<PlayContext, 'user'>): Promise<object> => {
  const got: (readonly [number, string])[] = []
  const note = (what: string): void => void got.push([Date.now() - start, what])
  note('start')
  await user.next(undefined)
  note('turn')
  await cross('human', { name: 'approve' })
  note('approve')
  await user.next(undefined)
  note('turn')
  return { got }
}

describe('people', () => {
  it('answer when they did, in the trial’s time', async () => {
    const calls = [at(turn('Hi.'), 0, 500), at(approve, 800, day), at(turn('Thanks.'), day + hour)]
    const really = performance.now()
    const { status, output } = await playing(clerk, recordingWith(calls), played)
    expect([status, output]).toEqual([
      'completed',
      {
        got: [
          [0, 'start'],
          [500, 'turn'],
          [day + 800, 'approve'],
          [day + hour, 'turn'],
        ],
      },
    ])
    expect(performance.now() - really).toBeLessThan(4000)
  })

  it('answer as long after the start as they did, whenever that is', async () => {
    const calls = [at(turn('Hi.'), 0, 500), approve, turn('Thanks.')]
    const later = { recordedStart: start - 100, startTime: start + day }
    const { output } = await playing(clerk, recordingWith(calls), later)
    const got = (output as { got: readonly (readonly [number, string])[] }).got.map(([time]) => time - day)
    expect(got).toEqual([0, 600, 600, 600])
  })

  it('answer at once where nobody knows when they did, or what is known cannot be', async () => {
    for (const odd of [
      {},
      { startedAt: 'yesterday', durationMs: 5 },
      { startedAt: new Date(start).toISOString(), durationMs: 1e300 },
      { startedAt: '+275760-09-13T00:00:00.000Z' },
    ]) {
      const calls = [turn('Hi.'), { ...approve, ...odd }, turn('Thanks.')]
      const { output } = await playing(clerk, recordingWith(calls), played)
      expect((output as { got: readonly (readonly [number])[] }).got.map(([time]) => time)).toEqual([
        0, 0, 0, 0,
      ])
    }
  })

  it('are waited for with the patience the agent has, from when it asks', async () => {
    const patient = async (_: unknown, { user }: Pick<PlayContext, 'user'>): Promise<string> => {
      const late = new Promise<string>((resolve) => setTimeout(() => resolve('too late'), hour))
      const asked = Promise.race([user.next(undefined).then(() => 'in time'), late])
      return asked
    }
    // What came before (models, tools) took half a day; the answer took half an hour.
    const play = (took: number) => playing(patient, recordingWith([at(turn('Yes.'), day / 2, took)]), played)
    expect(await play(2 * hour)).toMatchObject({ output: 'too late' })
    const eager = async (_: unknown, { user }: Pick<PlayContext, 'user'>): Promise<string> => {
      const answer = user.next(undefined).then(() => 'in time')
      return Promise.race([
        answer,
        new Promise<string>((resolve) => setTimeout(() => resolve('too late'), hour)),
      ])
    }
    expect(await playing(eager, recordingWith([at(turn('Yes.'), day / 2, hour / 2)]), played)).toMatchObject({
      output: 'in time',
    })
  })

  it('do not hold up who lives in real time', async () => {
    const calls = [at(turn('Hi.'), 0, day), at(approve, day, day), turn('Thanks.')]
    const { status } = await playing(clerk, recordingWith(calls), { ...played, time: 'real' })
    expect(status).toBe('completed')
  })

  it('are met by the loop between two steps, in their time and order', async () => {
    const talk = conversation([
      turn('Where is W1?'),
      { model: asks([['get_order', { order: 'W1' }]]) },
      used('get_order', { order: 'W1' }, 'sent', 'c1'),
      { model: says('Sent.') },
      turn('Thanks.'),
      { model: says('Bye.') },
    ])
    const [hello, ask, tool, sent, thanks, bye] = talk as [Call, Call, Call, Call, Call, Call]
    // The second turn came while the model was asked first, before the approval.
    const calls = [at(hello, 0, 10), ask, at(thanks, 20), at(approve, 30, day), tool, sent, bye]
    const outcome = await playing(loop(), recordingWith(calls), played)
    expect(outcome).toMatchObject({ status: 'completed', divergences: [], fidelity: { share: 1 } })
    const people = outcome.trace.spans.filter(({ kind }) => kind === 'human').map(({ name }) => name)
    expect(people).toEqual(['user', 'approve', 'user'])
  })
})
