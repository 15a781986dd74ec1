import type { Observation } from '../../importers/observation.ts'
import type { OtlpRun } from '../run.ts'
import type { OtlpSpan } from '../shape.ts'

/**
 * How one kind of instrumentation says in OTLP what an agent did. A member is one file and one line in `index.ts`; shared
 * code asks it and never branches on its name.
 */
export interface Dialect {
  readonly name: string
  readonly description: string
  /** Whether an instrumentation scope of this name speaks it. Asked first. */
  scopes(scope: string): boolean
  /** Whether a span shows by its attributes that it speaks it, whatever its scope. Asked where no scope is known. */
  recognizes(span: OtlpSpan): boolean
  /**
   * What the span saw; `undefined` where it only tells details of its parent, which has read them. Never throws on what a
   * span may say.
   */
  observe(span: OtlpSpan, run: OtlpRun): Observation | undefined
  /** What only the whole run tells, put into its observations. */
  complete?(observations: readonly Observation[], run: OtlpRun): readonly Observation[]
  /** Whether tools that fail leave no span. */
  readonly losesFailedTools?: boolean
}
