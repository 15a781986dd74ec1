import type { OtlpSpan } from '../capture/otlp/shape.ts'
import { type Closed, openJournal } from './journal.ts'
import { keptRequests, type Size } from './kept-requests.ts'
import type { Maker, Making } from './maker.ts'
import { packedRequest, perRecord } from './packed-request.ts'
import type { Kept, Received, RequestFolder } from './requests.ts'
import { openTurns } from './turns.ts'

export interface CollectorOptions {
  readonly folder: string
  readonly requests: RequestFolder
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly maker: Maker
  /**
   * Ids of traces that something else names: earlier versions that stay beside the new one. Asked for where there are any, and
   * disposed of when the others are gone.
   */
  readonly needed?: () => Promise<Needed>
  /** Silence after which a trace is over that has no root yet (ms). */
  readonly idleMs?: number
  /** Silence after its root, in which logs and spans of other services may come (ms). */
  readonly settleMs?: number
  /** How long after its end what comes late is still put into its trace (ms). */
  readonly lateMs?: number
  readonly limits?: Partial<CollectorLimits>
}

export interface Needed extends Disposable {
  has(id: string): boolean
}

export interface CollectorLimits {
  /** Traces that are open; beyond it the one that was silent longest is closed. */
  readonly openTraces: number
  readonly spansOfTrace: number
  /** Of requests that open traces are made of, as they are kept: beyond it requests are turned away until some is closed. */
  readonly openBytes: number
  /** Traces whose late spans would be known. */
  readonly closedTraces: number
  /** Of all requests that are kept: beyond it those of the traces that were closed first go. */
  readonly keptBytes: number
}

const defaults: CollectorLimits = {
  openTraces: 10_000,
  spansOfTrace: 50_000,
  openBytes: 256 * 1024 * 1024,
  closedTraces: 100_000,
  keptBytes: 1024 * 1024 * 1024,
}

/** What was done so far, since it was opened. */
export interface Counters {
  readonly requests: number
  readonly spans: number
  readonly logs: number
  /** Log records that belong to no trace: they are not kept. */
  readonly logsOfNoTrace: number
  readonly traces: number
  /** Traces that late spans made anew. */
  readonly reopened: number
  /** Traces that could not be made, and those of which only logs came. */
  readonly unmade: number
  readonly openTraces: number
  readonly openBytes: number
  /** What the inbox holds. */
  readonly keptBytes: number
}

/** Makes traces of requests. */
export interface Collector {
  /** Whether there is room for more; otherwise a client has to try again. */
  roomy(): boolean
  /** Spans that would be too many for their trace: reject them, and give the rest to `take`. */
  excess(received: Received): ReadonlySet<OtlpSpan>
  /** Keeps a request. Once it has resolved, nothing of it is lost. */
  take(received: Received): Promise<void>
  /** Closes what is over by now. Call it every second or so. */
  tick(): Promise<void>
  /** Closes everything that is open. */
  drain(): Promise<void>
  counters(): Counters
}

interface Open {
  /** Ids of spans that came since it was opened. */
  readonly spans: Set<string>
  /** How many it had when it was closed before. */
  readonly earlier: number
  readonly requests: Set<string>
  /** Ids its earlier versions have in the store. */
  readonly ids: readonly string[]
  rooted: boolean
  last: number
}

/** What goes into the store together: as many traces, or fewer that have as many spans. */
const batchSize = { traces: 256, spans: 1024 }

/**
 * Opens a collector on what an earlier one left: requests whose traces are not known to be in the store are open again. A
 * trace is closed some time after its root came, or by silence; what comes late makes it anew, in the place of what was
 * stored, as long as its requests are kept. Memory is bounded by the limits, whatever comes.
 *
 * What is received is counted here and read by the maker: requests are taken while traces are made of others, but those of a
 * trace that is just being closed.
 */
