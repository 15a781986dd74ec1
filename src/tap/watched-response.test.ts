import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Watch } from './sent.ts'
import { watchedResponse } from './watched-response.ts'

interface Seen {
  readonly watch: Watch
  readonly chunks: string[]
  readonly events: string[]
}

function watching(): Seen {
  const chunks: string[] = []
  const events: string[] = []
  const watch: Watch = {
    head: (status) => void events.push(`head ${status}`),
    chunk: (bytes) => void chunks.push(Buffer.from(bytes).toString()),
    end: (how) => void events.push(how === undefined ? 'end' : `end ${how}`),
    fail: (error) => void events.push(`fail ${(error as Error).name}`),
  }
  return { watch, chunks, events }
}

describe('a watched response', () => {
  let server: Server
  let base = ''
  /** Pieces written to `/endless` until its client left. */
  let written = 0
  let left: Promise<void> = Promise.resolve()

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/moved') {
        response.writeHead(302, { location: '/plain' }).end()
      } else if (request.url === '/empty') {
        response.writeHead(204).end()
      } else if (request.url === '/endless') {
        written = 0
        left = new Promise((resolve) => response.on('close', resolve))
        response.writeHead(200, { 'content-type': 'text/plain' })
        const piece = 'x'.repeat(64 * 1024)
        const more = (): void => {
          if (response.destroyed) return
          written++
          if (response.write(piece)) setImmediate(more)
          else response.once('drain', more)
        }
        more()
      } else if (request.url === '/reset') {
        response.writeHead(200).write('half')
        void setTimeout(20).then(() => response.socket?.resetAndDestroy())
      } else {
        response.writeHead(201, 'Made', { 'content-type': 'application/json', 'x-id': '7' })
        response.end(request.method === 'HEAD' ? undefined : '{"a":1}')
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })

  it('says what the real one says, and its clones do', async () => {
    const { watch } = watching()
    const real = await fetch(`${base}/moved`)
    const plain = watchedResponse(real, watch)
    const facts = (of: Response) => [
      of.status,
      of.statusText,
      of.ok,
      of.url,
      of.redirected,
      of.type,
      of.headers.get('x-id'),
    ]
    expect(facts(plain)).toEqual([201, 'Made', true, `${base}/plain`, true, 'basic', '7'])
    const clone = plain.clone()
    expect(facts(clone)).toEqual(facts(plain))
    expect(plain).toBeInstanceOf(Response)
    expect([await plain.json(), await clone.text(), plain.bodyUsed]).toEqual([{ a: 1 }, '{"a":1}', true])
  })

  it.each([
    ['text', async (of: Response) => of.text()],
    ['json', async (of: Response) => JSON.stringify(await of.json())],
    ['arrayBuffer', async (of: Response) => Buffer.from(await of.arrayBuffer()).toString()],
    ['blob', async (of: Response) => (await of.blob()).text()],
    [
      'a reader with a buffer of its own',
      async ({ body }: Response) => {
        const reader = body?.getReader({ mode: 'byob' })
        let text = ''
        for (;;) {
          const { done, value } = (await reader?.read(new Uint8Array(3))) ?? { done: true, value: undefined }
          text += Buffer.from(value ?? []).toString()
          if (done) return text
        }
      },
    ],
    [
      'async iteration',
      async ({ body }: Response) => {
        let text = ''
        for await (const piece of body ?? []) text += Buffer.from(piece as Uint8Array).toString()
        return text
      },
    ],
  ])('can be read by %s', async (_, read) => {
    const { watch, chunks, events } = watching()
    expect(await read(watchedResponse(await fetch(base), watch))).toBe('{"a":1}')
    expect(chunks.join('')).toBe('{"a":1}')
    expect(events).toEqual(['head 201', 'end'])
  })

  it('has no body where the real one has none', async () => {
    const { watch, events } = watching()
    expect(await watchedResponse(await fetch(`${base}/empty`), watch).text()).toBe('')
    expect(await watchedResponse(await fetch(base, { method: 'HEAD' }), watch).text()).toBe('')
    expect(events).toEqual(['head 204', 'end', 'head 201', 'end'])
  })

  it('cancels the real body at once when the agent leaves', async () => {
    const { watch, chunks, events } = watching()
    const response = watchedResponse(await fetch(`${base}/endless`), watch)
    for await (const _ of response.body ?? []) break
    await left
    expect(events).toEqual(['head 200', 'end cancelled'])
    expect(chunks).toHaveLength(1)
  })

  it('reads nothing that the agent does not', async () => {
    const { watch, chunks } = watching()
    const response = watchedResponse(await fetch(`${base}/endless`), watch)
    await setTimeout(150)
    const before = written
    await setTimeout(150)
    // The server is held back by the network's buffers, as without a watch.
    expect(written).toBe(before)
    expect(chunks).toEqual([])
    await response.body?.cancel()
    await left
  })

  it('fails as the real one fails', async () => {
    const { watch, chunks, events } = watching()
    const response = watchedResponse(await fetch(`${base}/reset`), watch)
    await expect(response.text()).rejects.toThrow('terminated')
    expect([chunks, events]).toEqual([['half'], ['head 200', 'fail TypeError']])
  })

  it('is aborted by the signal of its request', async () => {
    const { watch, events } = watching()
    const abort = new AbortController()
    const response = watchedResponse(await fetch(`${base}/endless`, { signal: abort.signal }), watch)
    const reader = response.body?.getReader()
    await reader?.read()
    abort.abort()
    await expect(
      (async () => {
        for (;;) await reader?.read()
      })(),
    ).rejects.toThrow('aborted')
    expect(events).toEqual(['head 200', 'fail AbortError'])
  })
})
