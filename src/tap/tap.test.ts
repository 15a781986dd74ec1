import { setImmediate, setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mulberry32 } from '../lib/stats/mulberry32.ts'
import { cross, currentTap, guardUntapped, TapAborted, withTap } from './tap.ts'
import { answering, type Asked } from './testing/taps.ts'

const request = { name: 'get_order', arguments: { order: 'W12' } }

describe('cross', () => {
  it('goes to the world where no tap is in force', async () => {
    const live = async () => ({ response: 'sent', isError: false })
    expect(currentTap()).toBeUndefined()
    expect(await cross('tool', request, { live })).toEqual({ response: 'sent', isError: false })
  })

  it('throws where there is no way to the world', async () => {
    await expect(cross('human', { name: 'user' })).rejects.toThrow('No way to make this human call')
  })

  it('asks the tap in force, and the inner of two', async () => {
    const [outer, inner]: [Asked[], Asked[]] = [[], []]
    const reply = { response: 1, isError: false }
    await withTap(answering({ tool: reply }, outer), async () => {
      await withTap(answering({ tool: reply }, inner), () => cross('tool', request))
      await cross('tool', request)
    })
    expect(outer).toEqual([{ kind: 'tool', request }])
    expect(inner).toEqual(outer)
  })
})

describe('withTap', () => {
  it('never mixes runs that go on at the same time', async () => {
    const random = mulberry32(42)
    const waits = Array.from({ length: 1000 }, () => Array.from({ length: 4 }, () => random()))
    const pause = async (share: number): Promise<void> => {
      if (share < 0.3) return
      if (share < 0.6) await Promise.resolve()
      else if (share < 0.9) await setImmediate()
      else await setTimeout(share * 3)
    }
    const runs = waits.map(async (shares, run) => {
      const asked: Asked[] = []
      const answers = await withTap(
        answering({ tool: { response: run, isError: false } }, asked),
        async () => {
          const got: unknown[] = []
          for (const [at, share] of shares.entries()) {
            await pause(share)
            const call = (of: number) => cross('tool', { name: `${run}`, arguments: [at, of] })
            got.push(...(await Promise.all([call(0), pause(1 - share).then(() => call(1))])))
          }
          return got
        },
      )
      return { asked, answers }
    })
    for (const [run, { asked, answers }] of (await Promise.all(runs)).entries()) {
      expect(answers).toEqual(Array.from({ length: 8 }, () => ({ response: run, isError: false })))
      expect(asked.map((one) => 'kind' in one && 'name' in one.request && one.request.name)).toEqual(
        Array.from({ length: 8 }, () => `${run}`),
      )
    }
  })

  it('holds in what a run started, and not beside it', async () => {
    const tap = answering({})
    let later: Promise<unknown> = Promise.resolve()
    withTap(tap, () => {
      later = setTimeout(1).then(() => currentTap())
    })
    expect(currentTap()).toBeUndefined()
    expect(await later).toBe(tap)
  })
})

describe('two copies of the package', () => {
  afterEach(() => {
    vi.resetModules()
  })

  it('meet at the same tap, and know each other’s refusals', async () => {
    vi.resetModules()
    const copy = await import('./tap.ts')
    expect(copy.withTap).not.toBe(withTap)
    const tap = answering({})
    withTap(tap, () => {
      expect(copy.currentTap()).toBe(tap)
    })
    copy.withTap(tap, () => {
      expect(currentTap()).toBe(tap)
    })
    const refused = await copy
      .withTap(tap, () => copy.cross('tool', request))
      .catch((error: unknown) => error)
    expect(TapAborted.is(refused)).toBe(true)
    expect(copy.TapAborted.is(refused)).toBe(true)
    expect(TapAborted.is(new Error('nobody answers tool'))).toBe(false)
  })

  it('stand under the same guard', async () => {
    vi.resetModules()
    const copy = await import('./tap.ts')
    const told: string[] = []
    const release = copy.guardUntapped((what) => told.push(what))
    await expect(cross('tool', request, { live: () => Promise.reject(new Error('live')) })).rejects.toThrow(
      'get_order',
    )
    release()
    expect(told).toHaveLength(1)
  })
})

describe('guardUntapped', () => {
  const live = async () => ({ response: 'live', isError: false })

  it('lets nothing out that meets no tap, and tells everybody who guards', async () => {
    const [one, two]: [string[], string[]] = [[], []]
    const releases = [guardUntapped((what) => one.push(what)), guardUntapped((what) => two.push(what))]
    const refused = await cross('tool', request, { live }).catch((error: unknown) => error)
    expect(TapAborted.is(refused)).toBe(true)
    expect(one).toEqual([
      'a tool call (get_order) was made, outside the async context of any trial: nobody can say whose it was',
    ])
    expect(two).toEqual(one)
    releases[0]?.()
    await expect(cross('tool', request, { live })).rejects.toThrow('get_order')
    releases[1]?.()
    expect([one.length, two.length]).toEqual([1, 2])
    expect(await cross('tool', request, { live })).toEqual({ response: 'live', isError: false })
  })

  it('does not touch what meets a tap', async () => {
    const told: string[] = []
    const release = guardUntapped((what) => told.push(what))
    const reply = { response: 'taped', isError: false }
    expect(await withTap(answering({ tool: reply }), () => cross('tool', request))).toEqual(reply)
    release()
    expect(told).toEqual([])
  })
})
