import { flatJson } from '../lib/pretty-json.ts'
import { cut } from '../lib/text.ts'
import { metricOf } from '../schema/metric.ts'
import type { CaseReport, Report, ReportTraces } from '../schema/report.ts'
import { duration, percent, share, usd } from './format.ts'
import { offTapeFrom } from './fidelity-words.ts'
import { type Html, html, longText, nothing } from './html-markup.ts'
import { badge, traceOf } from './html-trace.ts'
import { brokenOf, type TrialReport, whyOf } from './lists.ts'

/** A case with its place on the page and how urgently somebody wants to see it: 0 is broken, 3 is fine. */
export interface Placed {
  readonly found: CaseReport
  readonly anchor: string
  readonly urgency: 0 | 1 | 2 | 3
}

const words = ['got worse', 'unscored', 'not passing', 'passing'] as const

/** Cases in the order of the page: what broke (worst first), what has no score, what fails, what is fine. */
export function placedCases(report: Report): readonly Placed[] {
  const broken = new Map(brokenOf(report).map((flip, at) => [flip.case, at]))
  return report.cases
    .map((found, at) => ({ found, anchor: `case-${at + 1}`, urgency: urgencyOf(report, found, broken) }))
    .sort(
      (a, b) =>
        a.urgency - b.urgency ||
        (broken.get(a.found.case) ?? 0) - (broken.get(b.found.case) ?? 0) ||
        (a.found.mean ?? 0) - (b.found.mean ?? 0) ||
        (a.found.case < b.found.case ? -1 : 1),
    )
}

/** The table of cases; each links to its section. */
export function caseTable(report: Report, cases: readonly Placed[]): Html {
  const most = 10_000
  const compared = report.verdict?.comparison !== undefined
  const categories = cases.some(({ found }) => found.category !== undefined)
  const left = cases.length - most
  // A column that says 100 % in every line is left out.
  const fidelity = cases.some(({ found }) => found.fidelity < 1)
  return html`<div class="wide"><table><thead><tr><th>case</th>${categories ? html`<th>category</th>` : nothing}${
    compared ? html`<th class="number">baseline</th>` : nothing
  }<th class="number">mean</th>${fidelity ? html`<th class="number">fidelity</th>` : nothing}<th>trials</th><th>why</th></tr></thead><tbody>${cases
    .slice(0, most)
    .map(
      ({ found, anchor, urgency }) =>
        html`<tr class="urgent${urgency}"><td><a href="#${anchor}">${name(found.case)}</a></td>${categories ? html`<td>${found.category}</td>` : nothing}${
          compared
            ? html`<td class="number">${found.baseline === undefined ? '–' : share(found.baseline)}</td>`
            : nothing
        }<td class="number">${found.mean === undefined ? '–' : share(found.mean)}</td>${
          fidelity ? html`<td class="number">${percent(found.fidelity)}</td>` : nothing
        }<td class="marks">${marks(found, report.metric)}</td><td class="why">${cut(whyOf(found, report.metric), 300)}</td></tr>`,
    )}</tbody></table></div>${left > 0 ? html`<p class="quiet">… and ${left} more cases; the json report has them all.</p>` : nothing}`
}

/**
 * The sections of the cases within `bytes` of markup, by case: first every case with its scores, then the steps of
 * trials, those of passing cases last. What did not fit says so.
 */
