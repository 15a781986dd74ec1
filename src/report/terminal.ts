import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import pc from 'picocolors'
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
import { judgeLines } from './judges.ts'
import { announcements } from './baseline-words.ts'
import { brokenOf, casesById, type Line, unscoredOf, weakOf, whyOf } from './lists.ts'
import { comparisonOf, roleOf } from './metric-role.ts'
import { partRows } from './part-rows.ts'
import type { Reporter, Style } from './reporter.ts'
import { type Cell, table } from './table.ts'
import { harmOf, whatIfLine } from './what-if-words.ts'

/** Lines a list shows before it says how many more there are. */
const most = 10

/** What a person reads at the desk: the verdict first, then what it stands on, then where to look. */
export const terminal: Reporter = {
  name: 'terminal',
  description: 'tables and lists for a terminal: the verdict first, then what it stands on and where to look',
  wantsTraces: false,
  render(report, { style }) {
    const page = new Page(style)
    const sections = [
      banner(report, page),
      context(report, page),
      news(report, page),
      metrics(report, page),
      beside(report, page),
      byCategory(report, page),
      broken(report, page),
      fixed(report, page),
      harm(report, page),
      weak(report, page),
      unscored(report, page),
      offTape(report, page),
      reasons(report, page),
      commands(report, page),
    ]
    return withoutCommands(
      `${sections
        .filter((lines) => lines.length > 0)
        .map((lines) => lines.join('\n'))
        .join('\n\n')}\n`,
    )
  },
}

/** Colours and wrapping of one rendering. Numbers need 60 columns; a narrower terminal wraps them itself. */
class Page {
  readonly width: number
  readonly paint: ReturnType<typeof pc.createColors>

  constructor(style: Style) {
    this.width = Math.max(60, style.width)
    this.paint = pc.createColors(style.colour)
  }

  /** Hostile text as wrapped lines behind an indent. */
  text(text: string, indent = ''): string[] {
    return wrap(oneLine(text, 1_000), this.width - indent.length).map((line) => indent + line)
  }

  heading(text: string): string {
    return wrap(text, this.width, '  ')
      .map((line) => this.paint.bold(line))
      .join('\n')
  }

  /** A list of cases, cut at `most`: `  case  what  why`. */
  list(lines: readonly Line[]): string[] {
    const shown = lines.slice(0, most)
    const columns = [{ title: '' }, { title: '' }, { title: '', flexible: true }]
    const rows = shown.map((line): Cell[] => [
      `  ${oneLine(line.case, Math.max(16, Math.floor(this.width / 3)))}`,
      line.what,
      { text: oneLine(line.why, 400), paint: this.paint.dim },
    ])
    const drawn = table(columns, rows, this.width, (text) => text)
      .split('\n')
      .slice(2)
    return lines.length > most ? [...drawn, `  … and ${count(lines.length - most)} more`] : drawn
  }
}

function banner(report: Report, page: Page): string[] {
  const { mark, word, tone } = signOf(report.verdict)
  const { green, red, yellow, bold } = page.paint
  const colour = tone === 'good' ? green : tone === 'bad' ? red : yellow
  const sign = `${mark} ${word}  `
  const lines = wrap(oneLine(sentenceOf(report), 2_000), page.width - sign.length)
  // The colour carries nothing that the sign does not say.
  return lines.map((line, at) => (at === 0 ? bold(colour(sign)) : ' '.repeat(sign.length)) + bold(line))
}

function context(report: Report, page: Page): string[] {
  const { run, baseline, versions } = report
  const took = run.durationMs === undefined ? [] : [duration(run.durationMs)]
  const compared = baseline === undefined ? 'compared with nothing' : `compared with ${baseline}`
  const made = Object.entries(versions).map(([what, version]) => `${what} ${version}`)
  return [
    [`${report.eval}: ${sizeOf(report)}`, outcomesOf(report), ...took],
    [`run ${run.name}, ${compared}`, comparedOn(report)],
    [modeOf(report), fidelityLine(report)],
    [offTapeLine(report)],
    [whatIfLine(report)],
    made,
    [spentOf(report)],
    // What makes a line inert makes it longer: before it is wrapped.
    ...judgeLines(report).map((line) => [withoutCommands(line)]),
  ].flatMap((parts) => {
    const line = parts.filter((part) => part !== '').join(' · ')
    return wrap(oneLine(line, 1_000), page.width, '  ')
  })
}

