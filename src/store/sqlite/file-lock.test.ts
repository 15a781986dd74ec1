import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFile } from './file-lock.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-lock-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a lock', () => {
  it('is held alone or shared, and free when it is disposed of', async () => {
    const file = join(folder, 'new', 'a.lock')
    const take = (how: 'shared' | 'alone') => lockFile(file, how, 0)
    const [one, two] = [await take('shared'), await take('shared')]
    expect([one === undefined, two === undefined, await take('alone')]).toEqual([false, false, undefined])
    one?.[Symbol.dispose]()
    expect(await take('alone')).toBeUndefined()
    two?.[Symbol.dispose]()
    const alone = await take('alone')
    expect([alone === undefined, await take('shared'), await take('alone')]).toEqual([
      false,
      undefined,
      undefined,
    ])
    alone?.[Symbol.dispose]()
    const again = await take('shared')
    expect(again).toBeDefined()
    again?.[Symbol.dispose]()
  })

  it('cannot be held where there can be no file', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(lockFile(join(folder, 'file', 'a.lock'), 'alone', 0)).rejects.toMatchObject({
      code: 'EVK_STORE_OPEN',
    })
  })
})
