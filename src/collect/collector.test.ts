import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as turn } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { observeRun } from '../capture/otlp/observe.ts'
import { runOf } from '../capture/otlp/run.ts'
import type { OtlpSpan } from '../capture/otlp/shape.ts'
import type { Trace } from '../schema/trace.ts'
import type { TraceChange } from '../store/store.ts'
import { type Collector, type CollectorOptions, type Needed, openCollector } from './collector.ts'
import { type Maker, makerHere, type MakerOptions } from './maker.ts'
import { makerPool } from './maker-pool.ts'
import { openRequestFolder, readRequest } from './requests.ts'
import { spansOf, traceIdOf } from './testing/spans.ts'

let folder: string
let time: number
let store: Map<string, Trace>
let starts: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'collector-'))
  time = 1_000_000
  store = new Map()
  starts = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function commit(changes: readonly TraceChange[]): Promise<void> {
  for (const { trace, replaces } of changes) {
    store.set(trace.id, trace)
    for (const id of replaces) store.delete(id)
  }
}

async function opened({
  commit: put = commit,
  ...more
}: Partial<CollectorOptions> & Partial<Pick<MakerOptions, 'commit'>> = {}): Promise<Collector> {
  const now = () => time
  const requests = await openRequestFolder(folder, now, () => `process${++starts}`)
  return openCollector({
    folder,
    requests,
    now,
    maker: makerHere({ requests, commit: put }),
    idleMs: 30_000,
    settleMs: 5000,
    lateMs: 600_000,
    ...more,
  })
}

/** Each stores its share in its own way. */
function twoMakers(...puts: readonly ((changes: readonly TraceChange[]) => Promise<void>)[]): Maker {
  const requests = { read: (name: string) => readRequest(folder, name) }
  return makerPool(puts.map((put) => makerHere({ requests, commit: put })))
}

async function after(collector: Collector, ms: number): Promise<void> {
  time += ms
  await collector.tick()
}

function wanted(spans: readonly OtlpSpan[]): string {
  const [first] = spans
  const observed = observeRun(runOf(first?.traceId ?? '', spans, []))
  if ('reason' in observed) throw new Error(observed.reason)
  return observed.trace.id
}

async function files(): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.includes('.request.json'))
}

