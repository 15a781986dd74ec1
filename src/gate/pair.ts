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
  const pairs: Pair[] = []
  const added: string[] = []
  const removed: string[] = []
  const edited: string[] = []
  const unscored: string[] = []
  const inconclusive: OffTape[] = []
  for (const [id, old, tally] of joined(inOrder(baseline.cases), inOrder(candidate.cases))) {
    if (tally === undefined) removed.push(id)
    else if (old === undefined) added.push(id)
    else if (old.hash !== tally.hash) edited.push(id)
    else {
      const baselineTally = metricOf(old, metric)
      const candidateTally = metricOf(tally, metric)
      const before = leftTape(old, baseline.mode, fidelityFloor)
      const now = leftTape(tally, candidate.mode, fidelityFloor)
      if (baselineTally.n === 0 || candidateTally.n === 0) unscored.push(id)
      else if (before || now) {
        const sides = [...(before ? (['baseline'] as const) : []), ...(now ? (['candidate'] as const) : [])]
        inconclusive.push({ case: id, baseline: old.fidelity, candidate: tally.fidelity, sides })
      } else pairs.push(pairOf(tally, baselineTally, candidateTally))
    }
  }
  return { pairs, added, removed, edited, unscored, inconclusive }
}

/** Cases by id, each once: tallies come like this, and then nothing is copied. Of two of one id the latter holds. */
function inOrder(cases: readonly CaseTally[]): readonly CaseTally[] {
  const isOrdered = cases.every(
    (tally, at) => at === 0 || byCodeUnit(cases[at - 1]?.case ?? '', tally.case) < 0,
  )
  if (isOrdered) return cases
  const byId = new Map(cases.map((tally) => [tally.case, tally]))
  return [...byId.values()].sort((a, b) => byCodeUnit(a.case, b.case))
}

/** Both sides of each id, in order: a merge, which holds no index of a hundred thousand cases. */
function* joined(
  before: readonly CaseTally[],
  now: readonly CaseTally[],
): Generator<readonly [id: string, old: CaseTally | undefined, tally: CaseTally | undefined]> {
  let [left, right] = [0, 0]
  for (;;) {
    const [old, tally] = [before[left], now[right]]
    if (old === undefined && tally === undefined) return
    const order = old === undefined ? 1 : tally === undefined ? -1 : byCodeUnit(old.case, tally.case)
    if (order <= 0) left++
    if (order >= 0) right++
    yield [
      (order <= 0 ? old : tally)?.case ?? '',
      order <= 0 ? old : undefined,
      order >= 0 ? tally : undefined,
    ]
  }
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
  const units: Unit[] = []
  const clusters = new Map<string, { size: number; sum: number }>()
  for (const { cluster, difference } of cases) {
    if (cluster === undefined) units.push({ size: 1, difference })
    else {
      const sums = clusters.get(cluster) ?? { size: 0, sum: 0 }
      clusters.set(cluster, { size: sums.size + 1, sum: sums.sum + difference })
    }
  }
  for (const { size, sum } of clusters.values()) units.push({ size, difference: sum / size })
  return units
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
