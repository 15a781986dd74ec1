import { EvalkitError } from '../../schema/errors.ts'

/**
 * What SQLite said, as one of our errors; anything that is not SQLite's is handed back as it came. Codes:
 * https://sqlite.org/rescode.html
 */
export function storeFailure(error: unknown, file: string): unknown {
  const code = codeOf(error)
  if (code === undefined || EvalkitError.is(error)) return error
  const options = { at: { file }, cause: error }
  // A shared-memory file that cannot grow is how a full disk shows itself first in WAL mode.
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE' || code === 'ENOSPC') {
    return new EvalkitError('EVK_DISK_FULL', 'The disk is full: nothing of this step was written.', options)
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new EvalkitError('EVK_STORE_BUSY', 'Another process is writing to the store.', options)
  }
  if (code.startsWith('SQLITE_NOTADB')) {
    return new EvalkitError(
      'EVK_STORE_CORRUPT',
      'The file is not a store: it is no SQLite database.',
      options,
    )
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new EvalkitError('EVK_STORE_CORRUPT', 'The store is damaged.', options)
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'EROFS') {
    return new EvalkitError('EVK_STORE_OPEN', 'The store cannot be written to.', options)
  }
  if (
    /^SQLITE_(CANTOPEN|PERM|AUTH|IOERR)/.test(code) ||
    /^(EACCES|EPERM|ENOTDIR|EEXIST|EISDIR|ENOENT)$/.test(code)
  ) {
    return new EvalkitError('EVK_STORE_OPEN', 'The store cannot be opened.', { ...options, details: [code] })
  }
  return error
}

/** What is in the store is not what was written: a bit that flipped, a row that somebody edited. */
export function damaged(what: string, file: string, cause?: unknown): EvalkitError {
  return new EvalkitError('EVK_STORE_CORRUPT', `The store is damaged: ${what}.`, { at: { file }, cause })
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
