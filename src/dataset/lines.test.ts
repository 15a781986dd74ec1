import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf } from './lines.ts'
import { all, failureOf, folderWith } from './testing/folder.ts'

const read = async (content: string | Uint8Array, chunkBytes?: number) => {
  const folder = folderWith({ 'poem.jsonl': content })
  return all(linesOf(join(folder, 'poem.jsonl'), 'poem.jsonl', chunkBytes))
}

describe('linesOf', () => {
  it('gives lines with their numbers, and leaves blank ones out', async () => {
    expect(await read('one\n\n  \t\ntwo\n')).toEqual([
      { number: 1, text: 'one' },
      { number: 4, text: 'two' },
    ])
  })

  it('needs no newline at the end', async () => {
    expect(await read('one\ntwo')).toEqual([
      { number: 1, text: 'one' },
      { number: 2, text: 'two' },
    ])
  })

  it.each(['', '\n', ' \n\r\n', '\uFEFF'])('finds nothing in %j', async (content) => {
    expect(await read(content)).toEqual([])
  })

  it('keeps the carriage returns of a Windows file, and counts its lines once', async () => {
    expect(await read('one\r\n\r\ntwo\r\n')).toEqual([
      { number: 1, text: 'one\r' },
      { number: 3, text: 'two\r' },
    ])
  })

  it('drops a byte order mark, wherever the first chunk ends', async () => {
    for (const chunkBytes of [1, 2, 3, 4, undefined]) {
      expect(await read('\uFEFF{"a":1}\n', chunkBytes)).toEqual([{ number: 1, text: '{"a":1}' }])
    }
  })

  it('takes no other separator for a newline', async () => {
    const text = 'a\u2028b\u0085c\u000bd\re'
    expect(await read(`${text}\n`)).toEqual([{ number: 1, text }])
  })

  it('law: whatever a chunk ends in, the lines are those of the whole text', async () => {
    const folder = folderWith()
    const path = join(folder, 'any.jsonl')
    const character = fc.oneof(
      fc.constantFrom('\n', '\r', ' ', 'ä', '€', '𝄞', '👩‍🚀', '"'),
      fc.string({ minLength: 1, maxLength: 3, unit: 'grapheme' }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(character, { maxLength: 30 }).map((parts) => parts.join('').replaceAll('\0', '')),
        fc.integer({ min: 1, max: 7 }),
        async (text, chunkBytes) => {
          writeFileSync(path, text)
          const expected = text
            .replace(/^\uFEFF/, '')
            .split('\n')
            .map((line, index) => ({ number: index + 1, text: line }))
            .filter((line) => line.text.trim() !== '')
          expect(await all(linesOf(path, 'any.jsonl', chunkBytes))).toEqual(expected)
        },
      ),
      { seed: 42, numRuns: 200 },
    )
  })

  it.each([
    ['a zero byte', Buffer.from('one\ntwo\0\n'), 2],
    ['bytes that are no UTF-8', Buffer.from([0x6f, 0x0a, 0x0a, 0x62, 0xff, 0x0a]), 3],
    ['a character that is cut off at the end', Buffer.from([0x6f, 0x0a, 0xe2, 0x82]), 2],
    ['UTF-16, as PowerShell writes it', Buffer.from('\uFEFFone\n', 'utf16le'), 1],
  ])('refuses %s, naming the line', async (_, content, line) => {
    const error = await failureOf(() => read(content))
    expect(error.code).toBe('EVK_FILE_BINARY')
    expect(error.at).toEqual({ file: 'poem.jsonl', line })
  })

  it('refuses a line over 4 MiB, exactly', async () => {
    const longest = 'x'.repeat(4 * 1024 * 1024)
    const [, line] = await read(`a\n${longest}\nb\n`)
    expect(line?.text).toHaveLength(longest.length)
    for (const content of [`a\n${longest}y\n`, `a\n${longest}y`, `a\n${longest}${longest}`]) {
      const error = await failureOf(() => read(content))
      expect(error.code).toBe('EVK_LINE_TOO_LONG')
      expect(error.at).toEqual({ file: 'poem.jsonl', line: 2 })
    }
  })

  it('says a missing file from a folder in its place', async () => {
    const folder = folderWith({ 'shelf/book.txt': '' })
    const missing = await failureOf(() => all(linesOf(join(folder, 'no.jsonl'), 'no.jsonl')))
    expect(missing.code).toBe('EVK_FILE_NOT_FOUND')
    const dir = await failureOf(() => all(linesOf(join(folder, 'shelf'), 'shelf')))
    expect([dir.code, dir.message]).toEqual(['EVK_FILE_UNUSABLE', 'This is a folder, not a file.'])
    const under = await failureOf(() => all(linesOf(join(folder, 'shelf/book.txt/x'), 'x')))
    expect(under.code).toBe('EVK_FILE_UNUSABLE')
  })

  it('reads no further than it is asked to', async () => {
    const folder = folderWith({ 'long.jsonl': `${'{"a":1}\n'.repeat(100)}\0` })
    const read: number[] = []
    for await (const { number } of linesOf(join(folder, 'long.jsonl'), 'long.jsonl', 16)) {
      if (read.push(number) === 3) break
    }
    expect(read).toEqual([1, 2, 3])
  })
})
