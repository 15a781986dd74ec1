import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpoolRecord } from '../schema/spool.ts'
import { createQueue, type QueueOptions } from './queue.ts'
import { RecordsLost, type Sink } from './sinks/sink.ts'
import { startOf } from './testing/records.ts'

interface Basket extends Sink {
  readonly batches: SpoolRecord[][]
  readonly names: () => string[]
}

/** A sink that keeps what it gets; `write` may do otherwise. */
function basket(write?: (records: readonly SpoolRecord[], nth: number) => Promise<void> | undefined): Basket {
  const batches: SpoolRecord[][] = []
  let nth = 0
  return {
    name: 'basket',
    batches,
    names: () => batches.flat().map(({ trace }) => trace),
    write: async (records) => {
      await write?.(records, nth++)
      batches.push([...records])
    },
    writeSync: (records) => {
      if (records.length > 0) batches.push([...records])
    },
  }
}

const queueTo = (sink: Sink, options: Partial<QueueOptions> = {}) =>
  createQueue({ sink, now: () => performance.now(), ...options })

const loaf = (n: number) => () => startOf(`loaf-${n}`)
const loaves = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `loaf-${from + at}`)
const never = () => new Promise<void>(() => {})

describe('order and batches', () => {
  it('hands on in order, in bounded batches, one write at a time', async () => {
    let under = 0
    const sink = basket(async () => {
      expect(++under).toBe(1)
      await turn()
      under--
    })
    const queue = queueTo(sink, { maxBatch: 7 })
    for (let n = 0; n < 100; n++) queue.add(loaf(n), 10)
    await queue.flush()
    expect(sink.names()).toEqual(loaves(100))
    expect(Math.max(...sink.batches.map(({ length }) => length))).toBe(7)
    expect(queue.counts()).toEqual({ written: 100, dropped: 0, queued: 0 })
  })

  it('ends a batch at its weight', async () => {
    const sink = basket()
    const queue = queueTo(sink, { maxBatchBytes: 100 })
    for (let n = 0; n < 6; n++) queue.add(loaf(n), 50)
    await queue.flush()
    expect(sink.batches.map(({ length }) => length)).toEqual([2, 2, 2])
  })

  it('yields after its time slice, and writes together what was made', async () => {
    let clock = 0
    const sink = basket()
    const queue = createQueue({ sink, now: () => clock })
    const turns: string[] = []
    for (let n = 0; n < 4; n++) {
      queue.add(() => {
        clock += 2
        turns.push('made')
        return startOf(`loaf-${n}`)
      }, 1)
    }
    const turn = (): void => {
      turns.push('turn')
      if (turns.filter((what) => what === 'made').length < 4) setImmediate(turn)
    }
    setImmediate(turn)
    await queue.flush()
    expect(turns.join(' ')).not.toContain('made made')
    expect(sink.batches.map(({ length }) => length)).toEqual([4])
  })

  it('does nothing on the hot path: no thunk runs before the turn is over', async () => {
    let made = 0
    const queue = queueTo(basket())
    queue.add(() => {
      made++
      return startOf('loaf')
    }, 1)
    await Promise.resolve()
    expect(made).toBe(0)
    await queue.flush()
    expect(made).toBe(1)
  })

  it('leaves the async context of the agent behind', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const sink = basket(async () => {
      seen.push(storage.getStore())
    })
    const queue = queueTo(sink, { around: (body) => storage.run('ours', body) })
    const bare = queueTo(sink)
    storage.run('agent', () => {
      queue.add(loaf(0), 1)
      bare.add(loaf(1), 1)
    })
    await Promise.all([queue.flush(), bare.flush()])
    expect(seen).toEqual(['ours', undefined])
  })
})

