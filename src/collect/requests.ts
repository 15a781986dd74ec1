import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Received, requestIn } from './packed-request.ts'

export type { Received } from './packed-request.ts'

/** A request that is kept: its name, which sorts by when it came, and how many bytes it takes. */
export interface Kept {
  readonly name: string
  readonly bytes: number
}

/**
 * Requests on disk, a file each. What `keep` has resolved survives `kill -9` and a power cut. Files are written whole
 * or not at all; those that cannot be read are left where they are, and named.
 */
export interface RequestFolder {
  /** Of a request that was packed in parts, those. */
  keep(parts: readonly string[]): Promise<Kept>
  /** In the order in which they came. */
  all(): Promise<readonly Kept[]>
  /** `undefined` where the file is none of ours, or damaged. */
  read(name: string): Promise<Received | undefined>
  remove(names: readonly string[]): Promise<void>
}

const suffix = '.request.json'

/**
 * Opens the folder, and makes it where it is missing. `unique` makes names that no other process makes. Errors of the disk
 * come as they are (`ENOSPC` and its like).
 */
export async function openRequestFolder(
  folder: string,
  now: () => number,
  unique: () => string,
): Promise<RequestFolder> {
  await mkdir(folder, { recursive: true })
  const run = unique().slice(0, 8)
  let count = 0
  return {
    async keep(parts) {
      const text = parts.join('\n')
      const order = `${String(now()).padStart(15, '0')}-${String(++count).padStart(9, '0')}`
      const name = `${order}-${run}${suffix}`
      const path = join(folder, name)
      await writeDurably(`${path}.part`, text)
      await rename(`${path}.part`, path)
      await syncFolder(folder)
      return { name, bytes: text.length }
    },
    async all() {
      const names = (await readdir(folder)).filter((name) => name.endsWith(suffix)).toSorted()
      return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })))
    },
    read: (name) => readRequest(folder, name),
    async remove(names) {
      await Promise.all(names.map((name) => rm(join(folder, name), { force: true })))
    },
  }
}

/** `undefined` where the file is none of ours, or damaged. */
export async function readRequest(folder: string, name: string): Promise<Received | undefined> {
  return requestIn(await readFile(join(folder, name), 'utf8'))
}

/** A file that is on the disk when this resolves. */
export async function writeDurably(path: string, text: string, flags: 'w' | 'a' = 'w'): Promise<void> {
  await using file = await open(path, flags, 0o600)
  await file.writeFile(text)
  await file.datasync()
}

/** That a file was renamed is a fact of its folder. Windows has no such thing to do, and refuses. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r')
    await handle.sync()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error) || !unsynced.has(String(error.code))) throw error
  }
}

const unsynced: ReadonlySet<string> = new Set(['EPERM', 'EISDIR', 'EINVAL', 'EACCES'])
