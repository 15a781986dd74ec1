import { metricOf } from '../schema/metric.ts'
import type { CaseReport, Report } from '../schema/report.ts'

/** What can be said of a case beside its numbers; several may hold. In the order of how urgently somebody wants to see it. */
export const caseStatuses = [
  'broken',
  'unscored',
  'off tape',
  'failing',
  'flaky',
  'fixed',
  'quarantined',
  'new',
  'edited',
  'passing',
] as const
export type CaseStatus = (typeof caseStatuses)[number]

/** 0 is broken, 1 has no score or left its recording, 2 does not pass, 3 is fine and other than before, 4 is fine. */
export type Urgency = 0 | 1 | 2 | 3 | 4

const urgencies: Readonly<Record<CaseStatus, Urgency>> = {
  broken: 0,
  unscored: 1,
  'off tape': 1,
  failing: 2,
  flaky: 2,
  fixed: 3,
  quarantined: 3,
  new: 3,
  edited: 3,
  passing: 4,
}

/**
 * What holds for each case of a report, in the order of `caseStatuses`. `failing`, `flaky` and `passing` speak of the
 * trials that were scored: none, some, all of them pass. `unscored`: a trial, or one side of the comparison, has no
 * value. `off tape`: a trial left its recording, or the gate set the case aside because a side did.
 */
export function statusesOf(report: Report): (found: CaseReport) => readonly CaseStatus[] {
  const comparison = report.verdict?.comparison
  const listed: readonly (readonly [CaseStatus, ReadonlySet<string>])[] = [
    ['broken', new Set(comparison?.broken.map((flip) => flip.case))],
    ['fixed', new Set(comparison?.fixed.map((flip) => flip.case))],
    ['quarantined', new Set(comparison?.broken.flatMap((flip) => (flip.quarantined ? [flip.case] : [])))],
    ['new', new Set(comparison?.added)],
    ['edited', new Set(comparison?.edited)],
    ['unscored', new Set(comparison?.unscored)],
    ['off tape', new Set(comparison?.inconclusive.map((one) => one.case))],
  ]
  return (found) => {
    const holds = new Set<CaseStatus>(
      listed.flatMap(([status, cases]) => (cases.has(found.case) ? [status] : [])),
    )
    const worths = found.trials.map((trial) => metricOf(trial, report.metric))
    const scored = worths.filter((worth) => 'value' in worth)
    const passed = scored.filter((worth) => worth.passed).length
    if (scored.length < worths.length || scored.length === 0) holds.add('unscored')
    if (found.trials.some(({ fidelity }) => fidelity.firstOffTape !== undefined)) holds.add('off tape')
    if (scored.length > 0) holds.add(passed === 0 ? 'failing' : passed < scored.length ? 'flaky' : 'passing')
    return caseStatuses.filter((status) => holds.has(status))
  }
}

/** How urgently somebody wants to see a case: as its most urgent status. */
export function urgencyOf(statuses: readonly CaseStatus[]): Urgency {
  return statuses.reduce<Urgency>((most, status) => {
    const own = urgencies[status]
    return own < most ? own : most
  }, 4)
}
