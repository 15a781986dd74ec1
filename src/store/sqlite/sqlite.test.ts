import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { afterAll, describe, expect, it } from 'vitest'
import type { Trace } from '../../schema/trace.ts'
import type { Store } from '../store.ts'
import { conversation, sampleRun, sampleTrace, sampleTrial } from '../testing/samples.ts'
import { connect } from './connection.ts'
import { type Migration, ownMigrations } from './migrate.ts'
import { openSqliteStore, storeOn } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-sqlite-'))
let files = 0
const newFile = (): string => join(folder, `${files++}.db`)
afterAll(() => rmSync(folder, { recursive: true }))

/** A closed store with one trace in it. */
async function filledFile(): Promise<string> {
  const file = newFile()
  const store = await openSqliteStore(file)
  await store.putTraces([conversation('t_1', 5, (turn) => `wrapping paper ${turn} `.repeat(80))])
  await store.close()
  return file
}

async function idsOf(store: Store): Promise<string[]> {
  const ids: string[] = []
  for await (const summary of store.listTraces({ where: [] })) ids.push(summary.id)
  return ids.sort()
}

describe('opening', () => {
  it('makes the folders of a new store', async () => {
    const file = join(folder, 'deep', 'er', 'evalkit.db')
    await (await openSqliteStore(file)).close()
    expect(existsSync(file)).toBe(true)
  })

  it('finds everything again after closing', async () => {
    const file = await filledFile()
    const store = await openSqliteStore(file)
    expect(await idsOf(store)).toEqual(['t_1'])
    await store.close()
    expect(existsSync(`${file}-wal`)).toBe(false)
  })

  it('refuses a path that leads through a file', async () => {
    const file = await filledFile()
    await expect(openSqliteStore(join(file, 'x.db'))).rejects.toMatchObject({ code: 'EVK_STORE_OPEN' })
    await expect(openSqliteStore(folder)).rejects.toMatchObject({ code: 'EVK_STORE_OPEN' })
  })

  it.each([
    ['text', Buffer.from('dear diary, '.repeat(500))],
    ['noise', Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * 97) % 256))],
    ['a damaged header', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 7)])],
  ])('refuses a file of %s, and leaves it as it is', async (_, bytes) => {
    const file = newFile()
    writeFileSync(file, bytes)
    await expect(openSqliteStore(file)).rejects.toMatchObject({ code: 'EVK_STORE_CORRUPT', at: { file } })
    expect(readFileSync(file)).toEqual(bytes)
  })

  it("refuses somebody else's database, and leaves it as it is", async () => {
    const file = newFile()
    const other = new Sqlite(file)
    other.exec('CREATE TABLE migrations (number INTEGER); CREATE TABLE songs (title TEXT)')
    other.close()
    const before = readFileSync(file)
    await expect(openSqliteStore(file)).rejects.toMatchObject({ code: 'EVK_STORE_CORRUPT' })
    expect(readFileSync(file)).toEqual(before)
  })

  it('says that a store is damaged when it is cut short', async () => {
    const file = await filledFile()
    truncateSync(file, 20_000)
    const use = async () => {
      const store = await openSqliteStore(file)
      try {
        await store.putTraces([sampleTrace({ id: 't_2' })])
        await store.getTrace('t_1')
      } finally {
        await store.close()
      }
    }
    await expect(use()).rejects.toMatchObject({ code: 'EVK_STORE_CORRUPT' })
  })

  it.each([
    ["UPDATE bodies SET content = x'00'"],
    ['UPDATE bodies SET codec = 9'],
    ['UPDATE bodies SET codec = 0, content = CAST(\'"other"\' AS BLOB)'],
    ['DELETE FROM bodies'],
    ["UPDATE records SET content = x'0102'"],
    ["UPDATE records SET codec = 0, content = CAST('{' AS BLOB)"],
    ['DELETE FROM records'],
  ])('says that a trace is damaged after %s', async (sql) => {
    const file = await filledFile()
    const editor = new Sqlite(file)
    editor.pragma('foreign_keys = OFF')
    editor.exec(sql)
    editor.close()
    const store = await openSqliteStore(file)
    await expect(store.getTrace('t_1')).rejects.toMatchObject({ code: 'EVK_STORE_CORRUPT' })
    expect(await idsOf(store)).toEqual(['t_1'])
    await store.close()
  })

  it.each([
    ["UPDATE replies SET codec = 1, record = x'00'"],
    ["UPDATE replies SET codec = 0, record = x'7b'"],
  ])('says that a reply is damaged after %s', async (sql) => {
    const file = await filledFile()
    const store = await openSqliteStore(file)
    await store.putReply('k', { v: 1, reply: { message: { role: 'assistant', parts: [] } } })
    await store.close()
    const editor = new Sqlite(file)
    editor.exec(sql)
    editor.close()
    const again = await openSqliteStore(file)
    await expect(again.getReply('k')).rejects.toMatchObject({ code: 'EVK_STORE_CORRUPT' })
    expect(await idsOf(again)).toEqual(['t_1'])
    await again.close()
  })

  it('reads without writing', async () => {
    await expect(openSqliteStore(newFile(), { readonly: true })).rejects.toMatchObject({
      code: 'EVK_STORE_OPEN',
    })
    const file = await filledFile()
    const before = readFileSync(file)
    const store = await openSqliteStore(file, { readonly: true })
    expect(await idsOf(store)).toEqual(['t_1'])
    await expect(store.putRun(sampleRun())).rejects.toMatchObject({ code: 'EVK_STORE_OPEN' })
    await store.close()
    expect(readFileSync(file)).toEqual(before)
  })

  it('waits for another writer only so long', async () => {
    const file = await filledFile()
    const store = await openSqliteStore(file, { busyTimeoutMs: 20 })
    const other = new Sqlite(file)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.putRun(sampleRun())).rejects.toMatchObject({ code: 'EVK_STORE_BUSY' })
    await expect(store.putTraces([sampleTrace({ id: 't_2' })])).rejects.toMatchObject({
      code: 'EVK_STORE_BUSY',
    })
    expect(await idsOf(store)).toEqual(['t_1'])
    other.exec('ROLLBACK')
    other.close()
    await store.putRun(sampleRun())
    await store.close()
  })
})

