import { describe, expect, it } from 'vitest'
import { mulberry32, type Unit } from '../lib/stats/index.ts'
import { gate } from './gate.ts'
import { mixes, pairOfRuns, type Rates, simulate, simulateLooks } from './testing/simulation.ts'
import { type Did, policyOf, talliesOf } from './testing/tallies.ts'

/** Monte-Carlo error: at 4,000 pairs a rate of 6 % is known to 0.8 points. */
const replications = 4000

describe('the simulated gate', () => {
  it.each(
    mixes.flatMap((mix) =>
      [50, 100].flatMap((cases) =>
        [1, 5].map((clusterSize) => ({ mix, name: mix.name, cases, clusterSize })),
      ),
    ),
  )('is wrong rarely: $name, $cases cases in clusters of $clusterSize', ({ mix, cases, clusterSize }) => {
    for (const trials of [1, 3]) {
      const rates = simulate({ mix, cases, trials, clusterSize }, replications, 42)
      expect(rates.falseFail).toBeLessThanOrEqual(0.06)
      expect(rates.unsafePass).toBeLessThanOrEqual(0.065)
      // What it is held against: at the margin a gate on the mean passes every other time.
      expect(rates.naiveUnsafePass).toBeGreaterThan(0.45)
    }
  })

  it('is wrong as rarely where it looks three times, and asks for fewer trials', () => {
    for (const mix of mixes) {
      for (const [cases, clusterSize] of [
        [50, 1],
        [100, 1],
        [200, 5],
      ] as const) {
        const cell = { mix, cases, clusterSize, looks: [1, 3, 5], baseline: 'looks' } as const
        const rates = simulateLooks(cell, 1500, 42)
        expect(rates.falseFail).toBeLessThanOrEqual(0.06)
        expect(rates.unsafePass).toBeLessThanOrEqual(0.065)
        expect(rates.trials).toBeLessThan(5)
      }
    }
    // Another program counted 1.6 trials of 5 in this cell, at a level of 2.2 %.
    const steady = mixes.find(({ name }) => name === 'replay-like')
    if (steady === undefined) throw new Error('no such mix')
    const { trials } = simulateLooks(
      { mix: steady, cases: 200, clusterSize: 1, looks: [1, 3, 5], baseline: 'looks' },
      1500,
      7,
    )
    expect(Math.abs(trials - 1.6)).toBeLessThan(0.15)
  })

  it('comes out as an independent simulation did', () => {
    // 20,000 pairs of another program; at 4,000 a rate of one half is known to 1.6 points.
    const expected: readonly (readonly [mix: string, n: number, trials: number, rates: Partial<Rates>])[] = [
      ['homogeneous', 50, 3, { falseFail: 0.0301, unsafePass: 0.0323, pass: 0.2233, fail: 0.5592 }],
      ['U-shaped', 50, 1, { unsafePass: 0.042, pass: 0.185, fail: 0.376, naiveFalseFail: 0.187 }],
      ['replay-like', 100, 3, { unsafePass: 0.051, pass: 0.847, fail: 0.929, naiveFalseFail: 0.001 }],
    ]
    for (const [name, cases, trials, rates] of expected) {
      const mix = mixes.find((one) => one.name === name)
      if (mix === undefined) throw new Error(name)
      const own = simulate({ mix, cases, trials, clusterSize: 1 }, replications, 7)
      for (const [rate, value] of Object.entries(rates))
        expect(Math.abs(own[rate as keyof Rates] - value), `${name} ${rate}`).toBeLessThan(0.025)
    }
  })

  it('asks the gate itself: whole verdicts have the same words', () => {
    const random = mulberry32(3)
    for (const mix of mixes) {
      for (let run = 0; run < 60; run++) {
        const units = pairOfRuns(
          { mix, cases: 60, trials: 2, clusterSize: run % 2 === 0 ? 1 : 3 },
          0.05,
          random,
        )
        const side = (sign: 1 | -1) => talliesOf(units.flatMap((unit, at) => didsOf(unit, at, sign)))
        const { word, comparison } = gate({ candidate: side(1), baseline: side(-1), policy: policyOf() })
        expect(comparison?.units).toBe(units.length)
        const { lower = 0, upper = 0 } = comparison ?? {}
        expect(word).toBe(lower > -0.05 ? 'pass' : upper < 0 ? 'fail' : 'inconclusive')
      }
    }
  })
})

/** Cases of one unit whose means differ by its difference: from (1 − d)/2 to (1 + d)/2. */
function didsOf({ size, difference }: Unit, at: number, sign: 1 | -1): Did[] {
  return Array.from({ length: size }, () => ({ sum: (1 + sign * difference) / 2, cluster: `k${at}` }))
}
