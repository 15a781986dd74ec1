import { escapeMarkdown } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import type { BudgetName, BudgetPart, PartWord, SecondaryPart } from '../schema/verdict.ts'
import { count, duration, interval, percent, points, usd } from './format.ts'
import { tableOf } from './table-markdown.ts'

/**
 * What the gate was asked beside its primary metric: what the run used against the baseline, and the metric in each
 * category. Empty where nothing of that was asked. Secondary metrics are in the table of metrics.
 */
export function partsTable({ verdict }: Report, most: number): string {
  const budgets = (verdict?.budgets ?? []).map((part) => [
    budgetNames[part.of],
    ...budgetCells(part),
    signed(part),
  ])
  const categories = (verdict?.categories ?? []).map((part) => {
    const real = part.upper < 0 || part.lower > 0
    return [
      escapeMarkdown(part.category, 100),
      percent(part.baselineMean),
      percent(part.candidateMean),
      bold(points(part.difference), real),
      interval(part.lower, part.upper),
      signed(part),
    ]
  })
  const rows = [...budgets, ...categories]
  if (rows.length === 0) return ''
  const more = rows.length > most ? [`_… and ${count(rows.length - most)} more_`] : []
  const head = ['beside it', 'base', 'this run', 'change', '90 % CI', 'verdict']
  return [tableOf(head, rows.slice(0, most)), ...more].join('\n\n')
}

/** `✅ PASS`, with why it was not asked, or that it decides nothing. */
export function signed({ word, gates, why }: Pick<SecondaryPart, 'word' | 'gates' | 'why'>): string {
  const said = `${emoji[word]} ${word.toUpperCase()}${gates ? '' : ' (shown only)'}`
  return why === undefined ? said : `${said}: ${escapeMarkdown(why, 200)}`
}

const emoji: Readonly<Record<PartWord, string>> = {
  pass: '✅',
  fail: '❌',
  inconclusive: '⚪',
  incomparable: '⚪',
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

function budgetCells({ of, baseline, candidate, ratio, lower, upper }: BudgetPart): string[] {
  const amount = (value: number | undefined): string => (value === undefined ? '–' : amounts[of](value))
  const bounded = lower !== undefined && upper !== undefined
  const real = bounded && (lower > 1 || upper < 1)
  return [
    amount(baseline),
    amount(candidate),
    ratio === undefined ? '–' : bold(change(ratio), real),
    bounded ? `${change(lower)} … ${change(upper)}` : '–',
  ]
}

/** A ratio as a change: `-14 %`, `+3 %`. Tenths would be more than so few trials know. */
function change(ratio: number): string {
  const whole = Math.round((ratio - 1) * 100)
  return `${whole > 0 ? '+' : ''}${whole} %`
}

function bold(text: string, isReal: boolean): string {
  return isReal ? `**${text}**` : text
}
