import type { GroupKey, TraceSummary } from '../schema/trace-query.ts'
import type { TraceFacts } from './facts.ts'
import { isoOf, type Member, type RecordedScore } from './groups.ts'

/** What one model did, in a span or in a whole trace. */
export interface ModelUse {
  readonly model: string
  readonly tokens?: number | undefined
  readonly costUsd?: number | undefined
  /** Calls whose cost nobody knows. */
  readonly unpriced?: number | undefined
}

/** What a trace adds to a grouping. */
export function membersOf(facts: TraceFacts, by: GroupKey): readonly Member[] {
  const { summary } = facts
  if (by === 'tool') {
    return facts.spans.flatMap((span) =>
      span.tool === undefined
        ? []
        : [
            {
              key: span.tool,
              trace: summary.id,
              error: span.failed === true,
              started: facts.started,
              durationMs: span.durationMs,
            },
          ],
    )
  }
  if (by === 'model') return modelMembers(summary, facts.tokens, facts.started, modelUses(facts.spans))
  return traceMembers(summary, facts.tokens, facts.started, by)
}

/**
 * A trace under each of its keys; under `''` where it has none. By model see `modelMembers`, by tool the calls are
 * the members.
 */
export function traceMembers(
  summary: TraceSummary,
  tokens: number | undefined,
  started: number | undefined,
  by: Exclude<GroupKey, 'tool' | 'model'>,
): readonly Member[] {
  const keys = by === 'tag' ? summary.tags : [by === 'day' ? dayOf(started) : (summary[by] ?? '')]
  return (keys.length === 0 ? [''] : keys).map((key) => ({
    key,
    trace: summary.id,
    error: summary.status === 'error',
    started,
    durationMs: summary.durationMs,
    tokens,
    costUsd: summary.costUsd,
    unpriced: summary.unpriced,
  }))
}

/** The day a moment belongs to, in UTC: `2025-06-01`. */
function dayOf(started: number | undefined): string {
  return isoOf(started)?.slice(0, 10) ?? ''
}

/**
 * A trace under each model that answered in it, with the tokens and the cost that went to that model. Where its
 * spans do not tell, the trace's own numbers are it only if there was no other model.
 */
export function modelMembers(
  summary: TraceSummary,
  tokens: number | undefined,
  started: number | undefined,
  uses: readonly ModelUse[],
): readonly Member[] {
  const error = summary.status === 'error'
  const base = { trace: summary.id, error, started, durationMs: summary.durationMs }
  if (uses.length === 0) {
    return [{ ...base, key: '', tokens, costUsd: summary.costUsd, unpriced: summary.unpriced }]
  }
  const alone = uses.length === 1
  return uses.map((use) => ({
    ...base,
    key: use.model,
    tokens: use.tokens ?? (alone ? tokens : undefined),
    costUsd: use.costUsd ?? (alone ? summary.costUsd : undefined),
    unpriced: summary.unpriced === undefined ? undefined : use.unpriced,
  }))
}

/** Recorded scores that have an answer: an unscored one is no failure. */
export function recordedScoresOf(summary: TraceSummary): readonly RecordedScore[] {
  return summary.scores.flatMap(({ name, passed, value }) =>
    passed === undefined ? [] : [{ name, passed, value }],
  )
}

/** Tokens and cost by model, summed over the spans that know them. */
export function modelUses(
  spans: readonly {
    readonly model?: string
    readonly tokens?: number | undefined
    readonly costUsd?: number | undefined
    readonly unpriced?: boolean | undefined
  }[],
): readonly ModelUse[] {
  const uses = new Map<string, { model: string; tokens?: number; costUsd?: number; unpriced?: number }>()
  for (const span of spans) {
    if (span.model === undefined) continue
    const use = uses.get(span.model) ?? { model: span.model }
    if (span.tokens !== undefined) use.tokens = (use.tokens ?? 0) + span.tokens
    if (span.costUsd !== undefined) use.costUsd = (use.costUsd ?? 0) + span.costUsd
    if (span.unpriced === true) use.unpriced = (use.unpriced ?? 0) + 1
    uses.set(span.model, use)
  }
  return [...uses.values()]
}
