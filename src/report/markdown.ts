import { withoutCommands } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import { baselineNews } from './baseline-markdown.ts'
import { fitted } from './fitting.ts'
import {
  brokenCases,
  categoriesTable,
  commandBlocks,
  contextOf,
  fixedCases,
  flakyCases,
  metricsTable,
  offTapeList,
  outsideComparison,
  reasonsList,
  titleOf,
  unscoredTrials,
  weakCases,
} from './markdown-sections.ts'
import { partsTable } from './parts-table.ts'
import type { Reporter } from './reporter.ts'

/** GitHub refuses comments of more than 65,536 characters, and then there is no report at all. */
export const commentBudget = 60_000

/**
 * A page for wherever Markdown is read: the first line stands alone in an e-mail, failures are open, the rest is folded.
 * Where it would be too long for a comment, whole sections are left out, least important first, and it says so.
 */
export const markdown: Reporter = {
  name: 'markdown',
  description: 'GitHub-flavoured Markdown for a comment or a job summary, at most 60,000 characters',
  wantsTraces: false,
  render: (report) =>
    fitted({
      head: [withoutCommands(titleOf(report))],
      sections: markdownSections(report),
      note: '_Sections were left out because a comment cannot be longer._',
      budget: commentBudget,
    }),
}

/** All there is to say of a run below its title, by importance; what there is nothing to say of is empty. */
export function markdownSections(report: Report, most = 20): readonly string[] {
  return [
    contextOf(report),
    baselineNews(report, 'run'),
    metricsTable(report),
    partsTable(report, most),
    brokenCases(report, most),
    commandBlocks(report),
    reasonsList(report, most),
    unscoredTrials(report, most),
    offTapeList(report, most),
    weakCases(report, most),
    flakyCases(report, most),
    fixedCases(report, most),
    outsideComparison(report, most),
    categoriesTable(report, most),
  ].map(withoutCommands)
}
