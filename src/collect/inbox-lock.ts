import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EvalkitError } from '../schema/errors.ts'

/**
 * Holds a folder for one collector until it is disposed of, or its process ends in any way: two would each store what the other
 * is still gathering. Node has no lock of files that goes with its process; SQLite has, so it is a database without content.
 * Throws `EVK_INBOX_BUSY` where another holds it, `EVK_FILE_UNUSABLE` where there can be no folder.
 */
export async function lockInbox(folder: string): Promise<Disposable> {
  await made(folder)
  const { default: Sqlite } = await import('better-sqlite3')
  const db = new Sqlite(join(folder, 'lock.db'), { timeout: 1000 })
  try {
    db.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    db.close()
    if (!(cause instanceof Error && 'code' in cause && String(cause.code).startsWith('SQLITE_BUSY')))
      throw cause
    throw new EvalkitError('EVK_INBOX_BUSY', 'Another collector works in this folder.', {
      at: { file: folder },
      cause,
    })
  }
  return { [Symbol.dispose]: () => void db.close() }
}

async function made(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause
    throw new EvalkitError('EVK_FILE_UNUSABLE', `The folder cannot be made (${String(cause.code)}).`, {
      at: { file: folder },
      cause,
    })
  }
}
