import { defined } from '../lib/defined.ts'
import { byCodeUnit } from '../lib/json.ts'
import { meanOverCases, passAtK, passHatK } from '../lib/stats/pass-k.ts'
import { wilson } from '../lib/stats/proportion.ts'
import type { Provenance } from '../schema/call.ts'
import { metricOf, successMetric } from '../schema/metric.ts'
import type { MetricStats, Rate, Report, RunFidelity, RunStats } from '../schema/report.ts'
import type { Trial } from '../schema/run.ts'
import { totalOf } from '../schema/totals.ts'

/**
 * How a set of trials did under one metric. The pass rate is over scored trials. pass@k and pass^k are means over
 * the cases that have a scored trial at all, up to the k every one of these cases reaches; a case that was never
 * scored has no value to average and is counted in `unscored`.
 */
export function runStats(trials: Iterable<Trial>, metric: string): RunStats {
  const cases = new Map<string, { trials: number; passed: number }>()
  let total = 0
  let scored = 0
  let passed = 0
  for (const trial of trials) {
    total++
    const counts = cases.get(trial.case) ?? { trials: 0, passed: 0 }
    cases.set(trial.case, counts)
    const worth = metricOf(trial, metric)
    if ('unscored' in worth) continue
    counts.trials++
    scored++
    if (!worth.passed) continue
    counts.passed++
    passed++
  }
  const known = [...cases.values()].filter((counts) => counts.trials > 0)
  return {
    cases: cases.size,
    trials: total,
    scored,
    unscored: total - scored,
    ...(scored === 0 ? {} : { passRate: rateOf(passed, scored) }),
    passAtK: byK(passAtK, known),
    passHatK: byK(passHatK, known),
  }
}

/** A proportion with its Wilson 95 % interval; `of` is at least 1. */
export function rateOf(passed: number, of: number): Rate {
  return { passed, of, rate: passed / of, ...wilson(passed, of) }
}

/** Stats of each group a trial belongs to, by group name in order; trials of no group are in none. */
export function statsBy(
  trials: readonly Trial[],
  metric: string,
  groupsOf: (trial: Trial) => readonly string[],
): Record<string, RunStats> {
  const groups = new Map<string, Trial[]>()
  for (const trial of trials) {
    for (const group of new Set(groupsOf(trial))) {
      const members = groups.get(group)
      if (members === undefined) groups.set(group, [trial])
      else members.push(trial)
    }
  }
  const sorted = [...groups].sort(([a], [b]) => byCodeUnit(a, b))
  return Object.fromEntries(sorted.map(([group, members]) => [group, runStats(members, metric)]))
}

/** `success` first, then every score by name. */
export function metricStats(trials: readonly Trial[]): MetricStats[] {
  const gating = new Map<string, boolean>()
  for (const { scores } of trials) {
    for (const score of scores) gating.set(score.name, score.gating || gating.get(score.name) === true)
  }
  gating.delete(successMetric)
  const names = [...gating.keys()].sort(byCodeUnit)
  return [successMetric, ...names].map((name) => {
    let scored = 0
    let passed = 0
    let sum = 0
    for (const trial of trials) {
      const worth = metricOf(trial, name)
      if ('unscored' in worth) continue
      scored++
      sum += worth.value
      if (worth.passed) passed++
    }
    return {
      name,
      gating: name === successMetric || gating.get(name) === true,
      scored,
      unscored: trials.length - scored,
      ...(scored === 0 ? {} : { mean: clean(sum / scored) }),
      passed,
    }
  })
}

export function outcomeCounts(trials: readonly Trial[]): Report['outcomes'] {
  const counts = { completed: 0, failed: 0, aborted: 0 }
  for (const { status } of trials) counts[status]++
  return counts
}

/**
 * The mean share over trials (0 where there are none: nothing rests on a recording), how replies were found, and where
 * trials left their recordings.
 */
export function fidelityOf(trials: readonly Trial[]): RunFidelity {
  const counts: Partial<Record<Provenance, number>> = {}
  for (const { fidelity } of trials) {
    for (const [how, count] of Object.entries(fidelity.counts) as [Provenance, number][]) {
      counts[how] = (counts[how] ?? 0) + count
    }
  }
  const { cached = 0, live = 0 } = counts
  return {
    mean: meanShare(trials),
    counts,
    ...(cached === 0 ? {} : { cacheHits: clean(cached / (cached + live)) }),
    ...defined({ offTape: leavingOf(trials) }),
  }
}

/** The mean share over trials; 0 where there are none. */
export function meanShare(trials: readonly Trial[]): number {
  const sum = trials.reduce((all, { fidelity }) => all + fidelity.share, 0)
  return trials.length === 0 ? 0 : clean(sum / trials.length)
}

/** Trials that asked for what their recording does not hold. */
export function missesOf(trials: readonly Trial[]): number {
  return trials.filter(({ code }) => code === 'EVK_FIXTURE_MISS').length
}

function leavingOf(trials: readonly Trial[]): RunFidelity['offTape'] {
  const left = trials
    .flatMap(({ case: id, trial, fidelity: { firstOffTape: step, steps } }) =>
      step === undefined ? [] : [{ case: id, trial, step, steps: Math.max(steps, step) }],
    )
    .sort((a, b) => a.step - b.step || byCodeUnit(a.case, b.case) || a.trial - b.trial)
  const [earliest] = left
  const median = left[Math.floor((left.length - 1) / 2)]
  if (earliest === undefined || median === undefined) return undefined
  return { trials: left.length, earliest, medianStep: median.step }
}

/** Sums over the trials that know what they used; absent where none does. */
export function consumption(trials: readonly Trial[]): ReturnType<typeof totalOf> {
  const { usage, costUsd } = totalOf(trials)
  return defined({ usage, costUsd: costUsd === undefined ? undefined : clean(costUsd) })
}

function byK(
  estimator: typeof passAtK,
  cases: readonly { readonly trials: number; readonly passed: number }[],
): Record<string, number> {
  const fewest = cases.reduce((least, { trials }) => Math.min(least, trials), Infinity)
  const values: Record<string, number> = {}
  for (let k = 1; k <= fewest && fewest !== Infinity; k++) {
    const value = meanOverCases(estimator, cases, k)
    if (value !== undefined) values[String(k)] = clean(value)
  }
  return values
}

/** Without the last digits of a floating-point sum, which no reader wants in a file. */
function clean(value: number): number {
  return Number(value.toFixed(12))
}
