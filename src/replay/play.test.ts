import { setTimeout } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { canonicalJson } from '../lib/json.ts'
import { type Outcome, outcome as outcomeSchema } from '../schema/outcome.ts'
import { recordingOf } from '../schema/recording.ts'
import { recordingWith, refund, turn, used } from '../schema/testing/recordings.ts'
import { tool } from '../tap/function.ts'
import { contextTap, withTap } from '../tap/tap.ts'
import { answering } from '../tap/testing/taps.ts'
import { loop } from './targets/loop.ts'
import { asTarget, LimitReached, type PlayContext } from './target.ts'
import { playing, shopCase } from './testing/trials.ts'

const get = tool<{ n: number }, string>({ name: 'get' }, () => {
  throw new Error('the real tool ran')
})
const recorded = recordingWith([used('get', { n: 1 }, 'one'), used('get', { n: 2 }, 'two')])
const good = async (): Promise<string> => `${await get({ n: 1 })} ${await get({ n: 2 })}`
const kinds = ({ divergences }: Outcome): string[] => divergences.map(({ kind }) => kind)

describe('play', () => {
  it('completes, and says what was served', async () => {
    const outcome = await playing(good, { ...recorded, output: 'one two' })
    expect(outcome).toMatchObject({ status: 'completed', output: 'one two', divergences: [], durationMs: 0 })
    expect(outcome.fidelity).toEqual({ share: 1, steps: 2, counts: { exact: 2 } })
    expect(outcome.trace).toMatchObject({
      name: 'good',
      source: { format: 'evalkit', at: 't_shop' },
      status: 'ok',
      input: 'Refund W12.',
      output: 'one two',
      task: { id: 'refund' },
      trial: 0,
    })
    expect(outcome.trace).not.toHaveProperty('startedAt')
  })

  it('keeps what the agent says it is going to do', async () => {
    const plan = [{ step: 'Look both up.', tool: 'get' }]
    const planned = await playing(() => {
      contextTap()?.plan?.(plan)
      return good()
    }, recorded)
    expect(planned.trace.plan).toEqual(plan)
    const plain = await playing(good, recorded)
    expect(plain.trace).not.toHaveProperty('plan')
    expect(planned.trace.id).not.toBe(plain.trace.id)
  })

  it('sums up tokens and cost', async () => {
    const usage = { input: 3, output: 1, cacheRead: 0, cacheWrite: 0 }
    const calls = refund().calls.map((call) =>
      call.kind === 'llm'
        ? { ...call, reply: { ...call.reply, usage, costUsd: 0.5 }, durationMs: 20 }
        : { ...call, durationMs: 5 },
    )
    const outcome = await playing(loop(), { ...refund(), calls })
    expect(outcome).toMatchObject({
      usage: { input: 6, output: 2 },
      costUsd: 1,
      trace: { costUsd: 1, durationMs: 55 },
    })
  })

  it('measures by the clock it is given', async () => {
    const now = vi.fn<() => number>().mockReturnValueOnce(1000).mockReturnValueOnce(1750)
    const outcome = await playing(() => 'ok', undefined, { now })
    expect(outcome).toMatchObject({
      durationMs: 750,
      trace: { startedAt: '1970-01-01T00:00:01.000Z', durationMs: 750 },
    })
    expect(now).toHaveBeenCalledTimes(2)
  })

  it('passes over the output where it is another kind of JSON', async () => {
    for (const output of [null, ['one two'], { answer: 'one two' }, 12]) {
      expect((await playing(good, { ...recorded, output })).divergences).toEqual([])
    }
    const list = async (): Promise<string[]> => [await good()]
    expect((await playing(list, { ...recorded, output: { 0: 'x' } })).divergences).toEqual([])
  })

  it('names another output', async () => {
    const outcome = await playing(good, { ...recorded, output: 'one' })
    expect(outcome).toMatchObject({
      status: 'completed',
      divergences: [
        { step: 2, kind: 'output', differences: [{ path: '', expected: 'one', got: 'one two' }] },
      ],
    })
  })

  it('names recorded calls that nobody made', async () => {
    expect(await playing(() => get({ n: 1 }), recorded)).toMatchObject({
      status: 'completed',
      divergences: [
        { step: 1, kind: 'unused', what: 'The recording goes on after step 1: tool get (recorded step 2).' },
      ],
    })
    const none = await playing(() => 'ok', recordingWith([turn('hi'), ...recorded.calls]))
    expect(none.divergences[0]?.what).toBe(
      'The recording goes on after step 1: turn of user (recorded step 1) and 2 more.',
    )
  })

  it('fails for what the agent throws, whatever it is', async () => {
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('never')
      },
    })
    for (const [thrown, said] of [
      [new TypeError('no order'), 'TypeError: no order'],
      ['a text', 'Error: a text'],
      [undefined, 'Error: undefined'],
      [Object.create(null), 'Error: something that cannot be printed'],
      [hostile, 'Error: something that cannot be printed'],
      [new Error('y'.repeat(9999)), `Error: ${'y'.repeat(493)}…`],
    ] as const) {
      const outcome = await playing(() => Promise.reject(thrown), recordingWith([]))
      expect(outcome).toMatchObject({
        status: 'failed',
        code: 'EVK_AGENT_THREW',
        reason: `The agent threw ${said}`,
      })
      expect(kinds(outcome)).toEqual(['end'])
      expect(outcome).not.toHaveProperty('output')
      expect(outcome.trace).toMatchObject({ status: 'error', ended: 'EVK_AGENT_THREW' })
      expect(outcomeSchema.parse(outcome)).toEqual(outcome)
    }
  })

  it('fails for what a target throws before it awaits anything', async () => {
    const target = asTarget({
      kind: 'x',
      name: 'x',
      versions: {},
      play: () => {
        throw new Error('at once')
      },
    })
    expect(await playing(target, undefined)).toMatchObject({
      status: 'failed',
      reason: 'The agent threw Error: at once',
    })
  })

  it('tells a limit from an error', async () => {
    const outcome = await playing(
      () => Promise.reject(new LimitReached('3 model turns and no end')),
      recordingWith([]),
    )
    expect(outcome).toMatchObject({ status: 'failed', code: 'EVK_AGENT_LIMIT' })
  })

  it('knows a limit that another copy of the package threw', async () => {
    vi.resetModules()
    const copy = await import('./target.ts')
    expect(copy.LimitReached).not.toBe(LimitReached)
    const outcome = await playing(() => Promise.reject(new copy.LimitReached('too many')), recordingWith([]))
    expect(outcome.code).toBe('EVK_AGENT_LIMIT')
  })
})

