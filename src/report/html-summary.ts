import { confidenceOf } from '../lib/confidence.ts'
import { cut } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import type { Comparison } from '../schema/verdict.ts'
import { announcements } from './baseline-words.ts'
import {
  confidenceIn,
  count,
  duration,
  interval,
  modeOf,
  outcomesOf,
  percent,
  points,
  sentenceOf,
  share,
  signOf,
  sizeOf,
  spentOf,
} from './format.ts'
import { comparedOn, fidelityLine, missLine, offTapeLine } from './fidelity-words.ts'
import { type Html, html, nothing } from './html-markup.ts'
import { fact, linksTo } from './html-names.ts'
import { unscoredOf } from './lists.ts'
import { comparisonOf, roleOf } from './metric-role.ts'
import { judgeLines } from './judges.ts'
import { partRows } from './part-rows.ts'
import { whatIfLine } from './what-if-words.ts'

/** Entries of one list that are shown. */
const most = 50

/** What the page says before its cases, verdict first. */
export function summary(report: Report): readonly Html[] {
  return [banner(report), facts(report), metrics(report), beside(report), reasons(report)]
}

/** What it says of cases beside the table: who moved, who stands outside of the comparison, who has no score. */
export function besideCases(report: Report, fragments: ReadonlyMap<string, string>): readonly Html[] {
  return [moved(report, fragments), unscored(report, fragments), categories(report)]
}

function banner(report: Report): Html {
  const { mark, word, tone } = signOf(report.verdict)
  return html`<header class="banner ${tone}"><p class="name">evalkit · <b>${cut(report.eval, 200)}</b></p><h1><span aria-hidden="true">${mark}</span> ${word}</h1><p class="sentence">${cut(
    sentenceOf(report),
    2_000,
  )}</p></header>`
}

function facts(report: Report): Html {
  const { run, baseline } = report
  const took = run.durationMs === undefined ? '' : ` · ${duration(run.durationMs)}`
  const rows = [
    ['what ran', `${sizeOf(report)} · ${outcomesOf(report)}${took}`],
    ['compared with', [baseline ?? 'nothing', comparedOn(report)].filter((part) => part !== '').join(' · ')],
    ...announcements(report, 'run')
      .slice(0, 10)
      .map(({ loud, text }) => ['accepted', `${loud ? '⚠ ' : ''}${text}`] as const),
    ['replies', `${modeOf(report)} · ${fidelityLine(report)}`],
    ['off tape', offTapeLine(report)],
    ['what if', whatIfLine(report)],
    ...judgeLines(report).map((line) => ['judge', line.replace(/^judge /, '')] as const),
    ['used', spentOf(report)],
  ] as const
  return html`<dl class="facts">${rows.map(([what, text]) => fact(what, cut(text, 600)))}</dl>`
}

function metrics(report: Report): Html {
  if (report.stats.trials === 0) return nothing
  const comparison = report.verdict?.comparison
  const only = (part: Html): Html => (comparison === undefined ? nothing : part)
  const head = html`<tr><th scope="col">metric</th>${only(html`<th scope="col" class="number">baseline</th>`)}<th scope="col" class="number">this run</th>${only(
    html`<th scope="col" class="number">points</th><th scope="col" class="number">${confidenceIn(report)}</th>`,
  )}<th scope="col" class="number">passed</th><th scope="col" class="number">unscored</th></tr>`
  const rows = report.metrics.slice(0, 200).map((metric) => {
    const own = comparisonOf(report, metric.name)
    const gate = metric.name === report.metric
    const mean = own?.candidateMean ?? metric.mean
    const compared = only(
      html`<td class="number">${own === undefined ? '' : points(own.difference)}</td><td class="number">${
        own === undefined ? '' : interval(own.lower, own.upper)
      }</td>`,
    )
    const name = cut(metric.name, 200)
    return html`<tr><td>${gate ? html`<b>${name}</b>` : name}${roleOf(report, metric)}</td>${only(
      html`<td class="number">${own === undefined ? '' : percent(own.baselineMean)}</td>`,
    )}<td class="number">${mean === undefined ? '–' : percent(mean)}</td>${compared}<td class="number">${count(metric.passed)}/${count(
      metric.scored,
    )}</td><td class="number">${count(metric.unscored)}</td></tr>`
  })
  return html`<h2>Metrics</h2>${comparison === undefined ? nothing : picture(comparison)}<div class="wide"><table class="numbers"><thead>${head}</thead><tbody>${rows}</tbody></table></div>${passK(report)}`
}

/** Where the interval lies between no change and the limit: the verdict at a glance. */
function picture({ lower, upper, level, difference, margin, metric }: Comparison): Html {
  const reach = Math.min(1, Math.max(margin * 2, Math.abs(lower), Math.abs(upper)) * 1.15)
  const x = (value: number): string =>
    (270 + (Math.max(-reach, Math.min(reach, value)) / reach) * 250).toFixed(1)
  const told = `${metric} moved by ${points(difference)} points, ${confidenceOf(level)} ${points(lower)} to ${points(upper)}, limit ${points(-margin)}`
  return html`<svg class="interval" viewBox="0 0 540 64" role="img" aria-label="${told}"><line class="axis" x1="20" x2="520" y1="32" y2="32"></line><line class="zero" x1="270" x2="270" y1="16" y2="48"></line><line class="limit" x1="${x(
    -margin,
  )}" x2="${x(-margin)}" y1="16" y2="48"></line><line class="range" x1="${x(lower)}" x2="${x(upper)}" y1="32" y2="32"></line><circle class="point" cx="${x(
    difference,
  )}" cy="32" r="6"></circle><text x="270" y="61" text-anchor="middle">no change</text><text x="${x(-margin)}" y="11" text-anchor="middle">limit ${points(
    -margin,
  )}</text><text x="20" y="61">worse</text><text x="520" y="61" text-anchor="end">better</text></svg>`
}

