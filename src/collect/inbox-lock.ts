import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EvalkitError } from '../schema/errors.ts'
import { lockFile } from '../store/sqlite/file-lock.ts'

/**
 * Holds a folder for one collector: two would each store what the other is still gathering. Throws `EVK_INBOX_BUSY` where another
 * holds it, `EVK_FILE_UNUSABLE` where there can be no folder.
 */
export async function lockInbox(folder: string): Promise<Disposable> {
  await made(folder)
  const lock = await lockFile(join(folder, 'lock.db'), 'alone', 1000)
  if (lock !== undefined) return lock
  throw new EvalkitError('EVK_INBOX_BUSY', 'Another collector works in this folder.', {
    at: { file: folder },
  })
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
