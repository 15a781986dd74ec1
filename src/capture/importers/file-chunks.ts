import { closeSync, openSync, readSync } from 'node:fs'
import { EvalkitError } from '../../schema/errors.ts'

/** The bytes of a file, whole or one piece after another. */
export interface Content {
  /** From the start each time. A piece holds until the next is asked for. */
  chunks(): Iterable<Uint8Array>
  whole(): Uint8Array
}

/** How much of a file is in memory while it is walked. */
const chunkBytes = 256 * 1024

/** Bytes that are there already. */
export function contentOf(bytes: Uint8Array): Content {
  return { chunks: () => [bytes], whole: () => bytes }
}

/**
 * The first `size` bytes of a file: what is written to it meanwhile is not read. It is opened each time it is walked. Throws
 * `EVK_FILE_NOT_FOUND` where it cannot be read.
 */
export function contentIn(path: string, size: number): Content {
  return {
    chunks: () => chunksIn(path, size, Buffer.alloc(Math.min(chunkBytes, size))),
    whole: () => {
      const bytes = Buffer.alloc(size)
      // One chunk, as large as all of it.
      const [first = bytes.subarray(0, 0)] = chunksIn(path, size, bytes)
      return first
    },
  }
}

function* chunksIn(path: string, size: number, buffer: Buffer): Iterable<Uint8Array> {
  const file = readable(path, () => openSync(path, 'r'))
  try {
    let at = 0
    while (at < size) {
      const wanted = Math.min(buffer.length, size - at)
      let length = 0
      for (let read = -1; read !== 0 && length < wanted; length += read) {
        const from = length
        read = readable(path, () => readSync(file, buffer, from, wanted - from, at + from))
      }
      if (length > 0) yield buffer.subarray(0, length)
      // It became shorter.
      if (length < wanted) return
      at += length
    }
  } finally {
    closeSync(file)
  }
}

/** What `read` gives, its system error as `EVK_FILE_NOT_FOUND`. */
export function readable<T>(path: string, read: () => T): T {
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
