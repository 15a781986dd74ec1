import { byCodeUnit } from '../../lib/json.ts'
import type { Observation } from './observation.ts'

/** An observation in its place. */
export interface Placed {
  readonly seen: Observation
  /** Where it hangs; `undefined` for what hangs on the run itself. */
  readonly parent: Placed | undefined
  /** The id of its parent, where that is not among the observations. */
  readonly orphanOf?: string | undefined
}

export interface Tree {
  /** The run itself, where one observation is all of it. */
  readonly root: Placed | undefined
  /** Everything else, in order of start; parents stand before what happened in them. */
  readonly others: readonly Placed[]
  /** Observations that said what another said already. */
  readonly repeated: number
}

/**
 * The tree of what was observed in one run, whatever order it came in: each id once (of several, the one that ended last),
 * cycles cut, orphans hung on the run. One topmost observation that can be a run is the run, also where its own parent is
 * elsewhere (the service that called the agent). Linear but for sorting.
 */
export function treeOf(observations: readonly Observation[]): Tree {
  const byId = distinct(observations)
  const placed = new Map<string, Placed>()
  const depths = new Map<Placed, number>()
  const starts = new Map<Placed, bigint>()
  for (const seen of byId.values()) place(seen, byId, placed)
  const all = [...placed.values()]
  for (const one of all) {
    const above = one.parent
    depths.set(one, above === undefined ? 0 : (depths.get(above) ?? 0) + 1)
    const from = above === undefined ? undefined : starts.get(above)
    const own = startOf(one.seen)
    // Clocks of two machines differ: nothing begins before what it happens in.
    starts.set(one, own === undefined || (from !== undefined && own < from) ? (from ?? 0n) : own)
  }
  const inOrder = all.toSorted((a, b) => {
    const [from, to] = [starts.get(a) ?? 0n, starts.get(b) ?? 0n]
    if (from !== to) return from < to ? -1 : 1
    return (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || byCodeUnit(a.seen.id, b.seen.id)
  })
  const [root, second] = inOrder.filter(({ parent }) => parent === undefined)
  const alone = second === undefined && root !== undefined && canBeRun(root.seen) ? root : undefined
  return {
    root: alone,
    others: inOrder.filter((one) => one !== alone),
    repeated: observations.length - byId.size,
  }
}

/** A call of a model or a tool happens in a run, and is none. */
function canBeRun({ kind }: Observation): boolean {
  return kind === 'agent' || kind === 'custom'
}

function distinct(observations: readonly Observation[]): Map<string, Observation> {
  const byId = new Map<string, Observation>()
  for (const one of observations) {
    const known = byId.get(one.id)
    if (known === undefined || endOf(known) < endOf(one)) byId.set(one.id, one)
  }
  return byId
}

/** Places an observation below its parent, which is placed first: from the top down, without recursion. */
function place(seen: Observation, byId: ReadonlyMap<string, Observation>, placed: Map<string, Placed>): void {
  const path: Observation[] = []
  const onPath = new Set<string>()
  let at: Observation | undefined = seen
  while (at !== undefined && !placed.has(at.id) && !onPath.has(at.id)) {
    path.push(at)
    onPath.add(at.id)
    at = at.parent === undefined ? undefined : byId.get(at.parent)
  }
  // What ends in itself is cut where it was met first, and hangs on the run.
  let parent = at === undefined ? undefined : placed.get(at.id)
  for (const one of path.toReversed()) {
    const known: boolean = one.parent === undefined || byId.has(one.parent)
    parent = known ? { seen: one, parent } : { seen: one, parent: undefined, orphanOf: one.parent }
    placed.set(one.id, parent)
  }
}

function startOf({ startNanos, startedAt }: Observation): bigint | undefined {
  if (startNanos !== undefined) return startNanos
  const ms = startedAt === undefined ? Number.NaN : Date.parse(startedAt)
  return Number.isFinite(ms) ? BigInt(Math.round(ms)) * 1_000_000n : undefined
}

function endOf(one: Observation): number {
  return Number(startOf(one) ?? 0n) / 1e6 + (one.durationMs ?? 0)
}
