import { AsyncResource } from 'node:async_hooks'
import { thrownAs } from '../lib/thrown.ts'
import type { SpoolRecord } from '../schema/spool.ts'
import { RecordsLost, type Sink, untoldBy } from './sinks/sink.ts'

export interface QueueOptions {
  readonly sink: Sink
  /** A clock that only goes forward, in ms (`performance.now`): it cuts the time slices. */
  readonly now: () => number
  /** Weight (bytes, as the caller of `add` tells it) of what is held, the sink's unsettled writes included. */
  readonly maxBytes?: number
  /** Records held, likewise. */
  readonly maxRecords?: number
  /** Records in one write. */
  readonly maxBatch?: number
  /** Weight after which a write takes no more records: what a sink serialises in one go. */
  readonly maxBatchBytes?: number
  /** Milliseconds after which nobody waits for a write any more, and its records count as lost. */
  readonly writeTimeoutMs?: number
  /**
   * The last step before the sink, off the hot path: redaction. `undefined` leaves the record out; where it throws,
   * the record is lost, never let through.
   */
  readonly prepare?: (record: SpoolRecord) => SpoolRecord | undefined
  /** Runs what is not the agent's: thunks, `prepare` and the sink. The place to take the tap away from them. */
  readonly around?: <T>(body: () => T) => T
}

/** What became of what was added: every record is in one of the first three. */
export interface QueueCounts {
  /** Taken by the sink, or left out by whoever made the record. */
  readonly written: number
  readonly dropped: number
  /** Waiting or under way. */
  readonly queued: number
  /** Why records were dropped the last time. */
  readonly lastLoss?: string
}

/** Between the agent and a sink. None of these throws or rejects. */
export interface RecordQueue {
  /**
   * Called on the agent's hot path: takes microseconds and does nothing but note the thunk. What it costs to make
   * the record is paid later, between turns of the event loop. A thunk that throws loses its record; one that
   * returns `undefined` has none. `weight` is what the thunk keeps in memory, in bytes.
   */
  add(make: () => SpoolRecord | undefined, weight: number): void
  /**
   * Resolves when everything added so far was written or dropped, or after `timeoutMs` (default 10 s). Whoever waits
   * for it wants to: this alone holds the process alive, for no longer than that.
   */
  flush(timeoutMs?: number): Promise<void>
  /**
   * For an `exit` hook: makes what waits and gives it to the sink's `writeSync`. What is not done within `budgetMs`
   * (default 2 s), or has a sink that cannot, is dropped. The queue goes on working after it.
   */
  drainSync(budgetMs?: number): void
  /** Takes no more (what comes is dropped), flushes, and closes the sink; no longer than `timeoutMs` each. */
  close(timeoutMs?: number): Promise<void>
  counts(): QueueCounts
}

/**
 * Records are made in slices of this many milliseconds, with a rest after each: one record is never cut, and takes a
 * few tenths of one. What an agent waits for meanwhile comes between.
 */
const sliceMs = 0.2
const restMs = 1
/** The same where much has gathered: then there is no rest, or what comes would be dropped. */
const urgentSliceMs = 2
/** How long records wait before anybody looks at them, in ms: what a kill may cost, beside what is under way. */
const pauseMs = 5

interface Entry {
  readonly make: () => SpoolRecord | undefined
  readonly weight: number
}

interface Batch {
  readonly records: SpoolRecord[]
  /** Entries that were taken for it, those that made no record included. */
  taken: number
  weight: number
}

/**
 * A bounded queue in front of a sink: the agent never waits for what happens behind it. Where the queue is full, a
 * thunk throws, or the sink rejects or does not settle in time, records are dropped and counted, and the next record
 * that is written says how many in `dropped`. A write that never settles keeps its weight in the queue, so that
 * however many hang, memory stays within `maxBytes`.
 */
