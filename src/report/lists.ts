import { metricOf } from '../schema/metric.ts'
import type { CaseReport, Report } from '../schema/report.ts'
import type { Flip } from '../schema/verdict.ts'

export type TrialReport = CaseReport['trials'][number]

/** A case or trial worth a line: what happened to it, and why. */
export interface Line {
  readonly case: string
  readonly what: string
  /** Free text from checks, agents and tools. */
  readonly why: string
}

/** Broken cases, worst first: hard breaks, then by how far they fell. */
export function brokenOf(report: Report): readonly Flip[] {
  const broken = report.verdict?.comparison?.broken ?? []
  return [...broken].sort(
    (a, b) =>
      Number(b.hard) - Number(a.hard) ||
      a.candidate - a.baseline - (b.candidate - b.baseline) ||
      (a.case < b.case ? -1 : 1),
  )
}

/** The first reason a case's trials give for not passing; empty where none says anything. */
export function whyOf(found: CaseReport | undefined, metric: string): string {
  for (const trial of found?.trials ?? []) {
    const worth = metricOf(trial, metric)
    if ('value' in worth && worth.passed) continue
    if ('unscored' in worth) return worth.unscored
    if (trial.status === 'failed') return trial.reason ?? 'the agent failed'
    const failed = trial.scores.find((score) => score.status === 'scored' && !score.passed && score.gating)
    if (failed !== undefined)
      return failed.reason === undefined ? failed.name : `${failed.name}: ${failed.reason}`
  }
  return ''
}

/** One line for each trial that gave no value of the primary metric, with the reason. */
export function unscoredOf(report: Report): readonly Line[] {
  return report.cases.flatMap((found) =>
    found.trials.flatMap((trial) => {
      const worth = metricOf(trial, report.metric)
      if ('value' in worth) return []
      const code = trial.code === undefined ? '' : `${trial.code} `
      const what = `trial ${trial.trial} ${trial.status === 'aborted' ? 'aborted' : 'unscored'}`
      return [{ case: found.case, what, why: code + worth.unscored }]
    }),
  )
}

/** Cases that do not pass every scored trial, worst first: what there is to look at without a baseline. */
export function weakOf(report: Report): readonly CaseReport[] {
  return report.cases
    .filter((found) => found.mean !== undefined && found.mean < 1)
    .sort((a, b) => (a.mean ?? 0) - (b.mean ?? 0) || (a.case < b.case ? -1 : 1))
}

export function casesById(report: Report): ReadonlyMap<string, CaseReport> {
  return new Map(report.cases.map((found) => [found.case, found]))
}
