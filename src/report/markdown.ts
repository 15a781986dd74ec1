import { codeBlock, codeSpan, escapeMarkdown, withoutCommands } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import {
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
import { brokenOf, casesById, unscoredOf, weakOf, whyOf } from './lists.ts'
import type { Reporter } from './reporter.ts'
import { judgeLines } from './judges.ts'
import { whatIfLine } from './what-if-words.ts'

/** GitHub refuses comments of more than 65,536 characters, and then there is no report at all. */
const budget = 60_000
const most = 20

/**
 * A comment for a pull request: the first line stands alone in an e-mail, failures are open, the rest is folded.
 * Where it would be too long for a comment, whole sections are left out, least important first, and it says so.
 */
export const markdown: Reporter = {
  name: 'markdown',
  description: 'GitHub-flavoured Markdown for a comment or a job summary, at most 60,000 characters',
  wantsTraces: false,
  render(report) {
    const head = [title(report), context(report)]
    // By importance: when space runs out, the last of these go first.
    const sections = [
      metrics(report),
      broken(report),
      commands(report),
      reasons(report),
      unscored(report),
      offTape(report),
      weak(report),
      fixed(report),
      outside(report),
      categories(report),
    ].filter((section) => section !== '')
    return withoutCommands(`${fitting(head, sections).join('\n\n')}\n`)
  },
}

function fitting(head: readonly string[], sections: readonly string[]): string[] {
  const kept = [...head]
  const note = '_Sections were left out because a comment cannot be longer._'
  let left = budget - note.length - 4 - kept.join('\n\n').length
  let dropped = false
  for (const section of sections) {
    // `withoutCommands` may add a few characters; the distance to GitHub's own limit has room for them.
    if (section.length + 2 > left) {
      dropped = true
      continue
    }
    kept.push(section)
    left -= section.length + 2
  }
  return dropped ? [...kept, note] : kept
}

function title(report: Report): string {
  const { emoji, word } = signOf(report.verdict)
  return `### ${emoji} ${word} · ${escapeMarkdown(report.eval, 130)} · ${escapeMarkdown(sentenceOf(report), 2_000)}`
}

function context(report: Report): string {
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

function metrics(report: Report): string {
  if (report.stats.trials === 0) return ''
  const comparison = report.verdict?.comparison
  const rows = report.metrics.slice(0, 30).map((metric) => {
    const own = comparison?.metric === metric.name ? comparison : undefined
    const gate = metric.name === report.metric
    const name = `${gate ? '**' : ''}${escapeMarkdown(metric.name, 100)}${gate ? '** (gate)' : metric.gating ? '' : ' (shown only)'}`
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
    ]
  })
  const head = ['metric', 'baseline', 'this run', 'points', '90 % CI', 'passed', 'unscored']
  const keep = head.map((_, at) => comparison !== undefined || at < 1 || at === 2 || at > 4)
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

function broken(report: Report): string {
  const flips = brokenOf(report)
  if (flips.length === 0) return ''
  const found = casesById(report)
  const items = flips.map((flip) => {
    const moved = `${share(flip.baseline)} → ${share(flip.candidate)}`
    return item(
      flip.case,
      `${moved}${flip.hard ? ' (passed every trial, now fails every one)' : ''}`,
      whyOf(found.get(flip.case), report.metric),
    )
  })
  return folded(`<b>${plural(flips.length, 'case')} got worse</b> (worst first)`, items, true)
}

function fixed(report: Report): string {
  const items = (report.verdict?.comparison?.fixed ?? []).map((flip) =>
    item(flip.case, `${share(flip.baseline)} → ${share(flip.candidate)}`, ''),
  )
  return items.length === 0 ? '' : folded(`${plural(items.length, 'case')} got better`, items)
}

function weak(report: Report): string {
  if (report.verdict?.comparison !== undefined) return ''
  const items = weakOf(report).map((found) =>
    item(found.case, share(found.mean ?? 0), whyOf(found, report.metric)),
  )
  return items.length === 0
    ? ''
    : folded(`${plural(items.length, 'case')} not passing every trial (worst first)`, items)
}

function unscored(report: Report): string {
  const items = unscoredOf(report).map((line) => item(line.case, line.what, line.why))
  return items.length === 0 ? '' : folded(`${plural(items.length, 'trial')} without a score`, items)
}

function offTape(report: Report): string {
  const items = offTapeCases(report).map((line) => item(line.case, line.what, line.why))
  return items.length === 0
    ? ''
    : folded(`${plural(items.length, 'case')} left the recording (farthest first)`, items)
}

/** What stands outside the difference, each named. */
function outside(report: Report): string {
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
  return folded(
    `outside the comparison: ${some.map(([what, cases]) => `${count(cases.length)} ${what}`).join(', ')}`,
    items,
  )
}

function categories({ byCategory }: Report): string {
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
  return folded('By category', [
    tableOf(['category', 'cases', 'passed', '95 % CI', 'unscored'], rows),
    ...more,
  ])
}

function reasons({ verdict }: Report): string {
  const items = (verdict?.reasons ?? []).map(({ code, what, hint }) => {
    const said = `- ${codeSpan(code, 60)} ${escapeMarkdown(what, 1_000)}`
    return hint === undefined ? said : `${said}  \n  ${escapeMarkdown(hint, 1_000)}`
  })
  return items.length === 0 ? '' : folded('Why this verdict', items)
}

function commands(report: Report): string {
  const { reproduce, record, accept } = report.commands
  return [
    ...(reproduce === undefined ? [] : [`Reproduce:\n\n${codeBlock(reproduce.slice(0, 1_000), 'sh')}`]),
    ...(record === undefined ? [] : [`${missLine(report)}\n\n${codeBlock(record.slice(0, 1_000), 'sh')}`]),
    ...(accept === undefined
      ? []
      : [`If the change is wanted, accept it:\n\n${codeBlock(accept.slice(0, 1_000), 'sh')}`]),
  ].join('\n\n')
}

function item(id: string, what: string, why: string): string {
  return `- ${codeSpan(id, 130)} ${what}${why === '' ? '' : ` · ${escapeMarkdown(why, 400)}`}`
}

/** The summary is HTML and holds only our own words and numbers. Items of a list; a table is one item. */
function folded(summary: string, items: readonly string[], open = false): string {
  const shown = items.slice(0, most)
  const more = items.length > most ? [`- … and ${count(items.length - most)} more`] : []
  return [
    `<details${open ? ' open' : ''}><summary>${summary}</summary>`,
    '',
    ...shown,
    ...more,
    '',
    '</details>',
  ].join('\n')
}

function tableOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  keep?: readonly boolean[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.filter((_, at) => keep?.[at] !== false).join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? ':--' : '--:'))), ...rows.map(line)].join('\n')
}
