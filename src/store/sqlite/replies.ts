import type { CachedReply } from '../../schema/cached-reply.ts'
import { textOf } from './bodies.ts'
import { compress } from './codec.ts'
import type { Connection } from './connection.ts'
import { damaged } from './failure.ts'

/** Adds a reply, unless the newest of its key is the same. */
export function writeReply(connection: Connection, key: string, reply: CachedReply): void {
  const { statement } = connection
  const text = JSON.stringify(reply)
  if (newestText(connection, key) === text) return
  const { codec, content } = compress(text)
  statement('INSERT INTO replies (key, codec, record) VALUES (?, ?, ?)').run(key, codec, content)
}

/** The newest reply of a key. Throws `EVK_STORE_CORRUPT`. */
export function readReply(connection: Connection, key: string): CachedReply | undefined {
  const text = newestText(connection, key)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as CachedReply
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged('a reply is not what was written', connection.file, error)
    throw error
  }
}

function newestText(connection: Connection, key: string): string | undefined {
  const row = connection
    .statement<{ codec: number; record: Buffer }>(
      'SELECT codec, record FROM replies WHERE key = ? ORDER BY seq DESC LIMIT 1',
    )
    .get(key)
  return row === undefined
    ? undefined
    : textOf({ codec: row.codec, content: row.record }, 'a reply', connection)
}
