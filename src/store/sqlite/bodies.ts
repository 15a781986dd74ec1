import { sha256 } from '../../lib/hash.ts'
import type { Json } from '../../schema/json.ts'
import { compress, decompress } from './codec.ts'
import type { Connection } from './connection.ts'
import { damaged } from './failure.ts'

/**
 * Stores each distinct text once. What it remembers holds for one transaction: rolled back rows must not be named by
 * the next.
 */
export function bodyKeeper({ statement }: Connection): (text: string) => number {
  const kept = new Map<string, number>()
  const find = statement<{ seq: number }>('SELECT seq FROM bodies WHERE hash = ?')
  const insert = statement('INSERT INTO bodies (hash, codec, content) VALUES (?, ?, ?)')
  return (text) => {
    const before = kept.get(text)
    if (before !== undefined) return before
    const hash = addressOf(text)
    let seq = find.get(hash)?.seq
    if (seq === undefined) {
      const { codec, content } = compress(text)
      seq = Number(insert.run(hash, codec, content).lastInsertRowid)
    }
    kept.set(text, seq)
    return seq
  }
}

/** Reads a body back. Throws `EVK_STORE_CORRUPT` where its bytes are not those its address was made of. */
export function readBody({ statement, file }: Connection, seq: number): Json {
  const row = statement<{ hash: Buffer; codec: number; content: Buffer }>(
    'SELECT hash, codec, content FROM bodies WHERE seq = ?',
  ).get(seq)
  if (row === undefined) throw damaged(`body ${seq} is not there`, file)
  const text = textOf(row, `body ${seq}`, file)
  if (!addressOf(text).equals(row.hash)) throw damaged(`body ${seq} is not what was written`, file)
  return JSON.parse(text) as Json
}

/** The text of compressed content; zlib's own errors become `EVK_STORE_CORRUPT`. */
export function textOf(
  row: { readonly codec: number; readonly content: Uint8Array },
  what: string,
  file: string,
): string {
  try {
    return decompress(row)
  } catch (error) {
    if (error instanceof Error && !('exit' in error)) throw damaged(`${what} cannot be unpacked`, file, error)
    throw error
  }
}

/** 128 bits of SHA-256: nobody finds two texts that share them, at half the index. */
function addressOf(text: string): Buffer {
  return Buffer.from(sha256(text).slice(0, 32), 'hex')
}
