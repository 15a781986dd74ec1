import { byCodeUnit } from '../lib/json.ts'
import type { Unit } from '../lib/stats/index.ts'
import { type CaseTally, type MetricTally, type Mode, onTape, type Tallies } from '../schema/run.ts'
import type { OffTape } from '../schema/verdict.ts'

/** A case that both runs scored. Means in [0,1], over the scored trials of each run. */
export interface Pair {
  readonly case: string
  readonly category?: string
  readonly cluster?: string
  readonly baseline: MetricTally
  readonly candidate: MetricTally
  readonly baselineMean: number
  readonly candidateMean: number
  /** Candidate minus baseline. */
  readonly difference: number
}

/** Every case of two runs, in exactly one list, each by id. */
export interface Pairing {
  readonly pairs: readonly Pair[]
  /** Only the candidate has it. */
  readonly added: readonly string[]
  /** Only the baseline has it. */
  readonly removed: readonly string[]
  /** Both have the id, with different content. */
  readonly edited: readonly string[]
  /** One side has no scored trial. */
  readonly unscored: readonly string[]
  /** Both scored it, and one side left its recording. */
  readonly inconclusive: readonly OffTape[]
}

/**
 * Pairs cases by id and content hash: an edited case is another case. One that rests less on its recording than
 * `fidelityFloor` on a side is no pair.
 */
export function pair(candidate: Tallies, baseline: Tallies, metric: string, fidelityFloor: number): Pairing {
  const before = new Map(baseline.cases.map((tally) => [tally.case, tally]))
  const now = new Map(candidate.cases.map((tally) => [tally.case, tally]))
  const pairs: Pair[] = []
  const added: string[] = []
  const edited: string[] = []
  const unscored: string[] = []
  const inconclusive: OffTape[] = []
  for (const [id, tally] of [...now].sort(([a], [b]) => byCodeUnit(a, b))) {
    const old = before.get(id)
    if (old === undefined) added.push(id)
    else if (old.hash !== tally.hash) edited.push(id)
    else {
      const baselineTally = metricOf(old, metric)
      const candidateTally = metricOf(tally, metric)
      const sides = [
        ...(leftTape(old, baseline.mode, fidelityFloor) ? (['baseline'] as const) : []),
        ...(leftTape(tally, candidate.mode, fidelityFloor) ? (['candidate'] as const) : []),
      ]
      if (baselineTally.n === 0 || candidateTally.n === 0) unscored.push(id)
      else if (sides.length > 0)
        inconclusive.push({ case: id, baseline: old.fidelity, candidate: tally.fidelity, sides })
      else pairs.push(pairOf(tally, baselineTally, candidateTally))
    }
  }
  const removed = [...before.keys()].filter((id) => !now.has(id)).sort(byCodeUnit)
  return { pairs, added, removed, edited, unscored, inconclusive }
}

/** Whether a case of a replay rests too little on its recording to say anything about the agent. */
export function leftTape({ fidelity }: Pick<CaseTally, 'fidelity'>, mode: Mode, floor: number): boolean {
  // Means of thirds differ by rounding.
  return onTape(mode) && fidelity < floor - 1e-9
}

/** A metric's tally; nothing scored where the case does not have it. */
export function metricOf(tally: CaseTally, metric: string): MetricTally {
  const own = Object.hasOwn(tally.metrics, metric) ? tally.metrics[metric] : undefined
  return own ?? { n: 0, sum: 0, unscored: 0 }
}

/**
 * What stands alone as evidence: each case, or each declared cluster as a whole. A case without a cluster is its
 * own. Sums run in the order given, so a sorted list gives the same digits every time.
 */
export function unitsOf(
  cases: readonly { readonly cluster?: string; readonly difference: number }[],
): Unit[] {
  const alone: Unit[] = []
  const clusters = new Map<string, { size: number; sum: number }>()
  for (const { cluster, difference } of cases) {
    if (cluster === undefined) alone.push({ size: 1, difference })
    else {
      const sums = clusters.get(cluster) ?? { size: 0, sum: 0 }
      clusters.set(cluster, { size: sums.size + 1, sum: sums.sum + difference })
    }
  }
  return [...alone, ...[...clusters.values()].map(({ size, sum }) => ({ size, difference: sum / size }))]
}

function pairOf(tally: CaseTally, baseline: MetricTally, candidate: MetricTally): Pair {
  const baselineMean = baseline.sum / baseline.n
  const candidateMean = candidate.sum / candidate.n
  return {
    case: tally.case,
    ...(tally.category === undefined ? {} : { category: tally.category }),
    ...(tally.cluster === undefined ? {} : { cluster: tally.cluster }),
    baseline,
    candidate,
    baselineMean,
    candidateMean,
    difference: candidateMean - baselineMean,
  }
}
