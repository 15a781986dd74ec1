import { byCodeUnit } from '../lib/json.ts'
import { mcnemar, pairedInterval } from '../lib/stats/index.ts'
import type { Tallies } from '../schema/run.ts'
import type { Comparison, Flip } from '../schema/verdict.ts'
import { detectableAmong, zAt } from './detectable.ts'
import { type Pair, type Pairing, pair, unitsOf } from './pair.ts'

/** Means of thirds differ by rounding: nearer than this is no difference. */
const rounding = 1e-9

/**
 * One metric of two runs, case by case. Only cases that both runs hold with the same content, scored at least once, and
 * played with at least `fidelityFloor` (0: whatever was served), enter the difference; every other case is named. With none in common the interval is [-1,1]. Pure: the order
 * of cases changes nothing. It does not ask whether the runs may be compared at all; `gate` does.
 */
export function compare(
  candidate: Tallies,
  baseline: Tallies,
  metric: string,
  margin: number,
  fidelityFloor = 0,
  level?: number,
): Comparison {
  return comparisonOf(pair(candidate, baseline, metric, fidelityFloor), metric, margin, level)
}

/** The same of cases that are paired already. `level` is the one-sided one of each bound, where it is not 0.05. */
export function comparisonOf(
  { pairs, added, removed, edited, unscored, inconclusive }: Pairing,
  metric: string,
  margin: number,
  level?: number,
): Comparison {
  const units = unitsOf(pairs)
  const interval = pairedInterval(units, zAt(level))
  const detectable = detectableAmong(units, zAt(level))
  const clustered = units.length < pairs.length
  const disagreements = clustered ? undefined : mcnemarOf(pairs)
  return {
    metric,
    margin,
    cases: pairs.length,
    units: units.length,
    common: pairs.length + unscored.length + inconclusive.length,
    clustered,
    baselineMean: meanOf(pairs, 'baselineMean'),
    candidateMean: meanOf(pairs, 'candidateMean'),
    difference: interval.difference,
    lower: interval.lower,
    upper: interval.upper,
    ...(level === undefined ? {} : { level }),
    ...(detectable === undefined ? {} : { detectable }),
    ...(disagreements === undefined ? {} : { mcnemar: disagreements }),
    broken: pairs
      .filter((it) => it.difference < -rounding)
      .sort(farthestFirst)
      .map(flipOf),
    fixed: pairs
      .filter((it) => it.difference > rounding)
      .sort(farthestFirst)
      .map(flipOf),
    added: [...added],
    removed: [...removed],
    edited: [...edited],
    unscored: [...unscored],
    inconclusive: [...inconclusive],
  }
}

/** McNemar's test asks about pairs of single pass/fail answers that stand alone; anything else gets none. */
function mcnemarOf(pairs: readonly Pair[]): Comparison['mcnemar'] {
  const single = pairs.every(
    ({ baseline, candidate }) =>
      baseline.n === 1 && candidate.n === 1 && isPassOrFail(baseline.sum) && isPassOrFail(candidate.sum),
  )
  if (!single || pairs.length === 0) return undefined
  const fixed = pairs.filter((it) => it.difference > 0).length
  const broken = pairs.filter((it) => it.difference < 0).length
  const { twoSided, oneSided } = mcnemar(fixed, broken)
  return { fixed, broken, twoSided, oneSided }
}

function isPassOrFail(sum: number): boolean {
  return sum === 0 || sum === 1
}

function farthestFirst(a: Pair, b: Pair): number {
  const farther = Math.abs(b.difference) - Math.abs(a.difference)
  return Math.abs(farther) > rounding ? farther : byCodeUnit(a.case, b.case)
}

function flipOf({ case: id, category, baselineMean, candidateMean }: Pair): Flip {
  const low = Math.min(baselineMean, candidateMean)
  const high = Math.max(baselineMean, candidateMean)
  return {
    case: id,
    ...(category === undefined ? {} : { category }),
    baseline: baselineMean,
    candidate: candidateMean,
    hard: low <= rounding && high >= 1 - rounding,
  }
}

function meanOf(pairs: readonly Pair[], side: 'baselineMean' | 'candidateMean'): number {
  return pairs.length === 0 ? 0 : pairs.reduce((sum, one) => sum + one[side], 0) / pairs.length
}
