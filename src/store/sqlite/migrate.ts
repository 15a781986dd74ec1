import { readdirSync, readFileSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { EvalkitError } from '../../schema/errors.ts'

/** One numbered step of the schema: `0001-first.sql`. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

/** "EVK1", as migration 1 writes it into the file's header. */
const applicationId = 0x45564b31

/** The steps beside this file, in order; the build copies them along. */
export function ownMigrations(): readonly Migration[] {
  const folder = new URL('./migrations/', import.meta.url)
  return readdirSync(folder)
    .flatMap((name) => {
      const number = /^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1]
      if (number === undefined) return []
      return [{ number: Number(number), name, sql: readFileSync(new URL(name, folder), 'utf8') }]
    })
    .sort((a, b) => a.number - b.number)
}

/**
 * Looks, and touches nothing: which steps are still to be taken. Throws `EVK_STORE_NEWER` where the file has taken
 * one that is not in the list, `EVK_STORE_CORRUPT` where it is a SQLite file of somebody else's.
 */
export function pendingMigrations(
  db: Database,
  migrations: readonly Migration[],
  file: string,
): readonly Migration[] {
  const tables = db.prepare<[], { name: string }>('SELECT name FROM sqlite_schema LIMIT 1').all()
  if (tables.length === 0) return migrations
  if (db.pragma('application_id', { simple: true }) !== applicationId) {
    throw new EvalkitError(
      'EVK_STORE_CORRUPT',
      'The file is a SQLite database, but not a store of evalkit.',
      {
        at: { file },
        hint: 'Name another file with --store.',
      },
    )
  }
  const taken = db
    .prepare<[], { number: number; name: string }>('SELECT number, name FROM migrations ORDER BY number')
    .all()
  const known = new Set(migrations.map((migration) => migration.number))
  const unknown = taken.filter((step) => !known.has(step.number))
  if (unknown.length > 0) {
    throw new EvalkitError('EVK_STORE_NEWER', 'The store was written by a newer evalkit.', {
      at: { file },
      details: [`it has taken a step this one does not know: ${unknown.map((step) => step.name).join(', ')}`],
    })
  }
  const numbers = new Set(taken.map((step) => step.number))
  return migrations.filter((migration) => !numbers.has(migration.number))
}

/**
 * Takes the steps that are left, each in a transaction of its own that also records it: a store killed half way is
 * at one step or at the next, never between. Two processes may do this at once.
 */
export function migrate(db: Database, migrations: readonly Migration[], file: string): void {
  for (const migration of pendingMigrations(db, migrations, file)) {
    db.transaction(() => {
      // Under the write lock another process may turn out to have been here first.
      if (!pendingMigrations(db, migrations, file).includes(migration)) return
      db.exec(`CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT`)
      db.exec(migration.sql)
      db.prepare('INSERT INTO migrations (number, name) VALUES (?, ?)').run(migration.number, migration.name)
    }).immediate()
  }
}