/** What became of the accepted state: what nobody decided is marked. */
function news(report: Report, page: Page): string[] {
  const told = announcements(report, 'run')
  const lines = told.slice(0, most).flatMap(({ loud, text }) => {
    // What makes a line inert makes it longer: before it is wrapped.
    const [first = '', ...rest] = wrap(withoutCommands(oneLine(text, 2_000)), page.width - 2)
    return [
      `${loud ? page.paint.bold(page.paint.yellow('!')) : '·'} ${first}`,
      ...rest.map((line) => `  ${line}`),
    ]
  })
  return told.length > most ? [...lines, `… and ${count(told.length - most)} more`] : lines
}

function metrics(report: Report, page: Page): string[] {
  if (report.stats.trials === 0) return []
  const comparison = report.verdict?.comparison
  const columns = [
    { title: 'metric' },
    ...(comparison === undefined ? [] : [{ title: 'baseline', right: true }]),
    { title: 'mean', right: true },
    ...(comparison === undefined
      ? []
      : [
          { title: 'points', right: true },
          { title: confidenceIn(report), right: true, drop: 2 },
        ]),
    { title: 'passed', right: true },
    { title: 'unscored', right: true, drop: 1 },
  ]
  const rows = report.metrics.map((metric): Cell[] => {
    const own = comparisonOf(report, metric.name)
    const role = roleOf(report, metric)
    // The comparison's own mean: over the cases both sides have, each weighing the same.
    const mean = own?.candidateMean ?? metric.mean
    const delta = own === undefined ? '' : points(own.difference)
    const real = own !== undefined && (own.upper < 0 || own.lower > 0)
    const { red, green } = page.paint
    const paint = real ? (own.difference < 0 ? red : green) : (text: string) => text
    return [
      `${oneLine(metric.name, 60)}${role}`,
      ...(comparison === undefined ? [] : [own === undefined ? '' : percent(own.baselineMean)]),
      mean === undefined ? '–' : percent(mean),
      ...(comparison === undefined
        ? []
        : [{ text: delta, paint }, own === undefined ? '' : interval(own.lower, own.upper)]),
      `${count(metric.passed)}/${count(metric.scored)}`,
      count(metric.unscored),
    ]
  })
  return [...table(columns, rows, page.width, page.paint.dim).split('\n'), ...passK(report, page)]
}

/** `pass rate 42.0 % (95 % CI 35.4 to 48.9 %)`, and pass^k and pass@k where there is more than one trial. */
function passK({ stats }: Report, page: Page): string[] {
  const { passRate, passHatK, passAtK } = stats
  if (passRate === undefined) return []
  const { low, high, rate } = passRate
  const said = [`pass rate ${percent(rate)} (95 % CI ${percent(low)} to ${percent(high)})`]
  const ks = Object.keys(passHatK).filter((k) => k !== '1')
  if (ks.length > 0) {
    said.push(ks.map((k) => `pass^${k} ${percent(passHatK[k] ?? 0)}`).join(', '))
    said.push(ks.map((k) => `pass@${k} ${percent(passAtK[k] ?? 0)}`).join(', '))
  }
  return page.text(said.join(' · ')).map((line) => page.paint.dim(line))
}

/** What was asked beside the primary metric: budgets, and categories that have a word of their own. */
function beside(report: Report, page: Page): string[] {
  const rows = partRows(report)
  if (rows.length === 0) return []
  const columns = [
    { title: 'beside it', flexible: true },
    { title: 'baseline', right: true },
    { title: 'this run', right: true },
    { title: 'change', right: true },
    { title: confidenceIn(report), right: true, drop: 1 },
    { title: 'verdict' },
  ]
  const cells = rows.slice(0, 20).map((row): Cell[] => {
    const { red, green, dim } = page.paint
    const paint = row.word === 'fail' ? red : row.word === 'pass' ? green : dim
    return [
      oneLine(row.name, 60),
      row.base,
      row.now,
      row.change,
      row.interval,
      { text: `${row.word}${row.gates ? '' : ' (shown only)'}`, paint },
    ]
  })
  const more = rows.length > 20 ? [`… and ${count(rows.length - 20)} more`] : []
  return [...table(columns, cells, page.width, page.paint.dim).split('\n'), ...more]
}

