/** Lines longer than this are not read. They pass all the same. */
const longestLine = 32 * 1024 * 1024

/**
 * Reads the lines in a stream of bytes that passes by. Returns what takes the next piece; a line that is too long, or
 * that never ended, is left out. `tooLong` is told of the former.
 */
export function lineReader(
  line: (text: string) => void,
  tooLong: () => void,
  longest = longestLine,
): (bytes: Uint8Array) => void {
  let pieces: Uint8Array[] = []
  let size = 0
  const keep = (piece: Uint8Array): void => {
    if (size <= longest && size + piece.length > longest) {
      tooLong()
      pieces = []
    }
    size += piece.length
    if (size <= longest && piece.length > 0) pieces.push(piece)
  }
  return (bytes) => {
    let start = 0
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      keep(bytes.subarray(start, end))
      if (size > 0 && size <= longest) line(Buffer.concat(pieces).toString('utf8'))
      pieces = []
      size = 0
      start = end + 1
    }
    // A copy (which a Buffer's own `slice` is not): whoever owns the bytes may use them again.
    keep(Uint8Array.prototype.slice.call(bytes, start))
  }
}
