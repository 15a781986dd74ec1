import { byCodeUnit } from '../lib/json.ts'
import { quantileOfSorted } from '../lib/stats/quantile.ts'
import type { Percentiles, TraceGroup } from '../schema/trace-query.ts'

/** One thing that is counted: a tool call, or a trace (by model: what one model did in it). */
export interface Member {
  readonly key: string
  /** Which trace it belongs to: any value that tells traces apart. */
  readonly trace: string | number
  readonly error: boolean
  readonly durationMs?: number | undefined
  readonly tokens?: number | undefined
  readonly costUsd?: number | undefined
}

/** A recorded score that has an answer. */
export interface RecordedScore {
  readonly name: string
  readonly passed: boolean
}

/**
 * Members by key, largest group first, then by key. Percentiles are over the members that know the number; a group
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
  const durationMs = percentilesOf(members.map((member) => member.durationMs))
  const tokens = percentilesOf(members.map((member) => member.tokens))
  const costs = members.map((member) => member.costUsd).filter((it) => it !== undefined)
  const costUsd = percentilesOf(costs)
  return {
    key,
    count: members.length,
    traces: traces.size,
    errors,
    errorRate: errors / members.length,
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(costUsd === undefined ? {} : { costUsd: { ...costUsd, sum: sumOf(costs) } }),
    scores: passRatesOf([...traces].flatMap((trace) => scoresOf(trace))),
  }
}

function passRatesOf(scores: readonly RecordedScore[]): TraceGroup['scores'] {
  const byName = new Map<string, { scored: number; passed: number }>()
  for (const score of scores) {
    const tally = byName.get(score.name) ?? { scored: 0, passed: 0 }
    tally.scored++
    if (score.passed) tally.passed++
    byName.set(score.name, tally)
  }
  return [...byName]
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([name, { scored, passed }]) => ({ name, scored, passed, passRate: passed / scored }))
}

function percentilesOf(values: readonly (number | undefined)[]): Percentiles | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantileOfSorted(known, share))
  if (p50 === undefined || p90 === undefined || p99 === undefined) return undefined
  return { p50, p90, p99, mean: sumOf(known) / known.length }
}

/** In ascending order, so that the same values give the same sum in whatever order they came. */
function sumOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b).reduce((sum, value) => sum + value, 0)
}