describe('a trial’s time', () => {
  const hang = (): Promise<never> => new Promise(() => undefined)

  it('ends an agent that ignores its signal', async () => {
    const outcome = await playing(hang, recordingWith([]), { timeoutMs: 20 })
    expect(outcome).toMatchObject({
      status: 'failed',
      code: 'EVK_AGENT_LIMIT',
      reason: 'The agent was stopped: no answer after 20 ms.',
      divergences: [{ kind: 'end' }],
    })
  })

  it('ends an agent that heeds it and returns in good order: it did not complete', async () => {
    const heeding = (_: unknown, { signal }: PlayContext): Promise<string> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve('partial')))
    const outcome = await playing(heeding, recordingWith([]), { timeoutMs: 20 })
    expect(outcome).toMatchObject({ status: 'failed', code: 'EVK_AGENT_LIMIT' })
    expect(outcome).not.toHaveProperty('output')
    const cancel = new AbortController()
    const cancelled = playing(heeding, recordingWith([]), { signal: cancel.signal })
    cancel.abort()
    expect(await cancelled).toMatchObject({ status: 'aborted', reason: 'The run was cancelled.' })
  })

  it('is not up at once because it is long', async () => {
    const slow = () => setTimeout(30, 'ok')
    for (const timeoutMs of [2 ** 31, Number.POSITIVE_INFINITY]) {
      expect(await playing(slow, recordingWith([]), { timeoutMs })).toMatchObject({ status: 'completed' })
    }
  })

  it('being up is not how a run ended that was cut off after so many turns', async () => {
    const calls = refund().calls.slice(0, 4)
    const dialogue = { opening: [], stopTexts: [], stopTools: [], user: true, maxTurns: 2 }
    const target = loop()
    const hanging = asTarget({
      ...target,
      play: async (input, context) => {
        await target.play(input, context).catch(() => undefined)
        return hang()
      },
    })
    const outcome = await playing(hanging, { ...refund(), calls, dialogue }, { timeoutMs: 20 })
    expect(outcome.fidelity).toMatchObject({ share: 1, steps: 4 })
    expect(outcome).toMatchObject({ status: 'failed', divergences: [{ kind: 'end' }] })
  })

  it('being cancelled aborts it, and leaves nothing behind on the signal', async () => {
    const cancel = new AbortController()
    const added = vi.spyOn(cancel.signal, 'addEventListener')
    const removed = vi.spyOn(cancel.signal, 'removeEventListener')
    await playing(() => 'ok', undefined, { signal: cancel.signal })
    expect(added).toHaveBeenCalledTimes(1)
    expect(removed).toHaveBeenCalledTimes(1)
    const outcome = playing(hang, recorded, { signal: cancel.signal })
    cancel.abort()
    expect(await outcome).toMatchObject({
      status: 'aborted',
      reason: 'The run was cancelled.',
      divergences: [],
    })
  })

  it('being cancelled by the agent itself aborts it, too', async () => {
    const cancel = new AbortController()
    const outcome = playing(
      () => {
        cancel.abort()
        return hang()
      },
      undefined,
      { signal: cancel.signal },
    )
    expect(await outcome).toMatchObject({ status: 'aborted' })
  })
})

