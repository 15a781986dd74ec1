import { defined } from '../lib/defined.ts'
import { canonicalJson, sameJson } from '../lib/json.ts'
import type { BaselineChange } from '../schema/baseline-change.ts'
import type { Baseline, Decision, Release, Tallies } from '../schema/run.ts'
import { talliesHash } from '../schema/tallies-hash.ts'
import { compare } from './compare.ts'
import { meanOf } from './pool.ts'
import { incomparable } from './soundness.ts'

type Accepted = Extract<Decision, { action: 'baseline-accept' }>
type Released = Extract<Decision, { action: 'baseline-release' }>
type Baselined = Extract<BaselineChange, { kind: 'baseline' }>

/** What is accepted of an eval in one commit: its files, and the log of all evals. */
export interface AcceptedState {
  readonly baseline?: Baseline | undefined
  readonly release?: Release | undefined
  readonly decisions: readonly Decision[]
}

/** How far two baselines are from each other: the gate's own comparison, where they measure the same. */
export interface Between {
  readonly change?: NonNullable<Accepted['change']>
  readonly broken: readonly string[]
  readonly removed: readonly string[]
  readonly edited: readonly string[]
}

/** Nearer than this is no difference: means of thirds differ by rounding. */
const rounding = 1e-9

/** What moves where `now` is accepted instead of `before`. */
export function changeBetween(before: Tallies, now: Tallies, metric: string): Between {
  const comparison = compare(now, before, metric, 0.05)
  const { removed, edited } = comparison
  if (comparison.cases === 0 || incomparable(now, before).length > 0) return { broken: [], removed, edited }
  const { difference, lower, upper, cases, broken } = comparison
  return {
    change: { difference, lower, upper, cases },
    broken: broken.map((flip) => flip.case),
    removed,
    edited,
  }
}

/**
 * What became of the accepted state of an eval between two commits, and which line of the log stands for it. Pure. A file
 * that moved without a new line, or is not what its line says, is `undecided`, with the reason.
 */
export function baselineChangesOf(
  evalName: string,
  metric: string,
  base: AcceptedState,
  head: AcceptedState,
): readonly BaselineChange[] {
  const about = ({ decisions }: AcceptedState): readonly Decision[] =>
    decisions.filter((one) => one.eval === evalName)
  const added = without(about(head), about(base))
  const lost = without(about(base), about(head)).length
  return [
    ...baselineChange(base.baseline, head.baseline, metric, added, about(head)),
    ...releaseChange(base.release, head.release, added),
    ...added.flatMap((one): BaselineChange[] => {
      if (one.action !== 'calibration-accept') return []
      const { judge, by, at, reason, before, after, j } = one
      return [{ kind: 'calibration', judge, by, at, after, j, ...defined({ reason, before }) }]
    }),
    ...(lost === 0 ? [] : [{ kind: 'log' as const, lost }]),
  ]
}

/** Lines that are in one log and not in the other, each as often as it is there more often. */
function without(lines: readonly Decision[], others: readonly Decision[]): readonly Decision[] {
  const counts = new Map<string, number>()
  for (const one of others) {
    const key = canonicalJson(one)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return lines.filter((one) => {
    const key = canonicalJson(one)
    const left = counts.get(key) ?? 0
    if (left > 0) counts.set(key, left - 1)
    return left === 0
  })
}

function baselineChange(
  before: Baseline | undefined,
  now: Baseline | undefined,
  metric: string,
  added: readonly Decision[],
  all: readonly Decision[],
): Baselined[] {
  if (sameJson(before, now)) return []
  const nothing = { kind: 'baseline', metric, broken: [], removed: [], edited: [] } as const
  if (now === undefined) {
    const mean = before === undefined ? undefined : meanOf(before, metric)
    return [{ ...nothing, how: 'deleted', undecided: 'the file is gone', ...defined({ before: mean }) }]
  }
  const said = saidOf(now, metric, added, all)
  const means = defined({ before: before && meanOf(before, metric), after: meanOf(now, metric) })
  if (before === undefined) return [{ ...nothing, how: 'first', ...means, ...said }]
  const { change, broken, removed, edited } = changeBetween(before, now, metric)
  return [
    {
      kind: 'baseline',
      how: howOf(change),
      metric,
      ...means,
      ...defined({ change }),
      broken: [...broken],
      removed: [...removed],
      edited: [...edited],
      ...said,
    },
  ]
}

function howOf(change: Between['change']): Baselined['how'] {
  if (change === undefined) return 'replaced'
  if (change.difference < -rounding) return 'lowered'
  return change.difference > rounding ? 'raised' : 'same'
}

/** The line of the log that stands for a baseline, or why none does. */
function saidOf(
  now: Baseline,
  metric: string,
  added: readonly Decision[],
  all: readonly Decision[],
): Pick<Baselined, 'decision' | 'undecided'> {
  const { at, by, reason, expires } = now.accepted
  const isIt = (one: Decision): one is Accepted =>
    one.action === 'baseline-accept' && one.run === now.run && one.at === at
  const line = added.find(isIt)
  if (line === undefined) {
    return {
      undecided: all.some(isIt)
        ? 'it was accepted earlier, and put back without a new line'
        : 'no line of the log is about it',
    }
  }
  const decision = {
    by: line.by,
    at: line.at,
    reason: line.reason,
    ...defined({ expires: line.expires, dirty: line.dirty }),
  }
  const isSame =
    line.by === by && line.reason === reason && line.expires === expires && holds(now, metric, line)
  return { decision, ...(isSame ? {} : { undecided: 'the file is not what its line says' }) }
}

/** Whether a baseline holds what was accepted. Older lines know a mean only. */
function holds(now: Baseline, metric: string, line: Accepted): boolean {
  if (line.tallies !== undefined) return line.tallies === talliesHash(now)
  const mean = meanOf(now, line.metric)
  return line.metric !== metric || (mean !== undefined && Math.abs(mean - line.after) <= rounding)
}

function releaseChange(
  before: Release | undefined,
  now: Release | undefined,
  added: readonly Decision[],
): BaselineChange[] {
  if (sameJson(before, now)) return []
  const old = defined({ before: before?.released.name })
  if (now === undefined) return [{ kind: 'release', how: 'deleted', undecided: 'the file is gone', ...old }]
  const { at, name, by } = now.released
  const line = added.find(
    (one): one is Released => one.action === 'baseline-release' && one.at === at && one.name === name,
  )
  const how = before === undefined ? ('first' as const) : ('moved' as const)
  const change = { kind: 'release' as const, how, name, ...old }
  if (line === undefined) return [{ ...change, undecided: 'no line of the log is about it' }]
  const decision = { by: line.by, at: line.at, ...defined({ dirty: line.dirty }) }
  const isSame = line.by === by && (line.tallies === undefined || line.tallies === talliesHash(now))
  return [{ ...change, decision, ...(isSame ? {} : { undecided: 'the file is not what its line says' }) }]
}
