import { ProtoError } from './proto-reader.ts'

/**
 * The requests of a file that has their length before each in four bytes, as the collector's file exporter writes them. One is
 * in memory at a time, and holds until the next is asked for. Throws a `ProtoError` where the file ends in the middle of one, or
 * one has more than `most` bytes.
 */
export function* framesIn(
  chunks: Iterable<Uint8Array>,
  most: number,
): Iterable<{ readonly at: string; readonly content: Uint8Array }> {
  /** What was read of the next one, whose length is not known before four bytes. */
  let pieces: Buffer[] = []
  let size = 0
  let wanted = 4
  let index = 0
  for (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    while (size + rest.length >= wanted) {
      const whole = pieces.length === 0 ? rest : Buffer.concat([...pieces, rest])
      pieces = []
      size = 0
      rest = whole
      const length = whole.readUInt32BE(0)
      if (length > most) throw new ProtoError(`request ${index + 1} has ${length} bytes; ${most} are read`)
      wanted = 4 + length
      if (whole.length < wanted) break
      yield { at: `request ${++index}`, content: whole.subarray(4, wanted) }
      rest = whole.subarray(wanted)
      wanted = 4
    }
    // The piece is the reader's, and holds until it reads on.
    if (rest.length > 0) pieces.push(Buffer.from(rest))
    size += rest.length
  }
  if (size > 0) throw new ProtoError('the file ends in the middle of a request')
}
