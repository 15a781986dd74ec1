import type { Run, Trial } from '../../schema/run.ts'
import type { Filter, TraceQuery, TraceSummary } from '../../schema/trace-query.ts'
import type { Store, TraceWeight } from '../store.ts'
import { type Connection, connect, type SqliteOptions } from './connection.ts'
import { groups, summaries } from './questions.ts'
import { removeTrace, removeTraces, weights } from './remove.ts'
import { readReply, writeReply } from './replies.ts'
import { readRun, readRuns, readTrials, writeRun, writeTrials } from './runs.ts'
import { readScore, writeScores } from './scores.ts'
import { indexWords, readTrace, traceAdder } from './traces.ts'

/** Traces committed together: large enough that a commit costs nothing, small enough to lose little. */
const batchSize = 64

/** Changes committed together: whoever makes them decides how many come at once, and asks again for all that did not arrive. */
const changesAtOnce = 256

/**
 * The store in one SQLite file. SQLite is loaded here, not with the module. Throws `EVK_STORE_OPEN`,
 * `EVK_STORE_CORRUPT` (not a store), `EVK_STORE_NEWER` (left untouched), `EVK_STORE_BUSY`, `EVK_DISK_FULL`.
 */
export async function openSqliteStore(path: string, options: SqliteOptions = {}): Promise<Store> {
  return storeOn(await connect(path, options))
}

export type { SqliteOptions } from './connection.ts'

/** The store on a connection that is open already; closing the store closes it. */
export function storeOn(connection: Connection): Store {
  return {
    async putTraces(traces) {
      let added = 0
      let known = 0
      for (const batch of batches(traces, batchSize)) {
        const written = connection.transaction(() => batch.filter(traceAdder(connection)).length)
        added += written
        known += batch.length - written
      }
      return { added, known }
    },
    async replaceTraces(changes) {
      let added = 0
      let known = 0
      for (const batch of batches(changes, changesAtOnce)) {
        const written = connection.transaction(() => {
          const add = traceAdder(connection, 'later')
          return batch.filter(({ trace, replaces }) => {
            for (const id of replaces) if (id !== trace.id) removeTrace(connection, id)
            return add(trace)
          }).length
        })
        added += written
        known += batch.length - written
      }
      return { added, known }
    },
    async indexWords(limit = indexedAtOnce) {
      return connection.transaction(() => indexWords(connection, limit))
    },
    async getTrace(idOrPrefix) {
      return connection.run(() => readTrace(connection, idOrPrefix))
    },
    async *listTraces(query): AsyncGenerator<TraceSummary> {
      catchUp(connection, query)
      yield* summaries(connection, query)
    },
    async *weighTraces(): AsyncGenerator<TraceWeight> {
      yield* weights(connection)
    },
    async removeTraces(ids) {
      return removeTraces(connection, ids)
    },
    async groupTraces(query, by) {
      catchUp(connection, query)
      return connection.run(() => groups(connection, query, by))
    },
    async putRun(run: Run) {
      connection.run(() => writeRun(connection, run))
    },
    async getRun(idOrName) {
      return connection.run(() => readRun(connection, idOrName))
    },
    async listRuns() {
      return connection.run(() => readRuns(connection))
    },
    async putTrials(trials, traces) {
      connection.transaction(() => writeTrials(connection, trials, traces))
    },
    async *listTrials(runId): AsyncGenerator<Trial> {
      yield* readTrials(connection, runId)
    },
    async getReply(key) {
      return connection.run(() => readReply(connection, key))
    },
    async putReply(key, reply) {
      connection.transaction(() => writeReply(connection, key, reply))
    },
    async getScore(key) {
      return connection.run(() => readScore(connection, key))
    },
    async putScores(scores) {
      const all = [...scores]
      connection.transaction(() => writeScores(connection, all))
    },
    async close() {
      connection.run(() => {
        if (!connection.db.readonly) giveBack(connection)
        connection.db.close()
      })
    },
  }
}

/** Words of how many traces are put where a search finds them in one transaction. */
const indexedAtOnce = 200

/** Before words are looked for, those of traces that were written without them are added; a reader finds them later. */
function catchUp(connection: Connection, query: TraceQuery): void {
  if (connection.db.readonly || !query.where.some(looksForWords)) return
  const waiting = (): boolean =>
    connection.run(() => connection.statement('SELECT 1 FROM unindexed LIMIT 1').get() !== undefined)
  while (waiting()) connection.transaction(() => indexWords(connection, indexedAtOnce))
}

function looksForWords(filter: Filter): boolean {
  if ('field' in filter) return filter.field === 'text'
  if ('and' in filter) return filter.and.some(looksForWords)
  if ('or' in filter) return filter.or.some(looksForWords)
  return 'not' in filter && looksForWords(filter.not)
}

/** More free pages than one in so many are given back when a store is closed. */
const keptFree = 20

/**
 * Shortens the file by pages that are free: the index of words leaves many behind. Whoever else is writing is not waited
 * for, there will be another time.
 */
function giveBack({ db }: Connection): void {
  const pages = (name: string): number => Number(db.pragma(name, { simple: true }))
  if (pages('freelist_count') * keptFree < pages('page_count')) return
  try {
    db.pragma('busy_timeout = 0')
    db.pragma('incremental_vacuum')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!/^SQLITE_(BUSY|LOCKED|FULL|IOERR)/.test(code)) throw error
  }
}

/** Gathered before the transaction begins: whoever makes the traces may take their time, or fail. */
function* batches<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let batch: T[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length === size) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
