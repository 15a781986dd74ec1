import type { LoadedEval } from '../config/load.ts'
import type { Selection } from '../dataset/select.ts'
import { defined } from '../lib/defined.ts'
import { sameJson } from '../lib/json.ts'
import { execute, type Execution, type FinishedTrial } from '../run/execute.ts'
import { type Plan, trialCount } from '../run/plan.ts'
import { keepTrial } from '../run/rerecord.ts'
import { slug } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Report } from '../schema/report.ts'
import type { Run, Shard } from '../schema/run.ts'
import type { PolicyInput } from '../schema/verdict.ts'
import { conclude } from './conclude.ts'
import { warnOfGuesses } from './eval-inputs.ts'
import type { Io } from './io.ts'
import { answersIn, openJudges } from './judging.ts'
import { asksModels, type Modes, openBudget, openModels, versionsOf } from './modes.ts'
import { prepareEval } from './prepare-eval.ts'
import { progressOf } from './progress.ts'
import type { Project } from './project.ts'
import { redactorOf } from './redactor.ts'
import type { FiledWhatIf } from './run-what-if.ts'
import { freshShardFile, writeShard } from './shards.ts'

export interface RunSettings {
  readonly selection: Selection
  readonly trials: number | undefined
  readonly baseline: string | undefined
  /** The run's name in the store. */
  readonly name: string
  readonly resume: boolean
  /** Rules of the command line. */
  readonly policy: PolicyInput
  /** Where replies come from. */
  readonly modes: Modes
  /** What is put into every trial. */
  readonly whatIf?: FiledWhatIf | undefined
  /** Only a share of the cases, and the folder its file is written to. */
  readonly shard?: (Shard & { readonly blobs: string }) | undefined
}

/**
 * One eval, from its file to its report: gather, plan, play and commit, compare. Every trial is committed before it
 * is counted on the screen.
 */
export async function runEval(
  io: Io,
  project: Project,
  loaded: LoadedEval,
  settings: RunSettings,
): Promise<{ report: Report; exit: number }> {
  const { eval: of, file } = loaded
  if (!slug.safeParse(settings.name).success) {
    throw new EvalkitError('EVK_USAGE', `"${settings.name.slice(0, 80)}" cannot be the name of a run.`)
  }
  const prepared = await prepareEval(io, project, loaded, { ...settings, mode: settings.modes.mode })
  const { policy, fixtures, tools, plan } = prepared
  warnOfGuesses(io, project.config.tools, fixtures, tools)
  const { modes, shard } = settings
  const blob = shard && freshShardFile(project, shard.blobs, { eval: of.name, shard })
  const pays = asksModels(modes) || modes.judges === 'live'
  const budget = pays ? await openBudget(io, modes, policy.spend?.usd) : undefined
  const models = await openModels(io, project, modes, budget)
  const judges = await openJudges(io, project, {
    of,
    mode: modes.judges,
    budget,
    command: `evalkit run ${file} --judges live`,
    answers: answersIn(fixtures),
  })
  try {
    const answering = { known: tools, models, asked: settings.whatIf?.asked, judging: judges?.judging }
    const run = await playPlan(io, project, plan, settings, answering)
    if (blob !== undefined) await writeShard(io, project, run, plan, blob)
    return await conclude(project, { ...prepared, run, name: settings.name, file })
  } finally {
    // What was paid for is kept in order, however the run ended.
    await judges?.close()
  }
}

