import { codeSpan, escapeMarkdown, withoutCommands } from '../lib/text.ts'
import { slugOf } from '../lib/slug.ts'
import type { Report } from '../schema/report.ts'
import type { VerdictWord } from '../schema/verdict.ts'
import { asClaim, claimNote, withoutAdvice } from './claimed.ts'
import { baselineNews } from './baseline-markdown.ts'
import { fitted } from './fitting.ts'
import {
  confidenceIn,
  count,
  duration,
  interval,
  percent,
  plural,
  points,
  signOf,
  sizeOf,
  usd,
} from './format.ts'
import { commentBudget } from './markdown.ts'
import {
  brokenCases,
  commandBlocks,
  contextOf,
  fixedCases,
  flakyCases,
  folded,
  metricsTable,
  offTapeList,
  outsideComparison,
  reasonsList,
  titleOf,
  unscoredTrials,
  weakCases,
} from './markdown-sections.ts'
import { partsTable } from './parts-table.ts'
import type { Reporter } from './reporter.ts'
import { tableOf } from './table-markdown.ts'

/**
 * The comment of a pull request: a verdict sentence that stands alone in an e-mail, the table, what broke and where, the
 * rest folded, and the marker by which the next run finds this comment again.
 */
export const comment: Reporter = {
  name: 'comment',
  description:
    'the comment of a pull request, at most 60,000 characters, with the marker it is found again by',
  wantsTraces: false,
  render: (report) => commentOf([report], { suite: report.eval }),
  together: (reports) => commentOf(reports, { suite: 'evals' }),
}

export interface CommentOptions {
  /** What the marker names: one comment for each suite of a pull request. */
  readonly suite: string
  /** Characters (UTF-16 units). Titles and marker alone take up to 20,000. */
  readonly budget?: number
  /** Whole lines of our own that stand below the table: what base and head are, where artifacts lie. Inert already. */
  readonly remarks?: readonly string[]
  /** The reports came as files from code that nobody trusts: it is said first, and nothing in them says what to do. */
  readonly claimed?: boolean
}

/**
 * The line that says whose comment this is, always the last one. No text of a report can make one: `<!--` stands nowhere
 * else in what is rendered here, and a suite's name is a slug.
 */
export function markerOf(suite: string): string {
  return `<!-- evalkit:report suite=${slugOf(suite)} -->`
}

/** One comment on all runs of a suite, the worst first. Within the budget by leaving out whole sections. */
export function commentOf(
  reports: readonly Report[],
  { suite, budget = commentBudget, remarks = [], claimed = false }: CommentOptions,
): string {
  const shown = claimed ? reports.map(withoutAdvice) : reports
  const ordered = [...shown].sort(
    (a, b) => badness.indexOf(wordOf(b)) - badness.indexOf(wordOf(a)) || (a.eval < b.eval ? -1 : 1),
  )
  const [worst] = ordered
  const title = worst === undefined ? '### ⚠️ INVALID · there is no eval' : titleOf(worst)
  const head = claimed ? [asClaim(title), claimNote] : [title]
  const own = ordered.flatMap((report) => sectionsOf(report, ordered.length > 1))
  return fitted({
    head: head.map(withoutCommands),
    sections: [overviewOf(ordered), ...remarks, ...own].map(withoutCommands),
    tail: [markerOf(suite)],
    note: '_Sections were left out because a comment cannot be longer: the job summary has more._',
    budget,
  })
}

/** The comment of a run that ended before there was anything to report: never silence where a verdict was waited for. */
export function crashComment(suite: string, what: string, hint: string): string {
  const lines = [
    `### ⚠️ INVALID · ${escapeMarkdown(suite, 130)} · the run ended without a verdict: ${escapeMarkdown(what, 1_000)}`,
    escapeMarkdown(hint, 1_000),
    markerOf(suite),
  ]
  return `${lines
    .filter((line) => line !== '')
    .map(withoutCommands)
    .join('\n\n')}\n`
}

/** From the best to the worst. */
const badness: readonly VerdictWord[] = ['pass', 'not gated', 'inconclusive', 'fail', 'invalid']

function wordOf({ verdict }: Report): VerdictWord {
  return verdict?.word ?? 'not gated'
}

/** By importance: where room runs out, the last go first. */
function sectionsOf(report: Report, among: boolean): readonly string[] {
  return [
    `${among ? `#### ${codeSpan(report.eval, 130)}\n\n` : ''}${countsLine(report)}`,
    baselineNews(report, 'pull request'),
    metricsTable(report, 'pull request'),
    partsTable(report, 20),
    brokenCases(report),
    commandBlocks(report),
    reasonsList(report),
    unscoredTrials(report),
    offTapeList(report),
    weakCases(report),
    flakyCases(report),
    fixedCases(report),
    outsideComparison(report),
    folded('What this stands on', [contextOf(report)]),
  ]
}

/** `**6 cases broke, 1 was fixed** of 12 cases × 2 trials · compared with … · $0.09 · 1.2 s` */
function countsLine(report: Report): string {
  const { baseline, verdict, costUsd, run } = report
  const comparison = verdict?.comparison
  const [broke, fixed] = [comparison?.broken.length ?? 0, comparison?.fixed.length ?? 0]
  const flips =
    comparison === undefined
      ? '**Compared with nothing**'
      : `**${plural(broke, 'case')} broke, ${count(fixed)} ${fixed === 1 ? 'was' : 'were'} fixed**`
  return [
    `${flips} of ${sizeOf(report)}`,
    ...(baseline === undefined ? [] : [`compared with ${codeSpan(baseline, 300)}`]),
    ...(costUsd === undefined ? [] : [usd(costUsd)]),
    ...(run.durationMs === undefined ? [] : [duration(run.durationMs)]),
  ].join(' · ')
}

/** One line a run, where there are several. */
function overviewOf(reports: readonly Report[]): string {
  if (reports.length < 2) return ''
  const called = new Set(reports.map(confidenceIn))
  const bounds = called.size === 1 ? ([...called][0] ?? 'CI') : 'CI'
  const rows = reports.slice(0, 100).map((report) => {
    const { emoji, word } = signOf(report.verdict)
    const comparison = report.verdict?.comparison
    return [
      escapeMarkdown(report.eval, 100),
      comparison === undefined ? '–' : percent(comparison.baselineMean),
      comparison === undefined ? '–' : percent(comparison.candidateMean),
      comparison === undefined ? '–' : points(comparison.difference),
      comparison === undefined
        ? '–'
        : `${interval(comparison.lower, comparison.upper)}${called.size === 1 ? '' : ` (${confidenceIn(report)})`}`,
      `${emoji} ${word}`,
    ]
  })
  return tableOf(['eval', 'base', 'this PR', 'points', bounds, 'verdict'], rows)
}
