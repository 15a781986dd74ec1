import { gate } from '../../gate/gate.ts'
import { byCodeUnit } from '../../lib/json.ts'
import type { PriceOf } from '../../lib/price.ts'
import type { Run, Tallies, Trial } from '../../schema/run.ts'
import type { ModelAdvice } from '../../schema/tool-contract.ts'
import type { Policy } from '../../schema/verdict.ts'

/** A finished run, and the one model it was of. */
export interface ModelRun {
  readonly run: Run
  readonly model: string
  readonly trials: readonly Trial[]
  readonly tallies: Tallies
}

/** The answer to where a cheaper model would do. */
export interface ModelAdvices {
  readonly models: readonly ModelAdvice[]
  readonly notes: readonly string[]
}

/** Pairs of models that are compared for one eval. */
const mostPairs = 200

/**
 * Which models could be a cheaper one: for each eval, the newest run of each model against the newest run of each that is
 * dearer, in the same mode. "As good" is the gate's own answer, the dearer run being the baseline. Costs are means over
 * the trials of the cases that both have; a trial whose cost nobody knows makes the pair one that is not compared. Pure.
 */
export function cheaperModels(runs: readonly ModelRun[], policy: Policy, priceOf: PriceOf): ModelAdvices {
  const models: ModelAdvice[] = []
  const notes: string[] = []
  for (const [name, newest] of newestByModel(runs)) {
    if (newest.length < 2) continue
    const pairs = newest.flatMap((a, at) => newest.slice(at + 1).map((b) => [a, b] as const))
    for (const [a, b] of pairs.slice(0, mostPairs)) {
      const ids = casesOfBoth(a, b)
      const [costA, costB] = [a, b].map((one) => meanCost(one, ids, priceOf))
      if (costA === undefined || costB === undefined) {
        const whose = costA === undefined ? a : b
        notes.push(`${name}: what ${whose.model} costs is not known (run ${whose.run.name})`)
        continue
      }
      if (costA === costB) continue
      const [dear, cheap] = costA > costB ? [a, b] : [b, a]
      const { word, sentence } = gate({ candidate: cheap.tallies, baseline: dear.tallies, policy })
      models.push({
        eval: name,
        model: dear.model,
        cheaper: cheap.model,
        runs: [dear.run.name, cheap.run.name],
        usd: [Math.max(costA, costB), Math.min(costA, costB)],
        cases: ids.size,
        verdict: { word, sentence },
      })
    }
    if (pairs.length > mostPairs)
      notes.push(`${name}: ${pairs.length - mostPairs} pairs of models were not compared`)
  }
  return { models, notes: [...new Set(notes)] }
}

/** By eval, then the newest finished whole run of each model and mode. `runs` come newest first. */
function newestByModel(runs: readonly ModelRun[]): ReadonlyMap<string, readonly ModelRun[]> {
  const byEval = new Map<string, Map<string, ModelRun>>()
  for (const one of runs) {
    const known = byEval.get(one.run.eval) ?? new Map<string, ModelRun>()
    byEval.set(one.run.eval, known)
    if (!known.has(one.model)) known.set(one.model, one)
  }
  return new Map(
    [...byEval]
      .toSorted(([a], [b]) => byCodeUnit(a, b))
      .map(([name, known]) => [name, [...known.values()].toSorted((a, b) => byCodeUnit(a.model, b.model))]),
  )
}

/** Cases that both runs played with the same content. */
function casesOfBoth(a: ModelRun, b: ModelRun): ReadonlySet<string> {
  const inB = new Map(b.tallies.cases.map(({ case: id, hash }) => [id, hash]))
  return new Set(
    a.tallies.cases.filter(({ case: id, hash }) => inB.get(id) === hash).map(({ case: id }) => id),
  )
}

function meanCost(
  { trials, model }: ModelRun,
  cases: ReadonlySet<string>,
  priceOf: PriceOf,
): number | undefined {
  const costs = trials
    .filter((trial) => cases.has(trial.case))
    .map(({ costUsd, usage }) => costUsd ?? (usage === undefined ? undefined : priceOf(usage, { model })))
  if (costs.length === 0 || costs.includes(undefined)) return undefined
  return costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0) / costs.length
}
