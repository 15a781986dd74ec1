import { flatJson } from '../lib/pretty-json.ts'
import { cut } from '../lib/text.ts'
import type { Json } from '../schema/json.ts'
import type { ReportEvidence } from '../schema/report.ts'
import type { Trace } from '../schema/trace.ts'
import {
  type DiffRow,
  type DiffStep,
  diverges,
  severityOf,
  type SideDifference,
} from '../schema/trace-diff.ts'
import { classCounts, sentenceOf, writesLine } from './diff-words.ts'
import { plural } from './format.ts'
import { type Html, html, nothing } from './html-markup.ts'
import { badge, bodyOf } from './html-trace.ts'
import { type Step, stepsOf } from './steps.ts'

/** Rows of one comparison that are shown. */
const mostRows = 1_000
/** Places of one row where the sides differ. */
const mostDifferences = 20
/** Shorter stretches of equal steps are shown whole. */
const shortestFold = 6

/**
 * What was recorded beside what this run did, a row a step, aligned: the first divergence is marked where it stands, every
 * row that is not the same says what it is and which places differ, and every reply says on which rung it was found.
 */
export function alignedOf({ trace: before, diff }: ReportEvidence['recorded'][string], now: Trace): Html {
  const sides = { left: stepsBySpan(before), right: stepsBySpan(now) }
  const shown = diff.rows.slice(0, mostRows)
  const rows = stretchesOf(shown).map(({ from, to, isFolded }) => {
    const own = shown.slice(from, to).map((row, at) => {
      const rule =
        from + at === diff.firstDivergence
          ? html`<li class="rule"><span>first divergence</span></li>`
          : nothing
      return html`${rule}${rowOf(row, from + at, sides)}`
    })
    return isFolded
      ? html`<li class="fold"><details><summary>${plural(to - from, 'equal step')}</summary><ol class="aligned">${own}</ol></details></li>`
      : html`${own}`
  })
  const more = diff.rows.length - shown.length
  const told = [classCounts(diff.counts), `writes: ${writesLine(diff.writes)}`].filter((line) => line !== '')
  return html`<section class="compared"><h4>Recorded and this run, step by step</h4><p>${sentenceOf(diff)}</p><p class="quiet">${told.join(
    ' · ',
  )}</p><ol class="aligned"><li class="titles" aria-hidden="true"><span>recorded</span><span></span><span>this run</span></li>${rows}</ol>${
    more > 0
      ? html`<p class="quiet">… and ${plural(more, 'more step')}: <code>evalkit diff</code> has them.</p>`
      : nothing
  }${ends(diff.ends, 'how they ended')}${ends(diff.settings, 'what the model was first asked with')}</section>`
}

/** Rows from `from` to before `to`. */
interface Stretch {
  readonly from: number
  readonly to: number
  readonly isFolded: boolean
}

/** Long stretches of equal steps are folded, but for the one before and the one behind what differs. */
function stretchesOf(rows: readonly DiffRow[]): readonly Stretch[] {
  const stretches: Stretch[] = []
  let start = 0
  for (let at = 0; at < rows.length; at++) {
    let end = at
    while (rows[end]?.class === 'identical') end++
    const from = at === 0 ? 0 : at + 1
    const to = end === rows.length ? end : end - 1
    if (to - from >= shortestFold) {
      stretches.push({ from: start, to: from, isFolded: false }, { from, to, isFolded: true })
      start = to
    }
    at = Math.max(at, end)
  }
  return [...stretches, { from: start, to: rows.length, isFolded: false }]
}

interface Sides {
  readonly left: ReadonlyMap<string, Step>
  readonly right: ReadonlyMap<string, Step>
}

function rowOf(row: DiffRow, at: number, sides: Sides): Html {
  const { left, right } = row
  const isSame = row.class === 'identical'
  const isBad = diverges(severityOf[row.class])
  const tone = isBad ? 'bad' : isSame ? 'same' : row.class === 'off-tape' ? 'off' : 'drift'
  const moved =
    row.movedTo === undefined ? '' : `the same call stands further ${row.movedTo > at ? 'down' : 'up'}`
  const notes = isSame
    ? nothing
    : html`<div class="notes"><span class="badge ${isBad ? 'bad' : 'calm'}">${row.class}</span> ${[
        row.note ?? '',
        moved,
      ]
        .filter((note) => note !== '')
        .join(' · ')}${differences(row.differences)}${inFull(row, sides)}</div>`
  return html`<li class="row ${tone}">${cell(left, 'recorded')}<span class="sign" aria-hidden="true">${signOf(row, isBad)}</span>${cell(right, 'this run')}${notes}</li>`
}

function cell(step: DiffStep | undefined, side: string): Html {
  if (step === undefined)
    return html`<div class="cell none"><span class="side">${side}: </span><span class="quiet">nothing</span></div>`
  return html`<div class="cell"><span class="side">${side}: </span><span class="step-number">${step.step}</span> ${
    step.served === undefined ? nothing : html`${badge(step.served)} `
  }<span class="who">${speaker(step)}</span>${step.failed === true ? html`<b class="wrong">✗ failed </b>` : nothing}<span class="${
    step.kind === 'tool' ? 'call' : 'says'
  }">${step.says}</span></div>`
}

function speaker({ kind, name }: DiffStep): string {
  if (kind === 'llm') return 'agent '
  if (kind === 'human' && name === 'user') return 'user '
  return kind === 'human' ? 'asks ' : ''
}

function signOf(row: DiffRow, isBad: boolean): string {
  if (isBad) return '!'
  if (row.left === undefined) return '+'
  if (row.right === undefined) return '−'
  return row.class === 'identical' || row.class === 'commuted' ? '=' : '≠'
}

function differences(all: readonly SideDifference[]): Html {
  if (all.length === 0) return nothing
  const shown = all.slice(0, mostDifferences)
  return html`<div class="wide"><table class="differences"><thead><tr><th scope="col">where</th><th scope="col">recorded</th><th scope="col">this run</th></tr></thead><tbody>${shown.map(
    ({ path, left, right }) =>
      html`<tr><th scope="row"><code>${cut(path, 300)}</code></th><td><code>${valueOf(left)}</code></td><td><code>${valueOf(right)}</code></td></tr>`,
  )}</tbody></table></div>${all.length > shown.length ? html`<p class="quiet">… and ${all.length - shown.length} more</p>` : nothing}`
}

/** Both sides of a row as they were said and answered: what the row itself cuts. */
function inFull({ left, right }: DiffRow, sides: Sides): Html {
  const one = left && sides.left.get(left.span)
  const other = right && sides.right.get(right.span)
  if (one === undefined && other === undefined) return nothing
  const part = (label: string, step: Step | undefined): Html =>
    step === undefined ? nothing : html`<div><p class="label">${label}</p>${bodyOf(step)}</div>`
  return html`<details><summary>in full</summary><div class="both">${part('recorded', one)}${part('this run', other)}</div></details>`
}

function ends(all: readonly SideDifference[], label: string): Html {
  return all.length === 0 ? nothing : html`<p class="label">${label}</p>${differences(all)}`
}

/** The step that a span is: where a model request brought words of the user, too, the model's turn. */
function stepsBySpan(trace: Trace): ReadonlyMap<string, Step> {
  return new Map(stepsOf(trace).map((step) => [step.span, step]))
}

function valueOf(value: Json | undefined): string {
  return value === undefined ? '–' : cut(flatJson(value), 2_000)
}
