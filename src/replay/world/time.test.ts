import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { setInterval as ticks, setTimeout as sleep, scheduler } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { array, assert, asyncProperty, integer } from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { recordingWith, used } from '../../schema/testing/recordings.ts'
import { tool } from '../../tap/function.ts'
import { playing } from '../testing/trials.ts'
import type { Play } from '../play.ts'
import { prepareWorld } from './prepare.ts'
import { real } from './real.ts'

const start = Date.UTC(2025, 5, 1, 12)
const hour = 3_600_000

// Stands for an early start: `import { setTimeout }` above is a live binding.
beforeAll(() => prepareWorld())

/** What an agent returns, in a world that begins at a known time. */
async function inTrial(agent: () => unknown, more: Partial<Play> = {}): Promise<Json> {
  const outcome = await playing(agent, undefined, { startTime: start, ...more })
  expect(outcome).toMatchObject({ status: 'completed' })
  return outcome.output ?? null
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('the clock of a trial', () => {
  it('begins where it is told to, and stands still while the agent works', async () => {
    const read = (): Json => [Date.now(), new Date().toISOString(), Date().slice(0, 24), performance.now()]
    const said = await inTrial(async () => {
      const first = read()
      await readFile(import.meta.filename)
      return [first, read()]
    })
    const expected = [start, '2025-06-01T12:00:00.000Z', 'Sun Jun 01 2025 12:00:00', 0]
    expect(said).toEqual([expected, expected])
  })

  it('begins when the recorded run did, and always the same where nobody knows', async () => {
    const call = { ...used('get', {}, 'one'), startedAt: '2024-02-29T10:00:00.000Z' }
    const agent = (): string => new Date().toISOString()
    const later = { ...call, startedAt: '2024-03-01T10:00:00.000Z' }
    expect((await playing(agent, recordingWith([later, call]))).output).toBe('2024-02-29T10:00:00.000Z')
    expect((await playing(agent, recordingWith([used('get', {}, 'one')]))).output).toBe(
      '2025-01-01T00:00:00.000Z',
    )
    expect((await playing(agent, undefined)).output).toBe('2026-01-01T00:00:00.000Z')
  })

  it('is told as the process’s own where that is asked for', async () => {
    const before = real.dateNow()
    expect(await inTrial(() => Date.now(), { time: 'real' })).toBeGreaterThanOrEqual(before)
  })

  it('makes dates like any others', async () => {
    const said = await inTrial(() => {
      class Deadline extends Date {
        isPast(): boolean {
          return this.getTime() < Date.now()
        }
      }
      const now = new Date()
      const deadline = new Deadline(start - 1)
      return [
        now instanceof Date && now.constructor === Date && Object.getPrototypeOf(now) === Date.prototype,
        Object.prototype.toString.call(now),
        deadline instanceof Deadline && deadline instanceof Date && deadline.isPast(),
        new Deadline().getTime() - start,
        structuredClone(now) instanceof Date && structuredClone(now).getTime() === start,
        JSON.stringify({ now }),
        new Date(0).getTime() + Date.UTC(1970, 0) + Date.parse('1970-01-01T00:00:00Z'),
        new Date(2020, 1, 3).getMonth(),
        [Date.name, Date.length, typeof Date],
        now instanceof real.Date && new real.Date(1) instanceof Date,
      ]
    })
    expect(said).toEqual([
      true,
      '[object Date]',
      true,
      0,
      true,
      '{"now":"2025-06-01T12:00:00.000Z"}',
      0,
      1,
      ['Date', 7, 'function'],
      true,
    ])
  })

  it('lets who waits by looking at it get there', async () => {
    const said = await inTrial(() => {
      while (Date.now() < start + 5);
      return Date.now() - start
    })
    expect(said).toBe(5)
  })
})

describe('timers of a trial', () => {
  it('pass a day in milliseconds', async () => {
    const before = real.uptime()
    const said = await inTrial(async () => {
      await pause(24 * hour)
      return new Date().toISOString()
    })
    expect(said).toBe('2025-06-02T12:00:00.000Z')
    expect(real.uptime() - before).toBeLessThan(2000)
  })

  it('fire in the order of their time, then of their making, whatever they are', async () => {
    await assert(
      asyncProperty(array(integer({ min: -1, max: 50 }), { minLength: 1, maxLength: 20 }), async (delays) => {
        const fired: number[] = []
        await inTrial(async () => {
          await Promise.all(delays.map((ms, nth) => sleep(ms).then(() => fired.push(nth))))
        })
        const asked = delays.map((ms, nth) => ({ at: Math.max(1, ms), nth }))
        expect(fired).toEqual(asked.toSorted((a, b) => a.at - b.at || a.nth - b.nth).map(({ nth }) => nth))
      }),
      { seed: 42, numRuns: 30 },
    )
  })

  it('have the face of Node’s own', async () => {
    const said = await inTrial(async () => {
      const fired: string[] = []
      const never = setTimeout(() => fired.push('never'), 10)
      const byId = setTimeout(() => fired.push('by id'), 10)
      const anew = setTimeout((word: string) => fired.push(`${word} ${Date.now() - start}`), 10, 'anew')
      clearTimeout(never)
      clearTimeout(Number(byId))
      await pause(5)
      anew.refresh()
      const faces = [anew.hasRef(), anew.unref().hasRef(), anew.ref().hasRef(), typeof +anew]
      await pause(50)
      return [faces, fired]
    })
    expect(said).toEqual([[true, false, true, 'number'], ['anew 15']])
  })

  it('repeat until they are cleared, also from within', async () => {
    const said = await inTrial(async () => {
      const at: number[] = []
      await new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          at.push(Date.now() - start)
          if (at.length < 3) return
          clearInterval(timer)
          resolve()
        }, hour)
      })
      await pause(10 * hour)
      return at
    })
    expect(said).toEqual([hour, 2 * hour, 3 * hour])
  })

  it('are those of node:timers/promises, util.promisify and AbortSignal.timeout, too', async () => {
    const said = await inTrial(async () => {
      const seen: Json[] = [await sleep(hour, 'slept'), await promisify(setTimeout)(hour, 'promised')]
      await scheduler.wait(hour)
      for await (const tick of ticks(hour, 'tick')) {
        seen.push(`${tick} ${(Date.now() - start) / hour}`)
        if (seen.length === 4) break
      }
      const late = AbortSignal.timeout(hour)
      const error: unknown = await sleep(2 * hour, undefined, { signal: late }).catch(
        (thrown: unknown) => thrown,
      )
      const { name, code } = error as { name: string; code: string }
      return [...seen, name, code, (late.reason as Error).name, (Date.now() - start) / hour]
    })
    expect(said).toEqual([
      'slept',
      'promised',
      'tick 4',
      'tick 5',
      'AbortError',
      'ABORT_ERR',
      'TimeoutError',
      6,
    ])
  })

  it('refuse what the originals refuse', async () => {
    const said = await inTrial(async () => [
      await Promise.resolve()
        .then(() => Reflect.apply(setTimeout, undefined, [7, 1]) as unknown)
        .catch(({ code }: NodeJS.ErrnoException) => code),
      await sleep(1, 0, { signal: 'x' as never }).catch(({ code }: NodeJS.ErrnoException) => code),
      await sleep(1, 0, { signal: AbortSignal.abort() }).catch(({ code }: NodeJS.ErrnoException) => code),
    ])
    expect(said).toEqual(['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE', 'ABORT_ERR'])
  })

  it('outrun nothing that is under way: files, the thread pool, a turn of the event loop', async () => {
    const said = await inTrial(async () => {
      const work = async (): Promise<string> => {
        for (let round = 0; round < 5; round++) {
          await readFile(import.meta.filename)
          await crypto.subtle.digest('SHA-256', new Uint8Array(4_000_000))
          await promisify(gzip)(Buffer.alloc(4_000_000))
          await new Promise((resolve) => setImmediate(resolve))
        }
        return 'done'
      }
      return [await Promise.race([work(), pause(600_000).then(() => 'timed out')]), Date.now() - start]
    })
    expect(said).toEqual(['done', 0])
  })

  it('do not time out a request in flight, which takes its real time', async () => {
    const server = createServer((_, response) => void real.setTimeout(() => response.end('slow'), 300))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const ask = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'))
        socket.on('data', (bytes) => resolve(String(bytes))).on('error', reject)
      })
    const before = real.uptime()
    const said = await inTrial(
      async () => [
        (await Promise.race([ask(), pause(600_000).then(() => 'timed out')])).slice(0, 15),
        Date.now() - start,
      ],
      { network: 'open' },
    )
    expect(said).toEqual(['HTTP/1.1 200 OK', 0])
    expect(real.uptime() - before).toBeGreaterThan(250)
  })

  it('do not time out a tool that runs live, whose own waits are real', async () => {
    const slow = tool({ name: 'slow' }, async () => {
      await pause(60)
      return Date.now() > Date.UTC(2026, 0, 1)
    })
    const before = real.uptime()
    const agent = async (): Promise<Json> => [
      (await Promise.race([slow({}), pause(600_000)])) as Json,
      Date.now() - start,
    ]
    const outcome = await playing(agent, undefined, {
      startTime: start,
      replay: { mode: { llm: 'recorded', tools: 'live' } },
    })
    expect(outcome).toMatchObject({ output: [true, 0] })
    expect(real.uptime() - before).toBeGreaterThan(50)
  })

  it('end by the trial’s own limit, in real time, where they never end', async () => {
    for (const endless of [
      () => new Promise(() => setInterval(() => undefined, 1)),
      async () => {
        for (;;) await sleep(1)
      },
      async () => {
        setTimeout(() => undefined, 1000)
        for (;;) await new Promise((resolve) => setImmediate(resolve))
      },
    ]) {
      const outcome = await playing(endless, undefined, { timeoutMs: 100 })
      expect(outcome).toMatchObject({ status: 'failed', code: 'EVK_AGENT_LIMIT' })
    }
  })

  it('come to an agent that waits for one in a loop', async () => {
    const said = await inTrial(async () => {
      let isThere = false
      setTimeout(() => (isThere = true), 20)
      while (!isThere) await new Promise((resolve) => setImmediate(resolve))
      return 'there'
    })
    expect(said).toBe('there')
  })

  it('go on in real time after the trial, for whoever shares them', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await inTrial(() => {
      const timer = setInterval(() => {
        clearInterval(timer)
        resolve(Date.now())
      }, 20)
    })
    expect(await promise).toBeGreaterThan(Date.UTC(2026, 0, 1))
  })
})

