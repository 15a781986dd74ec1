import { canonicalJson, sameJson } from '../../src/lib/json.ts'
import { matcher } from '../../src/replay/match.ts'
import type { Provenance, ToolReply, ToolRequest } from '../../src/schema/call.ts'
import { type KnownTools, knownTools } from '../../src/schema/known-tools.ts'
import { type Recording, recordingOf } from '../../src/schema/recording.ts'
import type { ToolsFile } from '../../src/schema/tool.ts'
import type { Trace } from '../../src/schema/trace.ts'

/** What the ladder served over many calls, and how often it was what the tool really brought. */
export interface RungFigures {
  readonly pairs: number
  /** Every tool call of the live runs, and those without tools that say nothing of the world. */
  readonly calls: number
  readonly counted: number
  readonly rungs: Readonly<Partial<Record<Provenance, { readonly served: number; readonly right: number }>>>
}

/** Computes a pure tool's result, as running it would. */
export type Pure = (request: ToolRequest) => ToolReply | undefined

/** One live run and the recordings it is served from: the first is its own, the others are the pool. */
export interface Asking {
  readonly live: Trace
  readonly recorded: readonly Trace[]
}

/**
 * Teacher-forced: each tool call of a live run is looked up in another run's recording, then answered with what it really
 * brought, so that one wrong reply does not spoil the calls after it. Tools of `outside` say nothing of the world (a
 * note to oneself, the end of the run) and are counted apart.
 */
export function rungFigures(
  asking: Iterable<Asking>,
  { file, pure, outside }: { file: ToolsFile; pure: Pure; outside: ReadonlySet<string> },
): RungFigures {
  const known = knownTools(file)
  const rungs: Partial<Record<Provenance, { served: number; right: number }>> = {}
  let pairs = 0
  let calls = 0
  let counted = 0
  for (const { live, recorded } of asking) {
    const [own, ...pool] = recorded.map(recordingOf)
    if (own === undefined) continue
    pairs++
    for (const one of served(recordingOf(live), own, pool, known, pure)) {
      calls++
      if (outside.has(one.request.name)) continue
      counted++
      const rung = (rungs[one.how] ??= { served: 0, right: 0 })
      rung.served++
      if (one.right) rung.right++
    }
  }
  return { pairs, calls, counted, rungs }
}

interface Served {
  readonly request: ToolRequest
  readonly how: Provenance
  readonly right: boolean
}

function* served(
  live: Recording,
  own: Recording,
  pool: readonly Recording[],
  known: KnownTools,
  pure: Pure,
): Generator<Served> {
  const match = matcher(own, { known, pool })
  let step = 0
  for (const call of live.calls) {
    if (call.kind !== 'tool') continue
    step++
    const { request, reply } = call
    const found = match.tool(step, request)
    const computed = 'miss' in found && known(request.name).effect === 'pure' ? pure(request) : undefined
    const pooled = 'miss' in found && computed === undefined ? match.pooled(step, request) : undefined
    // What is served counts as written by itself; what is not, as what really happened.
    if ('miss' in found && pooled === undefined) match.answered(request, reply)
    if (!('miss' in found)) yield { request, how: found.served, right: same(found.call.reply, reply) }
    else if (computed !== undefined) yield { request, how: 'pure-live', right: same(computed, reply) }
    else if (pooled !== undefined) yield { request, how: pooled.served, right: same(pooled.call.reply, reply) }
    else yield { request, how: 'miss', right: false }
  }
}

function same(served: ToolReply, real: ToolReply): boolean {
  return sameJson(served, real)
}

/** All ordered pairs of runs of one task, and with `pooled` the task's other runs behind the recording. */
export function* orderedPairs(traces: readonly Trace[], pooled: boolean): Generator<Asking> {
  for (const runs of Map.groupBy(traces, ({ task }) => task?.id).values()) {
    for (const live of runs) {
      for (const own of runs) {
        if (own === live) continue
        const pool = pooled ? runs.filter((run) => run !== live && run !== own) : []
        yield { live, recorded: [own, ...pool] }
      }
    }
  }
}

/** Each run of one variant served from the same task's run of the other. */
export function* acrossVariants(live: readonly Trace[], recorded: readonly Trace[]): Generator<Asking> {
  const byTask = new Map(recorded.map((trace) => [canonicalJson(trace.task?.id ?? null), trace]))
  for (const trace of live) {
    const own = byTask.get(canonicalJson(trace.task?.id ?? null))
    if (own !== undefined) yield { live: trace, recorded: [own] }
  }
}
