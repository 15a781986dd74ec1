import { describe, expect, it } from 'vitest'
import type { PriceOf } from '../lib/price.ts'
import type { Fixture, PackedCall } from '../schema/fixture.ts'
import { estimateOf, usesIn } from './estimate.ts'

const usage = { input: 100, cacheRead: 0, cacheWrite: 0, output: 10 }

function asked(step: number, over: Partial<Extract<PackedCall, { kind: 'llm' }>> = {}): PackedCall {
  return {
    step,
    kind: 'llm',
    add: [],
    model: 'm1',
    reply: { message: { role: 'assistant', content: [] }, usage },
    ...over,
  } as PackedCall
}

const tool: PackedCall = {
  step: 2,
  kind: 'tool',
  request: { name: 'look', arguments: {} },
  reply: { response: 1, isError: false },
}

function recorded(...recordings: readonly (readonly PackedCall[])[]): Fixture {
  return {
    v: 1,
    dataset: 'desk',
    case: 'a',
    recordings: recordings.map((calls, trial) => ({
      trace: `t${trial}`,
      trial,
      versions: {},
      scores: [],
      calls,
    })),
  }
}

/** A dollar a token in; `m3` has no price. */
const priceOf: PriceOf = ({ input }, { model }) =>
  model === 'm3' ? undefined : input * (model === 'm2' ? 2 : 1)

function estimated(fixture: Fixture, trials: number, model?: string): ReturnType<typeof estimateOf> {
  const facts = { hash: 'h', worldHash: 'h', recordings: fixture.recordings.length, uses: usesIn(fixture) }
  return estimateOf({ cases: new Set(['a', 'b']), trials, recorded: new Map([['a', facts]]) }, priceOf, model)
}

describe('what a run would use', () => {
  it('is what its recordings used, trial by trial, and names cases without one', () => {
    const fixture = recorded([asked(1), tool, asked(3)], [asked(1)])
    expect(estimated(fixture, 2)).toEqual({
      modelCalls: 3,
      toolCalls: 1,
      userCalls: 0,
      usage: { input: 300, cacheRead: 0, cacheWrite: 0, output: 30 },
      costUsd: 300,
      unpriced: 0,
      casesWithout: 1,
    })
    expect(estimated(fixture, 3)).toMatchObject({ modelCalls: 5, costUsd: 500 })
  })

  it('is priced for another model, and never 0 where no price is known', () => {
    const fixture = recorded([asked(1)])
    expect(estimated(fixture, 1, 'm2').costUsd).toBe(200)
    const unknown = estimated(fixture, 1, 'm3')
    expect([unknown.costUsd, unknown.unpriced]).toEqual([undefined, 1])
    const message = { role: 'assistant', content: [] } as never
    const own = recorded([asked(1, { model: 'm3', reply: { message, usage, costUsd: 7 } })])
    expect(estimated(own, 1).costUsd).toBe(7)
    expect(estimated(own, 1, 'm3').costUsd).toBeUndefined()
  })

  it('keeps a simulated user apart, whom no other model plays', () => {
    const fixture = recorded([asked(1), asked(2, { by: 'user' })])
    expect(estimated(fixture, 1, 'm2')).toMatchObject({ modelCalls: 1, userCalls: 1, costUsd: 300 })
  })

  it('goes by what live models said since, where they did', () => {
    const { recordings, ...rest } = recorded([asked(1), asked(2)], [asked(1)])
    const [first] = recordings
    const rerecordings = first === undefined ? [] : [{ ...first, calls: [asked(1)] }]
    expect(estimated({ ...rest, recordings, rerecordings }, 2).modelCalls).toBe(2)
  })
})
