import { observeRun } from '../capture/otlp/observe.ts'
import { runOf } from '../capture/otlp/run.ts'
import type { OtlpLog, OtlpSpan } from '../capture/otlp/shape.ts'
import type { Trace } from '../schema/trace.ts'
import { openJournal, type Closed } from './journal.ts'
import type { Received, RequestFolder } from './requests.ts'

/** A trace for the store, and the ids of earlier versions that it takes the place of. */
export interface Change {
  readonly trace: Trace
  readonly replaces: readonly string[]
}

export interface CollectorOptions {
  readonly folder: string
  readonly requests: RequestFolder
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Puts traces into the store, all or none. What it has resolved survives `kill -9`; one that is there stays. */
  readonly commit: (changes: readonly Change[]) => Promise<void>
  /** Silence after which a trace is over that has no root yet (ms). */
  readonly idleMs?: number
  /** Silence after its root, in which logs and spans of other services may come (ms). */
  readonly settleMs?: number
  /** How long after its end what comes late is still put into its trace (ms). */
  readonly lateMs?: number
  readonly limits?: Partial<CollectorLimits>
}

export interface CollectorLimits {
  /** Traces that are open; beyond it the one that was silent longest is closed. */
  readonly openTraces: number
  readonly spansOfTrace: number
  /** Of what is open, as it stands on disk: beyond it requests are turned away until some is closed. */
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
  readonly spans: Map<string, OtlpSpan>
  readonly logs: OtlpLog[]
  readonly requests: Set<string>
  /** Ids its earlier versions have in the store. */
  readonly ids: readonly string[]
  rooted: boolean
  last: number
}

/**
 * What goes into the store together: as many traces, or fewer that have as many spans. Each batch waits for the disk; and
 * whoever sends a request meanwhile waits for the batch.
 */
const batchSize = { traces: 256, spans: 1024 }

/**
 * Opens a collector on what an earlier one left: requests whose traces are not known to be in the store are open again. A
 * trace is closed some time after its root came, or by silence; what comes late makes it anew, in the place of what was
 * stored, as long as its requests are kept. Memory is bounded by the limits, whatever comes.
 */
