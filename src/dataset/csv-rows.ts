import { createReadStream } from 'node:fs'
import { TextDecoder } from 'node:util'
import { type CsvProblem, type CsvRow, csvReader } from '../lib/csv.ts'
import { EvalkitError } from '../schema/errors.ts'
import { fileError } from './file-error.ts'

/** UTF-16 units of a row: what `lines.ts` allows a line in bytes. */
const longestRow = 4 * 1024 * 1024

/**
 * The rows of a CSV file in UTF-8, as many at once as a piece of the file holds: memory does not grow with the file. A
 * byte order mark is dropped. Throws `EVK_CSV_SYNTAX` and `EVK_FILE_BINARY` with the line, `EVK_FILE_NOT_FOUND`,
 * `EVK_FILE_UNUSABLE`.
 */
export async function* csvRowsOf(path: string, shownAs: string): AsyncGenerator<readonly CsvRow[]> {
  const reader = csvReader(longestRow)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const at = () => ({ file: shownAs, line: reader.line() })
  const text = (bytes?: Uint8Array): string => {
    if (bytes?.includes(0) === true) {
      throw new EvalkitError('EVK_FILE_BINARY', 'The file is not text: it holds a zero byte.', { at: at() })
    }
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch (cause) {
      throw new EvalkitError('EVK_FILE_BINARY', 'The file is not UTF-8 text, here or soon after.', {
        at: at(),
        cause,
      })
    }
  }
  try {
    for await (const bytes of createReadStream(path) as AsyncIterable<Uint8Array>) {
      const { rows, problem } = reader.push(text(bytes))
      yield rows
      if (problem !== undefined) throw syntax(problem, shownAs)
    }
    text()
    const { rows, problem } = reader.end()
    yield rows
    if (problem !== undefined) throw syntax(problem, shownAs)
  } catch (error) {
    throw fileError(error, shownAs)
  }
}

function syntax({ line, what }: CsvProblem, file: string): EvalkitError {
  return new EvalkitError('EVK_CSV_SYNTAX', `This is not CSV: ${what}.`, { at: { file, line } })
}
