import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../schema/attempt.ts'
import { isWorthAnother, type RetryOptions, withRetries } from './retry.ts'
import { world } from './testing/world.ts'

const attempt = (status: number | undefined, over: Partial<Attempt> = {}): Attempt => ({
  ...(status === undefined ? {} : { status }),
  headers: {},
  ...over,
})

async function retried(script: readonly Attempt[], options: RetryOptions = {}, random = 0.5) {
  const { slept, now, sleep } = world()
  let calls = 0
  const attempts = await withRetries(
    async () => script[Math.min(calls++, script.length - 1)] as Attempt,
    { now, sleep, random: () => random },
    options,
  )
  return { statuses: attempts.map(({ status }) => status), slept }
}

describe('withRetries', () => {
  it('asks again after 429 and 5xx, and hands back all tries', async () => {
    const { statuses, slept } = await retried([attempt(429), attempt(500), attempt(529), attempt(200)])
    expect(statuses).toEqual([429, 500, 529, 200])
    // Half of 500 ms, of 1 s, of 2 s.
    expect(slept).toEqual([250, 500, 1000])
  })

  it.each([400, 401, 403, 404, 413, 422, 200, 307])('never asks again after %d', async (status) => {
    expect(await retried([attempt(status), attempt(200)])).toEqual({ statuses: [status], slept: [] })
  })

  it.each([408, 409, 429, 500, 502, 503, 504, 529])('asks again after %d', async (status) => {
    expect((await retried([attempt(status), attempt(200)])).statuses).toEqual([status, 200])
  })

  it('gives up after so many tries', async () => {
    expect((await retried([attempt(503)], { attempts: 3 })).statuses).toEqual([503, 503, 503])
    expect((await retried([attempt(503)], { attempts: 1 })).statuses).toEqual([503])
  })

  it('asks again after a connection that failed and a body that broke off', async () => {
    const refused = attempt(undefined, {
      error: { type: 'TypeError', message: 'fetch failed', code: 'ECONNREFUSED' },
    })
    const broken = attempt(200, { ended: 'reset' })
    expect((await retried([refused, broken, attempt(200)])).statuses).toEqual([undefined, 200, 200])
  })

  it('does not wait for what waiting does not mend', async () => {
    const error = { type: 'TypeError', message: 'fetch failed', code: 'ENOTFOUND' }
    expect(isWorthAnother(attempt(undefined, { error }))).toBe(false)
    expect(isWorthAnother(attempt(429, { body: '{"error":{"type":"insufficient_quota"}}' }))).toBe(false)
    expect(isWorthAnother(attempt(500, { headers: { 'x-should-retry': 'false' } }))).toBe(false)
    expect(isWorthAnother(attempt(400, { headers: { 'x-should-retry': 'true' } }))).toBe(false)
    expect(isWorthAnother(attempt(200, { ended: 'truncated' }))).toBe(false)
  })

  it.each<[Record<string, string>, number]>([
    [{ 'retry-after-ms': '1500' }, 1750],
    [{ 'retry-after': '2' }, 2250],
    [{ 'retry-after-ms': '10', 'retry-after': '2' }, 260],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' }, 7250],
    [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 250],
    [{ 'retry-after': '86400' }, 60_250],
    [{ 'retry-after': '-5' }, 250],
    [{ 'retry-after': 'soon' }, 250],
    [{ 'retry-after': '' }, 250],
  ])('waits as long as %j asks, and half of 500 ms more; no longer than a minute', async (headers, wait) => {
    expect((await retried([attempt(429, { headers }), attempt(200)])).slept).toEqual([wait])
  })

  it('never waits longer than its bounds, whatever is asked and drawn', async () => {
    const header = fc.oneof(fc.string(), fc.double().map(String), fc.constant('9'.repeat(400)))
    await fc.assert(
      fc.asyncProperty(
        header,
        header,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (ms, s, random) => {
          const failing = attempt(429, { headers: { 'retry-after-ms': ms, 'retry-after': s } })
          const { slept } = await retried([failing], { attempts: 9 }, random)
          expect(slept).toHaveLength(8)
          for (const wait of slept) {
            expect(wait).toBeGreaterThanOrEqual(0)
            expect(wait).toBeLessThanOrEqual(60_500)
          }
        },
      ),
      { seed: 42 },
    )
  })

  it('stops at once when it is cancelled, also while it waits', async () => {
    const stop = new AbortController()
    let tries = 0
    const cancelled = withRetries(
      async () => {
        tries++
        return attempt(503)
      },
      {
        random: () => 0.5,
        now: () => 0,
        sleep: (_, signal) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason as Error))
            stop.abort(new Error('Ctrl-C'))
          }),
      },
      {},
      stop.signal,
    )
    await expect(cancelled).rejects.toThrow('Ctrl-C')
    expect(tries).toBe(1)
    const never = withRetries(async () => attempt(200), world(), {}, stop.signal)
    await expect(never).rejects.toThrow('Ctrl-C')
  })
})