function byCategory(report: Report, page: Page): string[] {
  const groups = Object.entries(report.byCategory)
  if (groups.length === 0) return []
  const columns = [
    { title: 'category' },
    { title: 'cases', right: true },
    { title: report.metric === 'success' ? 'success' : 'passed', right: true },
    { title: '95 % CI', right: true, drop: 1 },
    { title: 'unscored', right: true },
  ]
  const rows = groups
    .slice(0, 20)
    .map(([name, { cases, passRate, unscored }]): Cell[] => [
      oneLine(name, 60),
      count(cases),
      passRate === undefined ? '–' : percent(passRate.rate),
      passRate === undefined ? '–' : `${percent(passRate.low)} … ${percent(passRate.high)}`,
      count(unscored),
    ])
  const more = groups.length > 20 ? [`… and ${count(groups.length - 20)} more categories`] : []
  return [...table(columns, rows, page.width, page.paint.dim).split('\n'), ...more]
}

function broken(report: Report, page: Page): string[] {
  const flips = brokenOf(report)
  if (flips.length === 0) return []
  const found = casesById(report)
  const lines = flips.map((flip) => ({
    case: flip.case,
    what: `${share(flip.baseline)} → ${share(flip.candidate)}${flip.hard ? ', hard' : ''}`,
    why: whyOf(found.get(flip.case), report.metric),
  }))
  return [page.heading(`${plural(flips.length, 'case')} got worse, worst first`), ...page.list(lines)]
}

function fixed(report: Report, page: Page): string[] {
  const flips = report.verdict?.comparison?.fixed ?? []
  if (flips.length === 0) return []
  const lines = flips.map(({ case: id, baseline, candidate }) => ({
    case: id,
    what: `${share(baseline)} → ${share(candidate)}`,
    why: '',
  }))
  return [page.heading(`${plural(flips.length, 'case')} got better`), ...page.list(lines)]
}

/** What faults did to the agent. */
function harm(report: Report, page: Page): string[] {
  const lines = harmOf(report)
  if (lines.length === 0) return []
  return [
    page.heading(`${plural(lines.length, 'trial')} did not survive its faults, worst first`),
    ...page.list(lines),
  ]
}

/** Without a comparison nothing broke; then the cases that do not pass are what there is to look at. */
function weak(report: Report, page: Page): string[] {
  if (report.verdict?.comparison !== undefined) return []
  const cases = weakOf(report)
  if (cases.length === 0) return []
  const lines = cases.map((found) => ({
    case: found.case,
    what: share(found.mean ?? 0),
    why: whyOf(found, report.metric),
  }))
  return [
    page.heading(`${plural(cases.length, 'case')} not passing every trial, worst first`),
    ...page.list(lines),
  ]
}

function unscored(report: Report, page: Page): string[] {
  const lines = unscoredOf(report)
  if (lines.length === 0) return []
  return [
    page.heading(`${plural(lines.length, 'trial')} without a score (never counted as a pass or as 0)`),
    ...page.list(lines),
  ]
}

function offTape(report: Report, page: Page): string[] {
  const lines = offTapeCases(report)
  if (lines.length === 0) return []
  return [
    page.heading(`${plural(lines.length, 'case')} left the recording, farthest first`),
    ...page.list(lines),
  ]
}

function reasons(report: Report, page: Page): string[] {
  const given = report.verdict?.reasons ?? []
  if (given.length === 0) return []
  const lines = given
    .slice(0, most)
    .flatMap(({ code, what, hint }) => [
      ...page.text(`${code}: ${what}`, '    ').map((line, at) => (at === 0 ? `  ${line.trimStart()}` : line)),
      ...(hint === undefined ? [] : page.text(`hint: ${hint}`, '    ').map((line) => page.paint.dim(line))),
    ])
  const more = given.length > most ? [`  … and ${count(given.length - most)} more`] : []
  return [page.heading('Why this verdict'), ...lines, ...more]
}

/** Commands are not wrapped: they are there to be copied. */
function commands(report: Report, page: Page): string[] {
  const { reproduce, record, judge, accept } = report.commands
  return [
    ...page.text(missLine(report)),
    ...(reproduce === undefined ? [] : [`${page.paint.dim('reproduce')}  ${oneLine(reproduce, 400)}`]),
    ...(record === undefined ? [] : [`${page.paint.dim('record   ')}  ${oneLine(record, 400)}`]),
    ...(judge === undefined ? [] : [`${page.paint.dim('judge    ')}  ${oneLine(judge, 400)}`]),
    ...(accept === undefined ? [] : [`${page.paint.dim('accept   ')}  ${oneLine(accept, 400)}`]),
  ]
}
