import { type Unit, z80, z95 } from '../lib/stats/index.ts'
import type { MetricTally } from '../schema/run.ts'
import { type Pair, unitsOf } from './pair.ts'

/** What would probably settle an inconclusive verdict, each on its own; absent where it would not, or is unknown. */
export interface Settling {
  /** This many more cases (clusters, where they are the units) of the same kind. */
  readonly moreUnits?: number
  /** This many trials per case, in both runs. */
  readonly trials?: number
}

const mostUnits = 100_000
const mostTrials = 30

/**
 * How much more evidence gives a verdict 4 times in 5, if the difference and its variance stay what was seen. More
 * trials only help against noise within cases, which two trials a case in both runs are needed to see.
 */
export function settling(pairs: readonly Pair[], margin: number, z = z95): Settling {
  const units = unitsOf(pairs)
  const perUnit = pairs.length / units.length
  const scaled = units.map((unit: Unit) => ({ weight: unit.size / perUnit, difference: unit.difference }))
  const difference = scaled.reduce((sum, it) => sum + it.weight * it.difference, 0) / units.length
  const spread =
    scaled.reduce((sum, it) => sum + (it.weight * (it.difference - difference)) ** 2, 0) / units.length
  const total = unitsThatSettle(units.length, difference, spread, margin, z)
  const trials =
    units.length < pairs.length ? undefined : trialsThatSettle(pairs, difference, spread, margin, z)
  return {
    ...(total === undefined ? {} : { moreUnits: total - units.length }),
    ...(trials === undefined ? {} : { trials }),
  }
}

function unitsThatSettle(
  now: number,
  difference: number,
  spread: number,
  margin: number,
  z: number,
): number | undefined {
  let enough = now
  while (!settles(enough, difference, spread, margin, z)) {
    enough *= 2
    if (enough > mostUnits) return undefined
  }
  let few = now
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2)
    if (settles(middle, difference, spread, margin, z)) enough = middle
    else few = middle
  }
  return enough > now ? enough : undefined
}

function trialsThatSettle(
  pairs: readonly Pair[],
  difference: number,
  spread: number,
  margin: number,
  z: number,
): number | undefined {
  let perTrial = 0
  let noise = 0
  for (const { baseline, candidate } of pairs) {
    const before = varianceWithin(baseline)
    const after = varianceWithin(candidate)
    if (before === undefined || after === undefined) return undefined
    perTrial += (before + after) / pairs.length
    noise += (before / baseline.n + after / candidate.n) / pairs.length
  }
  const between = Math.max(0, spread - noise)
  const now = Math.max(...pairs.map(({ candidate }) => candidate.n))
  for (let trials = now + 1; trials <= mostTrials; trials++) {
    if (settles(pairs.length, difference, between + perTrial / trials, margin, z)) return trials
  }
  return undefined
}

/** Mean variance of a metric's trials within their cases; undefined where a case keeps none (see `varianceWithin`). */
export function meanVarianceWithin(tallies: readonly MetricTally[]): number | undefined {
  let sum = 0
  for (const one of tallies) {
    const variance = varianceWithin(one)
    if (variance === undefined) return undefined
    sum += variance / tallies.length
  }
  return tallies.length === 0 ? undefined : sum
}

/** Sample variance of pass/fail trials; undefined for one trial, and for graded scores, whose squares are not kept. */
function varianceWithin({ n, sum }: MetricTally): number | undefined {
  if (n < 2 || !Number.isInteger(sum)) return undefined
  const mean = sum / n
  return (mean * (1 - mean) * n) / (n - 1)
}

/** Whether the interval, moved by the chance of the draw to its 80 % point, would still give a verdict. */
function settles(units: number, difference: number, spread: number, margin: number, z: number): boolean {
  const total = units + 2
  const centre = (units * difference) / total
  const squares = units * (spread + (difference - centre) ** 2) + (1 - centre) ** 2 + (1 + centre) ** 2
  const reach = (z * Math.sqrt(squares) + z80 * Math.sqrt(units * spread)) / total
  return centre - reach > -margin || centre + reach < 0
}
