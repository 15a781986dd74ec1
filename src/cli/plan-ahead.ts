import type { LoadedEval } from '../config/load.ts'
import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import type { Selection } from '../dataset/select.ts'
import {
  casesThatPass,
  detectableDrop,
  planningVariance,
  smallestPassableCases,
  trialsThatPass,
} from '../gate/detectable.ts'
import { lookAt } from '../gate/escalation.ts'
import { meanVarianceWithin } from '../gate/settle.ts'
import { defined } from '../lib/defined.ts'
import { loadPrices } from '../lib/price.ts'
import { policyOf } from '../run/define-eval.ts'
import { estimateOf } from '../run/estimate.ts'
import { type Plan, planRun, trialCount } from '../run/plan.ts'
import type { PlanReport } from '../schema/plan-report.ts'
import type { Tallies } from '../schema/run.ts'
import type { Policy } from '../schema/verdict.ts'
import { baselineOf } from './accepted-baseline.ts'
import { looksFor } from './escalate.ts'
import { datasetOf, fixturesOf } from './eval-inputs.ts'
import { asksModels, type Modes } from './modes.ts'
import type { Project } from './project.ts'

/** Of a trial that passes every other time. */
const mostVariance = 0.25

export interface PlanAsked {
  readonly selection: Selection
  readonly trials: number | undefined
  /** Default: the gate's own. */
  readonly margin: number | undefined
  readonly metric: string | undefined
  /** Default: the gate's own. */
  readonly onInconclusive?: Policy['onInconclusive'] | undefined
  readonly modes: Modes
}

/** What an eval would do and could find. Reads files, and nothing else: no model is asked and no trial played. */
export async function planAhead(
  project: Project,
  { eval: of, file }: LoadedEval,
  { selection, trials, margin, metric, onInconclusive, modes }: PlanAsked,
): Promise<PlanReport> {
  const policy = policyOf(defined({ metric, margin, onInconclusive }), of.gate, project.config.policy)
  const dataset = await datasetOf(project, of.name, of.dataset, file)
  const fixtures = await fixturesOf(project, dataset)
  const known = toolsKnownTo(readToolsFile(project.path(project.config.tools), project.config.tools))
  const { mode, spendUsd, judges, overrides } = modes
  const planAt = (count: number | undefined): Plan =>
    planRun(of, dataset, fixtures, { selection, trials: count, metric: policy.metric, mode, known })
  const whole = planAt(trials)
  const looks = looksFor(policy, whole, { trials })
  const plan = looks === undefined ? whole : planAt(looks[0])
  const clusters = new Set<string>()
  let alone = 0
  for await (const { id, cluster } of dataset.cases()) {
    if (!plan.cases.has(id)) continue
    if (cluster === undefined) alone++
    else clusters.add(cluster)
  }
  const units = alone + clusters.size
  const baseline = await baselineOf(project, of.name, undefined)
  const variance = varianceOf(asksModels(modes) || mode.tools === 'live', baseline?.tallies, policy.metric)
  const noisy = variance.from !== 'recorded'
  const level = looks && lookAt(looks, plan.trials).level
  const most = looks?.at(-1) ?? plan.trials
  const foundAt = (count: number): number | undefined =>
    detectableDrop(units, noisy ? count : undefined, variance.value, level)
  const enough = trialsThatPass(units, policy.margin, variance.value, level)
  const prices = await loadPrices(project.config.prices)
  const escalation =
    looks === undefined || level === undefined
      ? undefined
      : {
          level,
          looks: looks.map((count) => ({
            trials: count,
            total: trialCount({ ...plan, trials: count }),
            recorded: estimateOf({ ...plan, trials: count }, prices, overrides.model),
            ...defined({ detectable: foundAt(count) }),
          })),
        }
  return {
    schemaVersion: 1,
    eval: of.name,
    dataset: dataset.name,
    mode,
    cases: plan.cases.size,
    of: dataset.index.length,
    trials: plan.trials,
    total: trialCount(plan),
    units,
    recorded: estimateOf(plan, prices, overrides.model),
    asksModels: asksModels(modes),
    judges: of.checks.flatMap(({ name, judge }) => (judge === undefined ? [] : [name])),
    asksJudges: judges === 'live',
    ...defined({ capUsd: spendUsd ?? policy.spend?.usd, detectable: foundAt(most), escalation }),
    variance,
    wanted: {
      margin: policy.margin,
      fewest: smallestPassableCases(policy.margin, level),
      cases: casesThatPass(policy.margin, most, variance.value, level),
      ...defined({ trials: enough }),
    },
  }
}

/** How much a trial varies within its case: not at all in a replay; else as the baseline did, where it says. */
function varianceOf(varies: boolean, baseline: Tallies | undefined, metric: string): PlanReport['variance'] {
  if (!varies) return { value: 0, from: 'recorded' }
  const tallies = (baseline?.cases ?? []).flatMap(({ metrics }) => {
    const tally = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined
    return tally === undefined || tally.n === 0 ? [] : [tally]
  })
  // Trials of a replay are as many recordings: how they differ is how the agent did when it was live.
  const measured = meanVarianceWithin(tallies)
  if (measured === undefined) return { value: planningVariance, from: 'usual' }
  // As the gate's interval does, it counts two cases nobody saw, as flaky as can be: a few steady ones promise nothing.
  return { value: (measured * tallies.length + 2 * mostVariance) / (tallies.length + 2), from: 'baseline' }
}
