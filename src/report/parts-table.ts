import { escapeMarkdown } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import type { PartWord, SecondaryPart } from '../schema/verdict.ts'
import { confidenceIn, count } from './format.ts'
import { partRows } from './part-rows.ts'
import { tableOf } from './table-markdown.ts'

/** `partRows` as a table of Markdown; empty where there is none. */
export function partsTable(report: Report, most: number): string {
  const rows = partRows(report).map((row) => [
    escapeMarkdown(row.name, 100),
    row.base,
    row.now,
    row.isReal ? `**${row.change}**` : row.change,
    row.interval,
    signed(row),
  ])
  if (rows.length === 0) return ''
  const more = rows.length > most ? [`_… and ${count(rows.length - most)} more_`] : []
  const head = ['beside it', 'base', 'this run', 'change', confidenceIn(report), 'verdict']
  return [tableOf(head, rows.slice(0, most)), ...more].join('\n\n')
}

/** `✅ PASS`, with why it was not asked, or that it decides nothing. */
export function signed({ word, gates, why }: Pick<SecondaryPart, 'word' | 'gates' | 'why'>): string {
  const said = `${emoji[word]} ${word.toUpperCase()}${gates ? '' : ' (shown only)'}`
  return why === undefined ? said : `${said}: ${escapeMarkdown(why, 200)}`
}

const emoji: Readonly<Record<PartWord, string>> = {
  pass: '✅',
  fail: '❌',
  inconclusive: '⚪',
  incomparable: '⚪',
}