async function playPlan(
  io: Io,
  project: Project,
  plan: Plan,
  { name, resume, modes }: RunSettings,
  answering: Pick<Execution, 'known' | 'models' | 'asked' | 'judging'>,
): Promise<Run> {
  const { store } = project
  const earlier = resume ? await resumable(project, plan, name, modes) : undefined
  const run = earlier ?? newRun(io, plan, name, modes)
  const done = new Set<string>()
  if (earlier !== undefined)
    for await (const trial of store.listTrials(run.id)) done.add(`${trial.case} ${trial.trial}`)
  if (resume && earlier === undefined) io.err(`${name}: nothing to resume, starting anew\n`)
  if (earlier?.status === 'finished') {
    io.err(`${name}: that run is finished, nothing is left\n`)
    return earlier
  }
  const progress = progressOf(io, plan.eval.name, trialCount(plan), done.size)
  await store.putRun({ ...run, status: 'running' })
  let count = done.size
  let kept = 0
  try {
    const batches = execute(plan, {
      run: run.id,
      fixtures: project.path(project.config.fixtures),
      isDone: (caseId, trial) => done.has(`${caseId} ${trial}`),
      signal: io.signal,
      now: io.now,
      redact: redactorOf(io, project.config).json,
      ...answering,
    })
    for await (const batch of batches) {
      await store.putTrials(
        batch.map(({ trial }) => trial),
        batch.map(({ trace }) => trace),
      )
      if (modes.record) kept += keepAll(project, plan, batch)
      count += batch.length
      progress.update(count)
    }
  } catch (error) {
    // What was finished is kept, and the run can be gone on with.
    await store.putRun({ ...run, status: 'interrupted' })
    throw error
  } finally {
    progress.end()
  }
  if (modes.record) {
    const folder = `${project.config.fixtures}/${plan.dataset.name}/`
    const left = count - done.size - kept
    const others = left === 0 ? '' : `; ${left} are not: aborted, off the tape, or without a recording`
    io.err(`${name}: ${kept} trials are kept in ${folder}${others}\n`)
  }
  if (io.signal.aborted) {
    await store.putRun({ ...run, status: 'interrupted' })
    throw new EvalkitError(
      'EVK_RUN_INTERRUPTED',
      `The run was stopped: ${count} of ${trialCount(plan)} trials are kept.`,
    )
  }
  const finished: Run = { ...run, status: 'finished', finishedAt: new Date(io.now()).toISOString() }
  await store.putRun(finished)
  return finished
}

function keepAll({ path, config }: Project, plan: Plan, batch: readonly FinishedTrial[]): number {
  const { dataset, mode, recorded } = plan
  const isNew = (caseId: string): boolean => !recorded.has(caseId)
  const keeping = { fixtures: path(config.fixtures), dataset: dataset.name, mode, isNew }
  return batch.filter((finished) => keepTrial(finished, keeping)).length
}

/** The id of a run that begins now. */
export function runId(io: Io, name: string, at: string): string {
  return `${name}-${at.replace(/[-:]/g, '').slice(0, 15).toLowerCase()}-${io.random()}`
}

function newRun(io: Io, plan: Plan, name: string, modes: Modes): Run {
  const at = new Date(io.now()).toISOString()
  return {
    v: 1,
    id: runId(io, name, at),
    name,
    eval: plan.eval.name,
    dataset: plan.dataset.name,
    mode: plan.mode,
    hashes: plan.hashes,
    versions: { ...plan.eval.target.versions, ...versionsOf(modes) },
    cases: plan.cases.size,
    trials: plan.trials,
    ...(plan.partial ? { partial: true as const } : {}),
    ...defined({ whatIf: plan.whatIf, shard: shardIn(plan) }),
    startedAt: at,
    status: 'running',
  }
}

function shardIn({ shard }: Plan): Run['shard'] {
  return shard && { at: shard.at, of: shard.of }
}

/** The newest run of this name, if it was of the same plan: what was finished under another plan proves nothing here. */
async function resumable(
  { store }: Project,
  plan: Plan,
  name: string,
  modes: Modes,
): Promise<Run | undefined> {
  const newest = (await store.listRuns()).find((run) => run.name === name)
  if (newest === undefined) return undefined
  const same =
    newest.eval === plan.eval.name &&
    sameJson(newest.mode, plan.mode) &&
    sameJson(newest.hashes, plan.hashes) &&
    sameJson(newest.versions, { ...plan.eval.target.versions, ...versionsOf(modes) }) &&
    newest.cases === plan.cases.size &&
    newest.trials === plan.trials &&
    (newest.partial === true) === plan.partial &&
    sameJson(newest.shard ?? null, shardIn(plan) ?? null) &&
    sameJson(newest.whatIf ?? null, plan.whatIf ?? null)
  return same ? newest : undefined
}
