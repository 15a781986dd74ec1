import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { spoolRecord, type SpoolRecord } from '../../schema/spool.ts'
import { maxLineBytes as readerLimit } from '../importers/source.ts'
import { replyOf, runOf, startOf } from '../testing/records.ts'
import { RecordsLost, type Sink } from './sink.ts'
import { lineOf, maxLineBytes } from './spool-line.ts'
import { type SpoolOptions, spoolSink } from './spool.ts'

let dir: string
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'spool-')), 'deep', 'spool')
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(join(dir, '..', '..'), { recursive: true })
})

const spool = (options: Partial<SpoolOptions> = {}): Sink =>
  spoolSink({ dir, pid: 4711, startedAt: Date.UTC(2026, 10, 21, 10), random: '9f86d081', ...options })
const base = '20261121T100000000Z-4711-9f86d081'

const text = async (name = `${base}.jsonl`) => readFile(join(dir, name), 'utf8')
const linesOf = (content: string) => content.split('\n').filter((line) => line !== '')
const read = (content: string) => linesOf(content).map((line): unknown => JSON.parse(line))
const names = async () => (await readdir(dir)).sort()
/** The parts in the order they were begun. One that is still empty may go while we look. */
const parts = async () => {
  const partOf = (name: string) => Number(/\.(\d+)\.jsonl$/.exec(name)?.[1] ?? 0)
  const inOrder = (await names()).sort((a, b) => partOf(a) - partOf(b))
  return Promise.all(inOrder.map((name) => text(name).catch(() => '')))
}
const loaves = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => startOf(`loaf-${String(from + at).padStart(3, '0')}`))
const lineBytes = Buffer.byteLength(JSON.stringify(startOf('loaf-000'))) + 1
const lossOf = async (write: Promise<void>): Promise<RecordsLost> => {
  const loss: unknown = await write.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!RecordsLost.is(loss)) throw new Error('nothing was lost')
  return loss
}

describe('files', () => {
  it('makes nothing before there is something to write', async () => {
    await spool().close?.()
    expect(fs.existsSync(dir)).toBe(false)
  })

  it('writes records as lines, to a file for its owner alone', async () => {
    const sink = spool()
    await sink.write(runOf('t_1'))
    await sink.write([startOf('t_2')])
    expect(read(await text())).toEqual([...runOf('t_1'), startOf('t_2')])
    expect((await text()).endsWith('}\n')).toBe(true)
    expect(fs.statSync(join(dir, `${base}.jsonl`)).mode & 0o777).toBe(0o600)
    expect(fs.statSync(dir).mode & 0o777).toBe(0o700)
    for (const record of read(await text())) expect(spoolRecord.safeParse(record).success).toBe(true)
  })

  it('writes a batch with one write of the system', async () => {
    const write = vi.spyOn(fs, 'write')
    await spool().write(loaves(50))
    expect(write).toHaveBeenCalledTimes(1)
  })

  it('rotates between records, in order', async () => {
    const sink = spool({ maxFileBytes: lineBytes * 3 + 5 })
    await sink.write(loaves(4))
    await sink.write(loaves(4, 4))
    expect(await names()).toEqual([`${base}.1.jsonl`, `${base}.2.jsonl`, `${base}.jsonl`])
    const parts = [await text(), await text(`${base}.1.jsonl`), await text(`${base}.2.jsonl`)]
    expect(parts.map((part) => read(part).length)).toEqual([3, 3, 2])
    expect(parts.flatMap((part) => read(part))).toEqual(loaves(8))
  })

  it('gives a record that is larger than a file one of its own', async () => {
    const sink = spool({ maxFileBytes: 100 })
    await sink.write(loaves(2))
    expect((await names()).length).toBe(2)
  })

  it('follows no link, and overwrites nothing', async () => {
    fs.mkdirSync(dir, { recursive: true })
    const victim = join(dir, 'victim.txt')
    fs.writeFileSync(victim, 'precious')
    fs.symlinkSync(victim, join(dir, `${base}.jsonl`))
    fs.writeFileSync(join(dir, `${base}.1.jsonl`), 'other')
    const sink = spool()
    expect((await lossOf(sink.write(loaves(1)))).message).toContain('EEXIST')
    expect((await lossOf(sink.write(loaves(1)))).message).toContain('EEXIST')
    await sink.write(loaves(1))
    expect(fs.readFileSync(victim, 'utf8')).toBe('precious')
    expect(await text(`${base}.1.jsonl`)).toBe('other')
    expect(read(await text(`${base}.2.jsonl`))).toEqual(loaves(1))
  })

  it('begins another where the spool was deleted or changed', async () => {
    const sink = spool()
    await sink.write(loaves(1))
    fs.unlinkSync(join(dir, `${base}.jsonl`))
    await sink.write(loaves(1, 1))
    fs.truncateSync(join(dir, `${base}.1.jsonl`))
    await sink.write(loaves(1, 2))
    expect(read(await text(`${base}.2.jsonl`))).toEqual(loaves(1, 2))
    await rm(dir, { recursive: true })
    await sink.write(loaves(1, 3))
    expect(read(await text(`${base}.3.jsonl`))).toEqual(loaves(1, 3))
  })

  it('loses what cannot be written, and recovers', async () => {
    fs.mkdirSync(join(dir, '..'), { recursive: true })
    fs.writeFileSync(dir, 'a file stands where the folder should be')
    const sink = spool()
    const loss = await lossOf(sink.write([{ ...startOf('a'), dropped: 4 }, startOf('b')]))
    expect([loss.lost, loss.untold]).toEqual([2, 6])
    fs.unlinkSync(dir)
    await sink.write(loaves(1))
    const [name = ''] = await names()
    expect(read(await text(name))).toEqual(loaves(1))
  })
})

