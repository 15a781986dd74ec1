import type { Trace } from '../../schema/trace.ts'
import { assembleObserved } from './assemble.ts'
import { skipped } from './foreign.ts'
import type { Imported } from './importer.ts'
import type { Observed } from './observation.ts'
import { withTraceId } from './trace-id.ts'

/**
 * Observations as the trace of their run, with what else its source says of it (`known`); skipped, at `at`, where JSON cannot
 * say it (`1e999` parses to an infinity).
 */
export function importObserved(
  observed: Observed,
  at: string,
  known: Partial<Pick<Trace, 'task' | 'trial' | 'ended'>> = {},
): Imported {
  try {
    const trace = assembleObserved(observed)
    if (Object.keys(known).length === 0) return { trace }
    const { id: _, ...content } = trace
    return { trace: withTraceId({ ...content, ...known }) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return skipped(at, 'the run holds a number that JSON cannot say')
  }
}
