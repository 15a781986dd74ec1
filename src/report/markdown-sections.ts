import { codeBlock, codeSpan, escapeMarkdown } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import {
  confidenceIn,
  count,
  duration,
  interval,
  modeOf,
  outcomesOf,
  percent,
  plural,
  points,
  sentenceOf,
  share,
  signOf,
  sizeOf,
  spentOf,
} from './format.ts'
import { comparedOn, fidelityLine, missLine, offTapeCases, offTapeLine } from './fidelity-words.ts'
import { brokenOf, casesById, flakyOf, unscoredOf, weakOf, wentOffAt, whyOf } from './lists.ts'
import { judgeLines } from './judges.ts'
import { comparisonOf, roleOf } from './metric-role.ts'
import { signed } from './parts-table.ts'
import { tableOf } from './table-markdown.ts'
import { whatIfLine } from './what-if-words.ts'

/** Lines a list of a comment shows before it says how many more there are. */
const listed = 20

export function titleOf(report: Report): string {
  const { emoji, word } = signOf(report.verdict)
  return `### ${emoji} ${word} · ${escapeMarkdown(report.eval, 130)} · ${escapeMarkdown(sentenceOf(report), 2_000)}`
}

export function contextOf(report: Report): string {
  const { baseline, run, versions } = report
  const took = run.durationMs === undefined ? [] : [duration(run.durationMs)]
  const made = Object.entries(versions).map(([what, version]) => escapeMarkdown(`${what} ${version}`, 200))
  const lines = [
    [`**${sizeOf(report)}**`, outcomesOf(report), spentOf(report), ...took],
    [
      `run ${codeSpan(run.name, 150)}`,
      baseline === undefined ? 'compared with nothing' : `compared with ${codeSpan(baseline, 300)}`,
      comparedOn(report),
      ...made,
    ],
    [modeOf(report), fidelityLine(report)],
    [escapeMarkdown(offTapeLine(report), 400)],
    [escapeMarkdown(whatIfLine(report), 600)],
    ...judgeLines(report).map((line) => [escapeMarkdown(line, 600)]),
  ]
  return lines
    .map((parts) => parts.filter((part) => part !== '').join(' · '))
    .filter((line) => line !== '')
    .join('  \n')
}

/**
 * The metrics of a run, beside those of what it was compared with. In a pull request the last column says what the gate
 * makes of the metric that decides, and of secondary ones.
 */
export function metricsTable(report: Report, where: 'run' | 'pull request' = 'run'): string {
  if (report.stats.trials === 0) return ''
  const comparison = report.verdict?.comparison
  const { emoji, word } = signOf(report.verdict)
  const rows = report.metrics.slice(0, 30).map((metric) => {
    const gate = metric.name === report.metric
    const part = report.verdict?.secondary?.find((one) => one.metric === metric.name)
    const own = comparisonOf(report, metric.name)
    const name = `${gate ? '**' : ''}${escapeMarkdown(metric.name, 100)}${gate ? '**' : ''}${roleOf(report, metric)}`
    const mean = own?.candidateMean ?? metric.mean
    const real = own !== undefined && (own.upper < 0 || own.lower > 0)
    const delta = own === undefined ? '' : real ? `**${points(own.difference)}**` : points(own.difference)
    return [
      name,
      own === undefined ? '' : percent(own.baselineMean),
      mean === undefined ? '–' : percent(mean),
      delta,
      own === undefined ? '' : interval(own.lower, own.upper),
      `${count(metric.passed)}/${count(metric.scored)}`,
      count(metric.unscored),
      gate ? `${emoji} ${word}` : part === undefined ? '' : signed(part),
    ]
  })
  const columns = ['points', confidenceIn(report), 'passed', 'unscored', 'verdict']
  const [own, pull] = [where === 'run', where === 'pull request']
  const head = ['metric', own ? 'baseline' : 'base', own ? 'this run' : 'this PR', ...columns]
  const keep = head.map((name, at) =>
    name === 'verdict' ? pull : comparison !== undefined || at < 1 || at === 2 || at > 4,
  )
  const more = report.metrics.length - rows.length
  return [
    tableOf(head, rows, keep),
    ...(more > 0 ? [`_… and ${plural(more, 'more metric')}_`] : []),
    ...passK(report),
  ].join('\n\n')
}

function passK({ stats: { passRate, passHatK, passAtK } }: Report): string[] {
  if (passRate === undefined) return []
  const ks = Object.keys(passHatK).filter((k) => k !== '1')
  return [
    [
      `pass rate ${percent(passRate.rate)} (95 % CI ${percent(passRate.low)} to ${percent(passRate.high)})`,
      ...ks.map((k) => `pass^${k} ${percent(passHatK[k] ?? 0)}`),
      ...ks.map((k) => `pass@&#8203;${k} ${percent(passAtK[k] ?? 0)}`),
    ].join(' · '),
  ]
}

export function brokenCases(report: Report, most = listed): string {
  const flips = brokenOf(report)
  const found = casesById(report)
  return listOf(flips, most, {
    summary: `<b>${plural(flips.length, 'case')} got worse</b> (worst first)`,
    open: true,
    toItem: ({ case: id, baseline, candidate, hard, quarantined }) =>
      item(
        id,
        `${share(baseline)} → ${share(candidate)}${hard ? ' (passed every trial, now fails every one)' : ''}${quarantined === true ? ' (in quarantine)' : ''}`,
        whyOf(found.get(id), report.metric),
        wentOffAt(found.get(id), report.metric),
      ),
  })
}

