import { EvalkitError } from '../schema/errors.ts'
import { lockFile } from '../store/sqlite/file-lock.ts'
import type { Project } from './project.ts'

/** How long somebody waits for the other (ms). */
const patienceMs = 10_000

/**
 * Held by who reads a trace to name it in a file, until it is written; and alone by who removes what no file names. Throws
 * `EVK_STORE_BUSY`.
 */
export async function lockReferences(
  { storeFile }: Pick<Project, 'storeFile'>,
  how: 'shared' | 'alone',
  waitMs = patienceMs,
): Promise<Disposable> {
  const lock = await lockFile(`${storeFile}.lock`, how, waitMs)
  if (lock !== undefined) return lock
  const what =
    how === 'alone' ? 'Somebody is promoting traces of the store.' : 'Somebody is pruning the store.'
  throw new EvalkitError('EVK_STORE_BUSY', what, { at: { file: storeFile } })
}