describe('limits', () => {
  it('refuses what would grow the folder beyond its cap, and goes on when there is room', async () => {
    fs.mkdirSync(dir, { recursive: true })
    fs.writeFileSync(join(dir, 'other.jsonl'), 'x'.repeat(lineBytes))
    fs.writeFileSync(join(dir, 'notes.txt'), 'x'.repeat(lineBytes * 10))
    const sink = spool({ maxTotalBytes: lineBytes * 3 })
    await sink.write(loaves(2))
    const loss = await lossOf(sink.write(loaves(2, 2)))
    expect(loss.message).toContain('have reached')
    expect(loss.lost).toBe(2)
    expect(await names()).toEqual([`${base}.jsonl`, 'notes.txt', 'other.jsonl'])
    fs.unlinkSync(join(dir, 'other.jsonl'))
    for (let tries = 0; tries < 63; tries++) await lossOf(sink.write(loaves(1, 3)))
    await sink.write(loaves(1, 4))
    expect(read(await text())).toEqual([...loaves(2), ...loaves(1, 4)])
  })

  it('agrees with whoever reads spools on the longest line', () => {
    expect(maxLineBytes).toBe(readerLimit)
  })

  it('takes the bodies off a reply that is too long, then refuses it', async () => {
    const sink = spool({ maxLineBytes: 2000 })
    const long = replyOf('t_1', 's2', 'x'.repeat(2000))
    const longer = { ...long, output: 'y'.repeat(2000) }
    const loss = await lossOf(sink.write([startOf('t_1'), long, longer]))
    expect([loss.lost, loss.message]).toEqual([1, 'a reply record is too long for a line, or no JSON'])
    const attempts = [
      { status: 200, headers: { 'content-type': 'application/json' }, ended: 'truncated' },
    ] as const
    expect(read(await text())).toEqual([startOf('t_1'), { ...long, attempts }])
  })

  it('takes a line that just fits', () => {
    const record = startOf('t_1')
    const bytes = Buffer.byteLength(JSON.stringify(record))
    expect(lineOf(record, bytes)?.length).toBe(bytes + 1)
    expect(lineOf(record, bytes - 1)).toBeUndefined()
  })

  it('writes one line of valid UTF-8, whatever the text', async () => {
    const input = 'a\nb\r\n\u2028\u2029\u0000 \ud800 half \udc00 "quoted" 🥖'
    await spool().write([{ ...startOf('t_1'), input }])
    const bytes = await readFile(join(dir, `${base}.jsonl`))
    const content = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    expect(linesOf(content)).toHaveLength(1)
    expect(read(content)).toEqual([{ ...startOf('t_1'), input }])
  })

  it('refuses what JSON cannot say, and only that', async () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const bad = { ...startOf('bad'), input: cycle } as unknown as SpoolRecord
    expect((await lossOf(spool().write([startOf('a'), bad, startOf('b')]))).lost).toBe(1)
    expect(read(await text())).toEqual([startOf('a'), startOf('b')])
  })
})