describe('trials beside each other', () => {
  it('have each its own time, and the process its real one', async () => {
    const agent = async (): Promise<Json> => {
      const seen: number[] = []
      for (let day = 0; day < 3; day++) {
        seen.push(Date.now())
        await pause(24 * hour)
      }
      return seen
    }
    const starts = [0, Date.UTC(1999, 11, 31), start]
    const before = real.dateNow()
    const playingAll = starts.map((at) => inTrial(agent, { startTime: at }))
    expect(Date.now()).toBeGreaterThanOrEqual(before)
    expect(Date.now()).toBeLessThan(before + hour)
    const days = [0, 24 * hour, 48 * hour]
    expect(await Promise.all(playingAll)).toEqual(starts.map((at) => days.map((day) => at + day)))
  })

  it('leave the timers of the process what they are', async () => {
    const timer = setTimeout(() => undefined, 1)
    const original = real.setTimeout(() => undefined, 1)
    expect(timer.constructor).toBe(original.constructor)
    clearTimeout(timer)
    clearTimeout(original)
    await expect(sleep(1, 'through')).resolves.toBe('through')
    expect(AbortSignal.timeout(1)).toBeInstanceOf(AbortSignal)
    expect([setTimeout.name, setTimeout.length, clearTimeout.name]).toEqual([
      real.setTimeout.name,
      real.setTimeout.length,
      real.clearTimeout.name,
    ])
  })
})
