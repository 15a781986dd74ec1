import { contentHash } from '../lib/hash.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { Tallies } from './run.ts'

/** What a decision names accepted tallies by: a file that was changed by hand has another. The order of cases does not matter. */
export function talliesHash({
  eval: of,
  run,
  mode,
  hashes,
  versions,
  planned,
  trials,
  cases,
}: Tallies): string {
  const sorted = cases.toSorted((a, b) => byCodeUnit(a.case, b.case))
  return contentHash({ eval: of, run, mode, hashes, versions, planned, trials, cases: sorted })
}
