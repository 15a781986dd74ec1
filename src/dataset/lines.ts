import { createReadStream } from 'node:fs'
import { TextDecoder } from 'node:util'
import { EvalkitError } from '../schema/errors.ts'
import { fileError } from './file-error.ts'

const longestLine = 4 * 1024 * 1024

/** A line of a text file and its number, from 1. */
export interface Line {
  readonly number: number
  readonly text: string
}

/**
 * The non-empty lines of a UTF-8 file, one at a time: memory does not grow with the file. Throws
 * `EVK_FILE_NOT_FOUND`, `EVK_FILE_BINARY`, or `EVK_LINE_TOO_LONG` (over 4 MiB).
 */
export async function* linesOf(path: string, shownAs: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let number = 1
  let rest = ''
  try {
    for await (const chunk of createReadStream(path)) {
      rest += decode(decoder, chunk as Uint8Array, shownAs, number)
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) {
        if (text.trim() !== '') yield { number, text }
        number++
      }
      if (rest.length > longestLine) {
        throw new EvalkitError('EVK_LINE_TOO_LONG', `The line is longer than ${longestLine} characters.`, {
          at: { file: shownAs, line: number },
        })
      }
    }
  } catch (error) {
    throw fileError(error, shownAs)
  }
  if (rest.trim() !== '') yield { number, text: rest }
}

function decode(decoder: TextDecoder, chunk: Uint8Array, file: string, line: number): string {
  try {
    const text = decoder.decode(chunk, { stream: true })
    if (!text.includes('\0')) return text
  } catch (cause) {
    throw new EvalkitError('EVK_FILE_BINARY', 'The file is not UTF-8 text.', { at: { file, line }, cause })
  }
  throw new EvalkitError('EVK_FILE_BINARY', 'The file is not text: it holds a zero byte.', {
    at: { file, line },
  })
}
