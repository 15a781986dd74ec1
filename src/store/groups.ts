import { byCodeUnit } from '../lib/json.ts'
import { quantileOfSorted } from '../lib/stats/quantile.ts'
import type { Figures, TraceGroup } from '../schema/trace-query.ts'

/** One thing that is counted: a tool call, or a trace (by model: what one model did in it). */
export interface Member {
  readonly key: string
  /** Which trace it belongs to: any value that tells traces apart. */
  readonly trace: string | number
  readonly error: boolean
  /** When its trace started, in ms since 1970 UTC. */
  readonly started?: number | undefined
  readonly durationMs?: number | undefined
  readonly tokens?: number | undefined
  readonly costUsd?: number | undefined
  /** Model calls in it whose cost nobody knows. */
  readonly unpriced?: number | undefined
}

/** A recorded score that has an answer. */
export interface RecordedScore {
  readonly name: string
  readonly passed: boolean
  readonly value?: number | undefined
}

/**
 * Members by key, largest group first, then by key. Figures are over the members that know the number; a group
 * where none does has none. Scores count once per trace and group.
 */
export function groupsOf(
  members: Iterable<Member>,
  scoresOf: (trace: string | number) => readonly RecordedScore[],
): readonly TraceGroup[] {
  const groups = new Map<string, Member[]>()
  for (const member of members) {
    const group = groups.get(member.key)
    if (group === undefined) groups.set(member.key, [member])
    else group.push(member)
  }
  return [...groups]
    .map(([key, group]) => groupOf(key, group, scoresOf))
    .sort((a, b) => b.count - a.count || byCodeUnit(a.key, b.key))
}

function groupOf(
  key: string,
  members: readonly Member[],
  scoresOf: (trace: string | number) => readonly RecordedScore[],
): TraceGroup {
  const traces = new Set(members.map((member) => member.trace))
  const errors = members.filter((member) => member.error).length
  const durationMs = figuresOf(members.map((member) => member.durationMs))
  const tokens = figuresOf(members.map((member) => member.tokens))
  const costUsd = figuresOf(members.map((member) => member.costUsd))
  // Not by spreading: a group may have more members than a call may have arguments.
  const started = members.flatMap((member) => member.started ?? []).sort((a, b) => a - b)
  const from = isoOf(started[0])
  const to = isoOf(started.at(-1))
  return {
    key,
    count: members.length,
    traces: traces.size,
    errors,
    errorRate: errors / members.length,
    ...(from === undefined || to === undefined ? {} : { from, to }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(costUsd === undefined ? {} : { costUsd }),
    unpriced: members.reduce((sum, { unpriced = 0 }) => sum + unpriced, 0),
    scores: passRatesOf([...traces].flatMap((trace) => scoresOf(trace))),
  }
}

/** ISO 8601 in UTC; `undefined` for no moment, and for one no calendar reaches. */
export function isoOf(moment: number | undefined): string | undefined {
  const date = new Date(moment ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

function passRatesOf(scores: readonly RecordedScore[]): TraceGroup['scores'] {
  const byName = new Map<string, { scored: number; passed: number; values: number[] }>()
  for (const score of scores) {
    const tally = byName.get(score.name) ?? { scored: 0, passed: 0, values: [] }
    tally.scored++
    if (score.passed) tally.passed++
    if (score.value !== undefined) tally.values.push(score.value)
    byName.set(score.name, tally)
  }
  return [...byName]
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([name, { scored, passed, values }]) => ({
      name,
      scored,
      passed,
      passRate: passed / scored,
      ...(values.length === 0 ? {} : { mean: sumOf(values) / values.length }),
    }))
}

function figuresOf(values: readonly (number | undefined)[]): Figures | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (known.length === 0) return undefined
  const sum = sumOf(known)
  const at = (share: number): number => quantileOfSorted(known, share) as number
  return {
    known: known.length,
    sum,
    mean: sum / known.length,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
  }
}

/** In ascending order, so that the same values give the same sum in whatever order they came. */
function sumOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b).reduce((sum, value) => sum + value, 0)
}
