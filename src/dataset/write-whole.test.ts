import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failureOf, folderWith } from './testing/folder.ts'
import { writeWhole } from './write-whole.ts'

describe('writeWhole', () => {
  it('writes a file, its folders, and nothing beside it', () => {
    const folder = folderWith()
    writeWhole(join(folder, 'a/b/book.json'), 'Momo')
    writeWhole(join(folder, 'a/b/book.json'), 'Krabat')
    expect(readFileSync(join(folder, 'a/b/book.json'), 'utf8')).toBe('Krabat')
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['book.json'])
  })

  it('is not stopped by what a killed process left', () => {
    const folder = folderWith({
      'book.json': 'old',
      'book.json.1.tmp': 'ha',
      [`book.json.${process.pid}.tmp`]: 'ha',
    })
    writeWhole(join(folder, 'book.json'), 'new')
    expect(readFileSync(join(folder, 'book.json'), 'utf8')).toBe('new')
  })

  it('leaves the old file, and no half one, where it fails in between', async () => {
    const folder = folderWith({ 'shelf/book.json': 'old' })
    mkdirSync(join(folder, 'taken.json/full'), { recursive: true })
    const error = await failureOf(() => writeWhole(join(folder, 'taken.json'), 'new'))
    expect(error.code).toBe('EVK_FILE_UNUSABLE')
    expect(readdirSync(folder).sort()).toEqual(['shelf', 'taken.json'])
    const under = await failureOf(() => writeWhole(join(folder, 'shelf/book.json/x'), 'new'))
    expect(under.code).toBe('EVK_FILE_UNUSABLE')
    expect(readFileSync(join(folder, 'shelf/book.json'), 'utf8')).toBe('old')
  })

  const small = smallDisk()
  it.skipIf(small === undefined)(
    `says a full disk, and leaves the old file${small === undefined ? ' (skipped: no tmpfs can be mounted here)' : ''}`,
    async () => {
      const path = join(small ?? '', 'book.json')
      writeWhole(path, 'old')
      const error = await failureOf(() => writeWhole(path, 'x'.repeat(256 * 1024)))
      expect(error.code).toBe('EVK_DISK_FULL')
      expect(error.exit).toBe(4)
      expect(readFileSync(path, 'utf8')).toBe('old')
      expect(readdirSync(small ?? '')).toEqual(['book.json'])
      writeWhole(path, 'new')
      expect(readFileSync(path, 'utf8')).toBe('new')
      onTestFinished(() => {
        spawnSync('umount', [small ?? ''])
        rmSync(small ?? '', { recursive: true, force: true })
      })
    },
  )
})

/** A disk of 64 kB, where this machine lets us have one. */
function smallDisk(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const folder = join(import.meta.dirname, `../../node_modules/.evalkit-small-disk-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
  if (status === 0) return folder
  rmSync(folder, { recursive: true, force: true })
  return undefined
}
