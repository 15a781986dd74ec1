import { describe, expect, it } from 'vitest'
import type { TraceChange } from '../store/store.ts'
import { type Due, type Maker, makerHere } from './maker.ts'
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
  return makerPool(all)
}

/** As a collector does. */
function give(maker: Maker, all: Received): void {
  const parts = maker.parts(all)
  maker.give(
    'r',
    parts.map((part) => (part.spans.length + part.logs.length === 0 ? undefined : packedRequest(part))),
  )
}

/** Has each share made by the maker whose it is; ids in the order of `all`. */
async function make(maker: Maker, all: readonly Due[]): Promise<readonly (string | undefined)[]> {
  const ids = new Map<string, string | undefined>()
  for (const [at, share] of maker.shares.entries()) {
    const own = all.filter(({ traceId }) => maker.shareOf(traceId) === at)
    const made = await share.make(own)
    own.forEach(({ traceId }, index) => ids.set(traceId, made[index]))
    await share.commit(own.map(({ traceId }) => [`before ${traceId}`]))
  }
  return all.map(({ traceId }) => ids.get(traceId))
}

describe('several makers', () => {
  it('make what one makes, each a share', async () => {
    const alone = new Set<TraceChange>()
    const one = makers(1, [alone])
    give(one, received)
    const ids = await make(one, due)
    const stores = [new Set<TraceChange>(), new Set<TraceChange>(), new Set<TraceChange>()]
    const three = makers(3, stores)
    give(three, received)
    expect(await make(three, due)).toEqual(ids)
    expect(ids.at(-1)).toBeUndefined()
    const byId = (all: Iterable<TraceChange>) =>
      [...all].toSorted((a, b) => (a.trace.id < b.trace.id ? -1 : 1))
    expect(byId(stores.flatMap((store) => [...store]))).toEqual(byId(alone))
    expect(stores.map(({ size }) => size)).toEqual([4, 4, 4])
  })

  it('take what has no number for an id', async () => {
    const pool = makers(2, [new Set(), new Set()])
    const odd: Received = { spans: spansOf(0).map((span) => ({ ...span, traceId: 'odd' })), logs: [] }
    give(pool, odd)
    expect(await make(pool, [{ traceId: 'odd', requests: ['r'] }])).toEqual([expect.stringMatching(/^t_/)])
  })

  it('read no file of what they were given, until it is dropped', async () => {
    const pool = makers(2, [new Set(), new Set()])
    give(pool, { spans: spansOf(0), logs: [] })
    const [id] = await make(pool, [{ traceId: traceIdOf(0), requests: ['r'] }])
    expect(id).toMatch(/^t_/)
    pool.drop(['r'])
    await expect(make(pool, [{ traceId: traceIdOf(0), requests: ['r'] }])).rejects.toThrow('it was given')
  })
})
