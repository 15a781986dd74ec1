import { mean, variance } from './moments.ts'
import { studentTQuantile } from './student-t.ts'

/** Standard errors of a mean over scores that may hang together in clusters. */
export interface ClusteredError {
  readonly mean: number
  readonly n: number
  readonly clusters: number
  /** sd/√n, as if every score stood alone. */
  readonly independent: number
  /** Cluster-robust, without correction. */
  readonly cr0: number
  /** Cluster-robust with clusters/(clusters − 1); its companion is t with clusters − 1 degrees of freedom. */
  readonly cr1: number
  /** Miller 2024 (arXiv 2411.00640, appendix A): the independent variance plus the products within clusters. */
  readonly miller: number
}

/** NaN where there is too little to tell: one score, or (cr1) one cluster. `clusters[i]` is score i's. */
export function clusteredError(
  scores: readonly number[],
  clusters: readonly (string | number)[],
): ClusteredError {
  if (scores.length !== clusters.length) throw new RangeError('each score needs a cluster')
  const n = scores.length
  const centre = mean(scores)
  const sums = new Map<string | number, number>()
  let ownSquares = 0
  for (const [index, score] of scores.entries()) {
    const deviation = score - centre
    const cluster = clusters[index] ?? ''
    sums.set(cluster, (sums.get(cluster) ?? 0) + deviation)
    ownSquares += deviation ** 2
  }
  let clusterSquares = 0
  for (const sum of sums.values()) clusterSquares += sum ** 2
  const independentVariance = variance(scores) / n
  const count = sums.size
  const cr0 = Math.sqrt(clusterSquares) / n
  return {
    mean: centre,
    n,
    clusters: count,
    independent: Math.sqrt(independentVariance),
    cr0,
    cr1: count > 1 ? cr0 * Math.sqrt(count / (count - 1)) : Number.NaN,
    // Products within clusters can sum below zero and outweigh the rest; a variance cannot.
    miller: Math.sqrt(Math.max(0, independentVariance + (clusterSquares - ownSquares) / n ** 2)),
  }
}

/** Mean ∓ t·cr1 with clusters − 1 degrees of freedom. */
export function clusteredInterval(
  error: ClusteredError,
  level = 0.95,
): { readonly low: number; readonly high: number } {
  const half = studentTQuantile(0.5 + level / 2, error.clusters - 1) * error.cr1
  return { low: error.mean - half, high: error.mean + half }
}
