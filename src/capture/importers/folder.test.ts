import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EvalkitError } from '../../schema/errors.ts'
import { isFolder, openFolder } from './folder.ts'
import { maxFileBytes } from './source.ts'

const scratch = mkdtempSync(join(tmpdir(), 'evalkit-folder-'))
afterAll(() => rmSync(scratch, { recursive: true }))

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(scratch, 'spool-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

function codeOf(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (EvalkitError.is(error)) return error.code
    throw error
  }
  return 'no error'
}

describe('a folder of JSON lines', () => {
  it('is read in the order its files were written, part by part', () => {
    const path = folder({
      'b.jsonl': '7',
      'a.jsonl': '1\n2',
      'a.2.jsonl': '4',
      'a.10.jsonl': '5\n',
      'a.1.jsonl': '\n3',
      'aa.jsonl': '6',
      'a.json': '0',
    })
    mkdirSync(join(path, 'c.jsonl'))
    const records = [...openFolder(path).records()]
    expect(records.map((record) => ('value' in record ? record.value : undefined))).toEqual([
      1, 2, 3, 4, 5, 6, 7,
    ])
    expect(records.map(({ at }) => at).slice(0, 3)).toEqual(['a.jsonl:1', 'a.jsonl:2', 'a.1.jsonl:2'])
  })

  it('is what it was when it was opened, walked as often as one likes', () => {
    const path = folder({ 'a.jsonl': '1\n' })
    const source = openFolder(path)
    writeFileSync(join(path, 'a.jsonl'), '1\n2\n')
    writeFileSync(join(path, 'b.jsonl'), '3\n')
    expect([...source.records()]).toEqual([{ at: 'a.jsonl:1', value: 1 }])
    truncateSync(join(path, 'a.jsonl'), 0)
    expect([...source.records()]).toEqual([])
  })

  it('is no document', () => {
    const source = openFolder(folder({ 'a.jsonl': '1' }))
    expect(codeOf(() => source.document())).toBe('EVK_FILE_UNUSABLE')
    expect(codeOf(() => source.text())).toBe('EVK_FILE_UNUSABLE')
  })

  it('is refused where it holds nothing, too much, or what cannot be read', () => {
    expect(codeOf(() => openFolder(folder({})))).toBe('EVK_FILE_NOT_FOUND')
    expect(codeOf(() => openFolder(join(scratch, 'none')))).toBe('EVK_FILE_NOT_FOUND')
    const large = folder({ 'a.jsonl': '' })
    truncateSync(join(large, 'a.jsonl'), maxFileBytes + 1)
    expect(codeOf(() => openFolder(large))).toBe('EVK_FILE_TOO_LARGE')
    const dangling = folder({})
    symlinkSync(join(dangling, 'gone'), join(dangling, 'a.jsonl'))
    expect(codeOf(() => openFolder(dangling))).toBe('EVK_FILE_NOT_FOUND')
    const gone = folder({ 'a.jsonl': '1' })
    const source = openFolder(gone)
    rmSync(join(gone, 'a.jsonl'))
    expect(codeOf(() => [...source.records()])).toBe('EVK_FILE_NOT_FOUND')
  })

  it.skipIf(process.platform === 'win32')('never reads a device without end', () => {
    const path = folder({ 'a.jsonl': '1' })
    symlinkSync('/dev/zero', join(path, 'z.jsonl'))
    expect([...openFolder(path).records()]).toHaveLength(1)
  })

  it('is told from a file', () => {
    const path = folder({ 'a.jsonl': '1' })
    expect([isFolder(path), isFolder(join(path, 'a.jsonl')), isFolder(join(path, 'none'))]).toEqual([
      true,
      false,
      false,
    ])
  })
})
