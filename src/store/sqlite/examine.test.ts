import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { examineStore } from './examine.ts'
import { openSqliteStore } from './open.ts'

/** A file in a fresh folder. */
function freshFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'store-')), 'evalkit.db')
}

describe('examineStore', () => {
  it('finds no store where there is none, and makes none', async () => {
    const file = freshFile()
    expect(await examineStore(file)).toBeUndefined()
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined()
  })

  it('counts what is in a sound one, and leaves it as it is', async () => {
    const file = freshFile()
    await (await openSqliteStore(file)).close()
    const before = readFileSync(file)
    expect(await examineStore(file)).toEqual({ pending: 0, damaged: [], traces: 0, runs: 0 })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('finds pages that are damaged', async () => {
    const file = freshFile()
    await (await openSqliteStore(file)).close()
    const bytes = readFileSync(file)
    // The first page holds header and schema; what follows are tables and their indexes.
    bytes.fill(0xa5, 8192 * 6, 8192 * 9)
    writeFileSync(file, bytes)
    expect((await examineStore(file))?.damaged.length).toBeGreaterThan(0)
  })

  it('refuses what is no store, as opening it does', async () => {
    const file = freshFile()
    writeFileSync(file, 'a text that is long enough to be looked at as a database file')
    await expect(examineStore(file)).rejects.toMatchObject({ code: 'EVK_STORE_CORRUPT' })
  })
})
