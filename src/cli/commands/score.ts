import { Command } from 'commander'
import { type LoadedEval, loadEvals } from '../../config/load.ts'
import { readToolsFile, toolsKnownTo } from '../../config/tools-file.ts'
import { reporters } from '../../report/index.ts'
import { defined } from '../../lib/defined.ts'
import { policyOf } from '../../run/define-eval.ts'
import type { RunJudging } from '../../run/judging.ts'
import { type Plan, planRun, trialKey } from '../../run/plan.ts'
import { rescore } from '../../run/rescore.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import type { Run, Trial } from '../../schema/run.ts'
import type { Policy } from '../../schema/verdict.ts'
import { baselineOf, releaseOf } from '../accepted-baseline.ts'
import { conclude, quarantineOf } from '../conclude.ts'
import { datasetOf, fixturesOf } from '../eval-inputs.ts'
import { agentModelsOf, answersIn, type JudgedEval, judgedEval, openJudges } from '../judging.ts'
import { modesFrom, openBudget, withJudgesFlag } from '../modes.ts'
import { type Io, outJson } from '../io.ts'
import { progressOf } from '../progress.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { outputsFrom, writeReports } from '../reports.ts'
import { runId } from '../play-run.ts'
import { version } from '../version.ts'
import { type PolicyFlags, policyFrom, withPolicyFlags } from './gate.ts'

interface Options extends CommonOptions, PolicyFlags {
  readonly eval?: string
  readonly baseline?: string
  readonly with?: string
  readonly judges?: string
  readonly spend?: string
  readonly reporter?: readonly string[]
}

