import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory.ts'
import type { TraceChange } from '../store/store.ts'
import { conversation } from '../store/testing/samples.ts'
import { packedLater } from './packed-later.ts'

const change = (at: number): TraceChange => ({
  trace: conversation(`t_${at}`, 1, () => 'gift'),
  replaces: [],
})

/** A store that only counts. */
function counting() {
  let [waiting, most] = [0, 0]
  const asked: number[] = []
  return {
    asked,
    waiting: () => waiting,
    most: () => most,
    async replaceTraces(changes: Iterable<TraceChange>) {
      const added = [...changes].length
      waiting += added
      most = Math.max(most, waiting)
      return { added, known: 0 }
    },
    async indexWords(limit = 1) {
      const packed = Math.min(limit, waiting)
      waiting -= packed
      asked.push(packed)
      return packed
    },
  }
}

describe('what is packed later', () => {
  it('is packed when nothing more comes, and after some time whatever comes', async () => {
    const store = counting()
    const later = packedLater(store, async () => {})
    await later.whenQuiet()
    const waited: number[] = []
    for (let tick = 0; tick < 13; tick++) {
      await later.put([change(tick)])
      await later.whenQuiet()
      waited.push(store.waiting())
    }
    expect(waited).toEqual([1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1])
    await later.whenQuiet()
    expect(store.waiting()).toBe(0)
    const before = store.asked.length
    await later.whenQuiet()
    expect(store.asked.length).toBe(before)
  })

  it('is never much: who brings more has to wait for some of it', async () => {
    const store = counting()
    const later = packedLater(store, async () => {})
    const many = Array.from({ length: 250 }, (_, at) => change(at))
    for (let round = 0; round < 40; round++) await later.put(many)
    expect(store.most()).toBeLessThanOrEqual(4250)
    await later.catchUp()
    expect(store.waiting()).toBe(0)
  })

  it('is what an earlier process left, too', async () => {
    const store = counting()
    await store.replaceTraces(Array.from({ length: 100 }, (_, at) => change(at)))
    const later = packedLater(store, async () => {})
    await later.whenQuiet()
    expect(store.waiting()).toBe(0)
  })

  it('is stored at once', async () => {
    const store = memoryStore()
    await packedLater(store, async () => {}).put([change(1)])
    expect((await store.getTrace('t_1')).id).toBe('t_1')
  })
})
