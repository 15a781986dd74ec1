import { canonicalJson, sameJson } from '../../src/lib/json.ts'
import { type Matcher, matcher } from '../../src/replay/match.ts'
import { toolKey } from '../../src/replay/tool-tape.ts'
import type { Provenance, ToolReply, ToolRequest } from '../../src/schema/call.ts'
import { type KnownTools, knownTools } from '../../src/schema/known-tools.ts'
import { type Recording, recordingOf } from '../../src/schema/recording.ts'
import type { ToolsFile } from '../../src/schema/tool.ts'
import type { Trace } from '../../src/schema/trace.ts'

/** How many replies there were, and how many were what the tool really brought. */
export interface Hits {
  readonly served: number
  readonly right: number
}

/** What each rung served of so many calls. */
export interface Tally {
  readonly calls: number
  readonly rungs: Readonly<Partial<Record<Provenance, Hits>>>
}

/** What the ladder served over many pairs of runs. */
export interface RungFigures {
  readonly pairs: number
  readonly all: Tally
  /** Without tools that say nothing of the world. */
  readonly world: Tally
  /**
   * Writes that the recording holds, and that were refused because other writes came before: how many, and how many
   * recorded replies would have been right.
   */
  readonly refusedWrites: Hits
}

/** Rungs whose replies count as recorded for the very call. */
export const surest: readonly Provenance[] = ['exact', 'normalized', 'repeat-read', 'pure-live']

/** Computes a pure tool's result, as running it would. */
export type Pure = (request: ToolRequest) => ToolReply | undefined

export interface RungSettings {
  readonly file: ToolsFile
  readonly pure: Pure
  /** Tools that say nothing of the world: a note to oneself, the end of the run. */
  readonly outside: ReadonlySet<string>
  /** Another order of rungs, to measure it: other recordings are asked before a stale read of the own is served. */
  readonly poolBeforeStale?: boolean
}

/** One live run and the recordings it is served from: the first is its own, the others are the pool. */
export interface Asking {
  readonly live: Trace
  readonly recorded: readonly Trace[]
}

/**
 * Teacher-forced: each tool call of a live run is looked up in another run's recording, then answered with what it really
 * brought, so that one wrong reply does not spoil the calls after it.
 */
export function rungFigures(asking: Iterable<Asking>, settings: RungSettings): RungFigures {
  const known = knownTools(settings.file)
  const recordings = new Map<Trace, Recording>()
  const recording = (trace: Trace): Recording => {
    const made = recordings.get(trace) ?? recordingOf(trace)
    recordings.set(trace, made)
    return made
  }
  const all = newTally()
  const world = newTally()
  const refusedWrites = { served: 0, right: 0 }
  let pairs = 0
  for (const { live, recorded } of asking) {
    const [own, ...pool] = recorded.map(recording)
    if (own === undefined) continue
    pairs++
    for (const one of served(recording(live), own, pool, known, settings)) {
      add(all, one)
      if (settings.outside.has(one.request.name)) continue
      add(world, one)
      if (one.refused === undefined) continue
      refusedWrites.served++
      if (one.refused === 'right') refusedWrites.right++
    }
  }
  return { pairs, all, world, refusedWrites }
}

/** What was served by these rungs; without them, by any. */
export function hitsOf({ rungs }: Tally, names: readonly Provenance[] = anyRung): Hits {
  return names.reduce(
    (sum, name) => {
      const { served, right } = rungs[name] ?? { served: 0, right: 0 }
      return { served: sum.served + served, right: sum.right + right }
    },
    { served: 0, right: 0 },
  )
}

const anyRung: readonly Provenance[] = [...surest, 'stale-state', 'pooled']

/** The share of calls that were served at all. */
export function coverageOf(tally: Tally): number {
  return tally.calls === 0 ? 0 : hitsOf(tally).served / tally.calls
}

/** The share of replies that were not what the tool really brought. */
export function wrongOf({ served, right }: Hits): number {
  return served === 0 ? 0 : (served - right) / served
}

interface OpenTally {
  calls: number
  readonly rungs: Partial<Record<Provenance, { served: number; right: number }>>
}

function newTally(): OpenTally {
  return { calls: 0, rungs: {} }
}

function add(tally: OpenTally, { how, isRight }: Served): void {
  tally.calls++
  const rung = (tally.rungs[how] ??= { served: 0, right: 0 })
  rung.served++
  if (isRight) rung.right++
}

