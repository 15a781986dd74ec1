import { thrownAs } from '../../lib/thrown.ts'
import { assembleTrace } from '../../schema/assemble.ts'
import type { SpoolRecord } from '../../schema/spool.ts'
import type { Trace } from '../../schema/trace.ts'
import { untapped } from '../../tap/untapped.ts'
import { RecordsLost, type Sink } from './sink.ts'

/**
 * Gives each record to a function of the user's, one after the other: it waits for what the function returns. What it
 * throws costs that record; while it hangs, whoever waits for the write gives up. What the function does is not
 * recorded.
 */
export function recordSink(take: (record: SpoolRecord) => unknown): Sink {
  return {
    name: 'function',
    async write(records, signal) {
      const lost: SpoolRecord[] = []
      let why = ''
      for (const record of records) {
        // Given up while the function hung: what is left was counted as lost, and comes no more.
        if (signal?.aborted === true) return
        try {
          await untapped(() => take(record))
        } catch (error) {
          lost.push(record)
          why = wordsOf(error)
        }
      }
      if (lost.length > 0) throw RecordsLost.of(why, lost)
    },
    writeSync: (records) => takeAtOnce(records, take),
  }
}

export interface TraceSinkOptions {
  /** Records kept of runs that have not ended; beyond it the oldest run is given up. */
  readonly maxRecords?: number
}

/**
 * Gives each run to a function of the user's when it ends. Runs that have not ended when the sink is closed, or the
 * process goes, are given as far as they came (`ended: 'unfinished'`). What a run says after its end (a stream that is
 * read on later) changes nothing any more.
 */
export function traceSink(
  take: (trace: Trace) => unknown,
  { maxRecords = 10_000 }: TraceSinkOptions = {},
): Sink {
  const runs = new Map<string, SpoolRecord[]>()
  let kept = 0

  /** What is complete now, and what had to be given up for room. */
  function gather(records: readonly SpoolRecord[]): { ended: SpoolRecord[][]; lost: SpoolRecord[] } {
    const ended: SpoolRecord[][] = []
    const lost: SpoolRecord[] = []
    for (const record of records) {
      const run = runs.get(record.trace)
      if (run === undefined && record.type !== 'start') {
        // A run that is over, or whose start was lost: no trace can be made of it.
        if (record.type === 'end' || record.dropped !== undefined) lost.push(record)
        continue
      }
      const all = run ?? []
      all.push(record)
      kept++
      runs.set(record.trace, all)
      if (record.type === 'end') ended.push(remove(record.trace, all))
      while (kept > maxRecords) {
        const [oldest] = runs
        if (oldest === undefined) break
        lost.push(...remove(...oldest))
      }
    }
    return { ended, lost }
  }

  function remove(trace: string, records: SpoolRecord[]): SpoolRecord[] {
    runs.delete(trace)
    kept -= records.length
    return records
  }

  async function give(
    ended: readonly SpoolRecord[][],
    lost: SpoolRecord[],
    signal?: AbortSignal,
  ): Promise<void> {
    let why = 'more runs are open than are kept'
    for (const records of ended) {
      if (signal?.aborted === true) return
      const trace = assembleTrace(records)
      try {
        if (trace !== undefined) await untapped(() => take(trace))
      } catch (error) {
        lost.push(...records)
        why = wordsOf(error)
      }
    }
    if (lost.length > 0) throw RecordsLost.of(why, lost)
  }

  function open(): SpoolRecord[][] {
    return [...runs].map(([trace, records]) => remove(trace, records))
  }

  return {
    name: 'function',
    async write(records, signal) {
      const { ended, lost } = gather(records)
      await give(ended, lost, signal)
    },
    writeSync(records) {
      const { ended } = gather(records)
      takeAtOnce([...ended, ...open()], (run) => {
        const trace = assembleTrace(run)
        return trace === undefined ? undefined : take(trace)
      })
    },
    close: () => give(open(), []),
  }
}

/** The process goes: the function is called, and what it does later is not waited for. */
function takeAtOnce<T>(items: readonly T[], take: (item: T) => unknown): void {
  let thrown: unknown
  let failed = 0
  for (const item of items) {
    try {
      const taken = untapped(() => take(item))
      if (taken instanceof Promise) taken.catch(() => undefined)
    } catch (error) {
      failed++
      thrown = error
    }
  }
  if (failed > 0) throw new RecordsLost(wordsOf(thrown), failed, failed)
}

function wordsOf(error: unknown): string {
  return `the function threw (${thrownAs(error).message})`
}
