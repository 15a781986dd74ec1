import type { CaseReport, Report } from '../schema/report.ts'
import { type CaseStatus, statusesOf, type Urgency, urgencyOf } from './case-status.ts'
import { brokenOf, passed, type TrialReport } from './lists.ts'

/** A case with what holds for it. */
export interface Placed {
  readonly found: CaseReport
  readonly statuses: readonly CaseStatus[]
  readonly urgency: Urgency
}

/** Cases in the order of a page: by urgency; broken ones worst first, others the lower mean first; then by id. */
export function placedCases(report: Report): readonly Placed[] {
  const broken = new Map(brokenOf(report).map((flip, at) => [flip.case, at]))
  const statuses = statusesOf(report)
  return report.cases
    .map((found) => {
      const own = statuses(found)
      return { found, statuses: own, urgency: urgencyOf(own) }
    })
    .sort(
      (a, b) =>
        a.urgency - b.urgency ||
        (broken.get(a.found.case) ?? 0) - (broken.get(b.found.case) ?? 0) ||
        (a.found.mean ?? 0) - (b.found.mean ?? 0) ||
        (a.found.case < b.found.case ? -1 : 1),
    )
}

/**
 * Trials in the order in which their steps are worth room on a page: cases as a page has them, of each the first trial
 * that did not pass before the others; second trials only after every case of the same urgency has one.
 */
export function trialsByWorth(
  report: Report,
  cases: readonly Placed[],
): readonly { readonly found: CaseReport; readonly trial: TrialReport }[] {
  return cases
    .flatMap(({ found, urgency }, place) =>
      found.trials
        .toSorted((a, b) => Number(passed(a, report.metric)) - Number(passed(b, report.metric)))
        .map((trial, turn) => ({ found, trial, urgency, turn, place })),
    )
    .sort((a, b) => a.urgency - b.urgency || a.turn - b.turn || a.place - b.place)
}