export function createQueue(options: QueueOptions): RecordQueue {
  const { sink, now, prepare, around = (body) => body() } = options
  const { maxBytes = 16 * 1024 * 1024, maxRecords = 8192, writeTimeoutMs = 30_000 } = options
  const { maxBatch = 256, maxBatchBytes = 256 * 1024 } = options
  // Work that the agent's code happens to start must not run in the agent's async context: it would be recorded.
  const ownContext = new AsyncResource('evalkit.queue')
  const waiting = entries()
  const held = { records: 0, bytes: 0 }
  const flushes = new Set<{ readonly target: number; readonly done: () => void }>()
  let added = 0
  let settled = 0
  let written = 0
  let dropped = 0
  let untold = 0
  let lastLoss: string | undefined
  /** The next turn of `drain`: after a pause, which can be cut short, or soon. */
  let pause: ReturnType<typeof setTimeout> | undefined
  let soon = false
  /** Records that are made and not handed over. */
  let batch: Batch = { records: [], taken: 0, weight: 0 }
  let writing = false
  let closed = false

  function add(make: Entry['make'], weight: number): void {
    // A weight that is no number would make every later sum one.
    const bytes = weight >= 0 ? weight : 0
    if (closed || held.records >= maxRecords || held.bytes + bytes > maxBytes) {
      lose(1, 1, closed ? 'the queue is closed' : 'the queue is full')
      return
    }
    held.records++
    held.bytes += bytes
    added++
    waiting.push({ make, weight: bytes })
    schedule(pauseMs)
  }

  /**
   * Not at once: the request that an agent has just made goes out before anybody looks at it, and what comes together
   * is written together. The pause holds no process alive. Where somebody waits for a flush, or much has gathered,
   * there is none.
   */
  function schedule(afterMs: number): void {
    if (writing || soon || (waiting.size() === 0 && batch.taken === 0)) return
    if (isUrgent()) {
      clearTimeout(pause)
      soon = true
      setImmediate(drain)
    } else if (pause === undefined) {
      pause = setTimeout(drain, afterMs)
      pause.unref()
    }
  }

  function isUrgent(): boolean {
    return flushes.size > 0 || held.records > maxRecords / 8 || held.bytes > maxBytes / 8
  }

  function drain(): void {
    soon = false
    clearTimeout(pause)
    pause = undefined
    if (writing) return
    ownContext.runInAsyncScope(() =>
      around(() => {
        make(now() + (isUrgent() ? urgentSliceMs : sliceMs))
        if (waiting.size() > 0 && !isFull()) schedule(restMs)
        else hand(taken())
      }),
    )
  }

  /** Makes records until the deadline, at least one. */
  function make(deadline: number): void {
    while (!isFull()) {
      const entry = waiting.shift()
      if (entry === undefined) break
      batch.taken++
      batch.weight += entry.weight
      try {
        const made = entry.make()
        const record = made === undefined || prepare === undefined ? made : prepare(made)
        if (record === undefined) written++
        else batch.records.push(record)
      } catch (error) {
        lose(1, 1, thrownAs(error).message)
      }
      if (now() >= deadline) break
    }
  }

  function isFull(): boolean {
    return batch.records.length >= maxBatch || batch.weight >= maxBatchBytes
  }

  /** What is made, with the count of what was lost before it; another batch begins. */
  function taken(): Batch {
    const made = batch
    batch = { records: [], taken: 0, weight: 0 }
    const first = made.records[0]
    if (first !== undefined && untold > 0) {
      made.records[0] = { ...first, dropped: (first.dropped ?? 0) + untold }
      untold = 0
    }
    return made
  }

  function hand(whole: Batch): void {
    if (whole.records.length === 0) {
      release(whole)
      settle(whole)
      return
    }
    writing = true
    const abort = new AbortController()
    let waited = true
    const settleOnce = (loss?: unknown): void => {
      if (!waited) return
      waited = false
      clearTimeout(timer)
      count(whole.records, loss)
      writing = false
      settle(whole)
    }
    const timer = setTimeout(() => {
      settleOnce(new Error(`sink ${sink.name} did not answer within ${writeTimeoutMs} ms`))
      abort.abort()
    }, writeTimeoutMs)
    timer.unref()
    attempt(() => sink.write(whole.records, abort.signal)).then(
      () => {
        release(whole)
        settleOnce()
      },
      (error: unknown) => {
        release(whole)
        settleOnce(error ?? new Error(`sink ${sink.name} rejected`))
      },
    )
  }

  function release({ taken, weight }: Batch): void {
    held.records -= taken
    held.bytes -= weight
  }

  function settle({ taken }: Batch): void {
    settled += taken
    for (const flush of flushes) if (settled >= flush.target) flush.done()
    schedule(restMs)
  }

  function count(records: readonly SpoolRecord[], loss: unknown): void {
    if (loss === undefined) {
      written += records.length
    } else if (RecordsLost.is(loss)) {
      written += records.length - loss.lost
      lose(loss.lost, loss.untold, loss.message)
    } else {
      lose(records.length, untoldBy(records), thrownAs(loss).message)
    }
  }

  function lose(records: number, tell: number, why: string): void {
    dropped += records
    untold += tell
    lastLoss = why
  }

  function drainSync(budgetMs = 2000): void {
    const deadline = now() + budgetMs
    ownContext.runInAsyncScope(() =>
      around(() => {
        // Once even with nothing to write: a write that is under way may need to be brought to its end.
        do {
          const late = now() >= deadline || sink.writeSync === undefined
          if (!late) make(deadline)
          const last = late ? allThatWaits() : taken()
          try {
            if (!late) {
              sink.writeSync?.(last.records)
              count(last.records, undefined)
            }
          } catch (error) {
            count(last.records, error ?? new Error(`sink ${sink.name} threw`))
          }
          release(last)
          settle(last)
        } while (waiting.size() > 0)
      }),
    )
  }

  /** Gives up all that was not handed over. */
  function allThatWaits(): Batch {
    const { records, ...given } = taken()
    let waited = 0
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      given.weight += entry.weight
      given.taken++
      waited++
    }
    const lost = records.length + waited
    if (lost > 0) lose(lost, untoldBy(records) + waited, 'the process went')
    return { ...given, records: [] }
  }

  function flush(timeoutMs = 10_000): Promise<void> {
    if (settled >= added) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        flushes.delete(waiter)
        resolve()
      }
      const waiter = { target: added, done }
      // The one timer that is not unref'ed: an agent that ends with `await flush()` must come to the end of it.
      const timer = setTimeout(done, timeoutMs)
      flushes.add(waiter)
      schedule(0)
    })
  }

  async function close(timeoutMs = 10_000): Promise<void> {
    closed = true
    await flush(timeoutMs)
    const closing = attempt(() => ownContext.runInAsyncScope(() => around(() => sink.close?.())))
    let timer: ReturnType<typeof setTimeout> | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs)
    })
    await Promise.race([
      closing.catch((error: unknown) => {
        if (RecordsLost.is(error)) {
          written -= error.lost
          lose(error.lost, error.untold, error.message)
        } else lastLoss = thrownAs(error).message
      }),
      timeout,
    ])
    clearTimeout(timer)
  }

  const counts = (): QueueCounts => ({
    written,
    dropped,
    queued: added - settled,
    ...(lastLoss === undefined ? {} : { lastLoss }),
  })
  return { add, flush, drainSync, close, counts }
}

/** A sink may be anybody's: one that throws where it should reject rejects. */
async function attempt(write: () => Promise<void> | undefined): Promise<void> {
  await write()
}

/** First in, first out, in constant time: an array whose front is cut off once half of it was taken. */
function entries(): { push(entry: Entry): void; shift(): Entry | undefined; size(): number } {
  const items: (Entry | undefined)[] = []
  let head = 0
  return {
    push: (entry) => {
      items.push(entry)
    },
    shift: () => {
      const entry = items[head]
      if (entry === undefined) return undefined
      // What was taken is let go of at once, not when the front is cut off.
      items[head++] = undefined
      if (head === items.length || head >= 1024) {
        items.splice(0, head)
        head = 0
      }
      return entry
    },
    size: () => items.length - head,
  }
}
