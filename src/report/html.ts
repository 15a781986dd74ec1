import { cut } from '../lib/text.ts'
import type { Report, ReportEvidence, ReportTraces } from '../schema/report.ts'
import { plural, signOf } from './format.ts'
import { casePages } from './html-case.ts'
import { caseTable } from './html-cases.ts'
import { bytesOf, type Html, html, nothing, policyHash, scriptTag, styleTag } from './html-markup.ts'
import { fragmentsOf } from './html-names.ts'
import { provenance } from './html-provenance.ts'
import { script } from './html-script.ts'
import { css } from './html-style.ts'
import { besideCases, summary } from './html-summary.ts'
import { placedCases } from './page-order.ts'
import type { Reporter } from './reporter.ts'

/** Browsers open more, but nobody mails it. */
const largest = 20_000_000

const noEvidence: ReportEvidence = { recorded: {}, verdicts: {} }

/** One page to look at, complete in itself: verdict, numbers, a table to filter, and a page for every case. */
export const htmlPage: Reporter = {
  name: 'html',
  description:
    'one self-contained page: verdict, numbers, and every case down to the steps of its trials beside their recording',
  wantsTraces: true,
  render: (report, { traces, evidence }) => renderPage(report, { traces, evidence }, largest),
}

/** What a page shows beside its report. */
export interface PageParts {
  readonly traces: ReportTraces
  readonly evidence?: ReportEvidence | undefined
}

/**
 * The page, at most `bytes` large. Whole parts are left out, and it says which: steps of trials first, those of passing cases
 * before those of others; then pages of cases; then rows. It loads nothing and runs nothing but its own script: its policy
 * forbids everything else. Without scripts it is all there, one part below the other.
 */
export function renderPage(
  report: Report,
  { traces, evidence = noEvidence }: PageParts,
  bytes: number,
): string {
  const cases = placedCases(report)
  const fragments = fragmentsOf(cases.map(({ found }) => found.case))
  const top = summary(report)
  const foot = [...besideCases(report, fragments), provenance(report)]
  const frame = 4_000 + css.length + script.length
  const left = bytes - [...top, ...foot].reduce((sum, part) => sum + bytesOf(part), frame)
  // A row leads to a page: a table may take half of the room, or nothing would be left to lead to.
  const table = cases.length === 0 ? nothing : caseTable(report, cases, fragments, left / 2)
  const { sections, leftOut, missing } = casePages(
    { report, traces, evidence, cases, fragments },
    left - bytesOf(table),
  )
  const notes = [
    ...(leftOut === 0
      ? []
      : [`The steps of ${plural(leftOut, 'trial')} were left out, those of passing cases first`]),
    ...(missing === 0 ? [] : [`The pages of ${plural(missing, 'case')} were left out`]),
  ]
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${signOf(report.verdict).word} · ${cut(report.eval, 200)}</title>
${styleTag(css)}
${scriptTag(script)}
</head>
<body>
<main>
<div id="overview">
${lines(top)}
<p id="lost" class="wrong" role="alert" hidden>This report has no page for the case in its address.</p>
${cases.length === 0 ? nothing : html`<h2>Cases</h2>`}
${notes.map((note) => html`<p class="quiet">${note}, to keep the page small; the json report and the store have them.</p>`)}
${table}
${lines(foot)}
</div>
<nav id="turn" aria-label="Cases" hidden><a id="back" href="#">← all cases</a><span id="place" class="quiet"></span><a id="previous" href="#" hidden>previous</a><a id="next" href="#" hidden>next</a><button type="button" id="open" class="plain">open all</button><button type="button" id="close" class="plain">close all</button><span class="keys"><kbd>p</kbd><kbd>n</kbd> turn <kbd>Esc</kbd> back</span></nav>
<div id="pages">
${lines(sections)}
</div>
<footer>Made by evalkit ${report.evalkit} from run ${report.run.id}, started ${report.run.startedAt}.</footer>
</main>
</body>
</html>
`
  return page.html
}

/** Nothing loads, one style sheet and one script are allowed by their hashes, and no text can become markup at run time. */
function policy(): string {
  return [
    "default-src 'none'",
    `script-src '${policyHash(script)}'`,
    `style-src '${policyHash(css)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}

/** Each part on a line of its own, for people who read the source. */
function lines(parts: readonly Html[]): readonly Html[] {
  return parts.filter((part) => part.html !== '').map((part) => ({ html: `${part.html}\n` }))
}
