import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
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

  const why = smallDiskWorks() ? '' : ' (skipped: no size-limited tmpfs can be mounted here)'
  it.skipIf(why !== '')(`says a full disk, and leaves the old file${why}`, async () => {
    const folder = folderWith()
    expect(mounted(folder)).toBe(true)
    onTestFinished(() => unmount(folder))
    const path = join(folder, 'book.json')
    writeWhole(path, 'old')
    const error = await failureOf(() => writeWhole(path, 'x'.repeat(256 * 1024)))
    expect([error.code, error.exit]).toEqual(['EVK_DISK_FULL', 4])
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['book.json'])
    writeWhole(path, 'new')
    expect(readFileSync(path, 'utf8')).toBe('new')
  })
})

/** Makes of a folder a disk of 64 kB, where this machine lets us. */
function mounted(folder: string): boolean {
  return (
    process.platform === 'linux' &&
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0
  )
}

function unmount(folder: string): void {
  spawnSync('umount', [folder])
}

function smallDiskWorks(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'evalkit-disk-'))
  const works = mounted(folder)
  if (works) unmount(folder)
  rmdirSync(folder)
  return works
}
