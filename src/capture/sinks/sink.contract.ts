import { setTimeout as after } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SpoolRecord } from '../../schema/spool.ts'
import { createQueue, type QueueOptions, type RecordQueue } from '../queue.ts'
import { endOf, runOf, startOf } from '../testing/records.ts'
import type { Sink } from './sink.ts'

/** What is behind a sink: the disk, a collector, somebody's function. */
export interface Behind {
  readonly sink: Sink
  /** Names of the runs that arrived whole, in the order they came. */
  arrived(): Promise<readonly string[]>
  /** Losses that what arrived tells of, summed. */
  told(): Promise<number>
  /** Makes it fail from now on, in one of the ways below; `fine` mends it. */
  turn(mood: Mood): void | Promise<void>
  dispose(): Promise<void>
}

export type Mood = 'fine' | 'slow' | 'failing' | 'hanging' | 'gone'

/**
 * What every sink promises, behind the queue that agents have in front of it. `moods` are the ways to fail that can be
 * brought about here.
 */
export function describeSink(
  name: string,
  moods: readonly Exclude<Mood, 'fine'>[],
  open: () => Promise<Behind>,
): void {
  describe(`sink contract: ${name}`, () => {
    let behind: Behind
    const queues: RecordQueue[] = []
    beforeEach(async () => {
      behind = await open()
    })
    afterEach(async () => {
      await Promise.all(queues.splice(0).map((queue) => queue.close(50)))
      await behind.dispose()
    })

    const queueOf = (options: Partial<QueueOptions> = {}): RecordQueue => {
      const queue = createQueue({
        sink: behind.sink,
        now: () => performance.now(),
        ...options,
      })
      queues.push(queue)
      return queue
    }
    const addRuns = (queue: RecordQueue, from: number, count: number): readonly string[] => {
      const names = Array.from({ length: count }, (_, at) => `run-${from + at}`)
      for (const record of names.flatMap(runOf)) queue.add(() => record, 500)
      return names
    }

    it('has a name', () => {
      expect(behind.sink.name).toMatch(/^[a-z]+$/)
    })

    it('keeps the order', async () => {
      const queue = queueOf({ maxBatch: 7 })
      const names = addRuns(queue, 0, 30)
      await queue.close()
      expect(await behind.arrived()).toEqual(names)
      expect(queue.counts()).toEqual({ written: 120, dropped: 0, queued: 0 })
    })

    it('hands on what it holds when it is closed', async () => {
      const queue = queueOf()
      addRuns(queue, 0, 1)
      queue.add(() => startOf('run-1'), 1)
      await queue.close()
      expect((await behind.arrived())[0]).toBe('run-0')
      expect(queue.counts()).toMatchObject({ written: 5, queued: 0 })
    })

    it('brings the count of what was dropped before', async () => {
      const queue = queueOf({ maxRecords: 4 })
      addRuns(queue, 0, 1)
      addRuns(queue, 1, 1)
      await queue.flush()
      addRuns(queue, 2, 1)
      await queue.close()
      expect(queue.counts()).toMatchObject({ written: 8, dropped: 4 })
      expect(await behind.told()).toBe(4)
    })

    it('leaves its records as they are', async () => {
      const queue = queueOf()
      const records = runOf('run-0')
      const before = JSON.stringify(records)
      for (const record of records) queue.add(() => record, 1)
      await queue.close()
      expect(JSON.stringify(records)).toBe(before)
    })

    it.each(moods)('%s: the agent never waits, everything is counted, and it recovers', async (mood) => {
      const queue = queueOf({ maxRecords: 400, maxBatch: 40, writeTimeoutMs: 150 })
      addRuns(queue, 0, 1)
      await queue.flush()
      await behind.turn(mood)
      const took: number[] = []
      for (let n = 0; n < 50; n++) {
        const before = performance.now()
        addRuns(queue, n + 1, 1)
        took.push(performance.now() - before)
        if (n % 10 === 0) await after(1)
      }
      // The middle one: a machine that is busy elsewhere stops any of them for a while.
      expect(took.toSorted((a, b) => a - b)[25]).toBeLessThan(5)
      await queue.flush(2000)
      await behind.turn('fine')
      await queue.flush(2000)
      await settled(queue, 1000)
      await queue.close()
      const { written, dropped, queued } = queue.counts()
      expect(queued).toBe(0)
      expect(written + dropped).toBeGreaterThanOrEqual(51 * 4 + 4)
      expect((await behind.arrived()).at(-1)).toBe('run-1000')
      expect(mood === 'slow' || dropped > 0).toBe(true)
      expect((await behind.told()) > 0).toBe(dropped > 0)
    })

    /** A whole run more, once what hung has come back. */
    async function settled(queue: RecordQueue, number: number): Promise<void> {
      for (let tries = 0; tries < 40; tries++) {
        const before = queue.counts().written
        addRuns(queue, number, 1)
        await queue.flush(500)
        if (queue.counts().written - before === 4) return
        await after(10)
      }
      throw new Error(`the sink did not recover: ${JSON.stringify(queue.counts())}`)
    }
  })
}

/** Names of the runs whose end is among these records. */
export function endedIn(records: readonly SpoolRecord[]): readonly string[] {
  const { type } = endOf('')
  return records.filter((record) => record.type === type).map(({ trace }) => trace)
}

export function toldIn(records: readonly SpoolRecord[]): number {
  return records.reduce((sum, { dropped }) => sum + (dropped ?? 0), 0)
}