export async function openCollector(options: CollectorOptions): Promise<Collector> {
  const { requests, now, commit } = options
  const { idleMs = 30_000, settleMs = 5000, lateMs = 600_000 } = options
  const limits = { ...defaults, ...options.limits }
  const journal = await openJournal(options.folder)
  const open = new Map<string, Open>()
  const closed = new Map<string, Closed>()
  /** Of each request, how many open or closed traces it is needed for, and its size. */
  const needed = new Map<string, { uses: number; readonly bytes: number; opens: number }>()
  const count = { requests: 0, spans: 0, logs: 0, logsOfNoTrace: 0, traces: 0, reopened: 0, unmade: 0 }
  let openBytes = 0
  let keptBytes = 0
  let starting = true
  let working: Promise<void> = Promise.resolve()
  let unwritten = 0

  async function opened(id: string): Promise<Open> {
    const known = open.get(id)
    if (known !== undefined) return known
    const before = closed.get(id)
    // Of one that was closed when an earlier process was killed, nobody knows whether it is in the store.
    const unsure = starting ? journal.before.get(id) : undefined
    const made: Open = {
      spans: new Map(),
      logs: [],
      requests: new Set(),
      ids: before?.ids ?? unsure?.ids ?? [],
      rooted: false,
      last: now(),
    }
    open.set(id, made)
    if (before !== undefined) {
      closed.delete(id)
      count.reopened++
      for (const name of before.requests) {
        const earlier = await requests.read(name)
        if (earlier === undefined) continue
        for (const span of earlier.spans) if (span.traceId === id) addSpan(made, span)
        for (const log of earlier.logs) if (log.traceId === id) made.logs.push(log)
        use(made, name, 'again')
      }
    }
    return made
  }

  function use(trace: Open, name: string, how: 'new' | 'again'): void {
    if (trace.requests.has(name)) return
    trace.requests.add(name)
    const one = needed.get(name)
    if (one === undefined) return
    if (how === 'new') one.uses++
    if (one.opens++ === 0) openBytes += one.bytes
  }

  function unneeded(name: string, bytes: number): void {
    needed.delete(name)
    keptBytes -= bytes
  }

  async function add(received: Received, name: string, bytes: number): Promise<void> {
    needed.set(name, { uses: 0, opens: 0, bytes })
    keptBytes += bytes
    const touched = new Set<string>()
    const at = async (id: string): Promise<Open> => {
      const trace = await opened(id)
      if (!touched.has(id)) use(trace, name, 'new')
      touched.add(id)
      trace.last = now()
      return trace
    }
    for (const span of received.spans) addSpan(await at(span.traceId), span)
    for (const log of received.logs) {
      if (log.traceId === undefined) count.logsOfNoTrace++
      else (await at(log.traceId)).logs.push(log)
    }
    if (needed.get(name)?.uses === 0) unneeded(name, bytes)
  }

  /** Requests that come meanwhile are taken between two batches. */
  async function close(ids: readonly string[]): Promise<void> {
    let batch: string[] = []
    let spans = 0
    for (const id of ids) {
      batch.push(id)
      spans += open.get(id)?.spans.size ?? 0
      if (batch.length < batchSize.traces && spans < batchSize.spans) continue
      const full = batch
      batch = []
      spans = 0
      await inTurn(() => closeBatch(full))
    }
    const rest = batch
    if (rest.length > 0) await inTurn(() => closeBatch(rest))
  }

  async function closeBatch(ids: readonly string[]): Promise<void> {
    const at = now()
    const entries: Closed[] = []
    const changes: Change[] = []
    const done: Open[] = []
    for (const id of ids) {
      const trace = open.get(id)
      if (trace === undefined) continue
      open.delete(id)
      done.push(trace)
      const observed =
        trace.spans.size === 0 ? undefined : observeRun(runOf(id, [...trace.spans.values()], trace.logs))
      const made = observed !== undefined && 'trace' in observed ? observed.trace : undefined
      const earlier = trace.ids.filter((one) => one !== made?.id)
      if (made === undefined) count.unmade++
      else changes.push({ trace: made, replaces: earlier })
      const entry = {
        trace: id,
        ids: made === undefined ? trace.ids : [...earlier, made.id],
        requests: [...trace.requests],
        at,
      }
      entries.push(entry)
      closed.set(id, entry)
    }
    if (entries.length === 0) return
    try {
      await journal.intend(entries)
      if (changes.length > 0) await commit(changes)
      await journal.confirm(entries.map(({ trace }) => trace))
    } catch (error) {
      // They are open as before, and are closed with the next try.
      for (const [index, { trace }] of entries.entries()) {
        closed.delete(trace)
        const again = done[index]
        if (again !== undefined) open.set(trace, again)
      }
      throw error
    }
    count.traces += changes.length
    unwritten += entries.length
    for (const trace of done) {
      for (const name of trace.requests) {
        const one = needed.get(name)
        if (one !== undefined && one.opens > 0 && --one.opens === 0) openBytes -= one.bytes
      }
    }
  }

  /** Forgets traces that nothing late is expected of any more, and the requests that nobody needs then. */
  async function forget(): Promise<void> {
    const before = now() - lateMs
    const gone: string[] = []
    for (const [id, entry] of closed) {
      const tooMuch = closed.size > limits.closedTraces || keptBytes > limits.keptBytes
      if (entry.at > before && !tooMuch) break
      closed.delete(id)
      unwritten++
      for (const name of entry.requests) {
        const one = needed.get(name)
        if (one === undefined || --one.uses > 0) continue
        unneeded(name, one.bytes)
        gone.push(name)
      }
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

  /** One thing at a time: what is opened while another is closed would be lost between the two. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const next = working.then(work)
    working = next.catch(() => undefined)
    return next
  }

  /** A request of an earlier process: of traces that are known to be stored, only that they may get late spans. */
  async function replay({ spans, logs }: Received, name: string, bytes: number): Promise<void> {
    const known = ({ traceId = '' }: { readonly traceId?: string }): boolean => {
      const entry = journal.before.get(traceId)
      return entry?.sure === true && entry.requests.includes(name)
    }
    const stored = new Set([...spans, ...logs].filter(known).map(({ traceId = '' }) => traceId))
    const fresh = <T extends { readonly traceId?: string }>(all: readonly T[]): readonly T[] =>
      all.filter((one) => !known(one))
    await add({ spans: fresh(spans), logs: fresh(logs) }, name, bytes)
    const one = needed.get(name) ?? { uses: 0, opens: 0, bytes }
    for (const id of stored) {
      const entry = journal.before.get(id)
      if (entry === undefined) continue
      one.uses++
      if (!needed.has(name)) keptBytes += bytes
      needed.set(name, one)
      if (!open.has(id)) closed.set(id, entry)
    }
    if (one.uses === 0) await requests.remove([name])
  }

  for (const { name, bytes } of await requests.all()) {
    const received = await requests.read(name)
    if (received !== undefined) await replay(received, name, bytes)
  }
  starting = false

  return {
    roomy: () => openBytes < limits.openBytes && open.size < 2 * limits.openTraces,
    excess({ spans }) {
      const counts = new Map<string, number>()
      return new Set(
        spans.filter(({ traceId }) => {
          const next = (counts.get(traceId) ?? open.get(traceId)?.spans.size ?? 0) + 1
          counts.set(traceId, next)
          return next > limits.spansOfTrace
        }),
      )
    },
    async take(received) {
      count.requests++
      if (received.spans.length + received.logs.length === 0) return
      const { name, bytes } = await requests.keep(received)
      count.spans += received.spans.length
      count.logs += received.logs.length
      await inTurn(async () => {
        await add(received, name, bytes)
        if (!needed.has(name)) await requests.remove([name])
      })
    },
    async tick() {
      await close(over())
      await inTurn(forget)
    },
    async drain() {
      await close([...open.keys()])
    },
    counters: () => ({ ...count, openTraces: open.size, openBytes, keptBytes }),
  }
}

function addSpan(trace: Open, span: OtlpSpan): void {
  trace.spans.set(span.spanId, span)
  if (span.parentSpanId === undefined) trace.rooted = true
}
