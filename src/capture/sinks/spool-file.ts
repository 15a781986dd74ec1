import fs from 'node:fs'
import { join } from 'node:path'
import { thrownAs } from '../../lib/thrown.ts'

/** How far a write came. */
export interface Written {
  /** Bytes. */
  readonly written: number
  /** Why it came no further. */
  readonly error?: unknown
}

/** A new file for its owner alone; its folder is made where it is missing. Never opens what is there already. */
export async function openNew(path: string, dir: string): Promise<number> {
  await fs.promises.mkdir(dir, { recursive: true, mode: 0o700 })
  return promised<number>((done) => fs.open(path, 'wx', 0o600, done))
}

export function openNewSync(path: string, dir: string): number {
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 })
  return fs.openSync(path, 'wx', 0o600)
}

/** Writes all of it at a place. The system may take a part (a disk that fills up): then the rest is tried. */
export async function writeAll(fd: number, bytes: Uint8Array, position: number): Promise<Written> {
  let written = 0
  try {
    while (written < bytes.length) {
      const at = written
      const count = await promised<number>((done) =>
        fs.write(fd, bytes, at, bytes.length - at, position + at, done),
      )
      if (count === 0) throw new Error('nothing was written')
      written += count
    }
    return { written }
  } catch (error) {
    return { written, error }
  }
}

export function writeAllSync(fd: number, bytes: Uint8Array, position: number): Written {
  let written = 0
  try {
    while (written < bytes.length) {
      const count = fs.writeSync(fd, bytes, written, bytes.length - written, position + written)
      if (count === 0) throw new Error('nothing was written')
      written += count
    }
    return { written }
  } catch (error) {
    return { written, error }
  }
}

/** Whether a file still has a name and this size: else somebody deleted it, cut it or added to it. */
export async function isIntact(fd: number, size: number): Promise<boolean> {
  try {
    const facts = await promised<fs.Stats>((done) => fs.fstat(fd, done))
    return facts.nlink > 0 && facts.size === size
  } catch {
    return false
  }
}

/** A file that cannot be closed, or deleted, is none of the agent's worries. */
export function closeQuietly(fd: number, deleting?: string): void {
  fs.close(fd, ignore)
  if (deleting !== undefined) fs.unlink(deleting, ignore)
}

/** Bytes of all JSONL files in a folder; 0 where there is none. */
export async function sizeOfSpools(dir: string): Promise<number> {
  const sizes = await fs.promises
    .readdir(dir)
    .then((names) => Promise.all(names.filter(isSpool).map((name) => sizeOf(join(dir, name)))))
    .catch(noneWhereMissing)
  return sizes.reduce((sum, size) => sum + size, 0)
}

export function sizeOfSpoolsSync(dir: string): number {
  const stat = { throwIfNoEntry: false } as const
  try {
    const names = fs.readdirSync(dir).filter(isSpool)
    return names.reduce((sum, name) => sum + (fs.lstatSync(join(dir, name), stat)?.size ?? 0), 0)
  } catch (error) {
    noneWhereMissing(error)
    return 0
  }
}

/** A disk, a quota or a limit that is reached: the same file may do again later. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error))
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : thrownAs(error).message
}

/** Whoever imports spools may delete them meanwhile. */
async function sizeOf(path: string): Promise<number> {
  const facts = await fs.promises.lstat(path).catch(noneWhereMissing)
  return 'size' in facts ? facts.size : 0
}

function noneWhereMissing(error: unknown): readonly number[] {
  if (codeOf(error) === 'ENOENT') return []
  throw error
}

function isSpool(name: string): boolean {
  return name.endsWith('.jsonl')
}

function promised<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === null ? resolve(value) : reject(error)))
  })
}

function ignore(): void {}