function passK({ stats: { passRate, passHatK, passAtK } }: Report): Html {
  if (passRate === undefined) return nothing
  const ks = Object.keys(passHatK).filter((k) => k !== '1')
  const parts = [
    `pass rate ${percent(passRate.rate)} (95 % CI ${percent(passRate.low)} to ${percent(passRate.high)})`,
    ...ks.map((k) => `pass^${k} ${percent(passHatK[k] ?? 0)}`),
    ...ks.map((k) => `pass@${k} ${percent(passAtK[k] ?? 0)}`),
  ]
  return html`<p class="quiet">${parts.join(' · ')}</p>`
}

/** What was asked beside the primary metric: budgets, and categories that have a word of their own. */
function beside(report: Report): Html {
  const rows = partRows(report).slice(0, 200)
  if (rows.length === 0) return nothing
  const head = html`<tr><th scope="col">beside it</th><th scope="col" class="number">baseline</th><th scope="col" class="number">this run</th><th scope="col" class="number">change</th><th scope="col" class="number">${confidenceIn(report)}</th><th scope="col">verdict</th></tr>`
  const body = rows.map(({ name, base, now, change, isReal, interval: range, word, gates, why }) => {
    const said = `${word}${gates ? '' : ' (shown only)'}${why === undefined ? '' : `: ${cut(why, 300)}`}`
    return html`<tr><td>${cut(name, 200)}</td><td class="number">${base}</td><td class="number">${now}</td><td class="number">${
      isReal ? html`<b>${change}</b>` : change
    }</td><td class="number">${range}</td><td>${said}</td></tr>`
  })
  return html`<h2>Beside the metric</h2><div class="wide"><table class="numbers"><thead>${head}</thead><tbody>${body}</tbody></table></div>`
}

function reasons(report: Report): Html {
  const { verdict, commands } = report
  const { reproduce, record, judge, accept } = commands
  const list = (verdict?.reasons ?? [])
    .slice(0, most)
    .map(
      ({ code, what, hint }) =>
        html`<li><code>${code}</code> ${what}${hint === undefined ? nothing : html`<p class="quiet">${hint}</p>`}</li>`,
    )
  const command = (label: string, text: string | undefined): Html =>
    text === undefined ? nothing : html`<p class="label">${label}</p><pre><code>${text}</code></pre>`
  if (list.length === 0 && Object.values(commands).length === 0) return nothing
  return html`<h2>Why this verdict</h2><ul>${list}</ul>${command('reproduce the worst case', reproduce)}${command(missLine(report), record)}${command('ask the judges for what is not recorded', judge)}${command(
    'accept this run as the baseline, if the change is wanted',
    accept,
  )}`
}

function moved({ verdict }: Report, fragments: ReadonlyMap<string, string>): Html {
  const comparison = verdict?.comparison
  if (comparison === undefined) return nothing
  const link = linksTo(fragments)
  const fixed = comparison.fixed
    .slice(0, most)
    .map((flip) => html`<li>${link(flip.case)} ${share(flip.baseline)} → ${share(flip.candidate)}</li>`)
  const more = comparison.fixed.length - fixed.length
  const outside = (
    [
      ['new', comparison.added],
      ['removed', comparison.removed],
      ['edited', comparison.edited],
      ['not scored on one side', comparison.unscored],
      ['off their recording', comparison.inconclusive.map((found) => found.case)],
    ] as const
  )
    .filter(([, names]) => names.length > 0)
    .map(
      ([what, names]) =>
        html`<li>${count(names.length)} ${what}: ${names.slice(0, most).map((name) => html`${link(name)} `)}${
          names.length > most ? ` … and ${count(names.length - most)} more` : ''
        }</li>`,
    )
  return html`${
    fixed.length === 0
      ? nothing
      : html`<h2>Got better</h2><ul>${fixed}${more > 0 ? html`<li>… and ${count(more)} more</li>` : nothing}</ul>`
  }${outside.length === 0 ? nothing : html`<h2>Outside the comparison</h2><ul>${outside}</ul>`}`
}

function unscored(report: Report, fragments: ReadonlyMap<string, string>): Html {
  const found = unscoredOf(report)
  if (found.length === 0) return nothing
  const link = linksTo(fragments)
  return html`<h2>Without a score</h2><p class="quiet">Never counted as a pass, and never as 0.</p><ul>${found
    .slice(0, most)
    .map(
      (line) =>
        html`<li>${link(line.case)} ${line.what} <span class="quiet">${cut(line.why, 500)}</span></li>`,
    )}${found.length > most ? html`<li>… and ${count(found.length - most)} more</li>` : nothing}</ul>`
}

function categories({ byCategory }: Report): Html {
  const groups = Object.entries(byCategory)
  if (groups.length === 0) return nothing
  return html`<h2>By category</h2><div class="wide"><table class="numbers"><thead><tr><th scope="col">category</th><th scope="col" class="number">cases</th><th scope="col" class="number">passed</th><th scope="col" class="number">95 % CI</th><th scope="col" class="number">unscored</th></tr></thead><tbody>${groups
    .slice(0, 200)
    .map(
      ([name, { cases, passRate, unscored }]) =>
        html`<tr><td>${cut(name, 200)}</td><td class="number">${count(cases)}</td><td class="number">${
          passRate === undefined ? '–' : percent(passRate.rate)
        }</td><td class="number">${
          passRate === undefined ? '–' : `${percent(passRate.low)} … ${percent(passRate.high)}`
        }</td><td class="number">${count(unscored)}</td></tr>`,
    )}</tbody></table></div>`
}
