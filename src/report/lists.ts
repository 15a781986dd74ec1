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

/**
 * Where the trial whose reason `whyOf` gives first did something else than its recording; empty where it did not, or
 * where nobody knows.
 */
export function wentOffAt(found: CaseReport | undefined, metric: string): string {
  const trial = found?.trials.find((one) => !passed(one, metric))
  const [first] = (trial?.divergences ?? []).toSorted((a, b) => a.step - b.step)
  return first === undefined ? '' : `first other than recorded at step ${first.step}: ${first.what}`
}

/** A case whose scored trials do not agree. */
export interface Flaky extends CaseReport {
  readonly passed: number
  readonly scored: number
}

/** Cases that passed some of their scored trials and failed others, those nearest to one half first. */
export function flakyOf(report: Report): readonly Flaky[] {
  const off = ({ passed, scored }: Flaky): number => Math.abs(passed / scored - 0.5)
  return report.cases
    .map((found): Flaky => {
      const worths = found.trials.map((trial) => metricOf(trial, report.metric))
      const scored = worths.filter((worth) => 'value' in worth)
      return { ...found, passed: scored.filter((worth) => worth.passed).length, scored: scored.length }
    })
    .filter((flaky) => flaky.passed > 0 && flaky.passed < flaky.scored)
    .sort((a, b) => off(a) - off(b) || (a.case < b.case ? -1 : 1))
}

/** Whether a trial gave a value of the metric that passes. */
export function passed(trial: TrialReport, metric: string): boolean {
  const worth = metricOf(trial, metric)
  return 'value' in worth && worth.passed
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
