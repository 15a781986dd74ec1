import { createReadStream } from 'node:fs'
import { TextDecoder } from 'node:util'
import { EvalkitError } from '../schema/errors.ts'
import { fileError } from './file-error.ts'

/** Bytes. */
const usualLongest = 4 * 1024 * 1024
const newline = 0x0a

/** A line of a text file and its number, from 1. A carriage return at its end is kept. */
export interface Line {
  readonly number: number
  readonly text: string
}

/**
 * The lines of a UTF-8 file that are not blank, one at a time: memory does not grow with the file. A byte order mark
 * is dropped. Throws `EVK_FILE_NOT_FOUND`, `EVK_FILE_UNUSABLE`, `EVK_FILE_BINARY` or `EVK_LINE_TOO_LONG` (over
 * 4 MiB). `chunkBytes` is how much is read at once.
 */
export async function* linesOf(path: string, shownAs: string, chunkBytes = 64 * 1024): AsyncGenerator<Line> {
  try {
    yield* linesIn(createReadStream(path, { highWaterMark: chunkBytes }), shownAs)
  } catch (error) {
    throw fileError(error, shownAs)
  }
}

/**
 * The same of bytes that come in pieces, with lines of at most `longest` bytes. Throws `EVK_FILE_BINARY`,
 * `EVK_LINE_TOO_LONG`, and what the pieces throw.
 */
export async function* linesIn(
  pieces: AsyncIterable<Uint8Array>,
  shownAs: string,
  longest = usualLongest,
): AsyncGenerator<Line> {
  let number = 1
  let begun: Uint8Array[] = []
  let begunBytes = 0

  function finished(end: Uint8Array): Line {
    const at = { file: shownAs, line: number }
    if (begunBytes + end.length > longest) throw tooLong(at, longest)
    const text = decoded(begun.length === 0 ? end : Buffer.concat([...begun, end]), at)
    begun = []
    begunBytes = 0
    return { number: number++, text }
  }

  for await (const piece of pieces) {
    // Cut as bytes: a newline's byte is never a part of another character in UTF-8, but a piece's end may be.
    let from = 0
    for (let end = piece.indexOf(newline); end !== -1; end = piece.indexOf(newline, from)) {
      const line = finished(piece.subarray(from, end))
      from = end + 1
      if (line.text.trim() !== '') yield line
    }
    begun.push(piece.subarray(from))
    begunBytes += piece.length - from
    if (begunBytes > longest) throw tooLong({ file: shownAs, line: number }, longest)
  }
  const last = finished(new Uint8Array())
  if (last.text.trim() !== '') yield last
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function decoded(bytes: Uint8Array, at: { readonly file: string; readonly line: number }): string {
  if (bytes.includes(0)) {
    throw new EvalkitError('EVK_FILE_BINARY', 'The line is not text: it holds a zero byte.', { at })
  }
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new EvalkitError('EVK_FILE_BINARY', 'The line is not UTF-8 text.', { at, cause })
  }
}

function tooLong(at: { readonly file: string; readonly line: number }, longest: number): EvalkitError {
  return new EvalkitError('EVK_LINE_TOO_LONG', `The line is longer than ${longest} bytes.`, { at })
}
