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

/** Dictionaries for zstd came with Node 22.19 and 24.6; before, the option was passed over in silence. */
const hasDictionaries = hasZstd && knowsDictionaries()

/** How much a dictionary holds. Deflate looks no further back, and zstd reads all of it anew for each text. */
export const dictionaryBytes = 32_768

/**
 * Compresses a text; a `dictionary` is text that is likely to stand in it, and is needed again to read it. `level` is
 * zstd's, 3 being its default.
 */
export function compress(text: string, from = smallest, dictionary?: Uint8Array, level = 3): Packed {
  const plain = Buffer.from(text, 'utf8')
  if (plain.length < from) return { codec: codecs.plain, content: plain }
  const byZstd = hasZstd && (dictionary === undefined || hasDictionaries)
  const shown = dictionary === undefined ? {} : { dictionary }
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: level }
  const packed = byZstd
    ? { codec: codecs.zstd, content: zlib.zstdCompressSync(plain, { ...shown, params }) }
    : { codec: codecs.deflate, content: zlib.deflateRawSync(plain, shown) }
  return packed.content.length < plain.length ? packed : { codec: codecs.plain, content: plain }
}

/** Throws what zlib throws on damaged bytes, and `EVK_STORE_OPEN` where this Node is too old for the codec. */
export function decompress({ codec, content }: Packed, dictionary?: Uint8Array): string {
  const options = dictionary === undefined ? {} : { dictionary }
  if (codec === codecs.plain) return Buffer.from(content).toString('utf8')
  if (codec === codecs.deflate) return zlib.inflateRawSync(content, options).toString('utf8')
  if (codec !== codecs.zstd) throw new RangeError(`There is no codec ${codec}.`)
  if (!hasZstd || (dictionary !== undefined && !hasDictionaries)) {
    const without = hasZstd ? 'zstd dictionaries' : 'zstd'
    throw new EvalkitError(
      'EVK_STORE_OPEN',
      `The store was compressed with ${without}, which this Node does not have.`,
      {
        hint: 'Use Node 24.6 (or 22.19) or newer.',
      },
    )
  }
  return zlib.zstdDecompressSync(content, options).toString('utf8')
}

function knowsDictionaries(): boolean {
  const text = Buffer.from('what a dictionary holds is not written again')
  return zlib.zstdCompressSync(text, { dictionary: text }).length < zlib.zstdCompressSync(text).length
}
