import { comment } from './comment.ts'
import { github } from './github.ts'
import { htmlPage } from './html.ts'
import { json } from './json.ts'
import { jsonl } from './jsonl.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import { summary } from './summary.ts'
import { terminal } from './terminal.ts'

/** Every reporter by its name. */
export const reporters = { comment, github, html: htmlPage, json, jsonl, junit, markdown, summary, terminal }
export type ReporterName = keyof typeof reporters

export { buildReport, type ReportParts } from './build.ts'
export type { Reporter, Style } from './reporter.ts'
export { runStats } from './summarize.ts'
