import { oneLine } from '../lib/text.ts'
import { metricOf, successMetric } from '../schema/metric.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Score } from '../schema/score.ts'
import type { DiffSeverity, WriteEffects } from '../schema/trace-diff.ts'
import type { Trace } from '../schema/trace.ts'
import { percent, plural } from './format.ts'
import type { Style } from './reporter.ts'

/** One trial of a recorded run with live models, beside what was recorded. */
export interface LiveTrial {
  readonly outcome: Outcome
  readonly scores: readonly Score[]
  /** What it changed in the world, compared with the recorded run. */
  readonly writes: WriteEffects
  readonly severity: DiffSeverity
}

/** What came of each trial, writes first: what an agent did to the world is what a change is judged by. */
export function showLiveTrials(trace: Trace, trials: readonly LiveTrial[], { width }: Style): string {
  const lines = trials.flatMap((trial, index) => linesOf(trial, index + 1, trace, width))
  const costs = trials.flatMap(({ outcome }) => (outcome.costUsd === undefined ? [] : [outcome.costUsd]))
  const cost = costs.length === 0 ? '' : `, $${costs.reduce((sum, one) => sum + one, 0).toFixed(4)}`
  const of = (status: Outcome['status']): number =>
    trials.filter(({ outcome }) => outcome.status === status).length
  const counts = (['completed', 'failed', 'aborted'] as const)
    .filter((status) => of(status) > 0)
    .map((status) => `${of(status)} ${status}`)
  const same = trials.filter(({ outcome, writes }) => outcome.status !== 'aborted' && isSame(writes)).length
  return [
    `${plural(trials.length, 'trial')} of ${oneLine(`${trace.id} (${trace.name})`, width - 20)} with live models`,
    '',
    ...lines,
    '',
    `${counts.join(', ') || 'nothing was played'}; ${same} with the recorded writes${cost}`,
    '',
  ].join('\n')
}

function linesOf(
  { outcome, scores, writes }: LiveTrial,
  number: number,
  trace: Trace,
  width: number,
): string[] {
  const { status, fidelity, reason, output } = outcome
  const worth = scores.length === 0 ? undefined : metricOf({ ...outcome, scores }, successMetric)
  const passed = worth === undefined || 'unscored' in worth ? undefined : worth.passed ? 'pass' : 'fail'
  const off = fidelity.firstOffTape
  const facts = [
    status,
    ...(passed === undefined ? [] : [passed]),
    `fidelity ${percent(fidelity.share)}`,
    ...(off === undefined ? [] : [`off the tape from step ${off} of ${fidelity.steps}`]),
    writesOf(writes),
  ]
  const said = typeof output === 'string' ? output : output === undefined ? '' : JSON.stringify(output)
  const indent = '      '
  return [
    `${String(number).padStart(3)}   ${facts.join(' · ')}`,
    ...(reason === undefined ? [] : [indent + oneLine(reason, width - indent.length)]),
    ...(said === '' ? [] : [`${indent}“${oneLine(said, width - indent.length - 2)}”`]),
    `${indent}evalkit diff ${trace.id} ${outcome.trace.id}`,
  ]
}

function isSame({ changed, removed, added, reordered }: WriteEffects): boolean {
  return changed + removed + added + reordered === 0
}

function writesOf(writes: WriteEffects): string {
  if (isSame(writes)) return writes.same === 0 ? 'no writes, as recorded' : 'the recorded writes'
  const parts = (['changed', 'removed', 'added', 'reordered'] as const)
    .filter((what) => writes[what] > 0)
    .map((what) => `${writes[what]} ${what}`)
  return `writes: ${parts.join(', ')}`
}
