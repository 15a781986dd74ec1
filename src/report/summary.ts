import { withoutCommands } from '../lib/text.ts'
import { asClaim, claimNote, withoutAdvice } from './claimed.ts'
import { fitted } from './fitting.ts'
import { markdownSections } from './markdown.ts'
import { titleOf } from './markdown-sections.ts'
import type { Reporter } from './reporter.ts'
import type { Report } from '../schema/report.ts'

/** GitHub takes 1 MiB a step, bytes of UTF-8, and shows nothing where there is more. Room is left for other text. */
export const summaryBudget = 1_000_000

/** A summary is scrolled through, where a comment is read. */
const listed = 500

/**
 * What a job summary shows: all that `markdown` says, with longer lists. Where it would be too large, whole sections are
 * left out, least important first, and it says so.
 */
export const summary: Reporter = {
  name: 'summary',
  description: 'a job summary of GitHub Actions: like markdown, with longer lists, less than 1 MiB',
  wantsTraces: false,
  render: (report) => summaryOf(report, summaryBudget),
}

/**
 * A summary of at most `budget` bytes of UTF-8. Title and note alone take up to 60,000. A `claimed` report came as a file from
 * code that nobody trusts: it is said first, and nothing in it says what to do.
 */
export function summaryOf(report: Report, budget: number, { claimed = false } = {}): string {
  const shown = claimed ? withoutAdvice(report) : report
  const head = claimed ? [asClaim(titleOf(shown)), claimNote] : [titleOf(shown)]
  return fitted({
    head: head.map(withoutCommands),
    sections: markdownSections(shown, listed),
    note: '_Sections were left out because a job summary cannot be longer._',
    budget,
    size: (text) => Buffer.byteLength(text),
  })
}
