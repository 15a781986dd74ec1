import { existsSync, statSync } from 'node:fs'
import { EvalkitError } from '../../schema/errors.ts'
import { type Connection, connect } from './connection.ts'
import { damagedIn } from './examine.ts'
import { storeFailure } from './failure.ts'
import { indexWords, readRecord } from './traces.ts'

/** What a full check finds. Nothing in a sound store. */
export interface StoreCheck {
  /** What SQLite finds in pages, indexes and references, at most twenty things of each. */
  readonly damaged: readonly string[]
  /** Traces that cannot be read back, with the reason. */
  readonly unreadable: readonly { readonly id: string; readonly reason: string }[]
  readonly traces: number
}

/** What a store holds and what it takes, in bytes. */
export interface StoreFigures {
  readonly traces: number
  readonly spans: number
  readonly runs: number
  readonly trials: number
  /** The file, with its write-ahead log. */
  readonly fileBytes: number
  /** Pages that are in the file and hold nothing: `vacuum` gives them back. */
  readonly freeBytes: number
  /** Compressed records and bodies. */
  readonly bodyBytes: number
  /** Traces that are not packed, and whose words are not searchable, yet. */
  readonly unindexed: number
  readonly oldest?: number
  readonly newest?: number
}

/**
 * Reads all of a store: every page, every index, every reference and every trace, and changes nothing. Damage is a finding, not
 * an error; throws `EVK_STORE_*` where the store cannot be opened at all.
 */
export async function checkStore(file: string): Promise<StoreCheck> {
  return withConnection(file, true, (connection) => {
    const damaged = [...damagedIn(connection.db), ...referencesIn(connection)]
    // Nobody reads records in a ruin.
    if (damaged.length > 0) return { damaged, unreadable: [], traces: 0 }
    const unreadable: { id: string; reason: string }[] = []
    let traces = 0
    let last = 0
    for (;;) {
      const rows = connection
        .statement<{ seq: number; id: string }>(
          'SELECT seq, id FROM traces WHERE seq > ? ORDER BY seq LIMIT 500',
        )
        .all(last)
      for (const { seq, id } of rows) {
        traces++
        last = seq
        const reason = whyUnreadable(connection, seq)
        if (reason !== undefined) unreadable.push({ id, reason })
      }
      if (rows.length < 500) return { damaged, unreadable, traces }
    }
  })
}

/**
 * Copies a store that others may be writing to, page by page, into a file that is whole: what was committed before the end is
 * in it. Throws `EVK_USAGE` where the target is there already.
 */
export async function backupStore(file: string, to: string): Promise<number> {
  if (existsSync(to)) {
    throw new EvalkitError('EVK_USAGE', 'The file of the backup is there already.', {
      at: { file: to },
      hint: 'Name another file: a backup never replaces one.',
    })
  }
  const connection = await connect(file, { readonly: true })
  try {
    await connection.db.backup(to)
    return statSync(to).size
  } catch (error) {
    throw storeFailure(error, to)
  } finally {
    connection.db.close()
  }
}

/** Traces that are packed in one transaction. */
const indexedAtOnce = 200

/**
 * Packs what waits for it, writes the file anew without free pages, which takes as much room again while it lasts, and lets go
 * of dictionaries that nothing needs. Others wait until it is done. Says the size before and after, in bytes.
 */
export async function vacuumStore(
  file: string,
): Promise<{ readonly before: number; readonly after: number }> {
  const before = await withConnection(file, false, (connection) => {
    const { db } = connection
    const bytes = bytesOf(file)
    while (connection.transaction(() => indexWords(connection, indexedAtOnce)) > 0);
    connection.transaction(() =>
      db.exec(`DELETE FROM dictionaries WHERE seq NOT IN (
        SELECT dictionary FROM records WHERE dictionary IS NOT NULL
        UNION SELECT dictionary FROM bodies WHERE dictionary IS NOT NULL)`),
    )
    db.exec("INSERT INTO trace_text (trace_text) VALUES ('optimize')")
    db.pragma('auto_vacuum = INCREMENTAL')
    db.exec('VACUUM')
    db.pragma('wal_checkpoint(TRUNCATE)')
    return bytes
  })
  return { before, after: bytesOf(file) }
}

/** What a store holds and takes; changes nothing. */
export async function storeFigures(file: string): Promise<StoreFigures> {
  return withConnection(file, true, (connection) => {
    const { statement, db } = connection
    const one = (sql: string): number => statement<{ n: number | null }>(sql).get()?.n ?? 0
    const edges = statement<{ oldest: number | null; newest: number | null }>(
      'SELECT min(started) AS oldest, max(started) AS newest FROM traces',
    ).get()
    return {
      traces: one('SELECT count(*) AS n FROM traces'),
      spans: one('SELECT sum(spans) AS n FROM traces'),
      runs: one('SELECT count(*) AS n FROM runs'),
      trials: one('SELECT count(*) AS n FROM trials'),
      fileBytes: bytesOf(file),
      freeBytes:
        Number(db.pragma('freelist_count', { simple: true })) *
        Number(db.pragma('page_size', { simple: true })),
      bodyBytes:
        one('SELECT sum(length(content)) AS n FROM records') +
        one('SELECT sum(octet_length(content)) AS n FROM unindexed') +
        one('SELECT sum(length(content)) AS n FROM bodies') +
        one('SELECT sum(length(content)) AS n FROM dictionaries'),
      unindexed: one('SELECT count(*) AS n FROM unindexed'),
      ...(typeof edges?.oldest === 'number' ? { oldest: edges.oldest } : {}),
      ...(typeof edges?.newest === 'number' ? { newest: edges.newest } : {}),
    }
  })
}

async function withConnection<T>(
  file: string,
  readonly: boolean,
  work: (connection: Connection) => T,
): Promise<T> {
  const connection = await connect(file, { readonly })
  try {
    return connection.run(() => work(connection))
  } finally {
    connection.db.close()
  }
}

function referencesIn({ db }: Connection): readonly string[] {
  const rows = db.pragma('foreign_key_check') as readonly {
    readonly table: string
    readonly parent: string
  }[]
  return rows
    .slice(0, 20)
    .map(({ table, parent }) => `a row of ${table} refers to one of ${parent} that is not there`)
}

function whyUnreadable(connection: Connection, seq: number): string | undefined {
  try {
    readRecord(connection, seq)
    return undefined
  } catch (error) {
    if (EvalkitError.is(error) && error.code === 'EVK_STORE_CORRUPT') return error.message
    throw error
  }
}

function bytesOf(file: string): number {
  return statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0)
}
