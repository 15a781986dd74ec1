import { sha256 } from '../../lib/hash.ts'
import type { Json } from '../../schema/json.ts'
import { compress, decompress } from './codec.ts'
import type { Connection } from './connection.ts'
import { damaged } from './failure.ts'

/**
 * Stores each distinct text once. What it remembers holds for one transaction: rolled back rows must not be named by
 * the next.
 */
export function bodyKeeper({
  statement,
  dictionaries,
}: Connection): (text: string, family: string) => number {
  const kept = new Map<string, number>()
  const find = statement<{ seq: number }>('SELECT seq FROM bodies WHERE hash = ?')
  const insert = statement('INSERT INTO bodies (hash, codec, dictionary, content) VALUES (?, ?, ?, ?)')
  return (text, family) => {
    const before = kept.get(text)
    if (before !== undefined) return before
    const hash = addressOf(text)
    let seq = find.get(hash)?.seq
    if (seq === undefined) {
      const dictionary = dictionaries.of(family)
      const { codec, content } = compress(text, undefined, dictionary?.content)
      seq = Number(insert.run(hash, codec, dictionary?.seq ?? null, content).lastInsertRowid)
    }
    kept.set(text, seq)
    return seq
  }
}

/** Reads a body back. Throws `EVK_STORE_CORRUPT` where its bytes are not those its address was made of. */
export function readBody(connection: Connection, seq: number): Json {
  const { statement, file } = connection
  const row = statement<CompressedRow & { hash: Buffer }>(
    'SELECT hash, codec, dictionary, content FROM bodies WHERE seq = ?',
  ).get(seq)
  if (row === undefined) throw damaged(`body ${seq} is not there`, file)
  const text = textOf(row, `body ${seq}`, connection)
  if (!addressOf(text).equals(row.hash)) throw damaged(`body ${seq} is not what was written`, file)
  return JSON.parse(text) as Json
}

/** Compressed content as a row holds it. */
export interface CompressedRow {
  readonly codec: number
  readonly dictionary?: number | null
  readonly content: Uint8Array
}

/** The text of compressed content; zlib's own errors become `EVK_STORE_CORRUPT`. */
export function textOf(
  row: CompressedRow,
  what: string,
  { file, dictionaries }: Pick<Connection, 'file' | 'dictionaries'>,
): string {
  const { dictionary } = row
  const shown =
    dictionary === null || dictionary === undefined ? undefined : dictionaries.numbered(dictionary)
  try {
    return decompress(row, shown)
  } catch (error) {
    if (error instanceof Error && !('exit' in error)) throw damaged(`${what} cannot be unpacked`, file, error)
    throw error
  }
}

/** 128 bits of SHA-256: nobody finds two texts that share them, at half the index. */
function addressOf(text: string): Buffer {
  return Buffer.from(sha256(text).slice(0, 32), 'hex')
}
