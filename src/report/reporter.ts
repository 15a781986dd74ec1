import type { Report, ReportEvidence, ReportTraces } from '../schema/report.ts'

/** What the terminal allows, handed in from the top. */
export interface Style {
  readonly colour: boolean
  /** Columns; long cells are cut to fit. */
  readonly width: number
}

/** Where a thing stands: a path relative to the root of the repository, with `/`, and a line from 1. */
export interface Place {
  readonly file: string
  readonly line?: number
}

/** Where what a report speaks of stands, as far as it is known. */
export interface Places {
  readonly eval?: Place
  /** By the id of the case. */
  readonly cases?: ReadonlyMap<string, Place>
}

export interface RenderOptions {
  readonly style: Style
  readonly traces: ReportTraces
  /** Beside the traces, where it was gathered. */
  readonly evidence?: ReportEvidence
  readonly places?: Places
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
  render(report: Report, options: RenderOptions): string
  /** One text on all runs of a command, where the medium has room for several. */
  readonly together?: (reports: readonly Report[]) => string
}
