import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inlineDataset } from '../dataset/load.ts'
import { failureOf } from '../dataset/testing/folder.ts'
import { shardFrom, shareOf } from './shard.ts'
import { deskEval, planOf } from './testing/desk-eval.ts'

describe('shardFrom', () => {
  it('reads which of how many', () => {
    expect(shardFrom('2/4')).toEqual({ at: 2, of: 4 })
    expect(shardFrom('1/1')).toEqual({ at: 1, of: 1 })
  })

  it.each(['', '2', '0/4', '5/4', '1/0', '-1/4', '1/4/4', '1.5/4', '1/99999', ' 1/4', '1/4\n'])(
    'refuses %j',
    async (text) => {
      expect(await failureOf(() => shardFrom(text))).toMatchObject({ code: 'EVK_USAGE', exit: 2 })
    },
  )
})

const ids = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/), { maxLength: 60 })
const count = fc.integer({ min: 1, max: 70 })

describe('shareOf', () => {
  it('gives every case to one shard, as evenly as it goes, in whatever order they stand', () => {
    fc.assert(
      fc.property(ids, count, fc.integer(), (cases, of, seed) => {
        const shuffled = cases.toSorted((a, b) => ((a.length * 31 + seed) % 7) - ((b.length * 31 + seed) % 7))
        const shares = Array.from({ length: of }, (_, at) => shareOf(cases, { at: at + 1, of }))
        expect(shares.flatMap((share) => [...share]).sort()).toEqual(cases.toSorted())
        const sizes = shares.map(({ size }) => size)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        for (const [at, share] of shares.entries())
          expect(shareOf(shuffled, { at: at + 1, of })).toEqual(share)
      }),
      { seed: 42 },
    )
  })

  it('does not follow the order of names: neighbours come into different hands', () => {
    const many = Array.from({ length: 1000 }, (_, at) => `case-${String(at).padStart(4, '0')}`)
    const share = shareOf(many, { at: 1, of: 4 })
    const early = many.slice(0, 250).filter((id) => share.has(id)).length
    expect(early).toBeGreaterThan(40)
    expect(early).toBeLessThan(85)
  })
})

describe('a plan of a shard', () => {
  const cases = Array.from({ length: 7 }, (_, at) => ({ id: `case-${at}`, input: at }))
  const facts = new Map([
    ['case-0', { recordings: 2, hash: 'a', worldHash: 'a' }],
    ['case-1', { recordings: 5, hash: 'b', worldHash: 'b' }],
  ])

  it('is the whole plan but for its cases: hashes and trials never hang on the share', async () => {
    const dataset = await inlineDataset('desk', cases, 'desk.eval.ts')
    const whole = planOf(deskEval(), dataset, facts)
    for (const at of [1, 2, 3]) {
      const part = planOf(deskEval(), dataset, facts, { shard: { at, of: 3 } })
      expect(part.hashes).toEqual(whole.hashes)
      expect(part.trials).toBe(whole.trials)
      expect(part.cases).toEqual(shareOf(whole.cases, { at, of: 3 }))
      expect(part.partial).toBe(true)
      expect(part.shard).toEqual({ at, of: 3, cases: 7 })
    }
  })

  it('may have nothing to play', async () => {
    const dataset = await inlineDataset('desk', cases, 'desk.eval.ts')
    const sizes = Array.from(
      { length: 9 },
      (_, at) => planOf(deskEval(), dataset, facts, { shard: { at: at + 1, of: 9 } }).cases.size,
    )
    expect(sizes.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1])
  })
})
