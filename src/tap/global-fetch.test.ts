import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fetch, realFetch } from './fetch.ts'
import { tapGlobalFetch } from './global-fetch.ts'
import { answering, type Asked, watching } from './testing/taps.ts'
import { withTap } from './tap.ts'

const real = globalThis.fetch
let undo: () => void
let url = ''
const server = createServer((_, response) => response.end('tea'))

beforeEach(async () => {
  undo = tapGlobalFetch()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterEach(() => {
  undo()
  server.closeAllConnections()
  server.close()
})

describe('the global fetch', () => {
  it('is met, by clients that bring none of their own', async () => {
    const seen: unknown[] = []
    const text = await withTap(watching(seen), async () => (await globalThis.fetch(url)).text())
    expect(text).toBe('tea')
    expect(seen).toMatchObject([{ status: 200 }, { url, body: 'tea', how: 'end' }])
  })

  it('is met once where the client brings ours', async () => {
    const seen: unknown[] = []
    await withTap(watching(seen), async () => (await fetch(url)).text())
    expect(seen).toHaveLength(2)
  })

  it('is the real one where no tap is, and behind ours for who must not be met', async () => {
    await expect((await globalThis.fetch(url)).text()).resolves.toBe('tea')
    expect(realFetch()).toBe(real)
    expect(globalThis.fetch).not.toBe(real)
  })

  it('looks as it did, and fails as it did', async () => {
    const { name, length } = globalThis.fetch
    expect([name, length]).toEqual([real.name, real.length])
    expect(String(globalThis.fetch)).toMatch(/^function fetch\(/)
    const thrownBy = async (ask: typeof real, ...args: unknown[]): Promise<unknown> =>
      Reflect.apply(ask, undefined, args).then(
        () => 'nothing',
        (error: Error) => [error.name, error.message],
      )
    for (const args of [[], ['/relative'], ['ftp://example.test/'], [url, { method: 'T A' }]]) {
      const expected = await thrownBy(real, ...args)
      expect(expected).not.toBe('nothing')
      expect(await withTap(watching(), () => thrownBy(globalThis.fetch, ...args))).toEqual(expected)
    }
  })

  it('is not met for what is no HTTP', async () => {
    const seen: unknown[] = []
    const text = await withTap(watching(seen), async () => (await globalThis.fetch('data:,tea')).text())
    expect([text, seen]).toEqual(['tea', []])
  })

  it('lets nothing out in a replay', async () => {
    const asked: Asked[] = []
    const closed = { ...answering({}, asked), closed: true } as const
    const responses = await withTap(closed, async () => [
      await globalThis.fetch(url),
      await globalThis.fetch('data:,tea'),
      await globalThis.fetch('/x'),
    ])
    expect(responses.map(({ status }) => status)).toEqual([400, 400, 400])
  })

  it('is put in place once, and undone', () => {
    const tapped = globalThis.fetch
    tapGlobalFetch()()
    expect(globalThis.fetch).toBe(tapped)
    undo()
    expect(globalThis.fetch).toBe(real)
  })
})
