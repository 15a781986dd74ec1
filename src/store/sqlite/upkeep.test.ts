import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gather } from '../testing/gather.ts'
import { conversation } from '../testing/samples.ts'
import { openSqliteStore } from './open.ts'
import { backupStore, checkStore, storeFigures, vacuumStore } from './upkeep.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-upkeep-'))
const filled = join(folder, 'filled.db')
const count = 400
let copies = 0

const traceNumbered = (at: number) =>
  conversation(`t_${at}`, 2, (turn) => `words of ${at % 40} in turn ${turn} `.repeat(40))

/** A copy of a store with 400 traces, whose long messages are shared by many. */
function filledCopy(): string {
  const file = join(folder, `copy-${copies++}.db`)
  copyFileSync(filled, file)
  return file
}

beforeAll(async () => {
  const store = await openSqliteStore(filled)
  await store.putTraces(Array.from({ length: count }, (_, at) => traceNumbered(at)))
  await store.close()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))

function edit(file: string, sql: string): void {
  const db = new Sqlite(file)
  db.pragma('foreign_keys = OFF')
  db.exec(sql)
  db.close()
}

describe('checkStore', () => {
  it('finds nothing in a sound store, having read every trace', async () => {
    expect(await checkStore(filled)).toEqual({ damaged: [], unreadable: [], traces: count })
  })

  it('finds traces that cannot be read back, and references that lead nowhere', async () => {
    const broken = filledCopy()
    edit(broken, "UPDATE records SET content = x'00' WHERE trace = 7")
    const { unreadable, damaged } = await checkStore(broken)
    expect([damaged, unreadable.map(({ id }) => id)]).toEqual([[], ['t_6']])
    const dangling = filledCopy()
    edit(dangling, 'DELETE FROM bodies WHERE seq = 1')
    expect((await checkStore(dangling)).damaged.join()).toContain('body_uses refers to one of bodies')
  })
})

describe('backupStore', () => {
  it('copies a store that is being written to, and never over a file', async () => {
    const file = filledCopy()
    const to = join(folder, 'backup.db')
    const writer = await openSqliteStore(file)
    await writer.putTraces([traceNumbered(count)])
    expect(await backupStore(file, to)).toBe(statSync(to).size)
    await writer.putTraces([traceNumbered(count + 1)])
    await writer.close()
    expect(await checkStore(to)).toEqual({ damaged: [], unreadable: [], traces: count + 1 })
    await expect(backupStore(file, to)).rejects.toMatchObject({ code: 'EVK_USAGE' })
    await expect(backupStore(join(folder, 'nothing.db'), join(folder, 'x.db'))).rejects.toMatchObject({
      code: 'EVK_STORE_OPEN',
    })
    expect(existsSync(join(folder, 'x.db'))).toBe(false)
  })
})

describe('room', () => {
  it('is given back when traces are removed, and vacuum leaves nothing free', async () => {
    const file = filledCopy()
    const before = await storeFigures(file)
    const store = await openSqliteStore(file)
    await store.removeTraces(Array.from({ length: count - 10 }, (_, at) => `t_${at}`))
    await store.close()
    const after = await storeFigures(file)
    expect(after.traces).toBe(10)
    expect(after.bodyBytes).toBeLessThan(before.bodyBytes / 4)
    expect(after.fileBytes).toBeLessThan(before.fileBytes / 2)
    const room = await vacuumStore(file)
    expect(room.after).toBeLessThanOrEqual(room.before)
    expect((await storeFigures(file)).freeBytes).toBe(0)
    expect(await checkStore(file)).toEqual({ damaged: [], unreadable: [], traces: 10 })
  })
})

describe('kill -9 while traces are removed', () => {
  it('leaves each trace whole or gone, and no body without a trace', async () => {
    const file = filledCopy()
    const child = spawn(process.execPath, [
      new URL('../testing/remove-until-killed.ts', import.meta.url).pathname,
      file,
    ])
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      // In the midst of what is left.
      if (said.includes('begins\n')) child.kill('SIGKILL')
    })
    await once(child, 'close')
    const { damaged, unreadable, traces } = await checkStore(file)
    expect([damaged, unreadable]).toEqual([[], []])
    expect(traces).toBeLessThan(count)
    const store = await openSqliteStore(file)
    const left = (await gather(store.weighTraces())).map(({ id }) => Number(id.slice(2)))
    expect(left.filter((at) => at % 2 === 1)).toHaveLength(count / 2)
    expect(await store.getTrace('t_1')).toStrictEqual(traceNumbered(1))
    await store.removeTraces(left.map((at) => `t_${at}`))
    await store.close()
    const db = new Sqlite(file, { readonly: true })
    for (const table of [
      'bodies',
      'body_uses',
      'records',
      'spans',
      'trace_tags',
      'trace_scores',
      'unindexed',
    ]) {
      expect([table, db.prepare(`SELECT count(*) AS n FROM ${table}`).get()]).toEqual([table, { n: 0 }])
    }
    db.close()
  })
})