describe('migrations', () => {
  it('climbs one step at a time, each once', async () => {
    const file = await filledFile()
    const migrations = [
      ...ownMigrations(),
      step(8, 'CREATE TABLE a (x)'),
      step(9, 'INSERT INTO a VALUES (1)'),
    ]
    for (const _ of [1, 2]) {
      const store = await openSqliteStore(file, { migrations })
      expect(await idsOf(store)).toEqual(['t_1'])
      await store.close()
    }
    const db = new Sqlite(file)
    expect(db.prepare('SELECT count(*) FROM a').pluck().get()).toBe(1)
    db.close()
    expect(stepsOf(file)).toEqual([...ownMigrations().map((it) => it.number), 8, 9])
  })

  it('stays on the step before one that fails', async () => {
    const file = await filledFile()
    const migrations = [
      ...ownMigrations(),
      step(8, 'CREATE TABLE a (x)'),
      step(9, 'CREATE TABLE b (x); DROP TABLE c'),
    ]
    await expect(openSqliteStore(file, { migrations })).rejects.toThrow('no such table: c')
    const db = new Sqlite(file)
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name IN ('a', 'b')").pluck().all()).toEqual(['a'])
    db.close()
    expect(stepsOf(file)).toEqual([...ownMigrations().map((it) => it.number), 8])
  })

  it('leaves the store of a newer version untouched', async () => {
    const file = await filledFile()
    const newer = [...ownMigrations(), step(9, 'CREATE TABLE of_the_future (x)')]
    await (await openSqliteStore(file, { migrations: newer })).close()
    const before = readFileSync(file)
    await expect(openSqliteStore(file)).rejects.toMatchObject({ code: 'EVK_STORE_NEWER', at: { file } })
    expect(existsSync(`${file}-wal`)).toBe(false)
    await expect(openSqliteStore(file, { readonly: true })).rejects.toMatchObject({ code: 'EVK_STORE_NEWER' })
    expect(readFileSync(file)).toEqual(before)
  })

  it('are not run on a store opened for reading', async () => {
    const file = await filledFile()
    const migrations = [...ownMigrations(), step(9, 'CREATE TABLE a (x)')]
    const open = openSqliteStore(file, { migrations, readonly: true })
    await expect(open).rejects.toMatchObject({ code: 'EVK_STORE_OPEN' })
  })
})

