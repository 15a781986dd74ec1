import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lockReferences } from './reference-lock.ts'

it('keeps who removes traces and who comes to name one apart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reference-lock-'))
  try {
    const project = { storeFile: join(folder, 'evalkit.db') }
    const promoting = await lockReferences(project, 'shared', 0)
    await expect(lockReferences(project, 'alone', 0)).rejects.toMatchObject({
      code: 'EVK_STORE_BUSY',
      message: 'Somebody is promoting traces of the store.',
    })
    promoting[Symbol.dispose]()
    using _pruning = await lockReferences(project, 'alone', 0)
    await expect(lockReferences(project, 'shared', 0)).rejects.toThrow('Somebody is pruning the store.')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
