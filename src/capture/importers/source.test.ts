import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type ErrorPlace, EvalkitError } from '../../schema/errors.ts'
import { maxFileBytes, openSource, sourceFrom } from './source.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-source-'))
afterAll(() => rmSync(folder, { recursive: true }))

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Code and place of what a reader throws. */
function failure(read: () => unknown): { readonly code: string; readonly at: ErrorPlace } {
  try {
    read()
  } catch (error) {
    if (EvalkitError.is(error)) return { code: error.code, at: error.at }
    throw error
  }
  return { code: 'no error', at: {} }
}

async function openFailure(path: string, limit?: number): Promise<string> {
  const limits = limit === undefined ? {} : { fileBytes: limit }
  return openSource(path, limits).then(
    () => 'no error',
    (error: unknown) => (EvalkitError.is(error) ? error.code : String(error)),
  )
}

describe('a file to import', () => {
  it('is read as one document, parsed once', async () => {
    const path = join(folder, 'orders.json')
    writeFileSync(path, '﻿{"order":"#W1"}')
    const source = await openSource(path)
    expect(source.file).toBe('orders.json')
    expect(source.document()).toEqual({ order: '#W1' })
    expect(source.document()).toBe(source.document())
  })

  it('is read as lines, blank ones passed over, with their numbers', () => {
    const source = sourceFrom('orders.jsonl', bytes('{"a":1}\r\n\n  \n[2]'))
    expect([...source.lines()]).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 4, value: [2] },
    ])
  })

  it('gives the lines before a broken one', () => {
    const source = sourceFrom('in/orders.jsonl', bytes('{"a":1}\n{"a":\n{"a":3}\n'))
    const lines = source.lines()[Symbol.iterator]()
    expect(lines.next().value).toEqual({ line: 1, value: { a: 1 } })
    const broken = failure(() => lines.next())
    expect(broken).toEqual({ code: 'EVK_JSON_SYNTAX', at: { file: 'in/orders.jsonl', line: 2 } })
  })

  it.each([
    ['nothing', '', 'EVK_FILE_EMPTY'],
    ['white space', ' \n\n', 'EVK_FILE_EMPTY'],
    ['a cut document', '[{"task_id":1', 'EVK_JSON_SYNTAX'],
    ['two documents', '{}\n{}', 'EVK_JSON_SYNTAX'],
    ['a zero byte', '[1,\u00002]', 'EVK_FILE_BINARY'],
    ['a deep one', '['.repeat(100_000) + ']'.repeat(100_000), 'EVK_JSON_TOO_DEEP'],
    ['a prototype', '[{"__proto__":{"admin":true}}]', 'EVK_JSON_FORBIDDEN_KEY'],
    ['a spelt-out prototype', '[{"\\u005f_proto__":1}]', 'EVK_JSON_FORBIDDEN_KEY'],
  ])('refuses %s by name', (_, text, code) => {
    const { code: found, at } = failure(() => sourceFrom('runs/a.json', bytes(text)).document())
    expect({ found, file: at.file }).toEqual({ found: code, file: 'runs/a.json' })
  })

  it('refuses bytes that are no text, whole and by line', () => {
    const image = Uint8Array.of(0x89, 0x50, 0x4e, 0xff, 0x0a, 0x41)
    expect(failure(() => sourceFrom('a.png', image).document()).code).toBe('EVK_FILE_BINARY')
    expect(failure(() => [...sourceFrom('a.png', image).lines()])).toEqual({
      code: 'EVK_FILE_BINARY',
      at: { file: 'a.png', line: 1 },
    })
  })

  it('refuses an empty file of lines', () => {
    expect(failure(() => [...sourceFrom('a.jsonl', bytes('\n \n')).lines()]).code).toBe('EVK_FILE_EMPTY')
  })

  it('refuses a line that is too long, with its number', () => {
    const source = sourceFrom('a.jsonl', bytes(`[1]\n[${'1,'.repeat(60)}1]\n`), { lineBytes: 100 })
    expect(failure(() => [...source.lines()])).toEqual({
      code: 'EVK_LINE_TOO_LONG',
      at: { file: 'a.jsonl', line: 2 },
    })
  })

  it('refuses a large file before it reads it', async () => {
    const path = join(folder, 'large.json')
    writeFileSync(path, '[]')
    // Sparse: it has the size, and nothing on the disk.
    truncateSync(path, maxFileBytes + 1)
    const before = process.memoryUsage.rss()
    expect(await openFailure(path)).toBe('EVK_FILE_TOO_LARGE')
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024)
    expect(failure(() => sourceFrom('a.json', bytes('[1,2,3]'), { fileBytes: 6 })).code).toBe(
      'EVK_FILE_TOO_LARGE',
    )
  })

  it.skipIf(process.platform === 'win32')('holds the bound where the size is not told', async () => {
    // A character device says size 0 and never ends.
    expect(await openFailure('/dev/zero', 3_000_000)).toBe('EVK_FILE_TOO_LARGE')
  })

  it('names a missing file and a folder', async () => {
    expect(await openFailure(join(folder, 'none.json'))).toBe('EVK_FILE_NOT_FOUND')
    expect(await openFailure(folder)).toBe('EVK_FILE_NOT_FOUND')
  })
})