interface Served {
  readonly request: ToolRequest
  readonly how: Provenance
  readonly isRight: boolean
  /** A recorded write that was not served: whether it would have been right. */
  readonly refused?: 'right' | 'wrong'
}

function* served(
  live: Recording,
  own: Recording,
  pool: readonly Recording[],
  known: KnownTools,
  { pure, poolBeforeStale = false }: RungSettings,
): Generator<Served> {
  const written = new Map(
    own.calls.flatMap((call) => (call.kind === 'tool' ? [[toolKey(call.request), call.reply] as const] : [])),
  )
  const first = matcher(own, { known, pool, strict: poolBeforeStale })
  // The same once more, for the stale reads that were not served yet.
  const last = poolBeforeStale ? matcher(own, { known, pool }) : undefined
  let step = 0
  for (const call of live.calls) {
    if (call.kind !== 'tool') continue
    step++
    const { request, reply } = call
    const { effect } = known(request.name)
    const found = lookUp(first, step, call, effect === 'pure' ? pure : undefined)
    const stale = last === undefined ? undefined : lookUp(last, step, call, undefined)
    const { how, reply: brought } = found ?? stale ?? { how: 'miss' as const }
    const isRight = brought !== undefined && sameJson(brought, reply)
    const held = written.get(toolKey(request))
    if (brought !== undefined || held === undefined || effect !== 'write') yield { request, how, isRight }
    else yield { request, how, isRight, refused: sameJson(held, reply) ? 'right' : 'wrong' }
  }
}

/** What the ladder finds, rung by rung; what it does not find has happened as it really did. */
function lookUp(
  match: Matcher,
  step: number,
  { request, reply }: { readonly request: ToolRequest; readonly reply: ToolReply },
  pure: Pure | undefined,
): { readonly how: Provenance; readonly reply: ToolReply } | undefined {
  const found = match.tool(step, request)
  if (!('miss' in found)) return { how: found.served, reply: found.call.reply }
  const computed = pure?.(request)
  if (computed !== undefined) return { how: 'pure-live', reply: computed }
  const pooled = match.pooled(step, request)
  if (pooled !== undefined) return { how: pooled.served, reply: pooled.call.reply }
  match.answered(request, reply)
  return undefined
}

/** All ordered pairs of runs of one task, and with `pooled` the task's other runs behind the recording. */
export function* orderedPairs(traces: readonly Trace[], pooled: boolean): Generator<Asking> {
  for (const runs of Map.groupBy(traces, taskOf).values()) {
    for (const live of runs) {
      for (const own of runs) {
        if (own === live) continue
        const pool = pooled ? runs.filter((run) => run !== live && run !== own) : []
        yield { live, recorded: [own, ...pool] }
      }
    }
  }
}

/** Each run of one variant served from the run of the same task and trial of the other. */
export function* acrossVariants(live: readonly Trace[], recorded: readonly Trace[]): Generator<Asking> {
  const key = (trace: Trace): string => `${taskOf(trace)} ${trace.trial ?? 0}`
  const byTask = new Map(recorded.map((trace) => [key(trace), trace]))
  for (const trace of live) {
    const own = byTask.get(key(trace))
    if (own !== undefined) yield { live: trace, recorded: [own] }
  }
}

/** Tasks of two domains have the same ids: what is wanted tells them apart. */
function taskOf({ task }: Trace): string {
  return canonicalJson([task?.id ?? null, task?.instruction ?? null])
}

/** Calls of a run that were made before in it, as the run's own recording answers them. */
export function repeatFigures(traces: readonly Trace[], file: ToolsFile): Hits {
  const known = knownTools(file)
  let repeats = 0
  let right = 0
  for (const trace of traces) {
    const recording = recordingOf(trace)
    const match = matcher(recording, { known })
    const seen = new Set<string>()
    recording.calls.forEach((call, at) => {
      if (call.kind !== 'tool') return
      const key = toolKey(call.request)
      const found = match.tool(at + 1, call.request)
      if (seen.has(key)) {
        repeats++
        if (!('miss' in found) && found.served === 'exact' && sameJson(found.call.reply, call.reply)) right++
      }
      seen.add(key)
    })
  }
  return { served: repeats, right }
}
