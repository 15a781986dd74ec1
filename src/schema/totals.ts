import { defined } from '../lib/defined.ts'
import type { Asker, Usage } from './call.ts'
import type { Span } from './trace.ts'

/** What something used: tokens, and USD. Absent is unknown, not nothing. */
export interface Consumption {
  readonly usage?: Usage | undefined
  readonly costUsd?: number | undefined
}

/** Sums over the members that know; where none knows, the sum is absent. Never a 0 for what is not known. */
export function totalOf(members: Iterable<Consumption>): {
  readonly usage?: Usage
  readonly costUsd?: number
} {
  let usage: Usage | undefined
  let costUsd: number | undefined
  for (const member of members) {
    usage = added(usage, member.usage)
    costUsd = plus(costUsd, member.costUsd)
  }
  return defined({ usage, costUsd })
}

/**
 * What a run used: sums over its llm spans, which alone count. Aggregates on agent spans would count twice. What a
 * simulated user's model used is no part of it: that is what `by: 'user'` asks for.
 */
export function totalsOf(spans: readonly Span[], by?: Asker): ReturnType<typeof totalOf> {
  return totalOf(
    spans.flatMap((span) =>
      span.kind === 'llm' && span.by === by && span.reply !== undefined ? [span.reply] : [],
    ),
  )
}

function added(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return {
    input: a.input + b.input,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
    ...defined({ reasoning: plus(a.reasoning, b.reasoning) }),
  }
}

function plus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a + b
}
