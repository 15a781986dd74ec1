import { describe, expect, it } from 'vitest'
import { fidelity as fidelitySchema } from '../schema/outcome.ts'
import { conversation, recordingWith, refund, says, turn, used } from '../schema/testing/recordings.ts'
import { SpanLog } from '../tap/span-log.ts'
import { TapAborted } from '../tap/tap.ts'
import { createPlayer } from './player.ts'
import { settingsOf } from './recorded.ts'

const [first, second, third] = [
  used('get', { n: 1 }, 'one'),
  used('get', { n: 2 }, 'two'),
  used('get', { n: 3 }, 'three'),
]
const recording = recordingWith([first, second, third])
const ask = (n: number) => ({ name: 'get', arguments: { n } })
const errorOf = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)

describe('a player', () => {
  it('serves, counts and logs', async () => {
    const log = new SpanLog('agent')
    const player = createPlayer(
      recordingWith([{ ...first, durationMs: 7, startedAt: '2026-01-01T00:00:00Z' }]),
      log,
    )
    expect(player.fidelity()).toEqual({ share: 1, steps: 0, counts: {} })
    expect(await player.tap.handle('tool', ask(1), {})).toEqual(first.reply)
    expect(player.fidelity()).toEqual({ share: 1, steps: 1, counts: { exact: 1 } })
    expect(log.spans()[1]).toMatchObject({
      kind: 'tool',
      served: 'exact',
      durationMs: 7,
      startedAt: '2026-01-01T00:00:00Z',
    })
    expect(player.aborted()).toBeUndefined()
  })

  it('never takes the way to the world', async () => {
    const live = () => Promise.reject(new Error('live'))
    const player = createPlayer(recording, new SpanLog('agent'))
    await player.tap.handle('tool', ask(1), { live })
    expect(TapAborted.is(await errorOf(player.tap.handle('tool', ask(9), { live })))).toBe(true)
  })

  it('answers nothing more after a miss', async () => {
    const log = new SpanLog('agent')
    const player = createPlayer(recording, log)
    await player.tap.handle('tool', ask(1), {})
    const missed = await errorOf(player.tap.handle('tool', ask(9), {}))
    expect(TapAborted.is(missed)).toBe(true)
    // Recorded, but after the first call off the tape.
    expect(await errorOf(player.tap.handle('tool', ask(2), {}))).toMatchObject({
      message: (missed as Error).message,
    })
    expect(player.fidelity()).toEqual({
      share: 0.5,
      steps: 2,
      firstOffTape: 2,
      counts: { exact: 1, miss: 1 },
    })
    expect(fidelitySchema.parse(player.fidelity())).toEqual(player.fidelity())
    expect(player.aborted()).toMatchObject({ step: 2, kind: 'request' })
    expect(log.spans()).toHaveLength(3)
    expect(log.spans()[2]).toMatchObject({
      status: 'error',
      served: 'miss',
      error: { type: 'EVK_FIXTURE_MISS' },
    })
    expect(player.unused()).toHaveLength(2)
  })

  it('counts the agent’s calls for what puts faults in, and says which are not', async () => {
    const asked: (readonly [number, number, string | undefined])[] = []
    const inject = ({ step, nth, by }: { step: number; nth: number; by?: string }) => {
      asked.push([step, nth, by])
      return undefined
    }
    const call = conversation([{ model: says('Hi.') }])
    const calls = call.flatMap((one) => [one, { ...one, by: 'user' } as typeof one, one])
    const player = createPlayer(recordingWith(calls), new SpanLog('agent'), { inject })
    for (const by of [undefined, 'user', undefined] as const) {
      await player.tap.handle('llm', { messages: [] }, by === undefined ? {} : { by })
    }
    expect(asked).toEqual([
      [1, 1, undefined],
      [2, 0, 'user'],
      [3, 2, undefined],
    ])
    expect(player.unused()).toEqual([])
  })

  it('says what was nearest, how it differs, and who took it', async () => {
    const calls = [used('put', { n: 1 }, 'one'), used('put', { n: 2 }, 'two')]
    const player = createPlayer(recordingWith(calls), new SpanLog('agent'))
    const put = { name: 'put', arguments: { n: 1 } }
    await player.tap.handle('tool', put, {})
    await errorOf(player.tap.handle('tool', put, {}))
    expect(player.aborted()).toEqual({
      step: 2,
      kind: 'request',
      what:
        'At step 2 tool put is called with these arguments more often than in the recording ' +
        '(recorded step 1 was already served at step 1; recorded step 2 differs in 1).',
      differences: [],
      nearest: [
        { step: 1, name: 'put', consumedBy: 1, differences: [] },
        { step: 2, name: 'put', differences: [{ path: 'arguments.n', expected: 2, got: 1 }] },
      ],
    })
  })

  it('shows the differences to the nearest', async () => {
    const player = createPlayer(recordingWith([first]), new SpanLog('agent'))
    await errorOf(player.tap.handle('tool', ask(4), {}))
    expect(player.aborted()).toMatchObject({ differences: [{ path: 'arguments.n', expected: 1, got: 4 }] })
  })

  it('without a recording misses everything', async () => {
    const player = createPlayer(undefined, new SpanLog('agent'))
    await errorOf(player.tap.handle('human', { name: 'user' }, {}))
    expect(player.aborted()).toMatchObject({
      step: 1,
      kind: 'miss',
      what: 'A call was made, but this case has no recording.',
    })
    expect(player.fidelity()).toMatchObject({ share: 0, counts: { miss: 1 } })
  })

  it('takes a way out that it cannot read for a miss', () => {
    const player = createPlayer(recording, new SpanLog('agent'))
    expect(() => player.tap.pass('a streamed request was made')).toThrow(
      'At step 1 a streamed request was made.',
    )
    expect(player.aborted()).toMatchObject({ step: 1, kind: 'miss' })
    expect(player.fidelity()).toEqual({ share: 0, steps: 1, firstOffTape: 1, counts: { miss: 1 } })
    player.stray('another')
    expect(player.fidelity().steps).toBe(1)
  })

  it('once closed, answers and counts nothing', async () => {
    const log = new SpanLog('agent')
    const player = createPlayer(recording, log)
    await player.tap.handle('tool', ask(1), {})
    const before = player.fidelity()
    player.close()
    expect(await errorOf(player.tap.handle('tool', ask(2), {}))).toMatchObject({
      message: 'The trial is over.',
    })
    expect(() => player.tap.pass('x')).toThrow('The trial is over.')
    player.stray('x')
    expect(player.fidelity()).toEqual(before)
    expect(player.aborted()).toBeUndefined()
    expect(log.spans()).toHaveLength(2)
  })

  it('gives a fidelity that does not change any more', async () => {
    const player = createPlayer(recording, new SpanLog('agent'))
    const before = player.fidelity()
    await player.tap.handle('tool', ask(1), {})
    expect(before).toEqual({ share: 1, steps: 0, counts: {} })
  })
})

describe('settingsOf', () => {
  it('is what the first model request was sent with', () => {
    expect(settingsOf(refund())).toEqual({
      model: 'gpt-shop',
      system: [{ type: 'text', content: 'You work in a shop.' }],
    })
    expect(settingsOf(recordingWith([turn('hi')]))).toEqual({})
    expect(settingsOf(undefined)).toEqual({})
    // What a simulated user told its model says nothing of the agent's.
    const [users] = conversation([{ model: says('Hi.') }], { model: 'small' })
    const all = [{ ...users, by: 'user' } as typeof users, ...refund().calls].filter(
      (one) => one !== undefined,
    )
    expect(settingsOf(recordingWith(all)).model).toBe('gpt-shop')
  })
})
