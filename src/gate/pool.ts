import { byCodeUnit, sameJson } from '../lib/json.ts'
import type { Pool, PooledRun, PoolUse } from '../schema/pool.ts'
import type { Baseline, CaseTally, MetricTally, Mode, SpentTally, Tallies } from '../schema/run.ts'
import { metricOf } from './pair.ts'
import { accountForTrials } from './unscored.ts'

/** Runs a pool keeps where nobody says otherwise. */
export const keptRuns = 20

/** A pool with one run more, and what had to be done for it. */
export interface Added {
  readonly pool: Pool
  /** Whether the run was there already: it is counted once. */
  readonly known: boolean
  /** Why earlier runs are not in it any more; absent where they are. */
  readonly anew?: string
  /** Earlier runs that left it. */
  readonly left: number
}

/**
 * A pool and one run more of the base branch. A run under another baseline, mode, checks or user begins it anew; the newest
 * `keep` runs stay, whatever they scored. The order in which runs come does not matter.
 */
export function addToPool(
  pool: Pool | undefined,
  run: PooledRun,
  baseline: Pick<Baseline, 'run'>,
  keep: number,
): Added {
  const anew = pool === undefined || pool.runs.length === 0 ? undefined : otherPool(pool, run, baseline)
  const earlier = pool === undefined || anew !== undefined ? [] : pool.runs
  const known = earlier.some((one) => one.run === run.run)
  const runs = (known ? earlier : [...earlier, run]).toSorted(inTime).slice(-keep)
  return {
    pool: { v: 1, eval: run.eval, baseline: baseline.run, runs },
    known,
    ...(anew === undefined ? {} : { anew }),
    left: (pool?.runs.length ?? 0) + (known ? 0 : 1) - runs.length,
  }
}

function inTime(a: PooledRun, b: PooledRun): number {
  return byCodeUnit(a.startedAt, b.startedAt) || byCodeUnit(a.run, b.run)
}

function otherPool(pool: Pool, run: PooledRun, baseline: Pick<Baseline, 'run'>): string | undefined {
  const [first] = pool.runs
  if (pool.eval !== run.eval) return `it is of eval "${pool.eval}"`
  if (pool.baseline !== baseline.run) return 'another baseline was accepted since'
  return first === undefined ? undefined : otherMeasurement(first, run)
}

/** Why trials of two runs are not trials of one thing; `undefined` where they are. Cases are told apart by their own hashes. */
function otherMeasurement(a: Tallies, b: Tallies): string | undefined {
  if (a.eval !== b.eval) return `it is of eval "${a.eval.slice(0, 130)}"`
  if (!sameJson(a.mode, b.mode)) return 'its mode is another'
  if (a.hashes.checks !== b.hashes.checks) return 'its checks are others'
  return a.hashes.user === b.hashes.user ? undefined : 'its user is another'
}

/** Whether runs of a mode are new looks at an agent: a recorded or cached reply is a copy of one that was counted. */
export function isPoolable({ llm }: Mode): boolean {
  return llm === 'live' || llm === 'imported'
}

/** What a pool holds that no pool of ours would; `undefined` where it is sound. */
export function brokenPool({ eval: of, runs }: Pool): string | undefined {
  const [first] = runs
  const seen = new Set<string>()
  for (const run of runs) {
    if (seen.has(run.run)) return 'a run is in it twice'
    seen.add(run.run)
    if (run.eval !== of || (first !== undefined && otherMeasurement(first, run) !== undefined))
      return 'its runs are not of one eval, mode, checks and user'
    if (!isPoolable(run.mode)) return 'it holds recorded runs'
    const cases = new Set(run.cases.map((tally) => tally.case))
    if (cases.size !== run.cases.length || cases.size !== run.planned) return 'it holds a part of a run'
    if (run.cases.some((tally) => Object.values(tally.metrics).some(isImpossible)))
      return 'it holds sums that no scores in [0,1] add up to'
  }
  return undefined
}

function isImpossible({ n, sum }: MetricTally): boolean {
  return !(sum >= -1e-9 && sum <= n + 1e-9)
}

/**
 * The accepted baseline with the trials of a pool, where they are trials of the same thing: the same accepted baseline, eval,
 * mode, checks and user, and case by case the same content. Of metrics the gated one, and secondary ones with the same
 * checks. It can raise a mean and lower it; a pool that adds nothing leaves the very same tallies, and says why.
 */
