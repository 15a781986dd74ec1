import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Trace } from '../../schema/trace.ts'
import { gather } from '../testing/gather.ts'
import { anyTrace, conversation } from '../testing/samples.ts'
import { openSqliteStore } from './open.ts'
import { packedText, packTrace } from './record.ts'
import { checkStore, storeFigures, vacuumStore } from './upkeep.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-packed-later-'))
afterAll(() => rmSync(folder, { recursive: true }))

const long = (id: string) => conversation(id, 4, (turn) => `gift wrapping ${turn} `.repeat(200))
const traces: readonly Trace[] = [
  ...fc.sample(anyTrace, { seed: 11, numRuns: 60 }).map((trace, at) => ({ ...trace, id: `t_${at}` })),
  ...Array.from({ length: 20 }, (_, at) => long(`c_${at}`)),
]
const changes = traces.map((trace) => ({ trace, replaces: [] }))

describe('a trace that is packed later', () => {
  it('is read the same before and after, and then lies there as one that was packed at once', async () => {
    const file = join(folder, 'later.db')
    const store = await openSqliteStore(file)
    await store.replaceTraces(changes)
    for (const trace of traces) expect(await store.getTrace(trace.id)).toStrictEqual(trace)
    expect(await checkStore(file)).toEqual({ damaged: [], unreadable: [], traces: traces.length })
    expect(rowsOf(file)).toMatchObject({ records: [], uses: [] })
    const before = await storeFigures(file)
    const weighed = await gather(store.weighTraces())
    expect(weighed.every(({ bytes }) => bytes > 0)).toBe(true)
    expect(await store.indexWords(7)).toBe(7)
    for (const trace of traces) expect(await store.getTrace(trace.id)).toStrictEqual(trace)
    while ((await store.indexWords(50)) > 0);
    for (const trace of traces) expect(await store.getTrace(trace.id)).toStrictEqual(trace)
    const after = await storeFigures(file)
    expect([before.unindexed, after.unindexed]).toEqual([traces.length, 0])
    expect(after.bodyBytes).toBeLessThan(before.bodyBytes / 3)
    await store.close()
    const once = await openSqliteStore(join(folder, 'once.db'))
    await once.putTraces(traces)
    await once.close()
    const { waiting, ...rows } = rowsOf(file)
    expect(waiting).toEqual([])
    expect({ ...rows, waiting: [] }).toEqual(rowsOf(join(folder, 'once.db')))
  })

  it('goes whole when it is removed, and is replaced like any other', async () => {
    const file = join(folder, 'removed.db')
    const store = await openSqliteStore(file)
    await store.replaceTraces([{ trace: long('v1'), replaces: [] }])
    await store.replaceTraces([{ trace: long('v2'), replaces: ['v1'] }])
    expect(await store.indexWords(10)).toBe(1)
    await store.removeTraces(['v2'])
    await store.close()
    expect(rowsOf(file)).toEqual({ records: [], uses: [], bodies: [], waiting: [] })
  })

  it('is packed by vacuum, too', async () => {
    const file = join(folder, 'vacuum.db')
    const store = await openSqliteStore(file)
    await store.replaceTraces(changes)
    await store.close()
    const { before, after } = await vacuumStore(file)
    expect(after).toBeLessThan(before)
    expect((await storeFigures(file)).unindexed).toBe(0)
  })

  it('stays what it is where nobody can read it, and the others do not wait for it', async () => {
    const file = join(folder, 'damaged.db')
    const store = await openSqliteStore(file)
    await store.replaceTraces(['a', 'b', 'c'].map((id) => ({ trace: long(id), replaces: [] })))
    const editor = new Sqlite(file)
    editor.exec("UPDATE unindexed SET content = '{' WHERE trace = 1")
    editor.exec(`UPDATE unindexed SET content = replace(content, '"add":[', '"add":[999,') WHERE trace = 2`)
    editor.close()
    const damaged = { code: 'EVK_STORE_CORRUPT' }
    for (const id of ['a', 'b']) await expect(store.getTrace(id)).rejects.toMatchObject(damaged)
    expect(await store.indexWords(10)).toBe(3)
    for (const id of ['a', 'b']) await expect(store.getTrace(id)).rejects.toMatchObject(damaged)
    expect(await store.getTrace('c')).toStrictEqual(long('c'))
    await store.close()
  })
})

describe('packedText', () => {
  it('is the JSON of what is packed without bodies', () => {
    for (const trace of traces) expect(packedText(trace)).toBe(JSON.stringify(packTrace(trace)))
  })
})

/** What the tables say of records and bodies, in no order but its own. */
function rowsOf(file: string) {
  const db = new Sqlite(file, { readonly: true })
  const all = (sql: string) => db.prepare(sql).all()
  const rows = {
    records: all('SELECT trace, codec, dictionary, hex(content) AS content FROM records ORDER BY trace'),
    uses: all(
      'SELECT u.trace, hex(b.hash) AS hash FROM body_uses u JOIN bodies b ON b.seq = u.body ORDER BY 1, 2',
    ),
    bodies: all('SELECT codec, dictionary, hex(content) AS content FROM bodies ORDER BY hash'),
    waiting: all('SELECT trace FROM unindexed'),
  }
  db.close()
  return rows
}
