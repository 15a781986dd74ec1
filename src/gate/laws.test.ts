import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mulberry32, pairedInterval } from '../lib/stats/index.ts'
import type { CaseTally, Tallies } from '../schema/run.ts'
import type { Comparison } from '../schema/verdict.ts'
import { compare } from './compare.ts'
import { gate } from './gate.ts'
import { verdictOfInterval } from './rules.ts'
import { type Did, many, policyOf, talliesOf } from './testing/tallies.ts'

const seeded = { seed: 42, numRuns: 200 }
const trials = fc.integer({ min: 1, max: 3 })
const did = (n: number) => fc.integer({ min: 0, max: n }).map((sum): Did => ({ n, sum }))

/** Two runs of the same cases, some of them in clusters. */
const runs = fc
  .tuple(trials, trials, fc.integer({ min: 1, max: 60 }))
  .chain(([before, now, cases]) =>
    fc.tuple(
      fc.array(did(before), { minLength: cases, maxLength: cases }),
      fc.array(did(now), { minLength: cases, maxLength: cases }),
      fc.array(fc.option(fc.constantFrom('north', 'south', 'east'), { nil: undefined }), {
        minLength: cases,
        maxLength: cases,
      }),
    ),
  )
  .map(([before, now, clusters]) => {
    const withCluster = (list: readonly Did[]): Did[] =>
      list.map((it, index) => ({
        ...it,
        ...(clusters[index] === undefined ? {} : { cluster: clusters[index] }),
      }))
    return { baseline: talliesOf(withCluster(before)), candidate: talliesOf(withCluster(now)) }
  })

const order = { fail: 0, inconclusive: 1, pass: 2, 'not gated': -1, invalid: -1 }

function numbersOf({ lower, upper, difference }: Comparison): number[] {
  return [lower, upper, difference]
}

function near(expected: readonly number[]): unknown[] {
  return expected.map((value) => expect.closeTo(value, 10))
}

describe('laws of the comparison', () => {
  it('swapping the runs mirrors the interval', () => {
    fc.assert(
      fc.property(runs, ({ baseline, candidate }) => {
        const there = compare(candidate, baseline, 'success', 0.05)
        const back = compare(baseline, candidate, 'success', 0.05)
        expect([back.lower, back.upper, back.difference]).toEqual(
          near([-there.upper, -there.lower, -there.difference]),
        )
        expect(back.fixed.map((flip) => flip.case)).toEqual(there.broken.map((flip) => flip.case))
      }),
      seeded,
    )
  })

  it('the order of cases changes not one digit', () => {
    fc.assert(
      fc.property(runs, fc.integer(), ({ baseline, candidate }, seed) => {
        const shuffled = { ...candidate, cases: shuffle(candidate.cases, seed) }
        expect(compare(shuffled, baseline, 'success', 0.05)).toEqual(
          compare(candidate, baseline, 'success', 0.05),
        )
      }),
      seeded,
    )
  })

  it('the names of clusters do not matter', () => {
    fc.assert(
      fc.property(runs, ({ baseline, candidate }) => {
        const rename = (tallies: Tallies): Tallies => ({
          ...tallies,
          cases: tallies.cases.map((it) =>
            it.cluster === undefined ? it : { ...it, cluster: `x-${it.cluster}` },
          ),
        })
        expect(compare(rename(candidate), baseline, 'success', 0.05)).toEqual(
          compare(candidate, baseline, 'success', 0.05),
        )
      }),
      seeded,
    )
  })

  it('every case its own cluster is no cluster', () => {
    fc.assert(
      fc.property(runs, ({ baseline, candidate }) => {
        const bare = { ...candidate, cases: candidate.cases.map(alone) }
        const own = { ...bare, cases: bare.cases.map((it) => ({ ...it, cluster: it.case })) }
        expect(compare(own, baseline, 'success', 0.05)).toEqual(compare(bare, baseline, 'success', 0.05))
      }),
      seeded,
    )
  })

  it('the same trial made k times is one trial', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 60 }), trials, (sums, k) => {
        const baseline = talliesOf(many(sums.length, 1))
        const once = compare(talliesOf(sums), baseline, 'success', 0.05)
        const repeated = talliesOf(sums.map((sum) => ({ n: k, sum: k * sum })))
        expect(numbersOf(compare(repeated, baseline, 'success', 0.05))).toEqual(near(numbersOf(once)))
      }),
      seeded,
    )
  })

  it('another unchanged case never lowers the lower bound of a drop', () => {
    fc.assert(
      fc.property(runs, ({ baseline, candidate }) => {
        const bare = (tallies: Tallies): Tallies => ({
          ...tallies,
          cases: tallies.cases.map(alone),
        })
        const before = compare(bare(candidate), bare(baseline), 'success', 0.05)
        fc.pre(before.difference <= 0)
        const more = (tallies: Tallies): Tallies => {
          const [first] = tallies.cases
          return first === undefined
            ? tallies
            : {
                ...tallies,
                cases: [
                  ...tallies.cases,
                  { ...first, case: 'zz', metrics: { success: { n: 1, sum: 1, unscored: 0 } } },
                ],
              }
        }
        const after = compare(more(bare(candidate)), more(bare(baseline)), 'success', 0.05)
        expect(after.lower).toBeGreaterThanOrEqual(before.lower - 1e-12)
      }),
      seeded,
    )
  })
})

