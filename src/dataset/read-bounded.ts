import { createReadStream } from 'node:fs'
import { EvalkitError } from '../schema/errors.ts'
import { fileError } from './file-error.ts'

/** The bytes of a file. Throws `EVK_FILE_TOO_LARGE` over `most` bytes, `EVK_FILE_NOT_FOUND`, `EVK_FILE_UNUSABLE`. */
export async function readBounded(path: string, shownAs: string, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  try {
    for await (const piece of createReadStream(path) as AsyncIterable<Uint8Array>) {
      size += piece.length
      if (size > most) {
        throw new EvalkitError('EVK_FILE_TOO_LARGE', `The file has more than ${most} bytes.`, {
          at: { file: shownAs },
        })
      }
      pieces.push(piece)
    }
  } catch (error) {
    throw fileError(error, shownAs)
  }
  return Buffer.concat(pieces, size)
}
