import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import type { Transform } from 'node:stream'

/** Takes a body as it crosses the network, and hands on what it says. */
export interface Decoder {
  write(bytes: Uint8Array): void
  /** Nothing more comes; `done` is called once everything was handed on. */
  end(done: (how: 'whole' | 'truncated') => void): void
}

/** Decoded bytes of one body that are handed on: what a few bytes can be blown up to is bounded. */
const mostDecoded = 64 * 1024 * 1024

/** The content codings we read. Requests ask for no others (RFC 9110, 8.4.1). */
export const readableCodings: ReadonlySet<string> = new Set([
  'gzip',
  'x-gzip',
  'deflate',
  'br',
  'identity',
  '*',
])

/** Without these a stream says nothing until its block is full, and one that was cut says nothing at all. */
const flushing = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const flushingBrotli = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
}

/**
 * Reads a body beside its way to the client, which gets the bytes as they are. A body in a coding we do not know is
 * handed on as it is; one that is not what its header says ends as `truncated`.
 */
export function decoderOf(coding: string | undefined, chunk: (bytes: Uint8Array) => void): Decoder {
  const name = (coding ?? 'identity').trim().toLowerCase()
  if (!['gzip', 'x-gzip', 'deflate', 'br'].includes(name)) {
    return { write: chunk, end: (done) => done('whole') }
  }
  return zipped(name, chunk)
}

function zipped(name: string, chunk: (bytes: Uint8Array) => void): Decoder {
  let stream: Transform | undefined
  let size = 0
  let broken = false
  let finish: (() => void) | undefined
  const stop = (): void => {
    broken = true
    stream?.destroy()
    finish?.()
  }
  const open = (first: Uint8Array): Transform => {
    const opened = streamFor(name, first)
    opened.on('data', (bytes: Buffer) => {
      size += bytes.length
      if (size > mostDecoded) stop()
      else chunk(bytes)
    })
    return opened.on('error', stop).on('end', () => finish?.())
  }
  return {
    write(bytes) {
      if (broken) return
      stream ??= open(bytes)
      stream.write(bytes)
    },
    end(done) {
      finish = () => {
        finish = undefined
        done(broken ? 'truncated' : 'whole')
      }
      if (stream === undefined || broken) finish()
      else stream.end()
    },
  }
}

function streamFor(name: string, first: Uint8Array): Transform {
  if (name === 'br') return createBrotliDecompress(flushingBrotli)
  if (name !== 'deflate') return createGunzip(flushing)
  // "deflate" should be in a zlib wrapper, and from some servers is not: its first byte tells.
  return ((first[0] ?? 0) & 0x0f) === 0x08 ? createInflate(flushing) : createInflateRaw(flushing)
}
