import { htmlPage } from './html.ts'
import { json } from './json.ts'
import { markdown } from './markdown.ts'
import { terminal } from './terminal.ts'

/** Every reporter by its name. */
export const reporters = { html: htmlPage, json, markdown, terminal }
export type ReporterName = keyof typeof reporters

export { buildReport, type ReportParts } from './build.ts'
export type { Reporter, Style } from './reporter.ts'
export { runStats } from './summarize.ts'
