import { EvalkitError } from '../../schema/errors.ts'
import { compress, decompress, dictionaryBytes } from './codec.ts'
import type { Connection } from './connection.ts'
import { damaged } from './failure.ts'

/** A dictionary as rows name it. */
export interface Dictionary {
  readonly seq: number
  readonly content: Uint8Array
}

/**
 * The dictionaries of a connection. Records of one format share most of their keys, names and turns of phrase, and each is
 * compressed alone, so that one can be read or removed alone: a dictionary gives them what they share. One per family
 * (records or bodies, and the format), made of the first texts that are written and never changed.
 */
export interface Dictionaries {
  /** The one of a family, if there is one. */
  of(family: string): Dictionary | undefined
  /** Shows texts that are about to be written: enough of them become the family's dictionary. Inside a transaction. */
  learn(family: string, texts: Iterable<string>): void
  /** For reading. Throws `EVK_STORE_CORRUPT` where there is none. */
  numbered(seq: number): Uint8Array
  /** What was learned in a transaction that was rolled back is forgotten. */
  forget(): void
}

interface Row {
  readonly seq: number
  readonly codec: number
  readonly content: Uint8Array
}

/** No text may fill a dictionary alone. */
const longestSample = 16_384
/** Fewer texts say little about what comes. */
const fewestSamples = 4

export function dictionariesOf({ statement, file }: Pick<Connection, 'statement' | 'file'>): Dictionaries {
  const byFamily = new Map<string, Dictionary>()
  const bySeq = new Map<number, Uint8Array>()
  const samples = new Map<string, Buffer[]>()
  const contentOf = (row: Row): Uint8Array => {
    try {
      return Buffer.from(decompress(row), 'utf8')
    } catch (error) {
      if (EvalkitError.is(error)) throw error
      throw damaged(`dictionary ${row.seq} cannot be unpacked`, file, error)
    }
  }
  const of = (family: string): Dictionary | undefined => {
    const known = byFamily.get(family)
    if (known !== undefined) return known
    const row = statement<Row>(
      'SELECT seq, codec, content FROM dictionaries WHERE family = ? ORDER BY seq DESC LIMIT 1',
    ).get(family)
    if (row === undefined) return undefined
    const found = { seq: row.seq, content: contentOf(row) }
    byFamily.set(family, found)
    return found
  }
  return {
    of,
    learn(family, texts) {
      if (of(family) !== undefined) return
      const seen = samples.get(family) ?? []
      samples.set(family, seen)
      for (const text of texts) seen.push(Buffer.from(text.slice(0, longestSample), 'utf8'))
      const bytes = seen.reduce((sum, sample) => sum + sample.length, 0)
      if (bytes < dictionaryBytes || seen.length < fewestSamples) return
      samples.delete(family)
      // Text, so that it can be kept as all texts are: a character that is cut in two is made whole or left out.
      const text = Buffer.concat(seen).subarray(0, dictionaryBytes).toString('utf8')
      const packed = compress(text)
      const { lastInsertRowid } = statement(
        'INSERT INTO dictionaries (family, codec, content) VALUES (?, ?, ?)',
      ).run(family, packed.codec, packed.content)
      byFamily.set(family, { seq: Number(lastInsertRowid), content: Buffer.from(text, 'utf8') })
    },
    numbered(seq) {
      const known = bySeq.get(seq)
      if (known !== undefined) return known
      const row = statement<Row>('SELECT seq, codec, content FROM dictionaries WHERE seq = ?').get(seq)
      if (row === undefined) throw damaged(`dictionary ${seq} is not there`, file)
      const content = contentOf(row)
      bySeq.set(seq, content)
      return content
    },
    forget() {
      byFamily.clear()
      bySeq.clear()
      samples.clear()
    },
  }
}