describe('a replayed trace', () => {
  it('is the same for the same replay, whatever the clock says', async () => {
    const one = await playing(loop(), refund())
    const two = await playing(loop(), refund(), { now: () => performance.now() })
    expect(canonicalJson(one.trace)).toBe(canonicalJson(two.trace))
  })

  it('is another one for another case, trial, recording or end', async () => {
    const traces = await Promise.all([
      playing(loop(), refund()),
      playing(loop(), refund(), { trial: 1 }),
      playing(loop(), refund(), { case: { ...shopCase, id: 'other' } }),
      playing(loop(), refund({ trace: 't_2' })),
      playing(loop({ maxTurns: 1 }), refund()),
      playing(loop({ model: 'other' }), refund()),
      playing(loop({ model: 'another' }), refund()),
    ])
    expect(new Set(traces.map(({ trace }) => trace.id)).size).toBe(traces.length)
    for (const { trace } of traces) expect(trace.id).toMatch(/^t_[0-9a-f]{20}$/)
  })

  it('of a run that failed is reproduced when it fails in the same way, and only then', async () => {
    const failing = async (): Promise<never> => {
      throw new Error(await get({ n: 1 }))
    }
    const first = await playing(failing, recordingWith([used('get', { n: 1 }, 'one')]))
    expect(kinds(first)).toEqual(['end'])
    const again = recordingOf(first.trace)
    expect(await playing(failing, again)).toMatchObject({ status: 'failed', divergences: [] })
    const mended = await playing(() => get({ n: 1 }), again)
    expect(mended).toMatchObject({
      status: 'completed',
      divergences: [
        { kind: 'end', what: 'The agent completed. The recorded run ended otherwise (EVK_AGENT_THREW).' },
      ],
    })
  })

  it('keeps how the conversation was run', async () => {
    const { trace } = await playing(loop(), refund())
    expect(trace.dialogue).toEqual(refund().dialogue)
  })
})

describe('taps', () => {
  it('of somebody else around a play do not reach into it', async () => {
    const outcome = await withTap(answering({ tool: { response: 'outer', isError: false } }), () =>
      playing(good, recorded),
    )
    expect(outcome.output).toBe('one two')
  })

  it('are gone after it', async () => {
    await playing(good, recorded)
    const real = tool({ name: 'get' }, () => 'real')
    expect(await real({})).toBe('real')
  })
})
