import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Trace } from '../../schema/trace.ts'
import { groupKey } from '../../schema/trace-query.ts'
import { anyFilter } from '../testing/any-filter.ts'
import { gather } from '../testing/gather.ts'
import { writeOldStore } from '../testing/old-store.ts'
import { anyTrace, conversation } from '../testing/samples.ts'
import { openSqliteStore } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-climb-'))
afterAll(() => rmSync(folder, { recursive: true }))

const traces: readonly Trace[] = [
  ...fc.sample(anyTrace, { seed: 7, numRuns: 60 }).map((trace, at) => ({ ...trace, id: `t_${at}` })),
  conversation('c_1', 3, (turn) => `gift ${turn} `.repeat(300), {
    attributes: { 'session.id': 'well known' },
  }),
  conversation('c_2', 3, (turn) => `gift ${turn} `.repeat(300), { versions: { prompt: 'v3' }, user: 'kim' }),
]

describe('a store from before sessions', () => {
  it('climbs to what a new one would be: the same answers, the same traces', async () => {
    const old = join(folder, 'old.db')
    await writeOldStore(old, traces)
    const climbed = await openSqliteStore(old)
    const fresh = await openSqliteStore(join(folder, 'fresh.db'))
    await fresh.putTraces(traces)
    for (const trace of traces) expect(await climbed.getTrace(trace.id)).toStrictEqual(trace)
    for (const by of groupKey.options) {
      expect(await climbed.groupTraces({ where: [] }, by)).toEqual(await fresh.groupTraces({ where: [] }, by))
    }
    await fc.assert(
      fc.asyncProperty(anyFilter, async (filter) => {
        const query = { where: [filter] }
        expect(await gather(climbed.listTraces(query))).toEqual(await gather(fresh.listTraces(query)))
      }),
      { seed: 42, numRuns: 100 },
    )
    expect(await climbed.putTraces(traces)).toEqual({ added: 0, known: traces.length })
    await Promise.all([climbed.close(), fresh.close()])
    expect(rowsOf(old)).toEqual(rowsOf(join(folder, 'fresh.db')))
  })

  it('climbs with a record that nobody can read, which stays what it is', async () => {
    const file = join(folder, 'damaged.db')
    await writeOldStore(file, traces.slice(0, 3))
    const editor = new Sqlite(file)
    editor.exec("UPDATE traces SET record = x'00' WHERE id = 't_1'")
    editor.close()
    const store = await openSqliteStore(file)
    await expect(store.getTrace('t_1')).rejects.toMatchObject({ code: 'EVK_STORE_CORRUPT' })
    expect(await store.getTrace('t_2')).toStrictEqual(traces[2])
    await store.close()
  })
})

/** What each table says of spans and of what needs which body, in no order but its own. */
function rowsOf(file: string): unknown {
  const db = new Sqlite(file, { readonly: true })
  const rows = {
    spans: db.prepare('SELECT * FROM spans ORDER BY trace, position').all(),
    uses: db
      .prepare(
        'SELECT u.trace, hex(b.hash) AS hash FROM body_uses u JOIN bodies b ON b.seq = u.body ORDER BY 1, 2',
      )
      .all(),
    damaged: db.pragma('foreign_key_check'),
  }
  db.close()
  return rows
}
