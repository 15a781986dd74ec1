import { cut, plain } from '../lib/text.ts'
import { metricOf } from '../schema/metric.ts'
import type { CaseReport, Report } from '../schema/report.ts'
import { caseStatuses } from './case-status.ts'
import { count, percent, share } from './format.ts'
import { bytesOf, type Html, html, nothing } from './html-markup.ts'
import { nameOf, statusBadges, statusToken } from './html-names.ts'
import { whyOf, wentOffAt } from './lists.ts'
import type { Placed } from './page-order.ts'

/** Categories and tags one can choose from; more are found by their text. */
const mostChoices = 500
/** Tags of a case that its row shows. */
const mostTags = 6

/**
 * The table of cases, each a link to its page, and what filters it. Rows that do not fit into `bytes` are left out, last ones
 * first, and it says so.
 */
export function caseTable(
  report: Report,
  cases: readonly Placed[],
  fragments: ReadonlyMap<string, string>,
  bytes: number,
): Html {
  const categories = choicesOf(cases.map(({ found }) => found.category))
  const tags = choicesOf(cases.flatMap(({ found }) => found.tags))
  const columns = {
    compared: report.verdict?.comparison !== undefined,
    category: categories.size > 0,
    // A column that says 100 % in every line is left out.
    fidelity: cases.some(({ found }) => found.fidelity < 1),
  }
  const rows: Html[] = []
  let left = bytes
  for (const placed of cases) {
    const row = rowOf(report, placed, fragments, { ...columns, categories, tags })
    left -= bytesOf(row)
    if (left < 0) break
    rows.push(row)
  }
  const out = cases.length - rows.length
  const head = html`<tr><th scope="col">case</th><th scope="col">status</th>${
    columns.category ? html`<th scope="col">category</th>` : nothing
  }${columns.compared ? html`<th scope="col" class="number">baseline</th>` : nothing}<th scope="col" class="number">mean</th>${
    columns.fidelity ? html`<th scope="col" class="number">fidelity</th>` : nothing
  }<th scope="col">trials</th><th scope="col">why</th></tr>`
  return html`${filterBar(cases, categories, tags)}<div class="wide"><table id="table" class="cases"><thead>${head}</thead><tbody>${lines(
    rows,
  )}</tbody></table></div>${
    out > 0
      ? html`<p class="quiet">${count(out)} more cases are not shown, to keep the page small; the json report has them all.</p>`
      : nothing
  }`
}

interface Columns {
  readonly compared: boolean
  readonly category: boolean
  readonly fidelity: boolean
  readonly categories: ReadonlyMap<string, number>
  readonly tags: ReadonlyMap<string, number>
}

function rowOf(
  report: Report,
  { found, statuses, urgency }: Placed,
  fragments: ReadonlyMap<string, string>,
  columns: Columns,
): Html {
  const tags = found.tags.map((tag) => columns.tags.get(plain(tag))).filter((at) => at !== undefined)
  const category = found.category === undefined ? undefined : columns.categories.get(plain(found.category))
  const data = html` data-is="${statuses.map(statusToken).join(' ')}"${
    category === undefined ? nothing : html` data-category="${category}"`
  }${tags.length === 0 ? nothing : html` data-tags="${tags.join(' ')}"`}`
  const why = whyOf(found, report.metric)
  const where = wentOffAt(found, report.metric)
  return html`<tr class="urgent${urgency}"${data}><td><a href="#${fragments.get(found.case)}">${nameOf(found.case)}</a>${
    found.tags.length === 0
      ? nothing
      : html` <span class="tags">${found.tags.slice(0, mostTags).map((tag) => html`<span>#${cut(tag, 60)}</span> `)}</span>`
  }</td><td>${statusBadges(statuses)}</td>${columns.category ? html`<td>${cut(found.category ?? '', 200)}</td>` : nothing}${
    columns.compared
      ? html`<td class="number base">${found.baseline === undefined ? '–' : share(found.baseline)}</td>`
      : nothing
  }<td class="number mean">${found.mean === undefined ? '–' : share(found.mean)}</td>${
    columns.fidelity ? html`<td class="number fidelity">${percent(found.fidelity)}</td>` : nothing
  }<td class="marks">${marks(found, report.metric)}</td><td class="why">${cut(why, 300)}${
    where === '' || where.includes(why) ? nothing : html` <span class="where">${cut(where, 300)}</span>`
  }</td></tr>`
}

/** What the table is filtered by. It is shown where scripts run. */
function filterBar(
  cases: readonly Placed[],
  categories: ReadonlyMap<string, number>,
  tags: ReadonlyMap<string, number>,
): Html {
  const chips = caseStatuses.flatMap((status) => {
    const n = cases.filter(({ statuses }) => statuses.includes(status)).length
    return n === 0
      ? []
      : [
          html`<button type="button" class="chip" data-status="${statusToken(status)}" aria-pressed="false">${status} <span>${count(n)}</span></button>`,
        ]
  })
  return html`<div id="filter" role="search" aria-label="Filter cases" hidden><div class="fields"><input id="text" type="search" placeholder="Filter by id, tag, reason …" aria-label="Filter by text" aria-keyshortcuts="/" autocomplete="off" spellcheck="false">${choice(
    'category',
    categories,
  )}${choice('tag', tags)}</div><div class="chips" role="group" aria-label="Filter by status">${chips}</div><p class="shown"><span id="shown" role="status"></span> <button type="button" id="all" class="plain" hidden>show all of them</button> <button type="button" id="clear" class="plain" hidden>clear the filter</button> <span class="keys"><kbd>/</kbd> filter <kbd>↑</kbd><kbd>↓</kbd> choose <kbd>Enter</kbd> open <kbd>Esc</kbd> back</span></p></div>`
}

function choice(name: string, names: ReadonlyMap<string, number>): Html {
  if (names.size === 0) return nothing
  const options = [...names].map(([text, at]) => html`<option value="${at}">${text}</option>`)
  return html`<select id="${name}" aria-label="Filter by ${name}"><option value="">any ${name}</option>${options}</select>`
}

/** Names and their numbers, as rows refer to them: as they are shown, sorted. */
function choicesOf(names: readonly (string | undefined)[]): ReadonlyMap<string, number> {
  const all = new Set(names.flatMap((name) => (name === undefined ? [] : [plain(name)])))
  return new Map(
    [...all]
      .toSorted()
      .slice(0, mostChoices)
      .map((name, at) => [name, at]),
  )
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

/** Each part on a line of its own, for people who read the source. */
function lines(parts: readonly Html[]): readonly Html[] {
  return parts.map((part) => ({ html: `${part.html}\n` }))
}
