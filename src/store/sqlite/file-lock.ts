import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { storeFailure } from './failure.ts'

/**
 * Holds a lock until it is disposed of, or its process ends in any way; shared by many, or alone. Node has no lock of files that
 * goes with its process; SQLite has, so the file is a database without content. `undefined` where others hold it for longer than
 * `waitMs`. Throws `EVK_STORE_OPEN` where there can be no such file.
 */
export async function lockFile(
  file: string,
  how: 'shared' | 'alone',
  waitMs: number,
): Promise<Disposable | undefined> {
  const { default: Sqlite } = await import('better-sqlite3')
  try {
    await mkdir(dirname(file), { recursive: true })
    const db = new Sqlite(file, { timeout: waitMs })
    try {
      db.exec(how === 'alone' ? 'BEGIN EXCLUSIVE' : 'BEGIN')
      // A transaction shares the lock when it has read.
      if (how === 'shared') db.prepare('SELECT count(*) FROM sqlite_schema').get()
      return { [Symbol.dispose]: () => void db.close() }
    } catch (error) {
      db.close()
      if (isBusy(error)) return undefined
      throw error
    }
  } catch (error) {
    throw storeFailure(error, file)
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}
