import { flatJson } from '../lib/pretty-json.ts'
import { shellWord } from '../lib/shell-word.ts'
import { cut } from '../lib/text.ts'
import { metricOf } from '../schema/metric.ts'
import type { CaseReport, Report, ReportEvidence, ReportTraces } from '../schema/report.ts'
import type { Trace } from '../schema/trace.ts'
import { duration, percent, plural, share, usd } from './format.ts'
import { offTapeFrom } from './fidelity-words.ts'
import { alignedOf } from './html-aligned.ts'
import { judging } from './html-judging.ts'
import { bytesOf, type Html, html, longText, nothing } from './html-markup.ts'
import { fact, nameOf, statusBadges } from './html-names.ts'
import { expectedBeside } from './html-reference.ts'
import { scoresBeside, scoresOf, signOf } from './html-scores.ts'
import { badge, traceOf } from './html-trace.ts'
import { passed, type TrialReport } from './lists.ts'
import { type Placed, trialsByWorth } from './page-order.ts'

/** Everything the pages of a report's cases are made of. */
export interface CasePages {
  readonly report: Report
  readonly traces: ReportTraces
  readonly evidence: ReportEvidence
  readonly cases: readonly Placed[]
  readonly fragments: ReadonlyMap<string, string>
}

/**
 * The pages of the cases within `bytes` of markup: first every case with its scores and reasons, the most urgent ones first;
 * then the steps of trials as `trialsByWorth` has them. Only whole parts are left out, and each place says so; `leftOut` counts
 * the trials whose steps are, `missing` the cases that have no page.
 */
export function casePages(
  pages: CasePages,
  bytes: number,
): { readonly sections: readonly Html[]; readonly leftOut: number; readonly missing: number } {
  const { report, traces, evidence, cases } = pages
  const room = { left: bytes }
  const heads = cases.map((placed) => {
    const verdicts = Object.hasOwn(evidence.verdicts, placed.found.case)
      ? (evidence.verdicts[placed.found.case] ?? [])
      : []
    const head = headOf(pages, placed)
    const bodies = placed.found.trials.map(
      (trial) => html`${trialBody(report, trial)}${judging(report, trial, verdicts)}`,
    )
    const frame = 400 + 300 * bodies.length
    return takes(room, [head, ...bodies], frame) ? { head, bodies } : undefined
  })
  const has = new Set(cases.flatMap(({ found }, at) => (heads[at] === undefined ? [] : [found])))
  const steps = new Map<TrialReport, Html>()
  let leftOut = 0
  for (const { found, trial } of trialsByWorth(report, cases)) {
    if (traceIn(traces, trial) === undefined || !has.has(found)) continue
    // Long before the room is used up, rendering what will not fit is waste.
    const parts = room.left < 500 ? undefined : stepsOf(trial, pages)
    const fit = parts?.filter((part) => takes(room, [part])) ?? []
    if (fit.length > 0) steps.set(trial, html`${fit}`)
    if (fit.length !== parts?.length) leftOut++
  }
  const sections = cases.flatMap(({ found, urgency }, at) => {
    const own = heads[at]
    if (own === undefined) return []
    const [worst] = found.trials.toSorted(
      (a, b) => Number(passed(a, report.metric)) - Number(passed(b, report.metric)),
    )
    const trials = found.trials.map((trial, index) =>
      trialSection(report, trial, trial === worst, own.bodies[index] ?? nothing, steps.get(trial), traces),
    )
    return [
      html`<section class="case urgent${urgency}" id="${pages.fragments.get(found.case)}">${own.head}${trials}</section>`,
    ]
  })
  return { sections, leftOut, missing: cases.length - has.size }
}

/** Whether parts fit into what room is left; they take it where they do. */
function takes(room: { left: number }, parts: readonly Html[], frame = 0): boolean {
  const size = parts.reduce((sum, part) => sum + bytesOf(part), frame)
  if (size > room.left) return false
  room.left -= size
  return true
}

/** The command that plays a case again; an imported run was not played here. */
function again({ eval: name, evalFile, mode }: Report, id: string): Html | undefined {
  if (mode.llm === 'imported') return undefined
  return html`<code>npx evalkit run ${shellWord(evalFile ?? name)} --case ${shellWord(id)}</code>`
}

function headOf({ report }: CasePages, { found, statuses }: Placed): Html {
  const flip = report.verdict?.comparison?.broken.find((one) => one.case === found.case)
  const from = found.baseline === undefined ? '' : ` (baseline ${share(found.baseline)})`
  return html`<h2 tabindex="-1">${nameOf(found.case)}</h2><p class="statuses">${statusBadges(statuses)}${
    flip?.hard === true ? html`<span class="badge bad">hard break</span>` : nothing
  }</p><dl class="facts">${fact(report.metric, found.mean === undefined ? `no value${from}` : `${share(found.mean)}${from}`)}${fact(
    'category',
    found.category === undefined ? undefined : cut(found.category, 200),
  )}${fact('tags', found.tags.length === 0 ? undefined : tagsOf(found))}${fact('fidelity', found.fidelity === 1 ? undefined : percent(found.fidelity))}${fact(
    'trials',
    trialsOf(found, report.metric),
  )}${fact('again', again(report, found.case))}</dl>${scoresBeside(report, found)}<h3>${
    found.trials.length === 1 ? 'The trial' : 'Trials'
  }</h3>`
}