describe('a collector', () => {
  it('closes a trace some time after its root, one without a root by silence', async () => {
    const collector = await opened()
    await collector.take({ spans: spansOf(0), logs: [] })
    await collector.take({ spans: spansOf(1).slice(0, 2), logs: [] })
    await after(collector, 4999)
    expect(store.size).toBe(0)
    await after(collector, 1)
    expect([...store.keys()]).toEqual([wanted(spansOf(0))])
    await after(collector, 25_000)
    expect(store.size).toBe(2)
    expect(collector.counters()).toMatchObject({
      requests: 2,
      spans: 6,
      traces: 2,
      openTraces: 0,
      openBytes: 0,
    })
  })

  it('makes the same trace of spans in any order, in any requests, sent twice or once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...spansOf(0), ...spansOf(0)], { minLength: 8 }),
        fc.nat({ max: 7 }),
        async (spans, cut) => {
          store.clear()
          const collector = await opened({ lateMs: 0 })
          await collector.take({ spans: spans.slice(0, cut), logs: [] })
          await collector.take({ spans: spans.slice(cut), logs: [] })
          await collector.drain()
          await after(collector, 1)
          expect([...store.keys()]).toEqual([wanted(spansOf(0))])
        },
      ),
      { seed: 42, numRuns: 15 },
    )
  })

  it('makes a trace anew when something comes late, in the place of what was stored', async () => {
    const collector = await opened()
    const [first, ...others] = spansOf(0)
    await collector.take({ spans: others, logs: [] })
    await after(collector, 5000)
    const before = [...store.keys()]
    expect(before).toEqual([wanted(others)])
    await collector.take({ spans: first === undefined ? [] : [first], logs: [] })
    await after(collector, 5000)
    expect([...store.keys()]).toEqual([wanted(spansOf(0))])
    expect(collector.counters()).toMatchObject({ traces: 2, reopened: 1 })
    // The same span once more changes nothing.
    await collector.take({ spans: others.slice(0, 1), logs: [] })
    await after(collector, 5000)
    expect([...store.keys()]).toEqual([wanted(spansOf(0))])
  })

  it('keeps requests as long as something late may come, and no longer', async () => {
    const collector = await opened()
    await collector.take({ spans: [...spansOf(0), ...spansOf(1)], logs: [] })
    await after(collector, 5000)
    expect(await files()).toHaveLength(1)
    await after(collector, 600_000)
    expect(await files()).toEqual([])
    const again = await opened()
    await after(again, 30_000)
    expect(store.size).toBe(2)
  })

  it('keeps no more of them than it may', async () => {
    const collector = await opened({ limits: { keptBytes: 20_000 } })
    for (let run = 0; run < 40; run++) {
      await collector.take({ spans: spansOf(run), logs: [] })
      await after(collector, 5000)
      expect(collector.counters().keptBytes).toBeLessThanOrEqual(20_000)
    }
    expect(store.size).toBe(40)
    expect((await files()).length).toBeGreaterThan(1)
    await after(collector, 600_000)
    expect(collector.counters()).toMatchObject({ keptBytes: 0, openBytes: 0 })
    expect(await files()).toEqual([])
  })

  it('loses nothing when it is killed before, while or after it closes a trace, and stores nothing twice', async () => {
    const half = spansOf(0).slice(0, 2)
    const killed = await opened()
    await killed.take({ spans: half, logs: [] })
    await killed.take({ spans: spansOf(1), logs: [] })
    // Killed behind the commit, before it is written down.
    const failing = await opened({
      commit: async (changes) => {
        await commit(changes)
        throw new Error('killed')
      },
    })
    await expect(failing.drain()).rejects.toThrow('killed')
    expect([...store.keys()].toSorted()).toEqual([wanted(half), wanted(spansOf(1))].toSorted())
    const again = await opened()
    await again.take({ spans: spansOf(0).slice(2), logs: [] })
    await again.drain()
    expect([...store.keys()].toSorted()).toEqual([wanted(spansOf(0)), wanted(spansOf(1))].toSorted())
    // And what is late for a trace that an earlier process closed.
    const later = await opened()
    expect(later.counters().openTraces).toBe(0)
    const [root] = spansOf(1).slice(-1)
    await later.take({
      spans: root === undefined ? [] : [{ ...root, spanId: 'f'.repeat(16), parentSpanId: root.spanId }],
      logs: [],
    })
    await later.drain()
    expect(store.size).toBe(2)
    expect([...store.values()].map(({ spans }) => spans.length).toSorted((a, b) => a - b)).toEqual([4, 5])
  })

  it('tries again where the store failed', async () => {
    let fails = true
    const collector = await opened({
      commit: async (changes) => {
        if (fails) throw new Error('busy')
        await commit(changes)
      },
    })
    await collector.take({ spans: spansOf(0), logs: [] })
    time += 5000
    await expect(collector.tick()).rejects.toThrow('busy')
    expect(collector.counters().openTraces).toBe(1)
    fails = false
    await collector.tick()
    expect(store.size).toBe(1)
  })

  it('takes requests while it stores others, but none of a trace that is being closed', async () => {
    const gate = Promise.withResolvers<void>()
    const collector = await opened({
      commit: async (changes) => {
        await gate.promise
        await commit(changes)
      },
    })
    const [first, ...others] = spansOf(0)
    await collector.take({ spans: others, logs: [] })
    time += 5000
    const closing = collector.tick()
    await collector.take({ spans: spansOf(1), logs: [] })
    let taken = false
    const late = collector
      .take({ spans: first === undefined ? [] : [first], logs: [] })
      .then(() => (taken = true))
    await turn()
    expect([taken, store.size]).toEqual([false, 0])
    gate.resolve()
    await closing
    await late
    expect([...store.keys()]).toEqual([wanted(others)])
    await collector.drain()
    expect([...store.keys()].toSorted()).toEqual([wanted(spansOf(0)), wanted(spansOf(1))].toSorted())
    expect(collector.counters()).toMatchObject({ reopened: 1, openBytes: 0, openTraces: 0 })
  })

  it('closes the shares of several makers at once, and leaves open what one of them cannot store', async () => {
    const gate = Promise.withResolvers<void>()
    const put = async (changes: readonly TraceChange[]): Promise<void> => {
      await gate.promise
      throw new Error(`${changes.length} cannot be stored`)
    }
    const collector = await opened({ maker: twoMakers(put, commit) })
    for (const run of [0, 1, 2, 3]) await collector.take({ spans: spansOf(run), logs: [] })
    time += 5000
    const closing = collector.tick()
    while (store.size < 2) await turn()
    gate.resolve()
    await expect(closing).rejects.toThrow('2 cannot be stored')
    expect(collector.counters()).toMatchObject({ openTraces: 2, traces: 2 })
    expect(store.size).toBe(2)
  })

  it('asks what is needed for one share after the other', async () => {
    let held = 0
    let most = 0
    const needed = (): Promise<Needed> => {
      most = Math.max(most, ++held)
      return Promise.resolve({ has: () => false, [Symbol.dispose]: () => void held-- })
    }
    const slowly = async (changes: readonly TraceChange[]): Promise<void> => {
      await turn(5)
      await commit(changes)
    }
    const collector = await opened({ maker: twoMakers(slowly, slowly), needed })
    for (const part of [[1], [0, 1]]) {
      for (const run of [0, 1, 2, 3]) await collector.take({ spans: spansOf(run).slice(...part), logs: [] })
      await collector.drain()
    }
    expect([most, held, store.size]).toEqual([1, 0, 4])
  })

  it('leaves an earlier version where something names it', async () => {
    const named = wanted(spansOf(0).slice(1))
    const held: number[] = []
    const needed = () =>
      Promise.resolve({
        has: (id: string) => id === named,
        [Symbol.dispose]: () => void held.push(store.size),
      })
    const collector = await opened({ needed })
    await collector.take({ spans: spansOf(0).slice(1), logs: [] })
    await collector.drain()
    await collector.take({ spans: spansOf(0).slice(0, 1), logs: [] })
    await collector.drain()
    // Until the new one is stored.
    expect([store.size, held]).toEqual([2, [2]])
  })

  it('is bounded: by spans of a trace, by open traces, by bytes', async () => {
    const limits = { spansOfTrace: 3, openTraces: 2, openBytes: 10_000 }
    const collector = await opened({ limits })
    const [, , , fourth] = spansOf(0)
    expect([...collector.excess({ spans: spansOf(0), logs: [] })]).toEqual([fourth])
    for (const run of [1, 2, 3]) {
      await collector.take({ spans: spansOf(run).slice(0, 1), logs: [] })
      time += 1
    }
    await collector.tick()
    expect([...store.values()].map(({ attributes }) => attributes['otlp.trace_id'])).toEqual([traceIdOf(1)])
    expect(collector.roomy()).toBe(true)
    for (let run = 4; collector.roomy() && run < 100; run++)
      await collector.take({ spans: spansOf(run), logs: [] })
    expect(collector.roomy()).toBe(false)
    await collector.drain()
    expect(collector.roomy()).toBe(true)
  })

  it('passes over what stands in its folder and is none of its own', async () => {
    await writeFile(join(folder, 'broken.request.json'), '{"v":1,"gro')
    await writeFile(join(folder, 'closed.jsonl'), '{"trace":"x"\nnonsense\n')
    const collector = await opened()
    await collector.take({ spans: spansOf(0), logs: [] })
    await collector.drain()
    expect(store.size).toBe(1)
  })

  it('counts logs of no trace, and a trace that is nothing but logs', async () => {
    const collector = await opened()
    const log = { timeUnixNano: '1', attributes: {}, resource: {}, scope: { name: '' } }
    await collector.take({ spans: [], logs: [log, { ...log, traceId: traceIdOf(7) }] })
    await collector.drain()
    expect(collector.counters()).toMatchObject({ logs: 2, logsOfNoTrace: 1, unmade: 1, traces: 0 })
  })
})
