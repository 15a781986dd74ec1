import { byCodeUnit } from '../../lib/json.ts'
import type { RunDiff, TrialDiff } from '../../schema/run-diff.ts'
import type { Run, Trial } from '../../schema/run.ts'
import {
  type DiffClass,
  diffSeverity,
  type GuessedEffect,
  type TraceDiff,
  worstSeverity,
} from '../../schema/trace-diff.ts'

/** Trials of two runs by case and number: those both have, with a trace each, and those that cannot be compared. */
export interface PairedTrials {
  readonly both: readonly { readonly left: Trial; readonly right: Trial }[]
  readonly uncompared: RunDiff['uncompared']
}

export function pairTrials(left: readonly Trial[], right: readonly Trial[]): PairedTrials {
  const rights = new Map(right.map((trial) => [keyOf(trial), trial]))
  const lefts = new Set(left.map(keyOf))
  const both: { left: Trial; right: Trial }[] = []
  const uncompared: { case: string; trial: number; reason: string }[] = []
  const skip = (at: Trial, reason: string): void => {
    uncompared.push({ case: at.case, trial: at.trial, reason })
  }
  for (const trial of left) {
    const other = rights.get(keyOf(trial))
    if (other === undefined) skip(trial, 'only the left run has it')
    else if (trial.trace === undefined) skip(trial, 'it left no trace on the left')
    else if (other.trace === undefined) skip(trial, 'it left no trace on the right')
    else both.push({ left: trial, right: other })
  }
  for (const trial of right) if (!lefts.has(keyOf(trial))) skip(trial, 'only the right run has it')
  return { both, uncompared }
}

/** Gathers the comparisons of two runs' trials, one at a time: each is summed up and forgotten. */
export interface RunDiffing {
  add(left: Trial, right: Trial, diff: TraceDiff): void
  /** All of it, worst trial first. */
  finish(uncompared: RunDiff['uncompared']): RunDiff
}

export function runDiffing(left: Run, right: Run): RunDiffing {
  const trials: TrialDiff[] = []
  const guessed = new Map<string, GuessedEffect>()
  const counts: Partial<Record<DiffClass, number>> = {}
  const writes = { same: 0, changed: 0, removed: 0, added: 0, reordered: 0 }
  let identical = 0
  return {
    add(one, other, diff) {
      for (const [of, n] of Object.entries(diff.counts) as [DiffClass, number][]) {
        counts[of] = (counts[of] ?? 0) + n
      }
      for (const key of Object.keys(writes) as (keyof typeof writes)[]) writes[key] += diff.writes[key]
      for (const one of diff.guessed) guessed.set(one.tool, one)
      if (diff.severity === 'same' && diff.ends.length === 0) {
        identical++
        return
      }
      const first = diff.rows[diff.firstDivergence ?? diff.firstDifference ?? -1]
      trials.push({
        case: one.case,
        trial: one.trial,
        left: diff.left.trace,
        right: diff.right.trace,
        severity: diff.severity,
        counts: diff.counts,
        writes: diff.writes,
        ends: diff.ends,
        ...(first === undefined ? {} : { first }),
        ...(one.caseHash === other.caseHash ? {} : { caseChanged: true }),
      })
    },
    finish: (uncompared) => ({
      left: named(left),
      right: named(right),
      severity: worstSeverity(trials.map(({ severity }) => severity)),
      counts,
      writes,
      identical,
      trials: trials.toSorted(
        (a, b) => badness(b) - badness(a) || byCodeUnit(a.case, b.case) || a.trial - b.trial,
      ),
      uncompared: [...uncompared],
      guessed: [...guessed.values()].toSorted((a, b) => byCodeUnit(a.tool, b.tool)),
    }),
  }
}

/** By severity, then by how many writes are not the same. */
function badness({ severity, writes: { changed, removed, added, reordered } }: TrialDiff): number {
  const drifted = Math.min(9_999, changed + removed + added + reordered)
  return diffSeverity.options.indexOf(severity) * 10_000 + drifted
}

function named({ id, name, eval: of }: Run): RunDiff['left'] {
  return { run: id, name, eval: of }
}

function keyOf({ case: of, trial }: Trial): string {
  return `${of} ${trial}`
}
