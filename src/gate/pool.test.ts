import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pool, PooledRun } from '../schema/pool.ts'
import type { Baseline, Tallies } from '../schema/run.ts'
import { compare } from './compare.ts'
import { addToPool, brokenPool, withPool } from './pool.ts'
import { type Did, talliesOf } from './testing/tallies.ts'

const live = { llm: 'live', tools: 'live' } as const
const accepted = (cases: readonly (number | Did)[], change: Partial<Tallies> = {}): Baseline => ({
  v: 1,
  accepted: { at: '2026-01-01T00:00:00.000Z', by: 'Ann', reason: 'first' },
  ...talliesOf(cases, { run: 'accepted-1', mode: live, ...change }),
})
const night = (n: number, cases: readonly (number | Did)[], change: Partial<Tallies> = {}): PooledRun => ({
  ...talliesOf(cases, { run: `night-${n}`, mode: live, ...change }),
  startedAt: `2026-01-${String(n).padStart(2, '0')}T03:00:00.000Z`,
})
const gathered = (runs: readonly PooledRun[], keep = 20, baseline = accepted([1])): Pool =>
  runs.reduce<Pool | undefined>((pool, run) => addToPool(pool, run, baseline, keep).pool, undefined) ?? {
    v: 1,
    eval: 'refunds',
    baseline: baseline.run,
    runs: [],
  }

describe('a pool', () => {
  it('keeps the newest runs, each once, whatever they scored', () => {
    const pool = gathered([night(1, [1]), night(2, [0]), night(3, [1]), night(2, [0])], 2)
    expect(pool.runs.map(({ run }) => run)).toEqual(['night-2', 'night-3'])
    const again = addToPool(pool, night(3, [1]), accepted([1]), 2)
    expect([again.known, again.left, again.pool]).toEqual([true, 0, pool])
    expect(addToPool(pool, night(4, [0]), accepted([1]), 2)).toMatchObject({ known: false, left: 1 })
  })

  it('begins anew under another baseline, mode, checks or user, and says why', () => {
    const pool = gathered([night(1, [1]), night(2, [1])])
    const hashes = { dataset: 'd1', checks: 'k2', fixtures: 'f1' }
    const anew = (run: PooledRun, baseline = accepted([1])): unknown => {
      const { anew: why, pool: next } = addToPool(pool, run, baseline, 20)
      return [why, next.runs.length]
    }
    expect(anew(night(3, [1]), accepted([1], { run: 'accepted-2' }))).toEqual([
      'another baseline was accepted since',
      1,
    ])
    expect(anew(night(3, [1], { hashes }))).toEqual(['its checks are others', 1])
    expect(anew(night(3, [1], { hashes: { ...hashes, checks: 'k1', user: 'u' } }))).toEqual([
      'its user is another',
      1,
    ])
    expect(anew(night(3, [1], { mode: { llm: 'imported', tools: 'imported' } }))).toEqual([
      'its mode is another',
      1,
    ])
    expect(anew(night(3, [1]))).toEqual([undefined, 3])
  })

  it('is refused where it is none of ours', () => {
    const of = (...runs: readonly PooledRun[]): string | undefined =>
      brokenPool({ v: 1, eval: 'refunds', baseline: 'accepted-1', runs })
    expect(of(night(1, [1]), night(2, [0]))).toBeUndefined()
    expect(of(night(1, [1]), night(1, [1]))).toBe('a run is in it twice')
    expect(of(night(1, [1], { eval: 'other' }))).toContain('one eval')
    expect(of(night(1, [1], { mode: { llm: 'recorded', tools: 'live' } }))).toBe('it holds recorded runs')
    expect(of(night(1, [1], { planned: 2 }))).toBe('it holds a part of a run')
    expect(of(night(1, [{ n: 1, sum: 40 }]))).toContain('no scores in [0,1]')
    expect(of(night(1, [{ n: 1, sum: Number.NaN }]))).toContain('no scores in [0,1]')
  })
})

