import { brotliDecompressSync, gunzipSync, inflateSync, type ZlibOptions } from 'node:zlib'
import { unlessTypeError } from '../../lib/thrown.ts'
import type { Attempt } from '../../schema/attempt.ts'

/** A body as an attempt carries it. */
export type RecordedBody = Pick<Attempt, 'body' | 'base64' | 'ended'>

/** What a compressed body may become (bytes). */
const mostBytes = 64 * 1024 * 1024

/**
 * Recorded bytes as an attempt's body, after content decoding. Recorders differ in whether they undo it and all keep
 * the header, so bytes that are not of their `content-encoding` are taken as they are. A body that unpacks to more
 * than can be kept is `truncated`: nothing of it is there.
 */
export function recordedBody(bytes: Uint8Array, encoding = ''): RecordedBody {
  let plain: Uint8Array = bytes
  // Applied in the order they are named (RFC 9110, 8.4), so undone from the last.
  for (const name of encoding.split(',').reverse()) {
    const unpacked = unpack(plain, name.trim().toLowerCase())
    if (unpacked === 'too large') return { base64: '', ended: 'truncated' }
    plain = unpacked
  }
  const text = textOf(plain)
  return text === undefined ? { base64: Buffer.from(plain).toString('base64') } : { body: text }
}

/** UTF-8 text, its byte order mark included; undefined where the bytes are none. */
export function textOf(bytes: Uint8Array): string | undefined {
  return unlessTypeError(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
}

const unpackers: Readonly<Record<string, (bytes: Uint8Array, limits: ZlibOptions) => Uint8Array>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}

function unpack(bytes: Uint8Array, encoding: string): Uint8Array | 'too large' {
  const unpacker = Object.hasOwn(unpackers, encoding) ? unpackers[encoding] : undefined
  if (unpacker === undefined) return bytes
  try {
    return unpacker(bytes, { maxOutputLength: mostBytes })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return error.code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : bytes
  }
}
