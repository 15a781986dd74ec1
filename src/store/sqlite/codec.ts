import * as zlib from 'node:zlib'
import { EvalkitError } from '../../schema/errors.ts'

/** How bytes are kept: recorded beside them, so that a store moves between Node versions. */
export const codecs = { plain: 0, deflate: 1, zstd: 2 } as const

export interface Packed {
  readonly codec: number
  readonly content: Uint8Array
}

/** Below this many bytes a compressor costs more time than it saves room. */
const smallest = 200

/** zstd came with Node 22.15 and 23.8; an older Node writes deflate, which every Node reads. */
const hasZstd = 'zstdCompressSync' in zlib

export function compress(text: string, from = smallest): Packed {
  const plain = Buffer.from(text, 'utf8')
  if (plain.length < from) return { codec: codecs.plain, content: plain }
  const packed = hasZstd
    ? { codec: codecs.zstd, content: zlib.zstdCompressSync(plain) }
    : { codec: codecs.deflate, content: zlib.deflateRawSync(plain) }
  return packed.content.length < plain.length ? packed : { codec: codecs.plain, content: plain }
}

/** Throws what zlib throws on damaged bytes, and `EVK_STORE_OPEN` where this Node is too old for the codec. */
export function decompress({ codec, content }: Packed): string {
  if (codec === codecs.plain) return Buffer.from(content).toString('utf8')
  if (codec === codecs.deflate) return zlib.inflateRawSync(content).toString('utf8')
  if (codec !== codecs.zstd) throw new RangeError(`There is no codec ${codec}.`)
  if (!hasZstd) {
    throw new EvalkitError(
      'EVK_STORE_OPEN',
      'The store was compressed with zstd, which this Node does not have.',
      {
        hint: 'Use Node 22.15 or newer.',
      },
    )
  }
  return zlib.zstdDecompressSync(content).toString('utf8')
}
