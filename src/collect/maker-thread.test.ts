import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { openMakerThread, openMakerThreads } from './maker-thread.ts'
import { packedRequest } from './packed-request.ts'
import { openRequestFolder } from './requests.ts'
import { spansOf, traceIdOf } from './testing/spans.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maker-thread-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const opened = () => openMakerThread({ store: join(folder, 'store.db'), folder, prices: {} })
const request = (run: number) => ({ spans: spansOf(run), logs: [] })

async function stored(): Promise<readonly string[]> {
  const store = await openSqliteStore(join(folder, 'store.db'))
  const ids: string[] = []
  for await (const { id } of store.listTraces({ where: [] })) ids.push(id)
  await store.close()
  return ids
}

// A thread is not started through the test runner: Node has to read TypeScript itself.
describe.skipIf(!process.features.typescript)('a maker in a thread', () => {
  it('makes traces of what it is given and of what is in the folder, and stores them', async () => {
    const requests = await openRequestFolder(
      folder,
      () => 1,
      () => 'processes',
    )
    const { name } = await requests.keep([packedRequest(request(1))])
    await using maker = await opened()
    maker.give('given', [packedRequest(request(0))])
    const ids = await maker.make([
      { traceId: traceIdOf(0), requests: ['given'] },
      { traceId: traceIdOf(1), requests: [name] },
      { traceId: traceIdOf(2), requests: [name] },
    ])
    expect(ids).toEqual([expect.stringMatching(/^t_/), expect.stringMatching(/^t_/), undefined])
    await maker.commit([[], [], []])
    await maker.packAll()
    expect(await stored()).toEqual(expect.arrayContaining(ids.slice(0, 2)))
  })

  it('says what the store says, code and all', async () => {
    await mkdir(join(folder, 'store.db'))
    await expect(opened()).rejects.toMatchObject({ code: 'EVK_STORE_OPEN', exit: 4 })
    await rm(join(folder, 'store.db'), { recursive: true })
    await writeFile(
      join(folder, 'store.db'),
      'this is no database, but long enough to be looked at'.repeat(40),
    )
    await expect(opened()).rejects.toMatchObject({ code: 'EVK_STORE_CORRUPT' })
  })

  it('ends where its store cannot be opened, and so do those beside it', async () => {
    await mkdir(join(folder, 'store.db'))
    const options = { store: join(folder, 'store.db'), folder, prices: {} }
    await expect(openMakerThreads(options, 2)).rejects.toMatchObject({ code: 'EVK_STORE_OPEN' })
    expect(process.getActiveResourcesInfo()).not.toContain('MessagePort')
  })

  it('refuses what is asked of it when it has died, and says why', async () => {
    const maker = await opened()
    const missing = maker.make([{ traceId: traceIdOf(0), requests: ['missing'] }])
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' })
    await maker[Symbol.asyncDispose]()
    await expect(maker.make([])).rejects.toThrow('has ended')
    expect((await maker.died).message).toContain('has ended')
  })
})
