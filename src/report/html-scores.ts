import { metricOf, successMetric } from '../schema/metric.ts'
import type { CaseReport, Report } from '../schema/report.ts'
import type { Score } from '../schema/score.ts'
import { points, share } from './format.ts'
import { nameOf } from './html-names.ts'
import { type Html, html, longText, nothing } from './html-markup.ts'
import type { TrialReport } from './lists.ts'
import { roleOf } from './metric-role.ts'

/** Trials that have a column of their own. */
const mostColumns = 10

/** Every metric and check of a case: what it was in the baseline, what it is now, and in which trial. */
export function scoresBeside(report: Report, found: CaseReport): Html {
  const { before = {}, trials } = found
  const names = [
    ...new Set([
      report.metric,
      successMetric,
      ...trials.flatMap(({ scores }) => scores.map(({ name }) => name)),
      // Tallies know every metric of their run, also those this case never had.
      ...Object.entries(before).flatMap(([name, { n }]) => (n === 0 ? [] : [name])),
    ]),
  ]
  const compared = report.baselineOf !== undefined
  const columns = trials.slice(0, mostColumns)
  const head = html`<tr><th scope="col">metric or check</th>${
    compared ? html`<th scope="col" class="number">baseline</th>` : nothing
  }<th scope="col" class="number">this run</th>${compared ? html`<th scope="col" class="number">points</th>` : nothing}${columns.map(
    ({ trial }) => html`<th scope="col" class="number">trial ${trial}</th>`,
  )}</tr>`
  const rows = names.map((name) => {
    const base = Object.hasOwn(before, name) ? before[name] : undefined
    const was = base === undefined || base.n === 0 ? undefined : base.sum / base.n
    const values = trials.flatMap((trial) => {
      const worth = metricOf(trial, name)
      return 'value' in worth ? [worth.value] : []
    })
    const now =
      values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
    const gating = trials.some(({ scores }) => scores.some((score) => score.name === name && score.gating))
    const role = roleOf(report, { name, gating: gating || name === successMetric })
    return html`<tr><th scope="row">${name === report.metric ? html`<b>${nameOf(name)}</b>` : nameOf(name)}<span class="quiet">${role}</span></th>${
      compared ? html`<td class="number">${meanOf(was, base?.n, base?.unscored)}</td>` : nothing
    }<td class="number">${meanOf(now, values.length, trials.length - values.length)}</td>${
      compared
        ? html`<td class="number">${was === undefined || now === undefined ? '–' : points(now - was)}</td>`
        : nothing
    }${columns.map((trial) => html`<td class="number">${markOf(trial, name)}</td>`)}</tr>`
  })
  const more = trials.length - columns.length
  return html`<h3>Scores${compared ? ' against the baseline' : ''}</h3><div class="wide"><table class="numbers"><thead>${head}</thead><tbody>${rows}</tbody></table></div>${
    compared && found.before === undefined
      ? html`<p class="quiet">The baseline does not hold this case with this content.</p>`
      : nothing
  }${more > 0 ? html`<p class="quiet">${more} more trials stand below.</p>` : nothing}`
}

/** The scores of one trial that say why; of those that passed and say nothing, the names: what they are stands in the table above. */
export function scoresOf({ scores }: TrialReport): Html {
  const isPlain = (score: Score): boolean =>
    score.status === 'scored' && score.passed && score.reason === undefined
  const told = scores.filter((score) => !isPlain(score))
  const plainly = scores.filter(isPlain)
  const line =
    plainly.length === 0
      ? nothing
      : html`<p class="quiet">passed: ${plainly.map(({ name }) => nameOf(name)).join(', ')}</p>`
  if (told.length === 0) return line
  return html`<div class="wide"><table class="scores"><thead><tr><th scope="col">check</th><th scope="col" class="number">value</th><th scope="col">why</th></tr></thead><tbody>${told.map(
    (score) => {
      const value = score.status === 'unscored' ? 'unscored' : Number(score.value.toFixed(4))
      const role = [
        ...(score.source === 'check' ? [] : [score.source]),
        ...(score.gating ? [] : ['shown only']),
      ].join(', ')
      return html`<tr><th scope="row">${signOf(score.status === 'unscored' ? undefined : score.passed)} ${nameOf(score.name)}${
        role === '' ? nothing : html` <span class="quiet">${role}</span>`
      }</th><td class="number">${value}</td><td class="why">${
        score.reason === undefined ? nothing : longText(score.reason)
      }</td></tr>`
    },
  )}</tbody></table></div>${line}`
}

/** Passed, failed, or neither: a sign that says it without colour, and in words to who does not see it. */
export function signOf(passed: boolean | undefined): Html {
  if (passed === undefined) return html`<span class="mark unsure" role="img" aria-label="unscored">?</span>`
  return passed
    ? html`<span class="mark good" role="img" aria-label="passed">✓</span>`
    : html`<span class="mark bad" role="img" aria-label="failed">✗</span>`
}

function markOf(trial: TrialReport, name: string): Html {
  const worth = metricOf(trial, name)
  if ('unscored' in worth) return signOf(undefined)
  const isPlain = worth.value === (worth.passed ? 1 : 0)
  return html`${isPlain ? nothing : html`${Number(worth.value.toFixed(2))} `}${signOf(worth.passed)}`
}

function meanOf(mean: number | undefined, n = 0, unscored = 0): Html {
  if (mean === undefined) return html`${unscored > 0 ? 'unscored' : '–'}`
  const of = n + unscored
  return html`${share(mean)}${of > 1 ? html` <span class="quiet">of ${n}</span>` : nothing}`
}
