import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { contractChanges } from '../config/tool-contracts.ts'
import { readToolsFile } from '../config/tools-file.ts'
import { gate } from '../gate/gate.ts'
import { defined } from '../lib/defined.ts'
import { sameJson } from '../lib/json.ts'
import { buildReport } from '../report/build.ts'
import { readBaseline } from '../run/baseline-file.ts'
import { readQuarantine } from '../run/quarantine-file.ts'
import type { Plan } from '../run/plan.ts'
import type { Quarantined } from '../schema/quarantine.ts'
import type { Report } from '../schema/report.ts'
import type { Run, Tallies } from '../schema/run.ts'
import type { ToolChange } from '../schema/tool-contract.ts'
import type { Policy, Verdict } from '../schema/verdict.ts'
import { exitOf } from './exit.ts'
import type { JudgedEval } from './judging.ts'
import type { Project } from './project.ts'
import { exitOfWhatIf, whatIfVerdict } from './run-what-if.ts'
import { gatherBaseline, withTrials } from './tallies.ts'
import { version } from './version.ts'

/** A baseline, and where it came from: a file or a run. */
export interface NamedBaseline {
  readonly name: string
  readonly tallies: Tallies
}

/** A run that is over, and what it is held against. */
export interface Concluded {
  readonly run: Run
  readonly plan: Plan
  readonly policy: Policy
  readonly baseline: NamedBaseline | undefined
  /** Flaky cases of the eval that somebody looks after. */
  readonly quarantine: readonly Quarantined[]
  /** The run's name in the store. */
  readonly name: string
  /** The eval's file. */
  readonly file: string
  readonly judged: JudgedEval
  /** How tools differed from their contracts where the run was played, where that was not here. */
  readonly contracts?: readonly ToolChange[]
}

/** The verdict on a run that is over, its report, and the exit code. */
export async function conclude(
  project: Project,
  { run, plan, policy, baseline, quarantine, name, file, judged, contracts = [] }: Concluded,
): Promise<{ report: Report; exit: number }> {
  const gathered = await withTrials(project.store, run)
  const shownOnly = plan.partial || plan.whatIf !== undefined
  const gated = gate({
    candidate: gathered.tallies,
    baseline: shownOnly ? undefined : baseline?.tallies,
    policy,
    judges: judged.deciding,
    advisory: shownOnlyIn(plan, judged),
    // What is put off until a day is judged by the day of the run: asked again, the same run gets the same verdict.
    quarantine: { cases: shownOnly ? [] : quarantine, today: run.startedAt.slice(0, 10) },
    // After the run: tools that its code made late count, too.
    contracts: allChanges(
      contracts,
      contractChanges(readToolsFile(project.path(project.config.tools), project.config.tools)),
    ),
  })
  const verdict = shownOnly ? shownVerdict(gated, plan) : gated
  const report = buildReport({
    run,
    trials: gathered.trials,
    verdict,
    ...(shownOnly || baseline === undefined
      ? {}
      : { baseline: baseline.tallies, baselineName: baseline.name }),
    metric: policy.metric,
    standings: judged.standings,
    evalkit: version(),
    commands: plan.whatIf === undefined && plan.shard === undefined ? commandsOf(verdict, name, file) : {},
  })
  return { report, exit: plan.whatIf === undefined ? exitOf(verdict) : exitOfWhatIf(gathered.trials) }
}

/** Judges that may not decide: as secondary metrics they are only shown. */
function shownOnlyIn({ eval: of }: Plan, { deciding }: JudgedEval): ReadonlySet<string> {
  const may = new Set(deciding.map(({ judge }) => judge))
  return new Set(of.checks.flatMap(({ name, judge }) => (judge === undefined || may.has(name) ? [] : [name])))
}

/** Flaky cases of an eval that somebody looks after. Throws what reading the file throws. */
export function quarantineOf({ config, path }: Project, evalName: string): readonly Quarantined[] {
  const file = `${config.evals}/quarantine.json`
  return readQuarantine(path(file), file, evalName)
}

/** Changes that were seen elsewhere and here: the same one once. */
function allChanges(there: readonly ToolChange[], here: readonly ToolChange[]): readonly ToolChange[] {
  return [...there, ...here.filter((change) => !there.some((one) => sameJson(one, change)))]
}

function shownVerdict(judged: Verdict, plan: Plan): Verdict {
  if (plan.shard !== undefined) return shardVerdict(judged, plan.shard, plan.cases.size)
  return plan.whatIf === undefined ? partialVerdict(judged, plan) : whatIfVerdict(judged, plan)
}

/** The named baseline, else the eval's own file where there is one. */
export async function baselineOf(
  project: Project,
  evalName: string,
  named: string | undefined,
): Promise<NamedBaseline | undefined> {
  if (named !== undefined) return gatherBaseline(project, named)
  const path = project.path(`${project.config.evals}/${evalName}.baseline.json`)
  return existsSync(path) ? { name: relative(project.folder, path), tallies: readBaseline(path) } : undefined
}

/**
 * A part of the dataset is for looking at: no baseline and no floor is held against it. It is still invalid where it
 * could not be scored.
 */
function partialVerdict(judged: Verdict, plan: Plan): Verdict {
  if (judged.word === 'invalid') return judged
  const of = `${plan.cases.size} of ${plan.dataset.index.length} cases`
  return {
    word: 'not gated',
    sentence: `not gated: ${of} were selected, and a part of a dataset proves nothing`,
    reasons: [
      { code: 'selection', what: `${of} were selected.`, hint: 'Run without --case and --tag to gate.' },
    ],
    policy: judged.policy,
  }
}

/**
 * A shard is never gated by itself, not even called invalid: what could not be scored, and what is missing, is counted over the
 * whole run.
 */
function shardVerdict(
  { policy }: Verdict,
  { at, of, cases }: NonNullable<Plan['shard']>,
  own: number,
): Verdict {
  const what = `shard ${at} of ${of}, with ${own} of ${cases} cases`
  return {
    word: 'not gated',
    sentence: `not gated: ${what}`,
    reasons: [
      {
        code: 'shard',
        what: `This is ${what}: a part of a run proves nothing.`,
        hint: 'evalkit merge, or evalkit ci --blobs, gates all shards as one run.',
      },
    ],
    policy,
  }
}

function commandsOf(verdict: Verdict, name: string, file: string): Report['commands'] {
  const broken = verdict.comparison?.broken[0]
  return {
    record: `npx evalkit run ${file} --llm live --record`,
    judge: `npx evalkit score ${name} --with judges --judges live`,
    ...defined({
      reproduce: broken === undefined ? undefined : `npx evalkit run ${file} --case ${broken.case}`,
    }),
    ...(verdict.word === 'invalid'
      ? {}
      : { accept: `npx evalkit baseline accept --run ${name} --reason "…"` }),
  }
}