function tagsOf({ tags }: CaseReport): string {
  const more = tags.length > 30 ? ` … and ${tags.length - 30} more` : ''
  return `${tags
    .slice(0, 30)
    .map((tag) => `#${cut(tag, 60)}`)
    .join(' ')}${more}`
}

function trialsOf({ trials }: CaseReport, metric: string): string {
  return `${trials.filter((trial) => passed(trial, metric)).length} of ${plural(trials.length, 'trial')} passed`
}

/** The recorded run beside this one, the calls that were expected, and this run in full: in this order they are worth room. */
function stepsOf(trial: TrialReport, { traces, evidence }: CasePages): readonly Html[] {
  const trace = traceIn(traces, trial)
  if (trace === undefined) return []
  const recorded = Object.hasOwn(evidence.recorded, trace.id) ? evidence.recorded[trace.id] : undefined
  const aligned = recorded === undefined ? nothing : alignedOf(recorded, trace)
  const expected = expectedBeside(trace)
  const full = traceOf(trace)
  const isOnly = recorded === undefined
  return [
    aligned,
    expected,
    isOnly ? full : html`<details class="whole"><summary>This run in full</summary>${full}</details>`,
  ].filter((part) => part.html !== '')
}

function traceIn(traces: ReportTraces, { trace }: TrialReport): Trace | undefined {
  return trace !== undefined && Object.hasOwn(traces, trace) ? traces[trace] : undefined
}

function trialSection(
  report: Report,
  trial: TrialReport,
  isOpen: boolean,
  body: Html,
  steps: Html | undefined,
  traces: ReportTraces,
): Html {
  const worth = metricOf(trial, report.metric)
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
          traceIn(traces, trial) === undefined
            ? 'The steps are in the store'
            : 'The steps were left out to keep the page small'
        }: <code>evalkit trace show ${trial.trace}</code></p>`
  const summary = html`${signOf('unscored' in worth ? undefined : worth.passed)} trial ${trial.trial} <span class="quiet">${told
    .filter((part) => part !== '')
    .join(' · ')}</span>`
  if (body.html === '' && steps === undefined) return html`<div class="trial">${summary}${note}</div>`
  return html`<details class="trial"${isOpen ? html` open` : nothing}><summary>${summary}</summary>${body}${steps}${note}</details>`
}

function trialBody(report: Report, trial: TrialReport): Html {
  const worth = metricOf(trial, report.metric)
  const counts = Object.keys(trial.fidelity.counts) as (keyof typeof trial.fidelity.counts)[]
  return html`${
    trial.reason === undefined
      ? nothing
      : html`<p class="${trial.status === 'completed' ? 'reason' : 'reason wrong'}">${trial.code === undefined ? '' : `${trial.code} `}${longText(trial.reason)}</p>`
  }${
    'unscored' in worth && trial.status === 'completed'
      ? html`<p class="quiet">no ${report.metric}: ${longText(worth.unscored)}</p>`
      : nothing
  }${scoresOf(trial)}${
    counts.length === 0
      ? nothing
      : html`<p class="quiet">replies: ${counts.map((how) => html`${badge(how)} × ${trial.fidelity.counts[how]} `)}</p>`
  }${divergences(trial)}`
}

function divergences({ divergences }: TrialReport): Html {
  if (divergences.length === 0) return nothing
  return html`<div class="divergences"><h4>Where the replay left its recording</h4><ul>${divergences.map(
    ({ step, kind, what, differences }) =>
      html`<li>step ${step}, ${kind}: ${longText(what)}${
        differences.length === 0
          ? nothing
          : html`<div class="wide"><table class="differences"><thead><tr><th scope="col">where</th><th scope="col">recorded</th><th scope="col">this run</th></tr></thead><tbody>${differences
              .slice(0, 20)
              .map(
                ({ path, expected, got }) =>
                  html`<tr><th scope="row"><code>${path}</code></th><td><code>${valueOf(expected)}</code></td><td><code>${valueOf(got)}</code></td></tr>`,
              )}</tbody></table></div>${differences.length > 20 ? html`<p class="quiet">… and ${differences.length - 20} more</p>` : nothing}`
      }</li>`,
  )}</ul></div>`
}

function valueOf(value: unknown): string {
  if (value === undefined) return '–'
  const text = flatJson(value)
  return text.length <= 2_000 ? text : `${cut(text, 2_000)} (${text.length} characters)`
}