export function withPool(
  accepted: Tallies,
  pool: Pool,
  metric: string,
): { readonly tallies: Tallies; readonly use: PoolUse } {
  const why = unfit(accepted, pool)
  if (why !== undefined) return { tallies: accepted, use: { runs: 0, trials: 0, cases: 0, why } }
  const runs = pool.runs.filter((run) => run.run !== accepted.run).toSorted(inTime)
  const metrics = [metric, ...Object.keys(accepted.hashes.secondary ?? {}).filter((name) => name !== metric)]
  const more = runs.map((run) => sourceOf(run, accepted, metrics))
  const own = sourceOf(accepted, accepted, metrics).tallies
  let trials = 0
  let cases = 0
  const pooled = own.cases.map((tally, at) => {
    const others = more.flatMap(({ byCase, metrics: names }) => {
      const other = byCase.get(tally.case)
      return other === undefined || other.hash !== tally.hash ? [] : [{ tally: other, metrics: names }]
    })
    const added = others.reduce((sum, other) => sum + countOf(other.tally, metric), 0)
    if (added === 0) return accepted.cases[at] ?? tally
    trials += added
    cases++
    return pooledCase(tally, others, metric)
  })
  if (cases === 0) {
    const none = runs.length === 0 ? 'it holds no other run' : 'it holds no trial of these cases'
    return { tallies: accepted, use: { runs: 0, trials: 0, cases: 0, why: none } }
  }
  const tallies = { ...accepted, cases: pooled }
  const means = { acceptedMean: meanOf(accepted, metric), pooledMean: meanOf(tallies, metric) }
  return { tallies, use: { runs: runs.length, trials, cases, ...means } }
}

function unfit(accepted: Tallies, pool: Pool): string | undefined {
  const [first] = pool.runs
  if (!isPoolable(accepted.mode))
    return 'recorded trials are copies of their recording, and more copies know no more'
  if (first === undefined) return 'it holds no run'
  if (pool.baseline !== accepted.run) return 'it was gathered under another baseline'
  return otherMeasurement(first, accepted)
}

interface Source {
  readonly tallies: Tallies
  readonly byCase: ReadonlyMap<string, CaseTally>
  /** Those that may be added up. */
  readonly metrics: readonly string[]
}

/** A run with every planned trial accounted for, so that pooling hides none that is missing. */
function sourceOf(run: Tallies, accepted: Tallies, metrics: readonly string[]): Source {
  const [gated = '', ...others] = metrics
  const same = others.filter((name) => run.hashes.secondary?.[name] === accepted.hashes.secondary?.[name])
  const names = [gated, ...same]
  const tallies = names.reduce((given, name) => accountForTrials(given, name), run)
  return { tallies, byCase: new Map(tallies.cases.map((tally) => [tally.case, tally])), metrics: names }
}

function pooledCase(
  own: CaseTally,
  others: readonly { readonly tally: CaseTally; readonly metrics: readonly string[] }[],
  metric: string,
): CaseTally {
  const metrics = Object.entries(own.metrics).map(([name, tally]): [string, MetricTally] => {
    const more = others.flatMap((other) =>
      other.metrics.includes(name) ? [metricOf(other.tally, name)] : [],
    )
    return [name, more.reduce(addMetric, tally)]
  })
  const parts = [own, ...others.map(({ tally }) => tally)]
  const weights = parts.map((tally) => countOf(tally, metric))
  const whole = weights.reduce((sum, weight) => sum + weight, 0)
  const fidelity = parts.reduce((sum, tally, at) => sum + tally.fidelity * (weights[at] ?? 0), 0) / whole
  const spent = spentOf(parts)
  return {
    ...own,
    metrics: Object.fromEntries(metrics),
    fidelity: Math.min(1, clean(fidelity)),
    ...(spent === undefined ? {} : { spent }),
  }
}

function addMetric(a: MetricTally, b: MetricTally): MetricTally {
  return { n: a.n + b.n, sum: clean(a.sum + b.sum), unscored: a.unscored + b.unscored }
}

/** What was used, added up where the baseline knows it. */
function spentOf(parts: readonly CaseTally[]): CaseTally['spent'] {
  const [own] = parts
  if (own?.spent === undefined) return undefined
  const sums = (Object.keys(own.spent) as (keyof typeof own.spent)[]).map((name) => {
    const known = parts.flatMap(({ spent }) => spent?.[name] ?? [])
    const total: SpentTally = {
      n: known.reduce((sum, one) => sum + one.n, 0),
      sum: clean(known.reduce((sum, one) => sum + one.sum, 0)),
    }
    return [name, total] as const
  })
  return Object.fromEntries(sums)
}

function countOf(tally: CaseTally, metric: string): number {
  const { n, unscored } = metricOf(tally, metric)
  return n + unscored
}

/** Mean over cases, of those that have the metric scored. */
export function meanOf({ cases }: Pick<Tallies, 'cases'>, metric: string): number | undefined {
  let [n, sum] = [0, 0]
  for (const tally of cases) {
    const own = metricOf(tally, metric)
    if (own.n === 0) continue
    n++
    sum += own.sum / own.n
  }
  return n === 0 ? undefined : sum / n
}

/** Without the last digits of a floating-point sum. */
function clean(value: number): number {
  return Number(value.toFixed(12))
}
