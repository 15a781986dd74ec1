import { gunzipSync } from 'node:zlib'
import { startsAsZstd, unzstd } from '../../lib/zstd.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { type Content, contentOf } from './file-chunks.ts'

/**
 * What is in a file that was compressed as a whole by gzip or zstd, as saved bodies of requests and logs often are: in memory. Other files
 * as they are, of which only the beginning is looked at. Never makes more than `most` bytes, however little they take. Throws
 * `EVK_FILE_TOO_LARGE`, or `EVK_FILE_BINARY` where the file is broken.
 */
export function unpacked(path: string, content: Content, most: number): Content {
  const kind = kindOf(content)
  if (kind === undefined) return content
  const bytes = content.whole()
  try {
    return contentOf(kind === 'gzip' ? gunzipSync(bytes, { maxOutputLength: most }) : unzstd(bytes, most))
  } catch (cause) {
    const at = { file: path }
    if (cause instanceof RangeError) {
      const what = `The file is compressed (${kind}) and holds more than ${most} bytes, which are read at most.`
      throw new EvalkitError('EVK_FILE_TOO_LARGE', what, { at, cause })
    }
    if (!(cause instanceof Error)) throw cause
    const what = `The file begins as ${kind} and cannot be unpacked: ${cause.message}.`
    throw new EvalkitError('EVK_FILE_BINARY', what, { at, cause })
  }
}

function kindOf(content: Content): 'gzip' | 'zstd' | undefined {
  for (const head of content.chunks()) {
    if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 0x08) return 'gzip'
    return startsAsZstd(head) ? 'zstd' : undefined
  }
  return undefined
}
