import type { Report } from '../schema/report.ts'
import type { BudgetName, BudgetPart, CategoryPart, DriftPart, PartWord } from '../schema/verdict.ts'
import { count, duration, interval, percent, points, usd } from './format.ts'

/** One answer beside the primary metric, as cells of a table. Names are not made inert here. */
export interface PartRow {
  readonly name: string
  readonly base: string
  readonly now: string
  readonly change: string
  /** Whether the change is more than noise. */
  readonly isReal: boolean
  readonly interval: string
  readonly word: PartWord
  readonly gates: boolean
  readonly why?: string | undefined
}

/**
 * What the gate was asked beside its primary metric: the metric since the last release, what the run used against the baseline, and the metric in each
 * category. Empty where nothing of that was asked. Secondary metrics are in the table of metrics.
 */
export function partRows({ verdict }: Pick<Report, 'verdict'>): readonly PartRow[] {
  return [
    ...(verdict?.drift === undefined ? [] : [driftRow(verdict.drift)]),
    ...(verdict?.budgets ?? []).map(budgetRow),
    ...(verdict?.categories ?? []).map(categoryRow),
  ]
}

function driftRow(part: DriftPart): PartRow {
  const { release, baselineMean, candidateMean, difference, lower, upper, word, gates, why } = part
  const bounded = lower !== undefined && upper !== undefined
  return {
    name: release === undefined ? 'since the last release' : `since release ${release}`,
    base: baselineMean === undefined ? '–' : percent(baselineMean),
    now: candidateMean === undefined ? '–' : percent(candidateMean),
    change: difference === undefined ? '–' : points(difference),
    isReal: bounded && (upper < 0 || lower > 0),
    interval: bounded ? interval(lower, upper) : '–',
    word,
    gates,
    why,
  }
}

function categoryRow(part: CategoryPart): PartRow {
  const { category, baselineMean, candidateMean, difference, lower, upper, word, gates, why } = part
  return {
    name: category,
    base: percent(baselineMean),
    now: percent(candidateMean),
    change: points(difference),
    isReal: upper < 0 || lower > 0,
    interval: interval(lower, upper),
    word,
    gates,
    why,
  }
}

const budgetNames: Readonly<Record<BudgetName, string>> = {
  costUsd: 'cost a trial',
  tokens: 'tokens a trial',
  durationMs: 'time a trial',
}

const amounts: Readonly<Record<BudgetName, (value: number) => string>> = {
  costUsd: usd,
  tokens: count,
  durationMs: duration,
}

function budgetRow(part: BudgetPart): PartRow {
  const { of, baseline, candidate, ratio, lower, upper, word, gates, why } = part
  const amount = (value: number | undefined): string => (value === undefined ? '–' : amounts[of](value))
  const bounded = lower !== undefined && upper !== undefined
  return {
    name: budgetNames[of],
    base: amount(baseline),
    now: amount(candidate),
    change: ratio === undefined ? '–' : change(ratio),
    isReal: ratio !== undefined && bounded && (lower > 1 || upper < 1),
    interval: bounded ? `${change(lower)} … ${change(upper)}` : '–',
    word,
    gates,
    why,
  }
}

/** A ratio as a change: `-14 %`, `+3 %`. Tenths would be more than so few trials know. */
function change(ratio: number): string {
  const whole = Math.round((ratio - 1) * 100)
  return `${whole > 0 ? '+' : ''}${whole} %`
}