describe('losses', () => {
  it('drops what comes while it is full, and tells in the next record', async () => {
    const sink = basket()
    const queue = queueTo(sink, { maxRecords: 3 })
    for (let n = 0; n < 5; n++) queue.add(loaf(n), 1)
    await queue.flush()
    expect(queue.counts()).toEqual({ written: 3, dropped: 2, queued: 0, lastLoss: 'the queue is full' })
    expect(sink.batches.flat().map(({ dropped }) => dropped)).toEqual([2, undefined, undefined])
    queue.add(loaf(5), 1)
    await queue.flush()
    expect(sink.batches.at(-1)).toEqual([startOf('loaf-5')])
  })

  it('is bounded in bytes, whatever weight it is told', async () => {
    const queue = queueTo(basket(), { maxBytes: 100 })
    queue.add(loaf(0), Number.NaN)
    queue.add(loaf(1), -5)
    queue.add(loaf(2), 100)
    queue.add(loaf(3), 1)
    queue.add(loaf(4), Number.POSITIVE_INFINITY)
    await queue.flush()
    expect(queue.counts()).toMatchObject({ written: 3, dropped: 2 })
    queue.add(loaf(5), 100)
    await queue.flush()
    expect(queue.counts()).toMatchObject({ written: 4, dropped: 2 })
  })

  it('loses a record whose thunk or redaction throws, whatever it throws, and lets nothing through', async () => {
    const sink = basket()
    const queue = queueTo(sink, {
      prepare: (record) => {
        if (record.trace === 'loaf-1') throw null
        return record.trace === 'loaf-2' ? undefined : record
      },
    })
    queue.add(() => {
      throw new Error('oven')
    }, 1)
    for (let n = 0; n < 4; n++) queue.add(loaf(n), 1)
    queue.add(() => undefined, 1)
    await queue.flush()
    expect(sink.names()).toEqual(['loaf-0', 'loaf-3'])
    expect(sink.batches[0]?.[0]?.dropped).toBe(2)
    expect(queue.counts()).toMatchObject({ dropped: 2, written: 4, queued: 0 })
  })

  it('counts a rejected batch, and the losses it was to tell of', async () => {
    const sink = basket((_, nth) => (nth < 2 ? Promise.reject(new Error('no oven')) : undefined))
    const queue = queueTo(sink, { maxBatch: 2 })
    for (let n = 0; n < 5; n++) queue.add(loaf(n), 1)
    await queue.flush()
    expect(sink.batches).toEqual([[{ ...startOf('loaf-4'), dropped: 4 }]])
    expect(queue.counts()).toEqual({ written: 1, dropped: 4, queued: 0, lastLoss: 'no oven' })
  })

  it('counts what a sink says it lost of a batch', async () => {
    const sink = basket((records, nth) =>
      nth === 0 ? Promise.reject(RecordsLost.of('too large', records.slice(0, 1))) : undefined,
    )
    const queue = queueTo(sink, { maxBatch: 3 })
    for (let n = 0; n < 4; n++) queue.add(loaf(n), 1)
    await queue.flush()
    expect(queue.counts()).toMatchObject({ written: 3, dropped: 1 })
    expect(sink.batches.flat()).toEqual([{ ...startOf('loaf-3'), dropped: 1 }])
  })

  it('survives a sink that throws where it should reject, and one that rejects with nothing', async () => {
    for (const write of [
      () => {
        throw new Error('rude')
      },
      () => Promise.reject(undefined),
    ]) {
      const queue = queueTo({ name: 'rude', write })
      queue.add(loaf(0), 1)
      await queue.flush()
      expect(queue.counts()).toMatchObject({ written: 0, dropped: 1 })
    }
  })

  it('goes on after a write that does not settle, and tells it to stop', async () => {
    const signals: (AbortSignal | undefined)[] = []
    const kept = basket()
    const sink: Sink = {
      name: 'slow',
      write: (records, signal) => {
        signals.push(signal)
        return signals.length === 1 ? never() : kept.write(records)
      },
    }
    const queue = queueTo(sink, { writeTimeoutMs: 10, maxBatch: 2 })
    for (let n = 0; n < 3; n++) queue.add(loaf(n), 1)
    await queue.flush()
    expect(kept.batches).toEqual([[{ ...startOf('loaf-2'), dropped: 2 }]])
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, false])
    expect(queue.counts().lastLoss).toBe('sink slow did not answer within 10 ms')
  })

  it('is bounded however many writes hang, and recovers when they come back', async () => {
    const hanging: (() => void)[] = []
    let hangs = true
    const sink = basket(() => (hangs ? new Promise((resolve) => hanging.push(resolve)) : undefined))
    const queue = queueTo(sink, { writeTimeoutMs: 1, maxRecords: 10, maxBatch: 1 })
    for (let n = 0; n < 10; n++) queue.add(loaf(n), 1)
    await queue.flush()
    queue.add(loaf(10), 1)
    expect(queue.counts()).toMatchObject({ dropped: 11, queued: 0 })
    expect(hanging).toHaveLength(10)
    hangs = false
    for (const resolve of hanging) resolve()
    await turn()
    queue.add(loaf(11), 1)
    await queue.flush()
    expect(sink.batches.at(-1)).toEqual([{ ...startOf('loaf-11'), dropped: 11 }])
  })

  it('loses nothing without counting it, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('fine', 'throws', 'nothing'), { maxLength: 40 }),
        fc.array(fc.constantFrom('takes', 'rejects', 'half'), { maxLength: 10 }),
        fc.integer({ min: 1, max: 8 }),
        async (thunks, moods, maxBatch) => {
          const sink = basket((records, nth) => {
            const mood = moods[nth]
            if (mood === 'rejects') return Promise.reject(new Error('no'))
            if (mood !== 'half') return undefined
            const half = records.slice(0, Math.ceil(records.length / 2))
            sink.batches.push(records.slice(half.length))
            return Promise.reject(RecordsLost.of('half', half))
          })
          const queue = queueTo(sink, { maxBatch, maxRecords: 30 })
          for (const [n, thunk] of thunks.entries()) {
            queue.add(() => {
              if (thunk === 'throws') throw new Error('oven')
              return thunk === 'fine' ? startOf(`loaf-${n}`) : undefined
            }, 1)
          }
          await queue.flush()
          queue.add(loaf(99), 1)
          for (let more = 0; more < 12; more++) {
            await queue.flush()
            queue.add(loaf(100 + more), 1)
          }
          await queue.flush()
          const { written, dropped } = queue.counts()
          expect(written + dropped).toBe(thunks.length + 13)
          const told = sink.batches.flat().reduce((sum, record) => sum + (record.dropped ?? 0), 0)
          expect(told).toBe(dropped)
        },
      ),
      { seed: 42, numRuns: 100 },
    )
  })
})