export function caseSections(
  report: Report,
  traces: ReportTraces,
  cases: readonly Placed[],
  bytes: number,
): { readonly sections: readonly Html[]; readonly leftOut: number } {
  let left = bytes
  const takes = (part: Html): boolean => {
    const size = Buffer.byteLength(part.html)
    if (size > left) return false
    left -= size
    return true
  }
  const stubs = cases.map(
    (placed) =>
      html`<section class="case" id="${placed.anchor}"><h3>${name(placed.found.case)}</h3></section>`,
  )
  for (const stub of stubs) left -= Buffer.byteLength(stub.html) + 200
  const bodies = cases.map(({ found }) => {
    const trials = found.trials.map((trial) => trialBody(trial, report.metric))
    return trials.every(takes) ? trials : undefined
  })
  const steps = new Map<TrialReport, Html>()
  let leftOut = 0
  const wanted = cases.flatMap(({ found, urgency }, at) =>
    bodies[at] === undefined ? [] : found.trials.map((trial) => ({ trial, urgency })),
  )
  const rank = (it: { trial: TrialReport; urgency: number }): number =>
    it.urgency * 2 + (passes(it.trial, report.metric) ? 1 : 0)
  for (const it of wanted.sort((a, b) => rank(a) - rank(b))) {
    const trace = it.trial.trace === undefined ? undefined : traces[it.trial.trace]
    if (trace === undefined) continue
    // Long before the space is used up, rendering what will not fit is waste.
    const drawn = left < 500 ? undefined : traceOf(trace)
    if (drawn !== undefined && takes(drawn)) steps.set(it.trial, drawn)
    else leftOut++
  }
  const sections = cases.map(({ found, anchor, urgency }, at) => {
    const trials = bodies[at]
    const head = html`<h3>${name(found.case)} <span class="quiet">${words[urgency]}${found.category === undefined ? '' : ` · ${found.category}`}${found.tags
      .slice(0, 10)
      .map((tag) => ` · #${cut(tag, 60)}`)
      .join('')}</span></h3>`
    if (trials === undefined) {
      return html`<section class="case" id="${anchor}">${head}<p class="quiet">Left out to keep the page small; the json report has it.</p></section>`
    }
    return html`<section class="case urgent${urgency}" id="${anchor}">${head}${found.trials.map(
      (trial, index) =>
        trialSection(trial, report.metric, trials[index] ?? nothing, steps.get(trial), traces),
    )}</section>`
  })
  return { sections, leftOut }
}

function trialSection(
  trial: TrialReport,
  metric: string,
  body: Html,
  steps: Html | undefined,
  traces: ReportTraces,
): Html {
  const worth = metricOf(trial, metric)
  const mark = 'unscored' in worth ? '?' : worth.passed ? '✓' : '✗'
  const tone = 'unscored' in worth ? 'unsure' : worth.passed ? 'good' : 'bad'
  const told = [
    trial.status,
    duration(trial.durationMs),
    ...(trial.costUsd === undefined ? [] : [usd(trial.costUsd)]),
    `fidelity ${percent(trial.fidelity.share)}`,
    offTapeFrom(trial),
  ]
  const note =
    trial.trace === undefined || steps !== undefined
      ? nothing
      : html`<p class="quiet">${
          traces[trial.trace] === undefined
            ? 'The steps are in the store'
            : 'The steps were left out to keep the page small'
        }: <code>evalkit trace show ${trial.trace}</code></p>`
  return html`<details class="trial"><summary><span class="mark ${tone}">${mark}</span> trial ${trial.trial} <span class="quiet">${told.filter((part) => part !== '').join(' · ')}</span></summary>${body}${steps}${note}</details>`
}

function trialBody(trial: TrialReport, metric: string): Html {
  const worth = metricOf(trial, metric)
  const counts = Object.keys(trial.fidelity.counts) as (keyof typeof trial.fidelity.counts)[]
  return html`${
    trial.reason === undefined
      ? nothing
      : html`<p class="${trial.status === 'completed' ? '' : 'wrong'}">${trial.code === undefined ? '' : `${trial.code} `}${longText(trial.reason)}</p>`
  }${
    'unscored' in worth && trial.status === 'completed'
      ? html`<p class="quiet">no ${metric}: ${longText(worth.unscored)}</p>`
      : nothing
  }${scores(trial)}${
    counts.length === 0
      ? nothing
      : html`<p class="quiet">replies: ${counts.map((how) => html`${badge(how)} × ${trial.fidelity.counts[how]} `)}</p>`
  }${divergences(trial)}`
}

function scores({ scores }: TrialReport): Html {
  if (scores.length === 0) return nothing
  return html`<div class="wide"><table class="scores"><tbody>${scores.map((score) => {
    const mark = score.status === 'unscored' ? '?' : score.passed ? '✓' : '✗'
    const tone = score.status === 'unscored' ? 'unsure' : score.passed ? 'good' : 'bad'
    const value = score.status === 'unscored' ? 'unscored' : Number(score.value.toFixed(4))
    const role = `${score.source === 'check' ? '' : score.source}${score.gating ? '' : ' shown only'}`.trim()
    return html`<tr><td><span class="mark ${tone}">${mark}</span> ${name(score.name)}</td><td class="number">${value}</td><td class="quiet">${role}</td><td class="why">${
      score.reason === undefined ? nothing : longText(score.reason)
    }</td></tr>`
  })}</tbody></table></div>`
}

function divergences({ divergences }: TrialReport): Html {
  if (divergences.length === 0) return nothing
  return html`<div class="divergences"><p class="label">where the replay left its recording</p><ul>${divergences.map(
    ({ step, kind, what, differences }) =>
      html`<li>step ${step}, ${kind}: ${longText(what)}${
        differences.length === 0
          ? nothing
          : html`<div class="wide"><table><thead><tr><th>where</th><th>recorded</th><th>now</th></tr></thead><tbody>${differences
              .slice(0, 20)
              .map(
                ({ path, expected, got }) =>
                  html`<tr><td><code>${path}</code></td><td><code>${valueOf(expected)}</code></td><td><code>${valueOf(got)}</code></td></tr>`,
              )}</tbody></table></div>${differences.length > 20 ? html`<p class="quiet">… and ${differences.length - 20} more</p>` : nothing}`
      }</li>`,
  )}</ul></div>`
}

function valueOf(value: unknown): string {
  if (value === undefined) return '–'
  const text = flatJson(value)
  return text.length <= 2_000 ? text : `${cut(text, 2_000)} (${text.length} characters)`
}

function urgencyOf(
  { metric }: Report,
  found: CaseReport,
  broken: ReadonlyMap<string, number>,
): Placed['urgency'] {
  if (broken.has(found.case)) return 0
  const worths = found.trials.map((trial) => metricOf(trial, metric))
  if (worths.some((worth) => 'unscored' in worth)) return 1
  return worths.every((worth) => 'value' in worth && worth.passed) ? 3 : 2
}

function passes(trial: TrialReport, metric: string): boolean {
  const worth = metricOf(trial, metric)
  return 'value' in worth && worth.passed
}

function marks(found: CaseReport, metric: string): readonly Html[] {
  return found.trials.slice(0, 40).map((trial) => {
    const worth = metricOf(trial, metric)
    if ('unscored' in worth)
      return html`<span class="mark unsure" title="trial ${trial.trial}: unscored">?</span>`
    return worth.passed
      ? html`<span class="mark good" title="trial ${trial.trial}: passed">✓</span>`
      : html`<span class="mark bad" title="trial ${trial.trial}: failed">✗</span>`
  })
}

/** A name that says nothing visible still needs something to click on. */
function name(text: string): string {
  return text.trim() === '' ? '(blank)' : cut(text, 200)
}
