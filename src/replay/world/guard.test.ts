import { exec, execFile, execFileSync, execSync, fork, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import dns, { lookup } from 'node:dns'
import { createServer, get as httpGet, request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../schema/outcome.ts'
import { recordingWith } from '../../schema/testing/recordings.ts'
import { tool } from '../../tap/function.ts'
import { playing } from '../testing/trials.ts'
import { prepareWorld } from './prepare.ts'
import { outsideWorld } from './world.ts'

/** Taken before anything stands in its place, as a client made early does. */
const earlyFetch = globalThis.fetch
const earlyRequest = request

const heard: string[] = []
let origin = ''
let port = 0
const server = createServer(({ url = '' }, response) => {
  heard.push(url)
  response.end('live')
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  origin = `http://127.0.0.1:${port}`
  // A connection that is open already, and goes back to the pool.
  await (await earlyFetch(`${origin}/warm`)).text()
  prepareWorld()
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const emitted = (source: NodeJS.EventEmitter): Promise<never> =>
  new Promise((_, reject) => source.once('error', reject))

const failing = (socket: WebSocket): Promise<unknown> =>
  new Promise((resolve) => socket.addEventListener('error', resolve))

async function aborted(agent: () => unknown): Promise<Outcome> {
  heard.length = 0
  // An agent that swallows every error: the trial is aborted all the same.
  const swallowing = async (): Promise<string> => {
    try {
      await agent()
    } catch {
      // Not its concern.
    }
    return 'All went well.'
  }
  const outcome = await playing(swallowing, recordingWith([]))
  expect(heard).toEqual([])
  return outcome
}

describe('the guard', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a socket', () => emitted(connect(port, '127.0.0.1')), /a socket was opened \(127\.0\.0\.1:\d+\)/],
    [
      'a socket by options',
      () => emitted(connect({ port, host: 'localhost' })),
      /a socket was opened \(localhost:/,
    ],
    [
      'a socket of the class',
      () => emitted(new Socket().connect({ port })),
      /a socket was opened \(localhost:/,
    ],
    [
      'a local socket',
      () => emitted(connect('/tmp/none.sock')),
      /a local socket was opened \(\/tmp\/none\.sock\)/,
    ],
    ['TLS', () => emitted(connectTls(443, 'example.com')), /a socket was opened \(example\.com:443\)/],
    [
      'HTTP/2',
      () => emitted(connectHttp2('https://example.com')),
      /a socket was opened \(example\.com:443\)/,
    ],
    [
      'a web socket',
      () => failing(new WebSocket(`ws://127.0.0.1:${port}`)),
      /a request was made|a socket was opened/,
    ],
    [
      'a datagram',
      () => createSocket('udp4').send('x', 53, '192.0.2.1'),
      /a datagram was sent \(192\.0\.2\.1\)/,
    ],
    ['a look-up', () => promisify(lookup)('example.com'), /a name was looked up \(example\.com\)/],
    [
      'a resolver',
      () => new dns.promises.Resolver().resolve4('example.com'),
      /a name was looked up \(example\.com\)/,
    ],
    ['spawn', () => emitted(spawn('true', ['x'])), /a program was started \(true x\)/],
    ['exec', () => promisify(exec)('true'), /a program was started/],
    ['execFile', () => promisify(execFile)('true'), /a program was started \(true\)/],
    ['fork', () => emitted(fork('none.js')), /a program was started \(.*none\.js\)/],
    ['spawnSync', () => spawnSync('true'), /a program was started \(true\)/],
    ['execSync', () => execSync('true x'), /a program was started \(true x\)/],
    ['execFileSync', () => execFileSync('true'), /a program was started \(true\)/],
    ['a worker', () => emitted(new Worker('', { eval: true })), /a worker thread was started/],
  ])('bars %s', async (_, way, what) => {
    const outcome = await aborted(way)
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_ESCAPE' })
    expect(outcome.reason).toMatch(what)
    expect(outcome.reason).toMatch(/^At step 1 /)
  })

  it('tells the agent so', async () => {
    let thrown: unknown
    await aborted(() => {
      try {
        connect(port)
      } catch (error) {
        thrown = error
      }
    })
    expect(thrown).toMatchObject({
      name: 'TapAborted',
      message: expect.stringContaining('lets nothing out') as string,
    })
  })

  it('bars a client that was made before it, also over a connection that is open already', async () => {
    const failures: unknown[] = []
    const outcome = await aborted(() =>
      earlyFetch(`${origin}/early`).catch((error: unknown) => failures.push(error)),
    )
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_ESCAPE' })
    expect(outcome.reason).toMatch(/a request was made \(GET http:\/\/127\.0\.0\.1:\d+\)/)
    expect(failures).toHaveLength(1)
    const other = await aborted(() => emitted(earlyRequest(`${origin}/early`)))
    expect(other).toMatchObject({ status: 'aborted', code: 'EVK_ESCAPE' })
    // What is no trial's has its connection still.
    expect(await (await earlyFetch(`${origin}/after`)).text()).toBe('live')
  })

  it('leaves the global fetch and node:http to the tap', async () => {
    const byFetch = await aborted(() => fetch(`${origin}/x`))
    expect(byFetch).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    const byHttp = await aborted(() => emitted(httpGet(`${origin}/x`)))
    expect(byHttp).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(byHttp.reason).toContain('node:http')
  })

  it('holds for what a trial left running', async () => {
    let later: Promise<unknown> = Promise.resolve()
    heard.length = 0
    const outcome = await playing(() => {
      later = new Promise((resolve) => setTimeout(resolve, 20)).then(() => earlyFetch(`${origin}/late`))
      later.catch(() => undefined)
      return 'gone'
    }, undefined)
    expect(outcome.status).toBe('completed')
    await expect(later).rejects.toThrow('fetch failed')
    expect(heard).toEqual([])
  })

  it('lets out what may: an open world, a tool that runs live, what is outside of every trial', async () => {
    heard.length = 0
    const ask = async (path: string): Promise<string> => (await earlyFetch(`${origin}${path}`)).text()
    const open = await playing(() => ask('/open'), undefined, { network: 'open' })
    expect(open).toMatchObject({ status: 'completed', output: 'live' })
    const look = tool({ name: 'look' }, () => ask('/tool'))
    const live = await playing(() => look({}), undefined, {
      replay: { mode: { llm: 'recorded', tools: 'live' } },
    })
    expect(live).toMatchObject({ status: 'completed', output: 'live' })
    const { promise, resolve } = Promise.withResolvers<void>()
    const trial = playing(() => promise, undefined)
    expect(await ask('/outside')).toBe('live')
    resolve()
    expect(await trial).toMatchObject({ status: 'completed' })
    expect(await playing(() => outsideWorld(() => ask('/ours')), undefined)).toMatchObject({ output: 'live' })
    expect(heard).toEqual(['/open', '/tool', '/outside', '/ours'])
  })
})