export function command(io: Io, exit: (code: number) => void): Command {
  return withJudgesFlag(
    withPolicyFlags(
      withCommonOptions(
        new Command('score')
          .description(
            'Scores the outcomes of a run anew, as its eval asks now, and gates the result. The agent is not run. What was ' +
              'asked of the same outcome before is not asked again.',
          )
          .argument('<run>', 'the run, by id or name')
          .option('--eval <name-or-file>', 'the eval that asks (default: the run’s own)')
          .option(
            '--with <scorers>',
            'checks or judges: only these are asked, other scores stay (default: all)',
          )
          .option('--spend <usd>', 'with live judges: stop before more is spent')
          .option('--baseline <name-or-file>', 'compare with this (default: evals/<eval>.baseline.json)')
          .option('--reporter <name[=file]>', `report: ${Object.keys(reporters).join(', ')}`, collect),
      ),
    ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  evalkit score support\n  evalkit score support --reporter html=report.html',
    )
    .action((id: string, options: Options) =>
      withProject(io, options, async (project) => exit(await scoreRun(io, project, id, options))),
    )
}

async function scoreRun(io: Io, project: Project, id: string, options: Options): Promise<number> {
  const outputs = outputsFrom(project, options.reporter)
  const only = scorersFrom(options.with)
  const modes = modesFrom(defined({ judges: options.judges, spend: options.spend }), project)
  const run = await finishedRun(project, id)
  const [loaded] = await loadEvals(project.folder, project.config, [options.eval ?? run.eval])
  if (loaded === undefined) throw new EvalkitError('EVK_USAGE', 'Which eval asks? Name it with --eval.')
  const policy = policyOf(policyFrom(options), loaded.eval.gate, project.config.policy)
  const baseline = await baselineOf(project, loaded.eval.name, options.baseline)
  const quarantine = quarantineOf(project, loaded.eval.name)
  const trials = new Map<string, Trial>()
  for await (const trial of project.store.listTrials(run.id))
    trials.set(trialKey(trial.case, trial.trial), trial)
  const { plan, known, judged, answers } = await planOf(io, project, loaded, run, trials, policy)
  const at = new Date(io.now()).toISOString()
  const anew: Run = {
    ...run,
    id: runId(io, run.name, at),
    eval: loaded.eval.name,
    dataset: plan.dataset.name,
    hashes: plan.hashes,
    cases: run.partial === true ? run.cases : plan.cases.size,
    rescored: run.rescored ?? run.id,
    startedAt: at,
    status: 'running',
  }
  const judges = await openJudges(io, project, {
    of: loaded.eval,
    mode: modes.judges,
    budget: modes.judges === 'live' ? await openBudget(io, modes, policy.spend?.usd) : undefined,
    command: `evalkit score ${run.name} --judges live`,
    answers,
  })
  const scoring = { plan, known, run, trials, anew, only, judging: judges?.judging }
  let finished: Run
  try {
    finished = await scoreAll(io, project, scoring)
  } finally {
    // What was paid for is kept in order, however it ended.
    await judges?.close()
  }
  const { report, exit } = await conclude(project, {
    run: finished,
    plan,
    policy,
    baseline,
    release: releaseOf(project, loaded.eval.name),
    quarantine,
    name: run.name,
    file: loaded.file,
    judged,
  })
  if (options.json === true) outJson(io, { report, exit })
  else await writeReports(io, project, report, outputs)
  return exit
}

/** Throws `EVK_RUN_NOT_FOUND`, and `EVK_RUN_UNFINISHED` for one that was killed. */
async function finishedRun({ store }: Project, id: string): Promise<Run> {
  const run = await store.getRun(id)
  if (run.status === 'finished') return run
  throw new EvalkitError('EVK_RUN_UNFINISHED', `The run "${run.name}" (${run.id}) is not finished.`)
}

/** The plan a run would have now, of the cases it played. */
async function planOf(
  io: Io,
  project: Project,
  { eval: of, file }: LoadedEval,
  run: Run,
  trials: ReadonlyMap<string, Trial>,
  policy: Policy,
): Promise<Planned> {
  const { config, path } = project
  const dataset = await datasetOf(project, of.name, of.dataset, file)
  const fixtures = await fixturesOf(project, dataset)
  const known = toolsKnownTo(readToolsFile(path(config.tools), config.tools))
  const judged = judgedEval(io, project, of, policy, agentModelsOf(of, fixtures))
  const whole = planRun(judged.of, dataset, fixtures, {
    selection: { cases: [], tags: [] },
    trials: run.trials,
    metric: policy.metric,
    secondary: Object.keys(policy.secondary ?? {}),
    mode: run.mode,
    known,
  })
  const played = new Set([...trials.values()].map((trial) => trial.case))
  const gone = [...played].find((one) => !whole.cases.has(one))
  if (gone !== undefined) {
    throw new EvalkitError('EVK_CASE_NOT_FOUND', `The case is no longer in the dataset "${dataset.name}".`, {
      at: { case: gone },
      hint: 'What is scored is held against its case: put it back, or run the eval.',
    })
  }
  const { whatIf } = run
  return {
    plan: {
      ...whole,
      partial: run.partial === true,
      ...(whatIf === undefined ? {} : { whatIf }),
    },
    known,
    judged,
    answers: answersIn(fixtures),
  }
}

interface Planned {
  readonly plan: Plan
  readonly known: KnownTools
  readonly judged: JudgedEval
  /** Recorded answers by case. */
  readonly answers: ReadonlyMap<string, Json>
}

function scorersFrom(text: string | undefined): 'checks' | 'judges' | undefined {
  if (text === undefined || text === 'checks' || text === 'judges') return text
  throw new EvalkitError('EVK_USAGE', `--with takes checks or judges, not "${text.slice(0, 40)}".`)
}

interface Scoring {
  readonly plan: Plan
  readonly known: KnownTools
  readonly run: Run
  readonly trials: ReadonlyMap<string, Trial>
  readonly anew: Run
  readonly only: 'checks' | 'judges' | undefined
  readonly judging: RunJudging | undefined
}

/**
 * Scores first and files then: a run that could not be scored must not stand before the one it was made of. What was answered
 * by then is in the cache.
 */
async function scoreAll(
  io: Io,
  project: Project,
  { plan, known, run, trials, anew, only, judging }: Scoring,
): Promise<Run> {
  const { store, config, path } = project
  const progress = progressOf(io, plan.eval.name, trials.size, 0)
  const done: Trial[] = []
  let cached = 0
  try {
    const scored = rescore(plan, {
      run,
      trials,
      as: anew.id,
      fixtures: path(config.fixtures),
      traceOf: (trace) => store.getTrace(trace),
      known,
      cache: { get: (key) => store.getScore(key), put: (scores) => store.putScores(scores) },
      version: version(),
      only,
      judging,
    })
    for await (const { trial, fromCache } of scored) {
      if (io.signal.aborted) throw new EvalkitError('EVK_RUN_INTERRUPTED', 'Scoring was stopped.')
      cached += fromCache
      done.push(trial)
      progress.update(done.length)
    }
  } finally {
    progress.end()
  }
  const finished: Run = { ...anew, status: 'finished', finishedAt: new Date(io.now()).toISOString() }
  await store.putRun({ ...anew, status: 'running' })
  await store.putTrials(done, [])
  await store.putRun(finished)
  const asked = trials.size * plan.eval.checks.length
  io.err(`${anew.name}: ${done.length} trials scored anew; ${cached} of ${asked} answers were known\n`)
  return finished
}
