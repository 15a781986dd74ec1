import type { LoadedEval } from '../config/load.ts'
import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import type { Selection } from '../dataset/select.ts'
import { policyOf } from '../run/define-eval.ts'
import { type FixtureFacts, type Plan, planRun } from '../run/plan.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Quarantined } from '../schema/quarantine.ts'
import type { Mode, Release, Shard } from '../schema/run.ts'
import type { Policy, PolicyInput } from '../schema/verdict.ts'
import { baselineOf, type NamedBaseline, releaseOf } from './accepted-baseline.ts'
import { quarantineOf } from './conclude.ts'
import { datasetOf, fixturesOf } from './eval-inputs.ts'
import type { Io } from './io.ts'
import { agentModelsOf, type JudgedEval, judgedEval } from './judging.ts'
import type { Project } from './project.ts'
import { type FiledWhatIf, unfitFor } from './run-what-if.ts'

/** What the command line says of an eval before anything is played. */
export interface PrepareSettings {
  readonly selection: Selection
  readonly trials: number | undefined
  readonly baseline: string | undefined
  /** Runs of the base branch that add trials to the baseline: a file, or a folder. */
  readonly pool?: string | undefined
  /** Rules of the command line. */
  readonly policy: PolicyInput
  readonly mode: Mode
  /** What is put into every trial. */
  readonly whatIf?: FiledWhatIf | undefined
  readonly shard?: Shard | undefined
}

/** All that is decided of an eval before a trial is played, or read out of the files of its shards. */
export interface PreparedEval {
  readonly policy: Policy
  readonly baseline: NamedBaseline | undefined
  readonly release: Release | undefined
  /** Flaky cases of the eval that somebody looks after. */
  readonly quarantine: readonly Quarantined[]
  readonly fixtures: ReadonlyMap<string, FixtureFacts>
  readonly tools: KnownTools
  readonly judged: JudgedEval
  readonly plan: Plan
}

/**
 * Reads everything an eval stands on, and plans it. Throws what reading any of it throws: what cannot be read is said
 * before an hour is spent, not after.
 */
export async function prepareEval(
  io: Io,
  project: Project,
  { eval: of, file }: LoadedEval,
  { selection, trials, baseline: named, pool, policy: rules, mode, whatIf, shard }: PrepareSettings,
): Promise<PreparedEval> {
  const policy = policyOf(rules, of.gate, project.config.policy)
  const baseline = await baselineOf(project, of.name, named, { named: pool, metric: policy.metric })
  const release = releaseOf(project, of.name)
  const quarantine = quarantineOf(project, of.name)
  const dataset = await datasetOf(project, of.name, of.dataset, file)
  const fixtures = await fixturesOf(project, dataset, unfitFor(of, { whatIf, modes: { mode } }))
  const tools = toolsKnownTo(readToolsFile(project.path(project.config.tools), project.config.tools))
  const judged = judgedEval(io, project, of, policy, agentModelsOf(of, fixtures))
  const plan = planRun(judged.of, dataset, fixtures, {
    selection,
    trials,
    metric: policy.metric,
    secondary: Object.keys(policy.secondary ?? {}),
    mode,
    known: tools,
    whatIf: whatIf?.filed,
    shard: shard && { at: shard.at, of: shard.of },
  })
  return { policy, baseline, release, quarantine, fixtures, tools, judged, plan }
}
