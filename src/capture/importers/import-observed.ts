import { assembleObserved } from './assemble.ts'
import { skipped } from './foreign.ts'
import type { Imported } from './importer.ts'
import type { Observed } from './observation.ts'

/** Observations as the trace of their run; skipped, at `at`, where JSON cannot say it (`1e999` parses to an infinity). */
export function importObserved(observed: Observed, at: string): Imported {
  try {
    return { trace: assembleObserved(observed) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return skipped(at, 'the run holds a number that JSON cannot say')
  }
}
