import { mulberry32, pairedInterval, type Unit } from '../../lib/stats/index.ts'
import { zAt } from '../detectable.ts'
import { lookAt } from '../escalation.ts'
import { verdictOfInterval } from '../rules.ts'

/** How cases differ in how often they pass, and what a drop does to one. */
export interface Mix {
  readonly name: string
  /** Chance that a case passes a trial. */
  draw(random: () => number): number
  /** The same after a drop of the mean by `drop`. */
  after(chance: number, drop: number, random: () => number): number
}

/** Mean chance of the mix: what a share of broken cases takes from. */
function breaking(mean: number): Mix['after'] {
  return (chance, drop, random) => (random() < drop / mean ? 0 : chance)
}

/**
 * The three mixes that the gate is held against. Homogeneous: every case is flaky at 0.8, and a drop takes from each. U-shaped:
 * chances are Beta(0.8, 0.2). Replay-like: 70 % always pass, 12 % never, 18 % pass with a chance from 0.3 to 0.9. In the latter
 * two a drop breaks cases for good, drawn at random.
 */
export const mixes: readonly Mix[] = [
  { name: 'homogeneous', draw: () => 0.8, after: (chance, drop) => chance - drop },
  { name: 'U-shaped', draw: (random) => beta(0.8, 0.2, random), after: breaking(0.8) },
  {
    name: 'replay-like',
    draw: (random) => {
      const kind = random()
      return kind < 0.7 ? 1 : kind < 0.82 ? 0 : 0.3 + 0.6 * random()
    },
    after: breaking(0.7 + 0.18 * 0.6),
  },
]

export interface Cell {
  readonly mix: Mix
  readonly cases: number
  readonly trials: number
  /** Cases of one declared cluster have the same chance, and break together. 1: no clusters. */
  readonly clusterSize: number
}

/** Of so many simulated pairs of runs, the share each gate is wrong about. Means a share of 1. */
export interface Rates {
  /** Nothing changed, and the gate fails. */
  readonly falseFail: number
  /** The mean dropped by the margin, and the gate passes. */
  readonly unsafePass: number
  /** Nothing changed, and the gate passes: what it is good for. */
  readonly pass: number
  /** The mean dropped by twice the margin, and the gate fails. */
  readonly fail: number
  /** A gate that is red where the mean of a run is more than the margin below the other's. */
  readonly naiveFalseFail: number
  readonly naiveUnsafePass: number
}

export const simulatedMargin = 0.05

/** Pairs of runs of one cell, the gate's words on them, and the naive gate's. The same seed gives the same rates. */
export function simulate(cell: Cell, replications: number, seed: number): Rates {
  const random = mulberry32(seed)
  const count = { falseFail: 0, unsafePass: 0, pass: 0, fail: 0, naiveFalseFail: 0, naiveUnsafePass: 0 }
  for (let run = 0; run < replications; run++) {
    const same = wordsOn(pairOfRuns(cell, 0, random))
    if (same.word === 'fail') count.falseFail++
    if (same.word === 'pass') count.pass++
    if (same.naive === 'fail') count.naiveFalseFail++
    const dropped = wordsOn(pairOfRuns(cell, simulatedMargin, random))
    if (dropped.word === 'pass') count.unsafePass++
    if (dropped.naive === 'pass') count.naiveUnsafePass++
    if (wordsOn(pairOfRuns(cell, 2 * simulatedMargin, random)).word === 'fail') count.fail++
  }
  const share = (n: number): number => n / replications
  return {
    falseFail: share(count.falseFail),
    unsafePass: share(count.unsafePass),
    pass: share(count.pass),
    fail: share(count.fail),
    naiveFalseFail: share(count.naiveFalseFail),
    naiveUnsafePass: share(count.naiveUnsafePass),
  }
}

/** Differences of cases (clusters, where they are declared) between a run and one whose mean dropped. */
export function pairOfRuns(
  { mix, cases, trials, clusterSize }: Cell,
  drop: number,
  random: () => number,
): Unit[] {
  const units: Unit[] = []
  for (let first = 0; first < cases; first += clusterSize) {
    const size = Math.min(clusterSize, cases - first)
    const before = mix.draw(random)
    const now = drop === 0 ? before : mix.after(before, drop, random)
    let sum = 0
    for (let trial = 0; trial < size * trials; trial++)
      sum += Number(random() < now) - Number(random() < before)
    units.push({ size, difference: sum / (size * trials) })
  }
  return units
}