export async function openCollector(options: CollectorOptions): Promise<Collector> {
  const { requests, now, maker } = options
  const { idleMs = 30_000, settleMs = 5000, lateMs = 600_000 } = options
  const limits = { ...defaults, ...options.limits }
  const journal = await openJournal(options.folder)
  const open = new Map<string, Open>()
  /** Those that are made and stored right now, until they are. */
  const closing = new Map<string, Promise<void>>()
  const closed = new Map<string, Closed>()
  const kept = keptRequests()
  const count = { requests: 0, spans: 0, logs: 0, logsOfNoTrace: 0, traces: 0, reopened: 0, unmade: 0 }
  let starting = true
  /** A batch of a share at a time; nothing is forgotten meanwhile, for the journal tells of both. */
  const turns = openTurns(maker.shares.length)
  const replacing = openTurns(1)
  let unwritten = 0

  function opened(id: string): Open {
    const known = open.get(id)
    if (known !== undefined) return known
    const before = closed.get(id)
    // Of one that was closed when an earlier process was killed, nobody knows whether it is in the store.
    const unsure = starting ? journal.before.get(id) : undefined
    const made: Open = {
      spans: new Set(),
      earlier: before?.spans ?? 0,
      requests: new Set(),
      ids: before?.ids ?? unsure?.ids ?? [],
      rooted: before?.rooted ?? false,
      last: now(),
    }
    open.set(id, made)
    if (before === undefined) return made
    closed.delete(id)
    count.reopened++
    for (const name of before.requests) {
      made.requests.add(name)
      kept.open(name, 'again')
    }
    return made
  }

  /** All of it at once, so that nothing is closed or forgotten meanwhile that it needs. */
  function add({ spans, logs }: Received, name: string): void {
    const at = (id: string): Open => {
      const trace = opened(id)
      if (!trace.requests.has(name)) {
        trace.requests.add(name)
        kept.open(name)
      }
      trace.last = now()
      return trace
    }
    for (const { traceId, spanId, parentSpanId } of spans) {
      const trace = at(traceId)
      trace.spans.add(spanId)
      if (parentSpanId === undefined) trace.rooted = true
    }
    for (const { traceId } of logs) if (traceId !== undefined) at(traceId)
  }

  /** What is opened while it is closed would be lost between the two. */
  async function untilStored({ spans, logs }: Received): Promise<void> {
    for (;;) {
      const busy = [...spans, ...logs].flatMap(({ traceId = '' }) => closing.get(traceId) ?? [])
      if (busy.length === 0) return
      await Promise.all(new Set(busy))
    }
  }

  /** In batches, each share one after another, all shares at once. Where one cannot be closed, all others are. */
  async function close(ids: readonly string[]): Promise<void> {
    const shares = Map.groupBy(ids, (id) => maker.shareOf(id))
    const closed = [...shares].flatMap(([share, own]) =>
      batchesOf(own, (id) => open.get(id)?.spans.size ?? 0).map((batch) =>
        turns.in(share, () => closeBatch(batch, share)),
      ),
    )
    for (const result of await Promise.allSettled(closed))
      if (result.status === 'rejected') throw result.reason
  }

  async function closeBatch(ids: readonly string[], share: number): Promise<void> {
    const due = ids.flatMap((id) => {
      const trace = open.get(id)
      return trace === undefined ? [] : [{ id, trace }]
    })
    if (due.length === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const { id } of due) {
      open.delete(id)
      closing.set(id, promise)
    }
    try {
      const entries = await stored(due, maker.shares[share] as Making)
      for (const entry of entries) closed.set(entry.trace, entry)
    } catch (error) {
      // They are open as before, and are closed with the next try.
      for (const { id, trace } of due) open.set(id, trace)
      throw error
    } finally {
      for (const { id } of due) closing.delete(id)
      resolve()
    }
    unwritten += due.length
    const over = due.flatMap(({ trace }) => [...trace.requests].filter((name) => kept.close(name)))
    maker.drop(over)
  }

  async function stored(
    due: readonly { readonly id: string; readonly trace: Open }[],
    making: Making,
  ): Promise<readonly Closed[]> {
    const at = now()
    const ids = await making.make(
      due.map(({ id, trace }) => ({ traceId: id, requests: [...trace.requests] })),
    )
    const earlier = due.map(({ trace }, index) => trace.ids.filter((id) => id !== ids[index]))
    const entries = due.map(({ id, trace }, index): Closed => {
      const made = ids[index]
      return {
        trace: id,
        ids: made === undefined ? trace.ids : [...(earlier[index] ?? []), made],
        requests: [...trace.requests],
        spans: trace.earlier + trace.spans.size,
        rooted: trace.rooted,
        at,
      }
    })
    await journal.intend(entries)
    if (earlier.every((all) => all.length === 0)) await making.commit(earlier)
    else {
      // Who asks what is needed does so alone.
      await replacing.in(0, async () => {
        using needed = await options.needed?.()
        await making.commit(earlier.map((all) => all.filter((id) => needed?.has(id) !== true)))
      })
    }
    await journal.confirm(entries.map(({ trace }) => trace))
    const made = ids.filter((id) => id !== undefined).length
    count.traces += made
    count.unmade += ids.length - made
    return entries
  }

  /** Forgets traces that nothing late is expected of any more, and the requests that nobody needs then. */
  async function forget(): Promise<void> {
    const before = now() - lateMs
    const gone: string[] = []
    for (const [id, entry] of closed) {
      const tooMuch = closed.size > limits.closedTraces || kept.keptBytes() > limits.keptBytes
      if (entry.at > before && !tooMuch) break
      closed.delete(id)
      unwritten++
      gone.push(...entry.requests.filter((name) => kept.release(name)))
    }
    // The journal first: a trace of which it tells has its requests.
    if (unwritten > 4 * closed.size + 1000) {
      const reopened = [...open].flatMap(([trace, { ids, requests: names }]) =>
        ids.length === 0 ? [] : [{ trace, ids, requests: [...names], at: now() }],
      )
      await journal.rewrite(closed.values(), reopened)
      unwritten = 0
    }
    await requests.remove(gone)
  }

  function over(): readonly string[] {
    const time = now()
    const ids = [...open].flatMap(([id, { rooted, last }]) =>
      time - last >= (rooted ? Math.min(settleMs, idleMs) : idleMs) ? [id] : [],
    )
    const tooMany = open.size - ids.length - limits.openTraces
    if (tooMany <= 0) return ids
    const due = new Set(ids)
    const silent = [...open].filter(([id]) => !due.has(id)).toSorted(([, a], [, b]) => a.last - b.last)
    return [...ids, ...silent.slice(0, tooMany).map(([id]) => id)]
  }

  /** A request of an earlier process: of traces that are known to be stored, only that they may get late spans. */
  async function replay(received: Received, { name, bytes }: Kept): Promise<void> {
    const { spans, logs } = received
    const known = ({ traceId = '' }: { readonly traceId?: string }): boolean => {
      const entry = journal.before.get(traceId)
      return entry?.sure === true && entry.requests.includes(name)
    }
    const stored = new Set([...spans, ...logs].filter(known).map(({ traceId = '' }) => traceId))
    const fresh = <T extends { readonly traceId?: string }>(all: readonly T[]): readonly T[] =>
      all.filter((one) => !known(one))
    kept.add(name, sizeOf(received, bytes))
    add({ spans: fresh(spans), logs: fresh(logs) }, name)
    for (const id of stored) {
      const entry = journal.before.get(id)
      if (entry === undefined) continue
      kept.need(name)
      if (!open.has(id)) closed.set(id, entry)
    }
    if (kept.isUnneeded(name)) await requests.remove([name])
  }

  for (const one of await requests.all()) {
    const received = await requests.read(one.name)
    if (received !== undefined) await replay(received, one)
  }
  starting = false

  return {
    roomy: () => kept.openBytes() < limits.openBytes && open.size < 2 * limits.openTraces,
    excess({ spans }) {
      const counts = new Map<string, number>()
      return new Set(
        spans.filter(({ traceId }) => {
          const known = open.get(traceId)
          const before = known === undefined ? 0 : known.earlier + known.spans.size
          const next = (counts.get(traceId) ?? before) + 1
          counts.set(traceId, next)
          return next > limits.spansOfTrace
        }),
      )
    },
    async take(received) {
      count.requests++
      const { spans } = received
      const logs = received.logs.filter(({ traceId }) => traceId !== undefined)
      const parts = maker.parts({ spans, logs }).map(packed)
      const some = parts.filter((part) => part !== undefined)
      const written = some.length === 0 ? undefined : await requests.keep(some)
      count.spans += spans.length
      count.logs += received.logs.length
      count.logsOfNoTrace += received.logs.length - logs.length
      if (written === undefined) return
      const { name, bytes } = written
      await untilStored(received)
      kept.add(name, sizeOf(received, bytes))
      maker.give(name, parts)
      add(received, name)
      if (!kept.isUnneeded(name)) return
      maker.drop([name])
      await requests.remove([name])
    },
    async tick() {
      await close(over())
      await turns.alone(forget)
    },
    async drain() {
      await close([...open.keys()])
    },
    counters: () => ({
      ...count,
      openTraces: open.size,
      openBytes: kept.openBytes(),
      keptBytes: kept.keptBytes(),
    }),
  }
}

function batchesOf(ids: readonly string[], spansOf: (id: string) => number): readonly (readonly string[])[] {
  const batches: string[][] = []
  let spans = 0
  for (const id of ids) {
    const last = batches.at(-1)
    if (last === undefined || last.length >= batchSize.traces || spans >= batchSize.spans) {
      batches.push([id])
      spans = spansOf(id)
    } else {
      last.push(id)
      spans += spansOf(id)
    }
  }
  return batches
}

function packed(part: Received): string | undefined {
  return part.spans.length + part.logs.length === 0 ? undefined : packedRequest(part)
}

/** What a request takes: on the disk, and as the text that the maker has of it. */
function sizeOf({ spans, logs }: Received, bytes: number): Size {
  return { bytes, open: bytes + perRecord * (spans.length + logs.length) }
}