export function fixedCases(report: Report, most = listed): string {
  const flips = report.verdict?.comparison?.fixed ?? []
  return listOf(flips, most, {
    summary: `${plural(flips.length, 'case')} got better`,
    toItem: ({ case: id, baseline, candidate }) => item(id, `${share(baseline)} → ${share(candidate)}`),
  })
}

export function weakCases(report: Report, most = listed): string {
  if (report.verdict?.comparison !== undefined) return ''
  const weak = weakOf(report)
  return listOf(weak, most, {
    summary: `${plural(weak.length, 'case')} not passing every trial (worst first)`,
    toItem: (found) => item(found.case, share(found.mean ?? 0), whyOf(found, report.metric)),
  })
}

/** Cases that passed some trials and failed others: what may be luck, also among those that got worse. */
export function flakyCases(report: Report, most = listed): string {
  const flaky = flakyOf(report)
  return listOf(flaky, most, {
    summary: `${plural(flaky.length, 'case')} flaky (passed some trials, not all)`,
    toItem: (found) =>
      item(
        found.case,
        `passed ${count(found.passed)} of ${plural(found.scored, 'trial')}`,
        whyOf(found, report.metric),
      ),
  })
}

export function unscoredTrials(report: Report, most = listed): string {
  const lines = unscoredOf(report)
  return listOf(lines, most, {
    summary: `${plural(lines.length, 'trial')} without a score`,
    toItem: (line) => item(line.case, line.what, line.why),
  })
}

export function offTapeList(report: Report, most = listed): string {
  const lines = offTapeCases(report)
  return listOf(lines, most, {
    summary: `${plural(lines.length, 'case')} left the recording (farthest first)`,
    toItem: (line) => item(line.case, line.what, line.why),
  })
}

/** What stands outside the difference, each named. */
export function outsideComparison(report: Report, most = listed): string {
  const comparison = report.verdict?.comparison
  if (comparison === undefined) return ''
  const groups = [
    ['new', comparison.added],
    ['removed', comparison.removed],
    ['edited', comparison.edited],
    ['not scored on one side', comparison.unscored],
    ['off their recording', comparison.inconclusive.map((found) => found.case)],
  ] as const
  const some = groups.filter(([, cases]) => cases.length > 0)
  if (some.length === 0) return ''
  const items = some.map(([what, cases]) => {
    const names = cases.slice(0, most).map((name) => codeSpan(name, 130))
    return `- ${what}: ${names.join(', ')}${cases.length > most ? ` … and ${count(cases.length - most)} more` : ''}`
  })
  const counts = some.map(([what, cases]) => `${count(cases.length)} ${what}`).join(', ')
  return folded(`outside the comparison: ${counts}`, items)
}

export function categoriesTable({ byCategory }: Report, most = listed): string {
  const groups = Object.entries(byCategory)
  if (groups.length === 0) return ''
  const rows = groups
    .slice(0, most)
    .map(([name, { cases, passRate, unscored }]) => [
      escapeMarkdown(name, 100),
      count(cases),
      passRate === undefined ? '–' : percent(passRate.rate),
      passRate === undefined ? '–' : `${percent(passRate.low)} … ${percent(passRate.high)}`,
      count(unscored),
    ])
  const more = groups.length > most ? ['', `… and ${count(groups.length - most)} more`] : []
  const table = tableOf(['category', 'cases', 'passed', '95 % CI', 'unscored'], rows)
  return folded('By category', [table, ...more])
}

export function reasonsList({ verdict }: Report, most = listed): string {
  return listOf(verdict?.reasons ?? [], most, {
    summary: 'Why this verdict',
    toItem: ({ code, what, hint }) => {
      const said = `- ${codeSpan(code, 60)} ${escapeMarkdown(what, 1_000)}`
      return hint === undefined ? said : `${said}  \n  ${escapeMarkdown(hint, 1_000)}`
    },
  })
}

export function commandBlocks(report: Report): string {
  const { reproduce, record, judge, accept } = report.commands
  return [
    ...(reproduce === undefined ? [] : [`Reproduce:\n\n${codeBlock(reproduce.slice(0, 1_000), 'sh')}`]),
    ...(record === undefined ? [] : [`${missLine(report)}\n\n${codeBlock(record.slice(0, 1_000), 'sh')}`]),
    ...(judge === undefined
      ? []
      : [`To ask the judges for what is not recorded:\n\n${codeBlock(judge.slice(0, 1_000), 'sh')}`]),
    ...(accept === undefined
      ? []
      : [`If the change is wanted, accept it:\n\n${codeBlock(accept.slice(0, 1_000), 'sh')}`]),
  ].join('\n\n')
}

function item(id: string, what: string, ...facts: readonly string[]): string {
  const said = facts.filter((fact) => fact !== '').map((fact) => ` · ${escapeMarkdown(fact, 400)}`)
  return `- ${codeSpan(id, 130)} ${what}${said.join('')}`
}

interface Listing<T> {
  readonly summary: string
  readonly toItem: (one: T) => string
  readonly open?: boolean
}

/** A folded list; empty where there is nothing. Only what is shown is rendered: there may be a hundred thousand. */
function listOf<T>(all: readonly T[], most: number, { summary, toItem, open = false }: Listing<T>): string {
  if (all.length === 0) return ''
  const more = all.length > most ? [`- … and ${count(all.length - most)} more`] : []
  return folded(summary, [...all.slice(0, most).map(toItem), ...more], open)
}

/** The summary is HTML and holds only our own words and numbers. Items of a list; a table is one item. */
export function folded(summary: string, items: readonly string[], open = false): string {
  return [
    `<details${open ? ' open' : ''}><summary>${summary}</summary>`,
    '',
    ...items,
    '',
    '</details>',
  ].join('\n')
}
