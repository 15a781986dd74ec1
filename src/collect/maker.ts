import { observeRun } from '../capture/otlp/observe.ts'
import { runOf } from '../capture/otlp/run.ts'
import type { OtlpLog, OtlpSpan } from '../capture/otlp/shape.ts'
import type { Trace } from '../schema/trace.ts'
import type { TraceChange } from '../store/store.ts'
import { type Received, requestIn, sizeOf } from './packed-request.ts'
import type { RequestFolder } from './requests.ts'

/** A trace that is over, and the kept requests that hold its spans and logs, in the order in which they came. */
export interface Due {
  readonly traceId: string
  readonly requests: readonly string[]
}

/** Makes traces of requests and puts them into the store: what takes the time, and may be done by threads. */
export interface Maker {
  /** What is to be packed apart: a part for each that works on its own. A trace stands in one of them. */
  parts(received: Received): readonly Received[]
  /** A request that was kept, and its parts, packed; `undefined` for one that is empty. Until it is dropped, its file is not read. */
  give(name: string, parts: readonly (string | undefined)[]): void
  drop(names: readonly string[]): void
  /** Those that work at the same time, each on traces of its own. */
  readonly shares: readonly Making[]
  /** Whose a trace is: its place in `shares`. */
  shareOf(traceId: string): number
}

/** One that works on a batch of traces at a time. */
export interface Making {
  /**
   * Makes a trace of each, which waits for `commit`. Says, in order, the ids they will have in the store; `undefined` where spans
   * and logs make none.
   */
  make(due: readonly Due[]): Promise<readonly (string | undefined)[]>
  /**
   * Stores what was made last, all or none, each in the place of the versions that are named for it. What it has resolved survives
   * `kill -9`; a trace that is there stays.
   */
  commit(replaces: readonly (readonly string[])[]): Promise<void>
}

/** One that has all traces for its share. */
export function onlyShare(making: Making): Making & Pick<Maker, 'parts' | 'shares' | 'shareOf'> {
  return { ...making, shares: [making], shareOf: () => 0, parts: (received) => [received] }
}

export interface MakerOptions {
  readonly requests: Pick<RequestFolder, 'read'>
  /** Puts traces into the store, as `Making.commit` says. */
  readonly commit: (changes: readonly TraceChange[]) => Promise<void>
}

interface Parts {
  readonly spans: OtlpSpan[]
  readonly logs: OtlpLog[]
}

/** What is read of requests and kept: of a request that holds many traces, they are made one after another. */
const mostOpened = 16 * 1024 * 1024

/** A maker that does its work where it is called. */
export function makerHere({ requests, commit }: MakerOptions): Maker & Making {
  const given = new Map<string, string>()
  /** What stands in a request, by trace: of those that were looked into last. */
  const opened = new Map<string, Contents>()
  let openedSize = 0
  let made: readonly (Trace | undefined)[] = []

  async function contentOf(name: string): Promise<Contents> {
    const known = opened.get(name)
    if (known !== undefined) return known
    const text = given.get(name)
    const contents = contentsOf(text === undefined ? await requests.read(name) : requestIn(text))
    opened.set(name, contents)
    openedSize += contents.size
    for (const [other, { size }] of opened) {
      if (openedSize <= mostOpened || other === name) break
      opened.delete(other)
      openedSize -= size
    }
    return contents
  }

  async function traceOf({ traceId, requests: names }: Due): Promise<Trace | undefined> {
    const spans = new Map<string, OtlpSpan>()
    const logs: OtlpLog[] = []
    for (const name of names) {
      const parts = (await contentOf(name)).byTrace.get(traceId)
      for (const span of parts?.spans ?? []) spans.set(span.spanId, span)
      for (const log of parts?.logs ?? []) logs.push(log)
    }
    if (spans.size === 0) return undefined
    const observed = observeRun(runOf(traceId, [...spans.values()], logs))
    return 'trace' in observed ? observed.trace : undefined
  }

  const making: Making = {
    async make(due) {
      const all: (Trace | undefined)[] = []
      for (const one of due) all.push(await traceOf(one))
      made = all
      return all.map((trace) => trace?.id)
    },
    async commit(replaces) {
      const changes = made.flatMap((trace, at) =>
        trace === undefined ? [] : [{ trace, replaces: replaces[at] ?? [] }],
      )
      made = []
      if (changes.length > 0) await commit(changes)
    },
  }
  return {
    ...onlyShare(making),
    give(name, [text]) {
      if (text !== undefined) given.set(name, text)
    },
    drop(names) {
      for (const name of names) {
        given.delete(name)
        openedSize -= opened.get(name)?.size ?? 0
        opened.delete(name)
      }
    },
  }
}

interface Contents {
  readonly byTrace: ReadonlyMap<string, Parts>
  readonly size: number
}

function contentsOf(received: Received = { spans: [], logs: [] }): Contents {
  const all = new Map<string, Parts>()
  const partsOf = (traceId: string): Parts => {
    const known = all.get(traceId) ?? { spans: [], logs: [] }
    all.set(traceId, known)
    return known
  }
  for (const span of received.spans) partsOf(span.traceId).spans.push(span)
  for (const log of received.logs) if (log.traceId !== undefined) partsOf(log.traceId).logs.push(log)
  return { byTrace: all, size: sizeOf(received) }
}
