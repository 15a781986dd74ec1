import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { budgetOf } from './budget.ts'

const settled = async (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([promise.catch((error: unknown) => error), new Promise((done) => setImmediate(done, 'waits'))])

describe('budgetOf', () => {
  it('lets through what fits, and refuses for good what does not', async () => {
    const budget = budgetOf(1)
    const first = await budget.reserve(0.6)
    first.settle(0.5)
    expect(await settled(budget.reserve(0.6))).toMatchObject({
      code: 'EVK_SPEND_CAP',
      exit: 4,
      message: 'The spend cap of $1.00 is reached: $0.50 are left, and the next call may cost $0.60.',
    })
    expect(budget.isExhausted()).toBe(true)
    // A cheaper one would fit: but a run that goes on in part is nobody's sample.
    expect(await settled(budget.reserve(0.01))).toMatchObject({ code: 'EVK_SPEND_CAP' })
    expect(budget.spent()).toBe(0.5)
  })

  it('waits for calls under way, first come, first served', async () => {
    const budget = budgetOf(1)
    const first = await budget.reserve(0.9)
    const second = budget.reserve(0.9)
    const third = budget.reserve(0.05)
    expect(await settled(second)).toBe('waits')
    expect(await settled(third)).toBe('waits')
    first.settle(0.05)
    const admitted = await second
    await expect(third).resolves.toBeDefined()
    admitted.settle(0.9)
    expect(budget.isExhausted()).toBe(false)
  })

  it('counts a call once', async () => {
    const budget = budgetOf(1)
    const first = await budget.reserve(0.5)
    first.settle(0.25)
    first.settle(0.25)
    expect(budget.spent()).toBe(0.25)
    expect(await settled(budget.reserve(0.75))).not.toBeInstanceOf(Error)
  })

  it('is left at once by who gives up, and those behind move up', async () => {
    const budget = budgetOf(1)
    const first = await budget.reserve(0.6)
    const stop = new AbortController()
    const big = budget.reserve(0.9, stop.signal)
    const small = budget.reserve(0.3)
    expect(await settled(small)).toBe('waits')
    stop.abort(new Error('Ctrl-C'))
    await expect(big).rejects.toThrow('Ctrl-C')
    expect(await settled(small)).not.toBe('waits')
    await expect(budget.reserve(0.1, stop.signal)).rejects.toThrow('Ctrl-C')
    first.settle(0)
    expect(budget.isExhausted()).toBe(false)
  })

  it('spends nothing with a cap of 0, and takes calls that cost nothing', async () => {
    const budget = budgetOf(0)
    ;(await budget.reserve(0)).settle(0)
    expect(await settled(budget.reserve(0.000001))).toMatchObject({ code: 'EVK_SPEND_CAP' })
  })

  it('never spends more than the cap and what each call under way was underestimated', async () => {
    const call = fc.record({ estimate: fc.nat(40), real: fc.nat(60), turns: fc.nat(4) })
    const lanesOf = fc.integer({ min: 1, max: 8 })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 30 }), fc.nat(200), lanesOf, async (calls, cap, lanes) => {
        const budget = budgetOf(cap)
        const queue = [...calls]
        let real = 0
        const worker = async (): Promise<void> => {
          for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
            const place = await budget.reserve(next.estimate)
            for (let turn = 0; turn < next.turns; turn++) await Promise.resolve()
            real += next.real
            place.settle(next.real)
          }
        }
        await Promise.all(Array.from({ length: lanes }, () => worker().catch(() => undefined)))
        expect(budget.spent()).toBe(real)
        // With one call at a time: what that one was underestimated.
        const worst = Math.max(0, ...calls.map(({ estimate, real: cost }) => cost - estimate))
        expect(budget.spent()).toBeLessThanOrEqual(cap + lanes * worst)
      }),
      { seed: 42, numRuns: 500 },
    )
  })

  it('holds, whatever the concurrency, where estimates are upper bounds', async () => {
    const call = fc.record({ estimate: fc.nat(40), share: fc.double({ min: 0, max: 1, noNaN: true }) })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 40 }), fc.nat(200), async (calls, cap) => {
        const budget = budgetOf(cap)
        await Promise.all(
          calls.map(async ({ estimate, share }) => {
            const place = await budget.reserve(estimate).catch(() => undefined)
            await Promise.resolve()
            place?.settle(estimate * share)
          }),
        )
        expect(budget.spent()).toBeLessThanOrEqual(cap + 1e-9)
      }),
      { seed: 42, numRuns: 300 },
    )
  })
})
