import type { Score } from '../../schema/score.ts'
import { textOf } from './bodies.ts'
import { compress } from './codec.ts'
import type { Connection } from './connection.ts'
import { damaged } from './failure.ts'

/** Adds scores; one under a key that is there already stays as it is. */
export function writeScores({ statement }: Connection, scores: Iterable<readonly [string, Score]>): void {
  const add = statement('INSERT OR IGNORE INTO scores (key, codec, record) VALUES (?, ?, ?)')
  for (const [key, score] of scores) {
    const { codec, content } = compress(JSON.stringify(score))
    add.run(key, codec, content)
  }
}

/** The score of a key. Throws `EVK_STORE_CORRUPT`. */
export function readScore(connection: Connection, key: string): Score | undefined {
  const row = connection
    .statement<{ codec: number; record: Buffer }>('SELECT codec, record FROM scores WHERE key = ?')
    .get(key)
  if (row === undefined) return undefined
  const text = textOf({ codec: row.codec, content: row.record }, 'a score', connection)
  try {
    return JSON.parse(text) as Score
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged('a score is not what was written', connection.file, error)
    throw error
  }
}
