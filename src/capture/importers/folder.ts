import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EvalkitError } from '../../schema/errors.ts'
import type { LineRecord, Source } from './importer.ts'
import { maxFileBytes, maxLineBytes, recordsOf, type SourceLimits } from './source.ts'

/**
 * A folder of JSONL files that belong together, as what stands in it when this is called: a file that grows later is
 * read as far as it reached now. One file is in memory at a time. Throws `EVK_FILE_NOT_FOUND` where the folder holds
 * none, and `EVK_FILE_TOO_LARGE` where one of them is.
 */
export function openFolder(path: string, limits: SourceLimits = {}): Source {
  const files = filesIn(path, limits.fileBytes ?? maxFileBytes)
  const refuse = (): never => {
    throw new EvalkitError('EVK_FILE_UNUSABLE', 'Of a folder only spools are read, and its files are none.', {
      at: { file: path },
      hint: 'Name the files.',
    })
  }
  return {
    file: basename(path),
    document: refuse,
    text: refuse,
    lines: refuse,
    records: () => recordsIn(path, files, limits.lineBytes ?? maxLineBytes),
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

interface File {
  readonly name: string
  readonly size: number
}

function* recordsIn(path: string, files: readonly File[], lineBytes: number): Iterable<LineRecord> {
  for (const { name, size } of files) {
    const file = join(path, name)
    const bytes = readable(file, () => bytesOf(file, size))
    yield* recordsOf(bytes, lineBytes, (line) => `${name}:${line}`)
  }
}

/** In the order they were written: a rotated spool goes on in `<name>.1.jsonl`, `<name>.2.jsonl`, …, `.10.jsonl`. */
function filesIn(path: string, limit: number): readonly File[] {
  const files = readable(path, () => readdirSync(path))
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => {
      const facts = readable(join(path, name), () => statSync(join(path, name)))
      return facts.isFile() ? [{ name, size: facts.size }] : []
    })
    .sort((a, b) => inOrder(a.name, b.name))
  if (files.length === 0) {
    throw new EvalkitError('EVK_FILE_NOT_FOUND', 'The folder holds no *.jsonl file.', {
      at: { file: path },
      hint: 'Of a folder, the spools are read; name files of other formats.',
    })
  }
  for (const { name, size } of files) {
    if (size > limit) {
      throw new EvalkitError('EVK_FILE_TOO_LARGE', `The file has ${size} bytes; ${limit} are read at most.`, {
        at: { file: join(path, name) },
      })
    }
  }
  return files
}

function inOrder(a: string, b: string): number {
  const [one, two] = [partsOf(a), partsOf(b)]
  return one.base < two.base ? -1 : one.base > two.base ? 1 : one.part - two.part
}

function partsOf(name: string): { readonly base: string; readonly part: number } {
  const [, base = name, part = '0'] = /^(.*?)(?:\.(\d+))?\.jsonl$/.exec(name) ?? []
  return { base, part: Number(part) }
}

/** The first bytes of a file: what is written to it meanwhile is not read. */
function bytesOf(path: string, size: number): Uint8Array {
  const bytes = Buffer.alloc(size)
  const file = openSync(path, 'r')
  try {
    let length = 0
    for (let read = -1; read !== 0 && length < size; length += read) {
      read = readSync(file, bytes, length, size - length, length)
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause
    throw new EvalkitError('EVK_FILE_NOT_FOUND', `This cannot be read (${String(cause.code)}).`, {
      at: { file: path },
      cause,
    })
  }
}