describe('laws of the verdict', () => {
  const lenient = { fidelityFloor: 0, maxUnscored: 1 }

  it('a wider margin never makes it worse', () => {
    const margin = fc.double({ min: 0.01, max: 0.5, noNaN: true })
    fc.assert(
      fc.property(runs, margin, margin, ({ baseline, candidate }, a, b) => {
        const strict = compare(candidate, baseline, 'success', Math.min(a, b))
        const wide = compare(candidate, baseline, 'success', Math.max(a, b))
        expect(order[verdictOfInterval(wide)]).toBeGreaterThanOrEqual(order[verdictOfInterval(strict)])
      }),
      seeded,
    )
  })

  it('an unscored trial never turns a verdict into a pass, and never a pass into a fail', () => {
    const cases = fc.integer({ min: 20, max: 120 })
    const places = fc.array(fc.integer({ min: 0, max: 119 }), { minLength: 1, maxLength: 4 })
    const passing = fc.double({ min: 0.8, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        cases,
        places,
        passing,
        fc.integer(),
        fc.constantFrom(0.02, 0.05, 0.08),
        (count, at, rate, seed, margin) => {
          const random = mulberry32(seed)
          const baseline = talliesOf(Array.from({ length: count }, () => (random() < 0.95 ? 1 : 0)))
          const sums = Array.from({ length: count }, () => (random() < rate ? 1 : 0))
          const policy = policyOf({ ...lenient, margin })
          const whole = gate({ candidate: talliesOf(sums), baseline, policy }).word
          const holed = sums.map(
            (sum, index): Did => (at.includes(index) ? { n: 0, sum: 0, unscored: 1 } : { n: 1, sum }),
          )
          const doubtful = gate({ candidate: talliesOf(holed), baseline, policy }).word
          expect(doubtful === 'pass' ? whole : 'pass').toBe('pass')
          expect(doubtful === 'fail' ? whole : 'fail').toBe('fail')
        },
      ),
      { seed: 42, numRuns: 400 },
    )
  })

  it('a case that leaves its tape never turns a verdict into a pass, and never a pass into a fail', () => {
    const places = fc.array(fc.integer({ min: 0, max: 119 }), { minLength: 1, maxLength: 30 })
    const share = fc.constantFrom(0, 0.5, 0.79, 0.8, 1)
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 120 }),
        places,
        places,
        share,
        fc.double({ min: 0.8, max: 1, noNaN: true }),
        fc.integer(),
        fc.constantFrom(0.02, 0.05, 0.08),
        fc.constantFrom('report', 'fail'),
        fc.constantFrom(undefined, 0.7, 0.85),
        (count, now, before, fidelity, rate, seed, margin, hardBreaks, floor) => {
          const random = mulberry32(seed)
          const runOf = (passing: number): (0 | 1)[] =>
            Array.from({ length: count }, () => (random() < passing ? 1 : 0))
          const [accepted, sums] = [runOf(0.95), runOf(rate)]
          const off = (of: readonly number[], at: readonly number[]): Did[] =>
            of.map((sum, index) => ({ sum, fidelity: at.includes(index) ? fidelity : 1 }))
          const policy = policyOf({ margin, hardBreaks, ...(floor === undefined ? {} : { floor }) })
          const whole = gate({ candidate: talliesOf(sums), baseline: talliesOf(accepted), policy }).word
          const left = { candidate: talliesOf(off(sums, now)), baseline: talliesOf(off(accepted, before)) }
          const doubtful = gate({ ...left, policy }).word
          expect(doubtful === 'pass' ? whole : 'pass').toBe('pass')
          expect(doubtful === 'fail' ? whole : 'fail').toBe('fail')
          expect(fidelity < 0.8 ? whole : doubtful).toBe(whole)
        },
      ),
      { seed: 42, numRuns: 600 },
    )
  })

  it('where every case stayed on its tape the floor of fidelity changes nothing', () => {
    const floor = fc.double({ min: 0, max: 1, noNaN: true })
    const unscoredToo = fc.integer({ min: 0, max: 5 })
    fc.assert(
      fc.property(runs, floor, unscoredToo, ({ baseline, candidate }, fidelityFloor, unscored) => {
        const holed = {
          ...candidate,
          cases: candidate.cases.map((tally, index) =>
            index < unscored ? { ...tally, metrics: { success: { n: 0, sum: 0, unscored: 1 } } } : tally,
          ),
        }
        const { policy: _strict, ...asked } = gate({
          candidate: holed,
          baseline,
          policy: policyOf({ maxUnscored: 1, fidelityFloor }),
        })
        const { policy: _lenient, ...without } = gate({
          candidate: holed,
          baseline,
          policy: policyOf(lenient),
        })
        expect(asked).toEqual(without)
      }),
      seeded,
    )
  })

  it('two equal runs never fail, whatever they scored', () => {
    fc.assert(
      fc.property(runs, ({ candidate }) => {
        const { word } = gate({ candidate, baseline: candidate, policy: policyOf() })
        expect(['pass', 'inconclusive']).toContain(word)
      }),
      seeded,
    )
  })

  it('an agent that did not change fails at most 6 times in 100', () => {
    const random = mulberry32(7)
    for (const [cases, k] of [
      [50, 1],
      [50, 3],
      [100, 1],
    ] as const) {
      let fails = 0
      const replications = 4000
      for (let run = 0; run < replications; run++) {
        const units = Array.from({ length: cases }, () => {
          let difference = 0
          for (let trial = 0; trial < k; trial++)
            difference += Number(random() < 0.8) - Number(random() < 0.8)
          return { size: 1, difference: difference / k }
        })
        if (verdictOfInterval({ ...pairedInterval(units), margin: 0.05 }) === 'fail') fails++
      }
      expect(fails / replications).toBeLessThanOrEqual(0.06)
    }
  })
})

function alone({ cluster, ...rest }: CaseTally): CaseTally {
  return cluster === undefined ? rest : { ...rest }
}

function shuffle<T>(items: readonly T[], seed: number): T[] {
  const random = mulberry32(seed)
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
