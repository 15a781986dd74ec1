import { describe, expect, it } from 'vitest'
import type { TraceChange } from '../store/store.ts'
import { type Maker, makerHere } from './maker.ts'
import { makerPool } from './maker-pool.ts'
import { packedRequest, type Received } from './packed-request.ts'
import { spansOf, traceIdOf } from './testing/spans.ts'

const runs = Array.from({ length: 12 }, (_, run) => run)
const log = { timeUnixNano: '1', attributes: {}, resource: {}, scope: { name: '' } }
const received: Received = {
  spans: runs.flatMap((run) => spansOf(run)),
  logs: [log, ...runs.map((run) => ({ ...log, traceId: traceIdOf(run), body: 'said' }))],
}
const due = [...runs, 99].map((run) => ({ traceId: traceIdOf(run), requests: ['r'] }))

function makers(count: number, stores: readonly { add(change: TraceChange): void }[]) {
  const requests = { read: () => Promise.reject(new Error('it was given')) }
  const all = Array.from({ length: count }, (_, at) =>
    makerHere({ requests, commit: async (changes) => changes.forEach((one) => stores[at]?.add(one)) }),
  )
  const [first, ...others] = all
  if (first === undefined) throw new Error('there is one')
  return makerPool([first, ...others])
}

/** As a collector does. */
function give(maker: Maker, all: Received): void {
  const parts = maker.parts(all)
  maker.give(
    'r',
    parts.map((part) => (part.spans.length + part.logs.length === 0 ? undefined : packedRequest(part))),
  )
}

describe('several makers', () => {
  it('make what one makes, in the order in which it is asked, each a share', async () => {
    const alone = new Set<TraceChange>()
    const one = makers(1, [alone])
    give(one, received)
    const ids = await one.make(due)
    await one.commit(due.map(({ traceId }) => [`before ${traceId}`]))
    const stores = [new Set<TraceChange>(), new Set<TraceChange>(), new Set<TraceChange>()]
    const three = makers(3, stores)
    give(three, received)
    expect(await three.make(due)).toEqual(ids)
    expect(ids.at(-1)).toBeUndefined()
    await three.commit(due.map(({ traceId }) => [`before ${traceId}`]))
    const byId = (all: Iterable<TraceChange>) =>
      [...all].toSorted((a, b) => (a.trace.id < b.trace.id ? -1 : 1))
    expect(byId(stores.flatMap((store) => [...store]))).toEqual(byId(alone))
    expect(stores.map(({ size }) => size)).toEqual([4, 4, 4])
  })

  it('fail when one of them does, after the others have ended', async () => {
    const stored = new Set<TraceChange>()
    const full = {
      add(): void {
        throw new Error('the disk is full')
      },
    }
    const pool = makers(2, [full, stored])
    give(pool, received)
    await pool.make(due)
    await expect(pool.commit(due.map(() => []))).rejects.toThrow('the disk is full')
    expect(stored.size).toBe(6)
  })

  it('take what has no number for an id', async () => {
    const pool = makers(2, [new Set(), new Set()])
    const odd: Received = { spans: spansOf(0).map((span) => ({ ...span, traceId: 'odd' })), logs: [] }
    give(pool, odd)
    expect(await pool.make([{ traceId: 'odd', requests: ['r'] }])).toEqual([expect.stringMatching(/^t_/)])
  })

  it('read no file of what they were given, until it is dropped', async () => {
    const pool = makers(2, [new Set(), new Set()])
    give(pool, { spans: spansOf(0), logs: [] })
    const [id] = await pool.make([{ traceId: traceIdOf(0), requests: ['r'] }])
    expect(id).toMatch(/^t_/)
    pool.drop(['r'])
    await expect(pool.make([{ traceId: traceIdOf(0), requests: ['r'] }])).rejects.toThrow('it was given')
  })
})
