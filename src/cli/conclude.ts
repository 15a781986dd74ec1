import { contractChanges } from '../config/tool-contracts.ts'
import { readToolsFile } from '../config/tools-file.ts'
import { escalationOf, lookAt, notEscalated, type Saved, withEscalation } from '../gate/escalation.ts'
import { gate } from '../gate/gate.ts'
import { defined } from '../lib/defined.ts'
import { sameJson } from '../lib/json.ts'
import { buildReport } from '../report/build.ts'
import { readQuarantine } from '../run/quarantine-file.ts'
import type { Plan } from '../run/plan.ts'
import type { Quarantined } from '../schema/quarantine.ts'
import type { Report } from '../schema/report.ts'
import { tally } from '../schema/metric.ts'
import type { Release, Run, Trial } from '../schema/run.ts'
import type { ToolChange } from '../schema/tool-contract.ts'
import { totalOf } from '../schema/totals.ts'
import type { Policy, Verdict } from '../schema/verdict.ts'
import { type NamedBaseline, standingOf } from './accepted-baseline.ts'
import { exitOf } from './exit.ts'
import type { JudgedEval } from './judging.ts'
import type { Project } from './project.ts'
import { exitOfWhatIf, whatIfVerdict } from './run-what-if.ts'
import { type GatheredRun, withTrials } from './tallies.ts'
import { version } from './version.ts'

/** A run that is over, and what it is held against. */
export interface Concluded {
  readonly run: Run
  readonly plan: Plan
  readonly policy: Policy
  readonly baseline: NamedBaseline | undefined
  /** The baseline of the eval's last release. */
  readonly release?: Release | undefined
  /** Flaky cases of the eval that somebody looks after. */
  readonly quarantine: readonly Quarantined[]
  /** The run's name in the store. */
  readonly name: string
  /** The eval's file. */
  readonly file: string
  readonly judged: JudgedEval
  /** How tools differed from their contracts where the run was played, where that was not here. */
  readonly contracts?: readonly ToolChange[]
  /** Whether the spend cap ended it within the look after `run.trials`: what is there of that look is in no verdict. */
  readonly isCut?: boolean
}

/** The verdict on a run that is over, its report, and the exit code. */
export async function conclude(
  project: Project,
  concluded: Concluded,
): Promise<{ report: Report; exit: number }> {
  const { run, plan, policy, baseline, name, file, judged } = concluded
  const all = await withTrials(project.store, run)
  const gathered = throughLook(all, run.trials)
  const shownOnly = plan.partial || plan.whatIf !== undefined
  const gated = verdictOf(project, concluded, all)
  const verdict = shownOnly ? shownVerdict(gated, plan) : gated
  const report = buildReport({
    run,
    evalFile: file,
    trials: gathered.trials,
    verdict,
    ...(shownOnly || baseline === undefined
      ? {}
      : { baseline: baseline.tallies, baselineName: baseline.name, pool: baseline.pool }),
    metric: policy.metric,
    standings: judged.standings,
    evalkit: version(),
    commands: plan.whatIf === undefined && plan.shard === undefined ? commandsOf(verdict, name, file) : {},
  })
  return { report, exit: plan.whatIf === undefined ? exitOf(verdict) : exitOfWhatIf(gathered.trials) }
}

/** What a run whose trials may still become more says so far: `inconclusive` where more of them may settle it. */
export async function verdictSoFar(project: Project, concluded: Concluded): Promise<Verdict> {
  const { run } = concluded
  return verdictAt(project, concluded, throughLook(await withTrials(project.store, run), run.trials))
}

/** The verdict on a run that is over, and of one that was looked at several times, what each look said. */
function verdictOf(project: Project, concluded: Concluded, all: GatheredRun): Verdict {
  const { run, plan, isCut = false } = concluded
  const { looks } = run
  if (looks === undefined) {
    const why =
      plan.mode.llm === 'live'
        ? 'this run has a fixed number of trials'
        : 'more trials of a recording teach nothing, only live models are asked again (--llm live)'
    return notEscalated(verdictAt(project, concluded, all), why)
  }
  const taken = looks
    .filter((trials) => trials <= run.trials)
    .map((trials) => ({ trials, verdict: verdictAt(project, concluded, throughLook(all, trials)) }))
  const verdict = taken.at(-1)?.verdict ?? verdictAt(project, concluded, all)
  const further = all.trials.filter(({ trial }) => trial >= run.trials)
  const unfinished = isCut
    ? { trials: further.length, ...defined({ costUsd: totalOf(further).costUsd }) }
    : undefined
  return withEscalation(
    verdict,
    escalationOf(looks, taken, defined({ unfinished, saved: savedBy(run, all.trials) })),
  )
}

/** What the looks that were not taken would have used, if their trials were like those that were played. */
function savedBy(
  { looks = [], trials: reached, cases, mode }: Run,
  trials: readonly Trial[],
): Saved | undefined {
  const left = ((looks.at(-1) ?? reached) - reached) * cases
  if (left === 0 || trials.length === 0) return undefined
  const calls = trials.reduce((sum, { fidelity }) => sum + (fidelity.counts.live ?? 0), 0)
  const priced = trials.filter(({ costUsd }) => costUsd !== undefined)
  const costUsd = totalOf(priced).costUsd
  // Live tools are counted with live models: then nobody knows which were which.
  const modelCalls =
    mode.tools === 'live' || calls === 0 ? undefined : Math.round((calls / trials.length) * left)
  return {
    trials: left,
    ...defined({
      modelCalls,
      costUsd: costUsd === undefined ? undefined : Number(((costUsd / priced.length) * left).toPrecision(3)),
    }),
  }
}

/** A run as it was after so many trials a case: looked at again, it says the same. */
function throughLook({ run, trials, tallies }: GatheredRun, most: number): GatheredRun {
  if (run.looks === undefined) return { run, trials, tallies }
  const kept = trials.filter(({ trial }) => trial < most)
  return { run, trials: kept, tallies: { ...tallies, trials: most, cases: tally(kept, run.mode) } }
}

function verdictAt(
  project: Project,
  { run, plan, policy, baseline, release, quarantine, judged, contracts = [] }: Concluded,
  { tallies }: GatheredRun,
): Verdict {
  const shownOnly = plan.partial || plan.whatIf !== undefined
  return gate({
    candidate: tallies,
    baseline: shownOnly ? undefined : baseline?.tallies,
    policy,
    judges: judged.deciding,
    advisory: shownOnlyIn(plan, judged),
    refused: judged.refused,
    look: run.looks && lookAt(run.looks, tallies.trials),
    ...(shownOnly ? {} : { standing: standingOf(run, baseline, release) }),
    // What is put off until a day is judged by the day of the run: asked again, the same run gets the same verdict.
    quarantine: { cases: shownOnly ? [] : quarantine, today: run.startedAt.slice(0, 10) },
    // After the run: tools that its code made late count, too.
    contracts: allChanges(
      contracts,
      contractChanges(readToolsFile(project.path(project.config.tools), project.config.tools)),
    ),
  })
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
