import { describe, expect, it } from 'vitest'
import { ageOf, bytesOf, planRetention, type Retention } from './retention.ts'
import type { TraceWeight } from './store.ts'

const day = 86_400_000
const now = 100 * day

/** Traces that are so many days old, newest first; the last one has no start. */
const traces: readonly TraceWeight[] = [
  { id: 'today', started: now, tags: [], bytes: 10 },
  { id: 'week', started: now - 7 * day, tags: ['debug'], bytes: 10 },
  { id: 'month', started: now - 31 * day, tags: ['keep'], bytes: 10 },
  { id: 'quarter', started: now - 90 * day, tags: ['debug', 'keep'], bytes: 10 },
  { id: 'unknown', tags: [], bytes: 10 },
]

describe('planRetention', () => {
  const removed = (retention: Retention, held: readonly string[] = []) =>
    planRetention(traces, retention, (id) => (held.includes(id) ? 'datasets/a.jsonl' : undefined), now)

  it.each([
    [{}, []],
    [{ olderThan: 30 * day }, ['quarter', 'month']],
    [{ olderThan: 7 * day }, ['quarter', 'month']],
    [{ olderThan: 7 * day - 1 }, ['quarter', 'month', 'week']],
    [{ olderThan: 30 * day, keepLast: 3 }, ['quarter']],
    [{ keepLast: 2 }, ['unknown', 'quarter', 'month']],
    [{ maxTraces: 4 }, ['unknown']],
    [{ maxTraces: 0, keepLast: 4 }, ['unknown']],
    [{ maxSize: 25 }, ['unknown', 'quarter', 'month']],
    [{ tags: { debug: day } }, ['quarter', 'week']],
    [{ tags: { debug: day, keep: Number.POSITIVE_INFINITY } }, ['week']],
    [{ olderThan: 0, tags: { keep: Number.POSITIVE_INFINITY } }, ['week']],
  ] as const)('%j', (retention, expected) => {
    expect(removed(retention).remove.map(({ id }) => id)).toEqual(expected)
  })

  it('keeps what something needs, says why, and takes another where number or size ask for it', () => {
    const plan = removed({ maxTraces: 3 }, ['unknown', 'quarter'])
    expect(plan.remove).toEqual([
      { id: 'month', cause: 'count', bytes: 10 },
      { id: 'week', cause: 'count', bytes: 10 },
    ])
    expect(plan.held).toEqual([
      { id: 'unknown', cause: 'count', by: 'datasets/a.jsonl' },
      { id: 'quarter', cause: 'count', by: 'datasets/a.jsonl' },
    ])
    expect(plan.kept).toBe(3)
  })

  it('counts what no limit of age can reach', () => {
    expect(removed({ olderThan: day }).undated).toBe(1)
    expect(removed({ maxTraces: 2 }).undated).toBe(0)
  })
})

it.each([
  ['30d', 30 * day],
  ['1.5h', 5_400_000],
  ['2w', 14 * day],
  ['forever', Number.POSITIVE_INFINITY],
  ['30', undefined],
  ['-1d', undefined],
  ['1e9d', undefined],
  ['', undefined],
])('an age %s', (text, expected) => expect(ageOf(text)).toBe(expected))

it.each([
  ['2GB', 2e9],
  ['500 mb', 5e8],
  ['1.5kb', 1500],
  ['10', undefined],
  ['GB', undefined],
])('a size %s', (text, expected) => expect(bytesOf(text)).toBe(expected))