describe('a file of lines', () => {
  it('is walked piece by piece, as often as one likes, as far as it reached when it was opened', async () => {
    const path = join(folder, 'many.jsonl')
    // Lines that do not end where pieces do, one of them longer than a piece.
    const values = Array.from({ length: 3000 }, (_, at) => 'é'.repeat(at === 7 ? 300_000 : at % 400))
    const text = values.map((value) => JSON.stringify(value)).join('\n')
    writeFileSync(path, text)
    const source = await openSource(path)
    appendFileSync(path, '\n"late"')
    const read = [...source.records()].map((line) => ('value' in line ? line.value : line.problem))
    expect(read).toEqual(values)
    expect([...source.lines()].map(({ value }) => value)).toEqual(values)
    expect(Buffer.from(source.bytes()).toString()).toBe(text)
    expect(Buffer.from(source.head())).toEqual(Buffer.from(text).subarray(0, 64 * 1024))
  })

  it('is known to be no document at its second line', async () => {
    const path = join(folder, 'two.jsonl')
    writeFileSync(path, '\n{"a":1}\n\n  {"b":2}\n')
    const source = await openSource(path)
    // Sparse: if all of it were read, it would be no text.
    truncateSync(path, 100_000)
    const large = await openSource(path)
    const at = { file: path, line: 4 }
    expect(failure(() => source.document())).toEqual({ code: 'EVK_JSON_SYNTAX', at })
    expect(failure(() => large.document())).toEqual({ code: 'EVK_JSON_SYNTAX', at })
    expect(failure(() => large.text()).code).toBe('EVK_FILE_BINARY')
  })

  it('that goes away while it is walked is missing', async () => {
    const path = join(folder, 'gone.jsonl')
    writeFileSync(path, '1')
    const source = await openSource(path)
    rmSync(path)
    expect(failure(() => [...source.records()]).code).toBe('EVK_FILE_NOT_FOUND')
    expect(failure(() => source.document()).code).toBe('EVK_FILE_NOT_FOUND')
  })
})

describe('lines of which one may be broken', () => {
  it('say what is wrong with it, and go on', () => {
    const source = sourceFrom('a.jsonl', bytes('{"a":1}\n\n{"a":\n[2]\n{"__proto__":1}\n3'))
    expect([...source.records()]).toEqual([
      { at: 'line 1', value: { a: 1 } },
      { at: 'line 3', problem: expect.stringMatching(/^it is not JSON: at column \d+/) },
      { at: 'line 4', value: [2] },
      { at: 'line 5', problem: 'its JSON has a key "__proto__"' },
      { at: 'line 6', value: 3 },
    ])
  })

  it('may be no text, or too long', () => {
    const broken = Buffer.concat([
      bytes('1\n'),
      Uint8Array.of(0xff, 0x0a, 0x00, 0x0a),
      bytes(`[${'1,'.repeat(60)}1]\n2`),
    ])
    expect([...sourceFrom('a.jsonl', broken, { lineBytes: 100 }).records()]).toEqual([
      { at: 'line 1', value: 1 },
      { at: 'line 2', problem: 'the line is not text' },
      { at: 'line 3', problem: 'the line is not text' },
      { at: 'line 4', problem: 'the line has 123 bytes; 100 are read' },
      { at: 'line 5', value: 2 },
    ])
  })
})
