import type { Report, ReportTraces } from '../schema/report.ts'

/** What the terminal allows, handed in from the top. */
export interface Style {
  readonly colour: boolean
  /** Columns; long cells are cut to fit. */
  readonly width: number
}

/**
 * The seam for reports: pure, data in, text out. Everything in a report that an agent, a dataset or a file said is
 * hostile text, and each reporter makes it inert in its own medium.
 */
export interface Reporter {
  readonly name: string
  readonly description: string
  /** Whether it shows traces: only then are they gathered. */
  readonly wantsTraces: boolean
  render(report: Report, options: { readonly style: Style; readonly traces: ReportTraces }): string
}
