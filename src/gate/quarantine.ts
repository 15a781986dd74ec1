import type { Quarantined } from '../schema/quarantine.ts'
import type { Tallies } from '../schema/run.ts'
import type { Finding } from './finding.ts'
import { count, named } from './words.ts'

/** The quarantine of an eval as it stands on a day. */
export interface Quarantine {
  readonly cases: readonly Quarantined[]
  /** Today in UTC, as `2026-11-28`. */
  readonly today: string
}

/** No case is in quarantine. */
export const noQuarantine: Quarantine = { cases: [], today: '' }

/** Cases whose hard breaks are not held against the run: in quarantine, and not expired. */
export function inQuarantine({ cases, today }: Quarantine): ReadonlySet<string> {
  return new Set(cases.filter(({ expires }) => today <= expires).map((one) => one.case))
}

/** Who looks after what, and what is out of order with it: entries that expired, and those of cases there are not. */
export function quarantineFindings({ cases: entries, today }: Quarantine, { cases }: Tallies): Finding[] {
  const known = new Set(cases.map((tally) => tally.case))
  const here = entries.filter((one) => known.has(one.case))
  const holds = here.filter(({ expires }) => today <= expires)
  const expired = here.filter(({ expires }) => today > expires)
  const unknown = entries.filter((one) => !known.has(one.case))
  return [
    ...said(
      'quarantine-expired',
      expired,
      (n) => `The quarantine of ${count(n, 'case')} has expired, and hard breaks count again`,
      'Mend the case, or put off the day in evals/quarantine.json, with a reason.',
    ),
    ...said(
      'quarantine-unknown',
      unknown,
      (n) => `${count(n, 'case')} in quarantine ${n === 1 ? 'is' : 'are'} not in the run`,
      'Take the entry out of evals/quarantine.json.',
    ),
    ...said(
      'in-quarantine',
      holds,
      (n) =>
        `${count(n, 'case')} ${n === 1 ? 'is' : 'are'} in quarantine, still in the mean and no hard break`,
    ),
  ]
}

function said(
  code: string,
  entries: readonly Quarantined[],
  state: (n: number) => string,
  hint?: string,
): Finding[] {
  if (entries.length === 0) return []
  const told = entries.map(({ case: id, owner, expires }) => `${id} (${owner}, until ${expires})`)
  const what = `${state(entries.length)}: ${named(told)}.`
  return [{ weight: 'note', code, what, ...(hint === undefined ? {} : { hint }), headline: what }]
}
