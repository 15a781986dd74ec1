import { byCodeUnit } from '../lib/json.ts'
import type { CaseTally, MetricTally, Mode, SpentTally, Trial } from './run.ts'
import type { BudgetName } from './verdict.ts'

/** The metric that is always there: did every gating score pass? A check cannot take its name. */
export const successMetric = 'success'

/** What a trial is worth under one metric: a value in [0,1] with pass or fail, or the reason there is none. */
export type MetricValue = { readonly value: number; readonly passed: boolean } | { readonly unscored: string }

/** What of a trial decides its metrics. */
export type ScoredTrial = Pick<Trial, 'status' | 'reason' | 'scores'>

/**
 * The one rule for a trial's metric. An aborted trial is unscored, a failed one is worth 0, whatever scores they
 * carry. Otherwise `success` is 1 if every gating score passed, 0 if one failed, unscored if one is unscored and
 * none failed (or nothing gates); any other name is the score of that name, and unscored where there is none.
 */
export function metricOf(trial: ScoredTrial, metric: string): MetricValue {
  if (trial.status === 'aborted') return { unscored: trial.reason ?? 'the trial was aborted' }
  if (trial.status === 'failed') return { value: 0, passed: false }
  return metric === successMetric ? successOf(trial) : scoreOf(trial, metric)
}

/**
 * Sums trials up by case: `success` and every score name the run has, so that a trial which never got to its
 * checks counts under each of them. Sorted by case id; holds one entry a case, however many trials stream by. Time is
 * summed up only where `mode` says that it was a model's: a reply from a recording or a cache takes none.
 */
export function tally(trials: Iterable<Trial>, mode?: Mode): CaseTally[] {
  const timed = mode?.llm === 'live' || mode?.llm === 'imported'
  const names = new Set<string>()
  const cases = new Map<string, Sum>()
  for (const trial of trials) {
    const sum = cases.get(trial.case) ?? newSum(trial)
    cases.set(trial.case, sum)
    sum.trials++
    sum.fidelity += trial.fidelity.share
    sum.hashes.add(trial.caseHash)
    for (const score of trial.scores) names.add(score.name)
    if (trial.status === 'aborted') sum.aborted++
    else if (trial.status === 'failed') sum.failed++
    else addScores(sum, trial)
    if (trial.status !== 'aborted') addSpent(sum, trial, timed)
  }
  names.delete(successMetric)
  const metrics = [successMetric, ...[...names].sort(byCodeUnit)]
  return [...cases.values()].map((sum) => tallyOf(sum, metrics)).sort((a, b) => byCodeUnit(a.case, b.case))
}

function successOf(trial: ScoredTrial): MetricValue {
  const gating = trial.scores.filter((score) => score.gating)
  if (gating.length === 0) return { unscored: 'no check gates this case' }
  if (gating.some((score) => score.status === 'scored' && !score.passed)) return { value: 0, passed: false }
  for (const score of gating) {
    if (score.status === 'unscored') return { unscored: `${score.name}: ${score.reason}` }
  }
  return { value: 1, passed: true }
}

function scoreOf(trial: ScoredTrial, metric: string): MetricValue {
  const score = trial.scores.find((score) => score.name === metric)
  if (score === undefined) return { unscored: `the trial has no score "${metric}"` }
  if (score.status === 'unscored') return { unscored: score.reason }
  return { value: score.value, passed: score.passed }
}

/** A case while its trials come in. `metrics` counts completed trials only; the others weigh the same under all. */
interface Sum {
  readonly first: Trial
  readonly hashes: Set<string>
  readonly metrics: Map<string, { n: number; sum: number }>
  readonly spent: Map<BudgetName, { n: number; sum: number }>
  trials: number
  failed: number
  aborted: number
  fidelity: number
}

function newSum(first: Trial): Sum {
  return {
    first,
    hashes: new Set(),
    metrics: new Map(),
    spent: new Map(),
    trials: 0,
    failed: 0,
    aborted: 0,
    fidelity: 0,
  }
}

/** What a trial used, where it is known: never a 0 for what is not. */
function addSpent({ spent }: Sum, { costUsd, usage, durationMs }: Trial, timed: boolean): void {
  const add = (name: BudgetName, amount: number | undefined): void => {
    if (amount === undefined) return
    const known = spent.get(name) ?? { n: 0, sum: 0 }
    spent.set(name, { n: known.n + 1, sum: known.sum + amount })
  }
  add('costUsd', costUsd)
  if (usage !== undefined) add('tokens', usage.input + usage.cacheRead + usage.cacheWrite + usage.output)
  if (timed) add('durationMs', durationMs)
}

function addScores(sum: Sum, trial: Trial): void {
  const names = new Set([successMetric, ...trial.scores.map((score) => score.name)])
  for (const name of names) {
    const worth = metricOf(trial, name)
    if ('unscored' in worth) continue
    const known = sum.metrics.get(name) ?? { n: 0, sum: 0 }
    known.n++
    known.sum += worth.value
    sum.metrics.set(name, known)
  }
}

function tallyOf(sum: Sum, names: readonly string[]): CaseTally {
  const { first } = sum
  const metrics: [string, MetricTally][] = names.map((name) => {
    const { n, sum: total } = sum.metrics.get(name) ?? { n: 0, sum: 0 }
    const scored = n + sum.failed
    return [name, { n: scored, sum: clean(total), unscored: sum.trials - scored }]
  })
  return {
    case: first.case,
    // Trials of a case that was edited in between match no baseline: the joined hash is nobody's.
    hash: [...sum.hashes].sort(byCodeUnit).join('+'),
    ...(first.cluster === undefined ? {} : { cluster: first.cluster }),
    ...(first.category === undefined ? {} : { category: first.category }),
    ...(first.tags.length === 0 ? {} : { tags: [...first.tags] }),
    metrics: Object.fromEntries(metrics),
    fidelity: Math.min(1, clean(sum.fidelity / sum.trials)),
    ...(sum.spent.size === 0 ? {} : { spent: spentOf(sum.spent) }),
  }
}

function spentOf(spent: Sum['spent']): Partial<Record<BudgetName, SpentTally>> {
  const sums = [...spent].map(([name, { n, sum }]) => [name, { n, sum: clean(sum) }] as const)
  return Object.fromEntries(sums.sort(([a], [b]) => byCodeUnit(a, b)))
}

/** Without the last digits of a floating-point sum, which depend on the order trials finished in. */
function clean(value: number): number {
  return Number(value.toFixed(12))
}
