import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { EvalkitError } from '../../schema/errors.ts'

type Files = Readonly<Record<string, string | Uint8Array>>

/** A folder with these files, by path, that is gone when the test is over. */
export function folderWith(files: Files = {}): string {
  const folder = newFolder(files)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The same for all tests of a file. */
export function folderForAll(files: Files): string {
  const folder = newFolder(files)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function newFolder(files: Files): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'evalkit-')))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}

/** The failure we know that something ends in. Anything else, success included, fails the test. */
export async function failureOf(act: () => unknown): Promise<EvalkitError> {
  try {
    await act()
  } catch (error) {
    if (EvalkitError.is(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** All that something streams. */
export async function all<T>(stream: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}