/** Cells of a gate that looks several times: trials a case at each look, and those of the baseline. */
export interface LookedCell extends Omit<Cell, 'trials'> {
  readonly looks: readonly number[]
  /** Trials a case of the baseline; `looks`: at each look as many as the run has. */
  readonly baseline: number | 'looks'
}

/** How often a gate that looks until it is certain is wrong, what it settles, and how many trials a case it takes. */
export interface LookedRates extends Pick<Rates, 'falseFail' | 'unsafePass' | 'pass' | 'fail'> {
  /** Mean trials a case where nothing changed. */
  readonly trials: number
}

/** The same of looks, each at the level `escalate` gives it. */
export function simulateLooks(cell: LookedCell, replications: number, seed: number): LookedRates {
  const random = mulberry32(seed)
  const z = zAt(lookAt(cell.looks, 1).level)
  const count = { falseFail: 0, unsafePass: 0, pass: 0, fail: 0, trials: 0 }
  for (let run = 0; run < replications; run++) {
    const same = lookUntilSettled(cell, 0, z, random)
    if (same.word === 'fail') count.falseFail++
    if (same.word === 'pass') count.pass++
    count.trials += same.trials
    if (lookUntilSettled(cell, simulatedMargin, z, random).word === 'pass') count.unsafePass++
    if (lookUntilSettled(cell, 2 * simulatedMargin, z, random).word === 'fail') count.fail++
  }
  const share = (n: number): number => n / replications
  return {
    falseFail: share(count.falseFail),
    unsafePass: share(count.unsafePass),
    pass: share(count.pass),
    fail: share(count.fail),
    trials: share(count.trials),
  }
}

function lookUntilSettled(
  { mix, cases, clusterSize, looks, baseline }: LookedCell,
  drop: number,
  z: number,
  random: () => number,
): { readonly word: string; readonly trials: number } {
  const drawn = Array.from({ length: Math.ceil(cases / clusterSize) }, (_, at) => {
    const size = Math.min(clusterSize, cases - at * clusterSize)
    const before = mix.draw(random)
    return {
      size,
      before,
      now: drop === 0 ? before : mix.after(before, drop, random),
      sums: [0, 0] as [number, number],
    }
  })
  const passes = (chance: number, trials: number): number => {
    let sum = 0
    for (let trial = 0; trial < trials; trial++) sum += Number(random() < chance)
    return sum
  }
  let [ran, ranBefore] = [0, 0]
  let word = 'inconclusive'
  for (const trials of looks) {
    const wanted = baseline === 'looks' ? trials : baseline
    for (const unit of drawn) {
      unit.sums[0] += passes(unit.now, unit.size * (trials - ran))
      unit.sums[1] += passes(unit.before, unit.size * (wanted - ranBefore))
    }
    ran = trials
    ranBefore = wanted
    const units = drawn.map(({ size, sums: [now, before] }) => ({
      size,
      difference: now / (size * ran) - before / (size * ranBefore),
    }))
    word = verdictOfInterval({ ...pairedInterval(units, z), margin: simulatedMargin })
    if (word !== 'inconclusive') break
  }
  return { word, trials: ran }
}

function wordsOn(units: readonly Unit[]): { readonly word: string; readonly naive: 'pass' | 'fail' } {
  const interval = pairedInterval(units)
  return {
    word: verdictOfInterval({ ...interval, margin: simulatedMargin }),
    // Means of fifths differ by rounding.
    naive: interval.difference < -simulatedMargin - 1e-9 ? 'fail' : 'pass',
  }
}

/** Jöhnk's way (1964, Metrika 8:5), good where both parameters are at most 1. */
function beta(a: number, b: number, random: () => number): number {
  for (;;) {
    const x = random() ** (1 / a)
    const y = random() ** (1 / b)
    if (x + y <= 1 && x + y > 0) return x / (x + y)
  }
}
