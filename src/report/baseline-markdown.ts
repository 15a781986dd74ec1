import { escapeMarkdown } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import { announcements } from './baseline-words.ts'
import { plural } from './format.ts'

/** What became of the accepted state, one line each, what nobody decided first; empty where nothing did. */
export function baselineNews(report: Report, where: 'run' | 'pull request', most = 10): string {
  const all = announcements(report, where)
  const sorted = [...all.filter(({ loud }) => loud), ...all.filter(({ loud }) => !loud)]
  const lines = sorted
    .slice(0, most)
    .map(({ loud, text }) => `> ${loud ? '⚠️ **' : ''}${escapeMarkdown(text, 2_000)}${loud ? '**' : ''}`)
  const more = sorted.length > most ? [`> … and ${plural(sorted.length - most, 'more change')}`] : []
  return [...lines, ...more].join('\n>\n')
}
