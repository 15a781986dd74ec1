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
  const names = new Map([[successMetric, 0]])
  const cases = new Map<string, Sum>()
  for (const trial of trials) {
    const sum = cases.get(trial.case) ?? newSum(trial)
    cases.set(trial.case, sum)
    sum.trials++
    sum.fidelity += trial.fidelity.share
    addHash(sum, trial.caseHash)
    for (const score of trial.scores) placeOf(score.name, names)
    if (trial.status === 'aborted') continue
    if (trial.status === 'failed') sum.failed++
    else addScores(sum, trial, names)
    addSpent(sum, trial, timed)
  }
  const metrics = [...names].sort(
    ([a, at], [b, to]) => Number(to === 0) - Number(at === 0) || byCodeUnit(a, b),
  )
  const tallies = [...cases.values()].map((sum) => tallyOf(sum, metrics))
  return tallies.sort((a, b) => byCodeUnit(a.case, b.case))
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

/**
 * A case while its trials come in. By metric, as `names` counts them: how many completed trials scored it, and their sum;
 * the others weigh the same under all.
 */
interface Sum {
  readonly first: Trial
  /** Further hashes of the case, where it was edited in between. */
  others: Set<string> | undefined
  readonly n: number[]
  readonly sum: number[]
  readonly spent: Partial<Record<BudgetName, { n: number; sum: number }>>
  trials: number
  failed: number
  fidelity: number
}

function newSum(first: Trial): Sum {
  return {
    first,
    others: undefined,
    n: [],
    sum: [],
    spent: {},
    trials: 0,
    failed: 0,
    fidelity: 0,
  }
}

function addHash(sum: Sum, hash: string): void {
  if (hash === sum.first.caseHash) return
  sum.others ??= new Set()
  sum.others.add(hash)
}

/** What a trial used, where it is known: never a 0 for what is not. */
function addSpent({ spent }: Sum, { costUsd, usage, durationMs }: Trial, timed: boolean): void {
  const add = (name: BudgetName, amount: number | undefined): void => {
    if (amount === undefined) return
    const known = spent[name] ?? { n: 0, sum: 0 }
    spent[name] = known
    known.n++
    known.sum += amount
  }
  add('costUsd', costUsd)
  if (usage !== undefined) add('tokens', usage.input + usage.cacheRead + usage.cacheWrite + usage.output)
  if (timed) add('durationMs', durationMs)
}

function addScore({ n, sum }: Sum, at: number, worth: MetricValue): void {
  if ('unscored' in worth) return
  n[at] = (n[at] ?? 0) + 1
  sum[at] = (sum[at] ?? 0) + worth.value
}

/** Adds a completed trial; `names` learns the names of its scores. */
function addScores(sum: Sum, trial: Trial, names: Map<string, number>): void {
  addScore(sum, 0, metricOf(trial, successMetric))
  for (const { name } of trial.scores) {
    if (name === successMetric) continue
    addScore(sum, placeOf(name, names), metricOf(trial, name))
  }
}

function placeOf(name: string, names: Map<string, number>): number {
  const known = names.get(name) ?? names.size
  names.set(name, known)
  return known
}

function tallyOf(sum: Sum, metrics: readonly (readonly [string, number])[]): CaseTally {
  const { first } = sum
  const tallied = metrics.map(([name, at]): [string, MetricTally] => {
    const scored = (sum.n[at] ?? 0) + sum.failed
    return [name, { n: scored, sum: clean(sum.sum[at] ?? 0), unscored: sum.trials - scored }]
  })
  const hashes = sum.others === undefined ? [first.caseHash] : [first.caseHash, ...sum.others]
  const spent = spentOf(sum.spent)
  return {
    case: first.case,
    // Trials of a case that was edited in between match no baseline: the joined hash is nobody's.
    hash: hashes.sort(byCodeUnit).join('+'),
    ...(first.cluster === undefined ? {} : { cluster: first.cluster }),
    ...(first.category === undefined ? {} : { category: first.category }),
    ...(first.tags.length === 0 ? {} : { tags: [...first.tags] }),
    metrics: Object.fromEntries(tallied),
    fidelity: Math.min(1, clean(sum.fidelity / sum.trials)),
    ...(Object.keys(spent).length === 0 ? {} : { spent }),
  }
}

function spentOf(spent: Sum['spent']): Partial<Record<BudgetName, SpentTally>> {
  const sums = Object.entries(spent).map(([name, { n, sum }]) => [name, { n, sum: clean(sum) }] as const)
  return Object.fromEntries(sums.sort(([a], [b]) => byCodeUnit(a, b)))
}

/** Without the last digits of a floating-point sum, which depend on the order trials finished in. */
function clean(value: number): number {
  return Number(value.toFixed(12))
}
