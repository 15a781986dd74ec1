import type { CaseTally, MetricTally, Tallies } from '../schema/run.ts'
import { metricOf } from './pair.ts'

/**
 * The same tallies with every planned trial accounted for: one that left nothing counts as unscored, so that it can
 * neither vanish from a share nor from the bounds. Imported runs had no plan; there only a case without any answer
 * is missing one.
 */
export function accountForTrials(tallies: Tallies, metric: string): Tallies {
  const planned = tallies.mode.llm === 'imported' ? 1 : tallies.trials
  return mapMetric(tallies, metric, ({ n, sum, unscored }) => ({
    n,
    sum,
    unscored: Math.max(unscored, planned - n),
  }))
}

/** The same tallies, had every unscored trial scored `value`. */
export function fillUnscored(tallies: Tallies, metric: string, value: 0 | 1): Tallies {
  return mapMetric(tallies, metric, ({ n, sum, unscored }) => ({
    n: n + unscored,
    sum: sum + value * unscored,
    unscored: 0,
  }))
}

/** Trials of a metric, how many of them are unscored, and in which cases. */
export function countUnscored(
  tallies: Tallies,
  metric: string,
): { readonly trials: number; readonly unscored: number; readonly cases: readonly string[] } {
  let trials = 0
  let unscored = 0
  const cases: string[] = []
  for (const tally of tallies.cases) {
    const own = metricOf(tally, metric)
    trials += own.n + own.unscored
    unscored += own.unscored
    if (own.unscored > 0) cases.push(tally.case)
  }
  return { trials, unscored, cases }
}

function mapMetric(tallies: Tallies, metric: string, change: (tally: MetricTally) => MetricTally): Tallies {
  const cases = tallies.cases.map((tally): CaseTally => {
    const metrics = Object.fromEntries([
      ...Object.entries(tally.metrics),
      [metric, change(metricOf(tally, metric))],
    ])
    return { ...tally, metrics }
  })
  return { ...tallies, cases }
}