describe('an accepted baseline with a pool', () => {
  it('has the trials of the same cases, up and down', () => {
    const baseline = accepted([1, 1, { sum: 1, hash: 'edited' }])
    const pool = gathered([night(1, [0, 1, 0]), night(2, [0, 1, 0])])
    const { tallies, use } = withPool(baseline, pool, 'success')
    expect(tallies.cases.map(({ metrics }) => metrics['success'])).toEqual([
      { n: 3, sum: 1, unscored: 0 },
      { n: 3, sum: 3, unscored: 0 },
      { n: 1, sum: 1, unscored: 0 },
    ])
    expect(use).toEqual({
      runs: 2,
      trials: 4,
      cases: 2,
      acceptedMean: 1,
      pooledMean: expect.closeTo((1 / 3 + 1 + 1) / 3, 12) as number,
    })
  })

  it('takes nothing of another baseline, of recordings, or of other checks', () => {
    const pool = gathered([night(1, [0])])
    const hashes = { dataset: 'd1', checks: 'k2', fixtures: 'f1' }
    const why = (baseline: Tallies): unknown => {
      const { tallies, use } = withPool(baseline, pool, 'success')
      expect(tallies).toBe(baseline)
      return use
    }
    const none = { runs: 0, trials: 0, cases: 0 }
    expect(why(accepted([1], { run: 'accepted-2' }))).toEqual({
      ...none,
      why: 'it was gathered under another baseline',
    })
    expect(why(accepted([1], { hashes }))).toEqual({ ...none, why: 'its checks are others' })
    expect(why(accepted([1], { mode: { llm: 'recorded', tools: 'recorded' } }))).toMatchObject({
      why: expect.stringContaining('copies') as string,
    })
    expect(why(accepted([{ sum: 1, hash: 'h2' }]))).toEqual({
      ...none,
      why: 'it holds no trial of these cases',
    })
  })

  it('hides no trial that is missing, and adds only secondary metrics with the same checks', () => {
    const hashes = (tone: string): Tallies['hashes'] => ({
      dataset: 'd1',
      checks: 'k1',
      fixtures: 'f1',
      secondary: { tone },
    })
    const withTone = <T extends Tallies>(run: T): T => ({
      ...run,
      cases: run.cases.map((one) => ({
        ...one,
        metrics: { ...one.metrics, tone: { n: 1, sum: 1, unscored: 0 } },
      })),
    })
    const baseline = withTone(accepted([{ n: 1, sum: 1 }], { trials: 2, hashes: hashes('t1') }))
    const [same, other] = ['t1', 't2'].map((tone) => {
      const pool = gathered([withTone(night(1, [{ n: 1, sum: 1 }], { trials: 3, hashes: hashes(tone) }))])
      return withPool(baseline, pool, 'success').tallies.cases[0]?.metrics
    })
    expect(same).toEqual({ success: { n: 2, sum: 2, unscored: 3 }, tone: { n: 2, sum: 2, unscored: 3 } })
    expect(other).toEqual({ success: { n: 2, sum: 2, unscored: 3 }, tone: { n: 1, sum: 1, unscored: 1 } })
  })
})

describe('laws of pooling', () => {
  const nights = fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }), {
    minLength: 1,
    maxLength: 8,
  })
  const runsOf = (sums: readonly (readonly number[])[]): PooledRun[] =>
    sums.map((each, at) =>
      night(
        at + 1,
        each.map((sum): Did => ({ n: 3, sum })),
      ),
    )
  const base = accepted([1, 0, 1, 1, 0].map((sum): Did => ({ n: 1, sum })))

  it('the order in which runs come does not matter', () => {
    fc.assert(
      fc.property(nights, fc.infiniteStream(fc.nat()), fc.integer({ min: 1, max: 9 }), (sums, keys, keep) => {
        const runs = runsOf(sums)
        const shuffled = runs
          .map((run) => ({ run, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ run }) => run)
        expect(gathered(shuffled, keep, base)).toEqual(gathered(runs, keep, base))
        const pool = gathered(runs, 20, base)
        expect(withPool(base, { ...pool, runs: shuffled }, 'success')).toEqual(
          withPool(base, pool, 'success'),
        )
      }),
      { seed: 42 },
    )
  })

  it('pooling nothing changes nothing, and the accepted run itself is not counted twice', () => {
    expect(withPool(base, gathered([], 20, base), 'success').tallies).toBe(base)
    const { v: _v, accepted: _accepted, ...tallies } = base
    const itself = gathered([{ ...tallies, startedAt: '2026-01-01T00:00:00.000Z' }], 20, base)
    expect(withPool(base, itself, 'success').tallies).toBe(base)
  })

  it('every case has the mean of all its trials, and copies move no interval', () => {
    fc.assert(
      fc.property(nights, (sums) => {
        const { tallies } = withPool(base, gathered(runsOf(sums), 20, base), 'success')
        for (const [at, tally] of tallies.cases.entries()) {
          const own = base.cases[at]?.metrics['success']?.sum ?? 0
          expect(tally.metrics['success']).toEqual({
            n: 1 + 3 * sums.length,
            sum: own + sums.reduce((sum, each) => sum + (each[at] ?? 0), 0),
            unscored: 0,
          })
        }
        const copies = sums.map((_, at) =>
          night(
            at + 1,
            base.cases.map(({ metrics }) => metrics['success'] ?? 0),
          ),
        )
        const copied = withPool(base, gathered(copies, 20, base), 'success').tallies
        const now = talliesOf([1, 1, 0, 1, 0], { mode: live })
        const [before, after] = [base, copied].map((tallied) => compare(now, tallied, 'success', 0.05))
        expect([after?.lower, after?.upper]).toEqual([before?.lower, before?.upper])
      }),
      { seed: 42 },
    )
  })
})
