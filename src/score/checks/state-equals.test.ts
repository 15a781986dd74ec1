import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { score } from '../score.ts'
import { subjectOf } from '../subject.ts'
import { stateEquals } from './state-equals.ts'

const pay = (usd: number) => ({ name: 'pay', arguments: { usd } })
const tools = { pay: { effect: 'write' } } as const
const subject = subjectOf({ calls: [pay(10), pay(20)], reference: { toolCalls: [pay(30)] }, tools })

interface Sum {
  readonly paid: number
}
const sum = (state: Sum, { arguments: given }: { readonly arguments: Json }): Sum => ({
  paid: state.paid + (given as { usd: number }).usd,
})

async function asked(check: ReturnType<typeof stateEquals>, of = subject) {
  const [answer] = await score(of, [check])
  return answer
}

describe('stateEquals with a reduce', () => {
  it('folds the writes of the run and of the reference alike', async () => {
    expect(await asked(stateEquals({ initial: { paid: 0 }, reduce: sum }))).toMatchObject({ passed: true })
    expect(
      await asked(stateEquals({ initial: { paid: 0 }, reduce: sum, expected: { paid: 31 } })),
    ).toMatchObject({ passed: false, reason: 'after 2 writes: paid is 30, not 31' })
  })

  it('may await, may change what it is handed, and shares nothing between writes', async () => {
    const seen: Json[] = []
    const check = stateEquals({
      initial: [] as Json[],
      expected: [{ usd: 10 }, { usd: 20 }],
      reduce: async (state: Json[], write) => {
        seen.push(state)
        state.push(write.arguments)
        return state
      },
    })
    expect(await asked(check)).toMatchObject({ passed: true })
    expect(await asked(check)).toMatchObject({ passed: true })
    expect(seen[0]).not.toBe(seen[1])
  })

  it('says why there is no state', async () => {
    const failing = stateEquals({
      reduce: () => {
        throw new Error('no such order')
      },
    })
    expect(await asked(failing)).toMatchObject({
      status: 'unscored',
      reason: 'of the reference: "reduce" failed at write 1, pay: no such order',
    })
    const silent = stateEquals({ expected: {}, reduce: () => undefined as never })
    expect(await asked(silent)).toMatchObject({
      status: 'unscored',
      reason: expect.stringContaining('nothing'),
    })
    const foreign = stateEquals({ expected: {}, reduce: () => new Map() as never })
    expect(await asked(foreign)).toMatchObject({ status: 'unscored' })
  })

  it('is identified by its source', () => {
    const one = stateEquals({ reduce: sum, initial: { paid: 0 } })
    expect(one.identity).toEqual(stateEquals({ reduce: sum, initial: { paid: 0 } }).identity)
    expect(one.identity).not.toEqual(stateEquals({ reduce: (state) => state, initial: { paid: 0 } }).identity)
    expect(one.identity).not.toEqual(stateEquals({ initial: { paid: 0 } }).identity)
    expect(one).toMatchObject({ name: 'stateEquals', gating: true, usesTools: true })
    expect(stateEquals({ reduce: sum, initial: { paid: 0 }, as: 'paid' }).name).toBe('paid')
  })

  it('refuses what it cannot take', () => {
    expect(() => stateEquals({ reduce: 'sum' as never })).toThrow(/is no function/)
    expect(() => stateEquals({ reduce: sum, initial: { paid: 0 }, expect: 1 } as never)).toThrow(/expected/)
  })
})
