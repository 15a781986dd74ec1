import { existsSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { storeFailure } from './failure.ts'
import { ownMigrations, pendingMigrations } from './migrate.ts'

/** What a look at a store finds. */
export interface StoreHealth {
  /** Steps of the schema that the next command which writes will take. */
  readonly pending: number
  /** What SQLite finds damaged, at most twenty things; nothing in a sound file. */
  readonly damaged: readonly string[]
  /** None where something is damaged. */
  readonly traces: number
  readonly runs: number
}

/**
 * Looks at a store and changes nothing: whether it can be opened, is ours, and is sound (`PRAGMA quick_check`, which
 * reads the whole file). `undefined` where there is none. Throws `EVK_STORE_*`, as opening it would.
 */
export async function examineStore(file: string): Promise<StoreHealth | undefined> {
  if (!existsSync(file)) return undefined
  const { default: Sqlite } = await import('better-sqlite3')
  let db: Database | undefined
  try {
    db = new Sqlite(file, { readonly: true, timeout: 1000 })
    const pending = pendingMigrations(db, ownMigrations(), file).length
    const damaged = damagedIn(db)
    // Without the first step there is no table to count, and nobody counts in a ruin.
    const isEmpty = pending === ownMigrations().length || damaged.length > 0
    const count = (table: 'traces' | 'runs'): number => (isEmpty || db === undefined ? 0 : countOf(db, table))
    return { pending, damaged, traces: count('traces'), runs: count('runs') }
  } catch (error) {
    throw storeFailure(error, file)
  } finally {
    db?.close()
  }
}

/** What SQLite finds damaged; where it cannot even look, that is what it found. */
export function damagedIn(db: Database): readonly string[] {
  try {
    const rows = db.pragma('quick_check(20)') as readonly { readonly quick_check: string }[]
    return rows.map((row) => row.quick_check).filter((word) => word !== 'ok')
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_CORRUPT'))
      return [error.message]
    throw error
  }
}

function countOf(db: Database, table: 'traces' | 'runs'): number {
  return db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0
}
