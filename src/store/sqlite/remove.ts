import type { TraceWeight } from '../store.ts'
import type { Connection } from './connection.ts'

/** Traces removed in one transaction: a commit costs little, and nobody waits long for the write lock. */
const removedAtOnce = 100
/** Traces weighed at once: see `summaries`. */
const pageSize = 1000

/** Removes traces, and of bodies those that no other trace needs. A kill leaves each of them whole or gone. */
export function removeTraces(connection: Connection, ids: Iterable<string>): number {
  let removed = 0
  const batch: string[] = []
  const commit = (): void => {
    removed += connection.transaction(() => batch.filter((id) => removeTrace(connection, id)).length)
    batch.length = 0
  }
  for (const id of ids) {
    batch.push(id)
    if (batch.length === removedAtOnce) commit()
  }
  if (batch.length > 0) commit()
  return removed
}

/** Inside a transaction: whether it was there. */
export function removeTrace({ statement }: Connection, id: string): boolean {
  const seq = statement<{ seq: number }>('SELECT seq FROM traces WHERE id = ?').get(id)?.seq
  if (seq === undefined) return false
  const bodies = statement<{ body: number }>('SELECT body FROM body_uses WHERE trace = ?').all(seq)
  for (const table of ['body_uses', 'records', 'spans', 'trace_tags', 'trace_scores', 'unindexed']) {
    statement(`DELETE FROM ${table} WHERE trace = ?`).run(seq)
  }
  statement('DELETE FROM trace_text WHERE rowid = ?').run(seq)
  statement('DELETE FROM traces WHERE seq = ?').run(seq)
  const orphan = statement(
    'DELETE FROM bodies WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM body_uses u WHERE u.body = bodies.seq)',
  )
  for (const { body } of bodies) orphan.run(body)
  return true
}

/**
 * Every trace, newest first, with its part of the file: that of its record and of its words, spans and bodies as far as
 * they go along with it. What it says of all together is what the file holds.
 */
export function* weights(connection: Connection): Generator<TraceWeight> {
  const { statement, db } = connection
  const packed =
    statement<{ bytes: number }>(
      `SELECT (SELECT total(length(content)) FROM records) + (SELECT total(octet_length(content)) FROM unindexed) AS bytes`,
    ).get()?.bytes ?? 0
  const pages = (name: string): number => Number(db.pragma(name, { simple: true }))
  const used = (pages('page_count') - pages('freelist_count')) * pages('page_size')
  const share = packed === 0 ? 0 : used / packed
  let last = { age: Number.NEGATIVE_INFINITY, id: '' }
  for (;;) {
    const after = last
    const rows = connection.run(() =>
      statement<{ age: number; id: string; started: number | null; tags: string; bytes: number | null }>(
        `SELECT t.age, t.id, t.started, t.summary -> '$.tags' AS tags,
           coalesce((SELECT length(r.content) FROM records r WHERE r.trace = t.seq),
             (SELECT octet_length(u.content) FROM unindexed u WHERE u.trace = t.seq)) AS bytes
         FROM traces t WHERE (t.age, t.id) > (?, ?) ORDER BY t.age, t.id LIMIT ?`,
      ).all(after.age, after.id, pageSize),
    )
    for (const { id, started, tags, bytes } of rows) {
      yield {
        id,
        tags: JSON.parse(tags) as readonly string[],
        bytes: (bytes ?? 0) * share,
        ...(started === null ? {} : { started }),
      }
    }
    const final = rows.at(-1)
    if (final === undefined || rows.length < pageSize) return
    last = final
  }
}
