import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitOf } from './label-split.ts'

describe('split of a label', () => {
  it('is about 15, 45 and 40 of a hundred', () => {
    const counts = { train: 0, dev: 0, test: 0 }
    for (let at = 0; at < 10_000; at++) counts[splitOf({ id: `case-${at}` })]++
    expect(counts.train / 10_000).toBeCloseTo(0.15, 1)
    expect(counts.dev / 10_000).toBeCloseTo(0.45, 1)
    expect(counts.test / 10_000).toBeCloseTo(0.4, 1)
  })

  it('is that of the cluster, whatever the case', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string({ minLength: 1 }), (id, other, cluster) => {
        expect(splitOf({ id, cluster })).toBe(splitOf({ id: other, cluster }))
      }),
      { seed: 42 },
    )
  })

  it('stays what it is: labels are committed', () => {
    const ids = ['refund', 'booking', 'greeting', 'complaint', 'upgrade', 'baggage']
    expect(ids.map((id) => splitOf({ id }))).toMatchInlineSnapshot(`
      [
        "test",
        "train",
        "test",
        "dev",
        "dev",
        "dev",
      ]
    `)
  })
})