describe('flush, exit, close', () => {
  it('flushes what was added before, and waits no longer than it is told', async () => {
    const queue = queueTo(basket(never))
    await queue.flush()
    queue.add(loaf(0), 1)
    const before = performance.now()
    await queue.flush(20)
    expect(performance.now() - before).toBeLessThan(1000)
    expect(queue.counts()).toEqual({ written: 0, dropped: 0, queued: 1 })
  })

  it('drains at exit, in order, without a turn of the loop', () => {
    const sink = basket()
    const queue = queueTo(sink, { maxBatch: 3 })
    for (let n = 0; n < 8; n++) queue.add(loaf(n), 1)
    queue.drainSync()
    expect(sink.names()).toEqual(loaves(8))
    expect(queue.counts()).toEqual({ written: 8, dropped: 0, queued: 0 })
  })

  it('calls the sink once at exit even with nothing to write: a write may be under way', () => {
    const calls: number[] = []
    const queue = queueTo({ name: 'n', write: never, writeSync: ({ length }) => void calls.push(length) })
    queue.drainSync()
    expect(calls).toEqual([0])
  })

  it('drops at exit what the sink cannot take, or time does not allow', () => {
    const deaf = queueTo({ name: 'deaf', write: never })
    deaf.add(loaf(0), 1)
    deaf.drainSync()
    expect(deaf.counts()).toMatchObject({ dropped: 1, queued: 0, lastLoss: 'the process went' })

    let clock = 0
    const late = createQueue({ sink: basket(), now: () => clock })
    for (let n = 0; n < 5; n++) {
      late.add(() => {
        clock += 10
        return startOf(`loaf-${n}`)
      }, 1)
    }
    late.drainSync(25)
    expect(late.counts()).toMatchObject({ written: 3, dropped: 2, queued: 0 })

    const rude = queueTo({
      name: 'rude',
      write: never,
      writeSync: () => {
        throw new Error('no')
      },
    })
    rude.add(loaf(0), 1)
    rude.drainSync()
    expect(rude.counts()).toMatchObject({ dropped: 1, lastLoss: 'no' })
  })

  it('closes once everything is out, and takes no more', async () => {
    const sink = basket()
    let closed = 0
    const queue = queueTo({
      ...sink,
      close: async () => {
        closed = sink.batches.flat().length
      },
    })
    queue.add(loaf(0), 1)
    await queue.close()
    expect(closed).toBe(1)
    queue.add(loaf(1), 1)
    await queue.flush()
    expect(queue.counts()).toMatchObject({ written: 1, dropped: 1, lastLoss: 'the queue is closed' })
  })

  it('does not wait for a sink that does not close', async () => {
    const queue = queueTo({ ...basket(), close: never })
    await queue.close(10)
    const failing = queueTo({ ...basket(), close: () => Promise.reject(new Error('stuck')) })
    await failing.close()
    expect(failing.counts().lastLoss).toBe('stuck')
  })
})