describe('a full disk', () => {
  it('stops a write, and harms nothing that was committed', async () => {
    const file = newFile()
    const connection = await connect(file, {})
    connection.db.pragma('max_page_count = 150')
    const store = storeOn(connection)
    const { committed, error } = await fill(store)
    expect(error).toMatchObject({ code: 'EVK_DISK_FULL', exit: 4 })
    expect(committed).toBeGreaterThan(0)
    // The store goes on with what fits.
    expect(await idsOf(store)).toHaveLength(committed)
    await store.close()
    await expectWhole(file, committed)
  })

  const disk = join(folder, 'disk')
  const mounted = mountSmallDisk(disk)
  afterAll(() => {
    if (mounted) execFileSync('umount', [disk])
  })
  it.skipIf(!mounted)('is the same on a real one', async () => {
    const file = join(disk, 'evalkit.db')
    const store = await openSqliteStore(file)
    const { committed, error } = await fill(store)
    expect(error).toMatchObject({ code: 'EVK_DISK_FULL' })
    expect(committed).toBeGreaterThan(0)
    await store.close()
    await expectWhole(file, committed)
    // No room for another store at all.
    expect(writeRest(disk)).toBe('ENOSPC')
    await expect(openSqliteStore(join(disk, 'second.db'))).rejects.toMatchObject({ code: 'EVK_DISK_FULL' })
  })
})

describe('kill -9', () => {
  it.each([1, 4, 9])('after batch %i keeps exactly the batches that were resolved', async (batches) => {
    const file = newFile()
    const reported = await writeAndKill(file, batches)
    const store = await openSqliteStore(file)
    const trials: string[] = []
    const perCase = new Map<string, number>()
    for await (const trial of store.listTrials('run-1')) {
      trials.push(trial.trace ?? '')
      perCase.set(trial.case, (perCase.get(trial.case) ?? 0) + 1)
    }
    // The kill may fall between the commit and the report of one more batch, never into a batch.
    expect([reported, reported + 1]).toContain(perCase.size)
    for (let batch = 0; batch < reported; batch++) expect(perCase.get(`c${batch}`)).toBe(5)
    expect(new Set(perCase.values())).toEqual(new Set([5]))
    expect(await idsOf(store)).toEqual(trials.sort())
    for (const id of trials) expect((await store.getTrace(id)).spans).toHaveLength(6)
    await store.close()
  })
})

/** Kills the writer with SIGKILL once it has said so many batches: how many it said in the end. */
function writeAndKill(file: string, batches: number): Promise<number> {
  const script = fileURLToPath(new URL('../testing/write-until-killed.ts', import.meta.url))
  const flags = process.features.typescript ? [] : ['--experimental-strip-types']
  const child = spawn(process.execPath, [...flags, script, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    said += text
    if (linesOf(said) >= batches) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(linesOf(said))
      else reject(new Error('the writer ended by itself'))
    })
  })
}

function linesOf(text: string): number {
  return text.split('\n').length - 1
}

/** A disk of one megabyte, where this user may mount one. */
function mountSmallDisk(path: string): boolean {
  if (process.platform !== 'linux') return false
  mkdirSync(path, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Takes what is left of a disk. */
function writeRest(path: string): string {
  try {
    writeFileSync(join(path, 'rest'), Buffer.alloc(2_000_000))
    return 'there was room'
  } catch (error) {
    return (error as { code: string }).code
  }
}

function step(number: number, sql: string): Migration {
  return { number, name: `000${number}-step.sql`, sql }
}

function stepsOf(file: string): unknown[] {
  const db = new Sqlite(file, { readonly: true })
  const steps = db.prepare('SELECT number FROM migrations ORDER BY number').pluck().all()
  db.close()
  return steps
}

/** A trace that no compressor makes small. */
function large(index: number): Trace {
  const noise = (turn: number): string =>
    Array.from({ length: 200 }, (_, i) => (i * turn * index) ** 2 % 9973).join(' ')
  return conversation(`t_${index}`, 6, noise)
}

/** Writes trials until the disk is full. */
async function fill(store: Store): Promise<{ committed: number; error: unknown }> {
  await store.putRun(sampleRun())
  for (let index = 1; index < 500; index++) {
    try {
      await store.putTrials([sampleTrial({ trial: index, trace: `t_${index}` })], [large(index)])
    } catch (error) {
      return { committed: index - 1, error }
    }
  }
  throw new Error('the disk is larger than was thought')
}

/** Whether the closed store holds the first so many trials' traces, each as it was written. */
async function expectWhole(file: string, committed: number): Promise<void> {
  const db = new Sqlite(file)
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(db.pragma('foreign_key_check')).toEqual([])
  db.close()
  const store = await openSqliteStore(file)
  expect(await idsOf(store)).toHaveLength(committed)
  for (let index = 1; index <= committed; index++)
    expect(await store.getTrace(`t_${index}`)).toEqual(large(index))
  await store.close()
}
