import * as zlib from 'node:zlib'

/**
 * Undoes Zstandard (RFC 8878). What was compressed in pieces is several frames, one behind the other: Node's decoder stops after
 * the first, so they are told apart here. Throws a `RangeError` where more than `most` bytes come out, a `TypeError` where the bytes are
 * no frames, or thousands of tiny ones, or where this Node (before 22.15) cannot do it.
 */
export function unzstd(bytes: Uint8Array, most: number): Uint8Array {
  if (!('zstdDecompressSync' in zlib)) throw new TypeError('zstd needs Node 22.15 or newer')
  const pieces: Uint8Array[] = []
  let size = 0
  // A decoder is made for each frame: of a large file of nothing but tiny ones, that would take minutes.
  let left = 1024 + bytes.length / 512
  for (let at = 0; at < bytes.length; ) {
    const { end, isData } = frameAt(bytes, at)
    if (isData) {
      if (--left < 0) throw new TypeError('it has too many frames')
      const piece = decoded(bytes.subarray(at, end), most - size)
      size += piece.length
      pieces.push(piece)
    }
    at = end
  }
  const [only] = pieces
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces, size)
}

export function startsAsZstd(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && word(bytes, 0, 4) === dataFrame
}

const dataFrame = 0xfd2fb528
/** One of sixteen numbers: a frame that decoders step over. */
const skippedFrame = 0x184d2a50

function decoded(frame: Uint8Array, left: number): Uint8Array {
  try {
    // Zero would mean no limit at all.
    const made = zlib.zstdDecompressSync(frame, { maxOutputLength: Math.max(1, left) })
    if (made.length > left) throw new RangeError('more comes out than may')
    return made
  } catch (error) {
    if (error instanceof RangeError) throw error
    throw new TypeError('a frame is broken', { cause: error })
  }
}

/** Where the frame that begins here ends, by its header and the headers of its blocks (RFC 8878, 3.1). */
function frameAt(bytes: Uint8Array, start: number): { readonly end: number; readonly isData: boolean } {
  const magic = word(bytes, start, 4)
  if (magic >>> 4 === skippedFrame >>> 4)
    return { end: inside(bytes, start + 8 + word(bytes, start + 4, 4)), isData: false }
  if (magic !== dataFrame) throw new TypeError('a frame begins with other bytes')
  const descriptor = word(bytes, start + 4, 1)
  const isSingle = (descriptor & 0x20) !== 0
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  let at = start + 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes
  for (let isLast = false; !isLast; ) {
    const header = word(bytes, at, 3)
    isLast = (header & 1) !== 0
    // A block of one byte that is repeated stands as that byte.
    at += 3 + (((header >>> 1) & 3) === 1 ? 1 : header >>> 3)
  }
  return { end: inside(bytes, at + ((descriptor & 4) === 0 ? 0 : 4)), isData: true }
}

function inside(bytes: Uint8Array, end: number): number {
  if (end > bytes.length) throw new TypeError('a frame is cut off')
  return end
}

/** A number, least byte first. */
function word(bytes: Uint8Array, at: number, length: number): number {
  inside(bytes, at + length)
  let value = 0
  for (let index = length - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0)
  return value
}
