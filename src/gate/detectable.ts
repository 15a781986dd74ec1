import { normalQuantile, pairedInterval, type Unit, z80, z95 } from '../lib/stats/index.ts'

/** Variance of one pass/fail trial within its case, averaged over cases, when a planner knows nothing better. */
export const planningVariance = 0.08

/** No plan asks for more. */
const mostCases = 1_000_000
const mostTrials = 100

/**
 * The fewest cases that pass a margin when nothing changes at all: 45 for 0.05. Below it the gate cannot say pass,
 * whatever the agent does. Solves `1.645 · √2 / (n + 2) < margin`, the interval's half width over n zeros.
 */
export function smallestPassableCases(margin: number, level?: number): number {
  return Math.max(1, Math.floor((zAt(level) * Math.SQRT2) / margin - 2) + 1)
}

/** The quantile that belongs to a one-sided level of the interval's bounds; to that of every gate where none is given. */
export function zAt(level?: number): number {
  return level === undefined ? z95 : normalQuantile(1 - level)
}

/**
 * The fewest cases of which an agent that did not change passes a margin 4 times in 5, where a trial varies by `variance`
 * within its case in both runs: 1.645 · √(nv + 2) / (n + 2) + 0.842 · √(nv) / (n + 2) < margin, with v = 2 · variance / trials.
 * Without variance that is `smallestPassableCases`. At most a million.
 */
export function casesThatPass(margin: number, trials: number, variance: number, level?: number): number {
  let [few, enough] = [smallestPassableCases(margin, level) - 1, mostCases]
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2)
    if (passes(middle, margin, (2 * variance) / trials, zAt(level))) enough = middle
    else few = middle
  }
  return enough
}

/** The fewest trials a case, up to 100, with which so many cases do the same; undefined where none are enough. */
export function trialsThatPass(
  cases: number,
  margin: number,
  variance: number,
  level?: number,
): number | undefined {
  for (let trials = 1; trials <= mostTrials; trials++) {
    if (passes(cases, margin, (2 * variance) / trials, zAt(level))) return trials
  }
  return undefined
}

function passes(cases: number, margin: number, noise: number, z: number): boolean {
  const half = z * Math.sqrt(cases * noise + 2) + z80 * Math.sqrt(cases * noise)
  return half / (cases + 2) < margin
}

/**
 * The smallest drop, in [0,1], that a dataset of so many cases finds 4 times in 5 before anything was run; undefined
 * where there are too few cases to find any. Without `trials` the runs are taken to differ by the drop alone, as
 * recorded replays do; with `trials` per case, by the noise of a mildly flaky agent too (variance 0.08 within a case
 * in each run, half that of a coin that lands right 4 times in 5) or as `variance` says.
 */
export function detectableDrop(
  cases: number,
  trials?: number,
  variance = planningVariance,
  level?: number,
): number | undefined {
  return smallestDrop(cases, trials === undefined ? 0 : (2 * variance) / trials, zAt(level))
}

/**
 * The smallest drop that this comparison could have found 4 times in 5. What varied beyond the drop itself counts as
 * noise: the variance of the units' differences less |d|(1 − |d|), which a net change of d brings by itself.
 */
export function detectableAmong(units: readonly Unit[], z = z95): number | undefined {
  const { difference } = pairedInterval(units)
  const perUnit = units.reduce((sum, unit) => sum + unit.size, 0) / units.length
  const spread =
    units.reduce((sum, unit) => sum + ((unit.size / perUnit) * (unit.difference - difference)) ** 2, 0) /
    units.length
  const net = Math.abs(difference)
  return smallestDrop(units.length, Math.max(0, spread - net * (1 - net)), z)
}

/**
 * Two steps, at the bounds' z (1.645 where there is one look), over G units with noise variance v each, where a drop shows as broken units and so brings variance of
 * its own. First the total drop t at which the gate's interval ends below 0: t = z · √(Gv + t + 2 − t²/(G+2)).
 * Then the true total x that reaches t 4 times in 5: x = t + z₈₀ · √(Gv + x(1 − x/G)). The pseudo-units' 2 keeps the
 * answer above 0 when nothing varied at all.
 */
function smallestDrop(units: number, noise: number, z: number): number | undefined {
  if (!(units > 0)) return undefined
  const failsBy = (t: number): number => t - z * Math.sqrt(units * noise + t + 2 - (t * t) / (units + 2))
  const threshold = rootOf(failsBy, 0, units)
  if (threshold === undefined) return undefined
  const reachesBy = (x: number): number =>
    x - threshold - z80 * Math.sqrt(units * noise + Math.max(0, x * (1 - x / units)))
  const total = rootOf(reachesBy, threshold, units)
  return total === undefined ? undefined : total / units
}

/** Root of a function that rises through 0 once on [low, high]; undefined where it stays below. 2⁻⁶⁰ is enough. */
function rootOf(f: (x: number) => number, low: number, high: number): number | undefined {
  if (f(high) < 0) return undefined
  let left = low
  let right = high
  for (let step = 0; step < 60; step++) {
    const middle = (left + right) / 2
    if (f(middle) < 0) left = middle
    else right = middle
  }
  return right
}
