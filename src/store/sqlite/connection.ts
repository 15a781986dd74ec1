import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database, Statement } from 'better-sqlite3'
import { EvalkitError } from '../../schema/errors.ts'
import { containsText } from '../holds.ts'
import { type Dictionaries, dictionariesOf } from './dictionaries.ts'
import { storeFailure } from './failure.ts'
import { type Migration, migrate, ownMigrations, pendingMigrations } from './migrate.ts'
import { recordFacts } from './record-facts.ts'

export interface SqliteOptions {
  /** Opens a store that is there, and never writes to it. */
  readonly readonly?: boolean
  /** How long to wait for another process to finish writing, in ms. */
  readonly busyTimeoutMs?: number
  /** The steps of the schema, for tests of the ladder itself. */
  readonly migrations?: readonly Migration[]
}

/** An open store file. Whatever SQLite throws inside `run` comes out as an `EvalkitError`. */
export interface Connection {
  readonly file: string
  readonly db: Database
  /** The prepared statement of a text: one per shape. */
  readonly statement: <Row>(sql: string) => Statement<unknown[], Row>
  readonly dictionaries: Dictionaries
  readonly run: <T>(work: () => T) => T
  /** All of the work or nothing, under the write lock from its start. */
  readonly transaction: <T>(work: () => T) => T
}

/** More shapes of questions than this are prepared anew. */
const mostStatements = 200

/**
 * Opens the file, creating it and its folder where needed, and brings its schema up to date. WAL, so that readers and
 * one writer do not wait for each other; synchronous NORMAL, so that a commit survives the end of the process and a
 * power cut costs the last commits at most, never the file. Throws `EVK_STORE_*` and `EVK_DISK_FULL`.
 */
export async function connect(file: string, options: SqliteOptions): Promise<Connection> {
  const readonly = options.readonly ?? false
  const { default: Sqlite } = await import('better-sqlite3')
  let db: Database | undefined
  try {
    if (readonly && !existsSync(file)) {
      throw new EvalkitError('EVK_STORE_OPEN', 'There is no store here yet.', {
        at: { file },
        hint: 'evalkit import fills one, or name another with --store.',
      })
    }
    if (!readonly) mkdirSync(dirname(file), { recursive: true })
    db = new Sqlite(file, { readonly, timeout: options.busyTimeoutMs ?? 5000 })
    prepareFile(db, file, readonly, options.migrations ?? ownMigrations())
    db.function('holds_text', { deterministic: true }, (value: unknown, wanted: unknown) =>
      containsText(String(value), String(wanted)) ? 1 : 0,
    )
    return connectionOf(db, file)
  } catch (error) {
    db?.close()
    throw storeFailure(error, file)
  }
}

function prepareFile(db: Database, file: string, readonly: boolean, migrations: readonly Migration[]): void {
  // A look first: a file that is not ours, or newer, is left as it is to the last byte.
  const pending = pendingMigrations(db, migrations, file)
  db.pragma('foreign_keys = ON')
  if (readonly) {
    if (pending.length === 0) return
    throw new EvalkitError(
      'EVK_STORE_OPEN',
      'The store was written by an older evalkit and is opened for reading.',
      {
        at: { file },
        hint: 'Any command that writes, such as evalkit import, brings it up to date.',
      },
    )
  }
  // Before the first table, or never. Pages that are free can be given back without writing the file anew; in larger
  // pages more records stand whole, side by side (measured: a tenth of the file).
  if (pending.length === migrations.length) {
    db.pragma('page_size = 8192')
    db.pragma('auto_vacuum = INCREMENTAL')
  }
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL')
  db.function('record_facts', { deterministic: true }, recordFacts)
  migrate(db, migrations, file)
}

function connectionOf(db: Database, file: string): Connection {
  const statements = new Map<string, Statement>()
  const run = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw storeFailure(error, file)
    }
  }
  const statement = <Row>(sql: string): Statement<unknown[], Row> => {
    let known = statements.get(sql)
    if (known === undefined) {
      if (statements.size >= mostStatements) statements.clear()
      known = db.prepare(sql)
      statements.set(sql, known)
    }
    return known as Statement<unknown[], Row>
  }
  const dictionaries = dictionariesOf({ statement, file })
  return {
    file,
    db,
    statement,
    dictionaries,
    run,
    transaction: (work) =>
      run(() => {
        try {
          return db.transaction(work).immediate()
        } catch (error) {
          dictionaries.forget()
          throw error
        }
      }),
  }
}
