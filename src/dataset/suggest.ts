import { byCodeUnit } from '../lib/json.ts'
import type { Feature, Suggestion, Suggestions } from '../schema/dataset-report.ts'
import { featureKey, type RunFeatures } from './coverage.ts'

/**
 * The `limit` runs that add most to what `held` (keys of features) covers: greedy maximum coverage, which always finds at
 * least 63 % (1 − 1/e) of what the best choice would (Nemhauser, Wolsey, Fisher 1978, https://doi.org/10.1007/BF01588971).
 * Of equals, the smallest id. Takes time and memory linear in the features of all runs, and a pass over the runs for each
 * pick.
 */
export function suggest(runs: readonly RunFeatures[], held: ReadonlySet<string>, limit: number): Suggestions {
  const ordered = runs.toSorted((a, b) => byCodeUnit(a.trace, b.trace))
  // By feature, who shows it: when it is covered, they all add one less.
  const showing = new Map<string, number[]>()
  const gains = ordered.map(({ features }, index) => {
    let gain = 0
    for (const feature of features) {
      const key = featureKey(feature)
      if (held.has(key)) continue
      gain++
      const those = showing.get(key)
      if (those === undefined) showing.set(key, [index])
      else those.push(index)
    }
    return gain
  })
  const missing = showing.size
  const picked: Suggestion[] = []
  while (picked.length < limit) {
    let best = -1
    for (const [index, gain] of gains.entries())
      if (gain > (best === -1 ? 0 : (gains[best] ?? 0))) best = index
    const run = ordered[best]
    if (run === undefined) break
    const adds: Feature[] = []
    for (const feature of run.features) {
      const key = featureKey(feature)
      const those = showing.get(key)
      if (those === undefined) continue
      adds.push(feature)
      showing.delete(key)
      for (const index of those) gains[index] = (gains[index] ?? 0) - 1
    }
    picked.push({ trace: run.trace, adds })
  }
  return { picked, missing, left: showing.size }
}
