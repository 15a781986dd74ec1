import type { CaseTally, MetricTally, Tallies } from '../schema/run.ts'
import { leftTape, metricOf } from './pair.ts'

/**
 * The same tallies with every planned trial accounted for: one that left nothing counts as unscored, so that it can
 * neither vanish from a share nor from the bounds. Imported runs had no plan; there only a case without any answer
 * is missing one.
 */
export function accountForTrials(tallies: Tallies, metric: string): Tallies {
  const planned = tallies.mode.llm === 'imported' ? 1 : tallies.trials
  const isWhole = tallies.cases.every((tally) => {
    const { n, unscored } = metricOf(tally, metric)
    return planned <= n + unscored && Object.hasOwn(tally.metrics, metric)
  })
  // As nearly every run is: nothing is copied then.
  if (isWhole) return tallies
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

/**
 * The same tallies, had every trial of the cases that left their recording scored `value`, and stayed on it: what such a
 * case scored is as little known as what was not scored at all.
 */
export function fillOffTape(tallies: Tallies, metric: string, floor: number, value: 0 | 1): Tallies {
  const cases = tallies.cases.map((tally): CaseTally => {
    if (!leftTape(tally, tallies.mode, floor)) return tally
    const { n, unscored } = metricOf(tally, metric)
    const filled = { n: n + unscored, sum: value * (n + unscored), unscored: 0 }
    return { ...tally, fidelity: 1, metrics: withMetric(tally, metric, filled) }
  })
  return { ...tallies, cases }
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
    const known = metricOf(tally, metric)
    const { n, sum, unscored } = change(known)
    // Most cases stay as they are, and a hundred thousand copies of them would be the largest thing in a gate's memory.
    const isSame = n === known.n && sum === known.sum && unscored === known.unscored
    return isSame && Object.hasOwn(tally.metrics, metric)
      ? tally
      : { ...tally, metrics: withMetric(tally, metric, { n, sum, unscored }) }
  })
  return { ...tallies, cases }
}

function withMetric(tally: CaseTally, metric: string, value: MetricTally): CaseTally['metrics'] {
  return Object.fromEntries([...Object.entries(tally.metrics), [metric, value]])
}
