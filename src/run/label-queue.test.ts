import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LabelItem, labelProgress, labelQueue, unlabelled } from './label-queue.ts'
import { labelOf } from './testing/labels.ts'

const item = (id: string, trial: number, subject = `${id}${trial}`): LabelItem => ({
  case: id,
  trial,
  subject: subject.padEnd(16, '0'),
  split: 'test',
})

describe('label queue', () => {
  it('asks of each case once before any comes again, and of the same answer once', () => {
    const items = [item('a', 0), item('a', 1), item('a', 2, 'a1'), item('b', 0), item('b', 1), item('c', 0)]
    const queue = labelQueue(items)
    expect(queue).toHaveLength(5)
    expect(new Set(queue.slice(0, 3).map((one) => one.case)).size).toBe(3)
  })

  it('is the same order whatever order they come in, with nothing lost', () => {
    const some = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(4)), {
      selector: ([id, trial]) => `${id}${trial}`,
    })
    fc.assert(
      fc.property(some, (drawn) => {
        const items = drawn.map(([id, trial]) => item(id, trial))
        expect(labelQueue(items.toReversed())).toEqual(labelQueue(items))
        expect(labelQueue(items)).toHaveLength(items.length)
      }),
      { seed: 42 },
    )
  })

  it('leaves out what has a label of this judge, also on another trial with the same answer', () => {
    const items = [item('a', 0), item('b', 0), item('c', 0)]
    const labels = [
      labelOf({ case: 'a', trial: 3, subject: item('a', 0).subject }),
      labelOf({ case: 'b', subject: item('b', 0).subject, judge: 'tone' }),
      labelOf({ case: 'c', subject: 'f'.repeat(16) }),
    ]
    expect(unlabelled(items, labels, 'accuracy').map((one) => one.case)).toEqual(['b', 'c'])
    expect(labelProgress(items, labels, 'accuracy')).toEqual({
      done: 1,
      of: 3,
      pass: 2,
      fail: 0,
      test: { pass: 2, fail: 0 },
    })
  })
})