describe('a disk that fails', () => {
  /** From now on the disk takes this many bytes more, then says `code`. */
  function diskOf(bytes: number, code: string): { room: number } {
    const disk = { room: bytes }
    const write = fs.write
    vi.spyOn(fs, 'write').mockImplementation(((
      fd: number,
      buffer: Uint8Array,
      offset: number,
      length: number,
      position: number,
      done: (error: Error | null, written: number) => void,
    ) => {
      const fits = Math.min(length, disk.room)
      disk.room -= fits
      if (fits === 0) setImmediate(() => done(Object.assign(new Error(code), { code }), 0))
      else write(fd, buffer, offset, fits, position, done)
    }) as typeof fs.write)
    return disk
  }

  it('tears one line when it is full, keeps those before, and starts a fresh line after', async () => {
    const sink = spool()
    await sink.write(loaves(1))
    const disk = diskOf(lineBytes * 2 + 30, 'ENOSPC')
    const loss = await lossOf(sink.write(loaves(5, 1)))
    expect([loss.lost, loss.message]).toEqual([3, 'the spool could not be written (ENOSPC)'])
    expect((await lossOf(sink.write(loaves(1, 6)))).lost).toBe(1)
    disk.room = 1e9
    await sink.write(loaves(2, 7))
    const lines = linesOf(await text())
    expect(lines).toHaveLength(6)
    expect(() => JSON.parse(lines[3] ?? '') as unknown).toThrow(SyntaxError)
    const whole = lines.filter((_, at) => at !== 3).map((line): unknown => JSON.parse(line))
    expect(whole).toEqual([...loaves(3), ...loaves(2, 7)])
    expect(await names()).toHaveLength(1)
  })

  it('loses nothing that fitted to the byte', async () => {
    const sink = spool()
    diskOf(lineBytes * 2, 'ENOSPC')
    expect((await lossOf(sink.write(loaves(3)))).lost).toBe(1)
    expect(await text()).toBe(
      loaves(2)
        .map((record) => `${JSON.stringify(record)}\n`)
        .join(''),
    )
  })

  it('leaves a file that went bad', async () => {
    const sink = spool()
    const disk = diskOf(10, 'EIO')
    expect((await lossOf(sink.write(loaves(1)))).lost).toBe(1)
    disk.room = 1e9
    await sink.write(loaves(1, 1))
    expect(read(await text(`${base}.1.jsonl`))).toEqual(loaves(1, 1))
  })

  it('does not write, at exit, to a disk that hangs', async () => {
    const sink = spool()
    await sink.write(loaves(1))
    vi.spyOn(fs, 'write').mockReturnValue(undefined)
    const sync = vi.spyOn(fs, 'writeSync')
    const abort = new AbortController()
    void sink.write(loaves(1, 1), abort.signal)
    abort.abort()
    expect(() => sink.writeSync?.(loaves(1, 2))).toThrow('the disk does not answer')
    expect(sync).not.toHaveBeenCalled()
  })
})

describe('exit', () => {
  it('writes without waiting, and begins a file where there is none', async () => {
    const sink = spool({ maxFileBytes: lineBytes * 2 })
    sink.writeSync?.(loaves(3))
    expect(read(await text())).toEqual(loaves(2))
    expect(read(await text(`${base}.1.jsonl`))).toEqual(loaves(1, 2))
  })

  it.each([0, 1, 2, 3, 5, 8])(
    'brings what is under way to its end, once each and in order (%i turns in)',
    async (turns) => {
      const sink = spool({ maxFileBytes: lineBytes * 5 })
      const writes = [sink.write(loaves(4)), sink.write(loaves(4, 4)), sink.write(loaves(4, 8))]
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      sink.writeSync?.(loaves(1, 12))
      const all = async () => (await parts()).join('')
      const atExit = await all()
      expect(read(atExit).length).toBe(13)
      // The process lived on after all: what was under way changes nothing, and what comes is added.
      await Promise.all(writes)
      await sink.write(loaves(1, 13))
      expect(read(await all())).toEqual(loaves(14))
    },
  )

  it('says what is lost at exit', () => {
    fs.mkdirSync(join(dir, '..'), { recursive: true })
    fs.writeFileSync(dir, 'in the way')
    expect(() => spool().writeSync?.(loaves(2))).toThrow('could not be opened')
  })
})

describe('killed', () => {
  it('leaves every line whole but the last one', async () => {
    const flags = process.features.typescript ? [] : ['--experimental-strip-types', '--no-warnings']
    const child = spawn(
      process.execPath,
      [...flags, '--input-type=module', '--eval', writerIn(dir), join(import.meta.dirname, 'spool.ts')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const gone = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    // It says how many batches it knows to be safe.
    let safe = 0
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (data: Buffer) => {
        safe = Number(data.toString().trim().split('\n').at(-1))
        if (safe >= 40) resolve()
      })
    })
    child.kill('SIGKILL')
    expect(await gone).toBe('SIGKILL')
    const spools = await parts()
    const traces = new Set<string>()
    for (const [at, content] of spools.entries()) {
      const lines = content.split('\n')
      const torn = lines.pop()
      expect(at === spools.length - 1 ? '' : torn).toBe('')
      for (const line of lines) traces.add(spoolRecord.parse(JSON.parse(line)).trace)
    }
    expect(spools.length).toBeGreaterThan(1)
    for (let n = 0; n < safe * 10; n++) expect(traces.has(`loaf-${n}`)).toBe(true)
  }, 20_000)
})

/** A program that spools until it is killed, ten records a write. */
function writerIn(folder: string): string {
  return `
    const { spoolSink } = await import(process.argv[1])
    const sink = spoolSink({ dir: ${JSON.stringify(folder)}, pid: process.pid, startedAt: 0, random: 'r', maxFileBytes: 200_000 })
    const record = ${JSON.stringify({ ...startOf('x'), input: 'rye '.repeat(300) })}
    for (let batch = 0; ; batch++) {
      await sink.write(Array.from({ length: 10 }, (_, at) => ({ ...record, trace: 'loaf-' + (batch * 10 + at) })))
      process.stdout.write(batch + 1 + '\\n')
    }`
}
