import { defined } from '../lib/defined.ts'
import { sameJson } from '../lib/json.ts'
import { execute, type Execution, type FinishedTrial } from '../run/execute.ts'
import { type Plan, trialCount } from '../run/plan.ts'
import { keepTrial } from '../run/rerecord.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Run } from '../schema/run.ts'
import type { Io } from './io.ts'
import { type Modes, versionsOf } from './modes.ts'
import { progressOf } from './progress.ts'
import type { Project } from './project.ts'
import { redactorOf } from './redactor.ts'

/** Under which name a run stands in the store, whether one that was killed is gone on with, and where replies come from. */
export interface PlaySettings {
  readonly name: string
  readonly resume: boolean
  readonly modes: Modes
}

/** A plan that is played, and what answers in it. */
export interface Playing {
  readonly io: Io
  readonly project: Project
  readonly plan: Plan
  readonly settings: PlaySettings
  readonly answering: Pick<Execution, 'known' | 'models' | 'asked' | 'judging'>
}

/** Plays a plan, or what is left of it, to its end. Every trial is committed before it is counted on the screen. */
export async function playPlan(playing: Playing): Promise<Run> {
  const run = await beginRun(playing)
  if (run.status === 'finished') return run
  await playTrials(playing, run)
  return finishRun(playing, run)
}

/**
 * The run that is gone on with, where that is asked for and it was of the same plan; else a new one. One that is finished has
 * nothing left, and that is said.
 */
export async function beginRun(playing: Playing, looks?: readonly number[]): Promise<Run> {
  const { io, settings } = playing
  const { name, resume } = settings
  const earlier = resume ? await resumable(playing, looks) : undefined
  if (resume && earlier === undefined) io.err(`${name}: nothing to resume, starting anew\n`)
  if (earlier?.status === 'finished') io.err(`${name}: that run is finished, nothing is left\n`)
  return earlier ?? newRun(playing, looks)
}

/** Plays what of a run's plan is not in the store, and commits it. What ends it early leaves the run `interrupted`. */
export async function playTrials(
  { io, project, plan, settings: { name, modes }, answering }: Playing,
  run: Run,
): Promise<void> {
  const { store } = project
  const done = new Set<string>()
  await store.putRun({ ...run, status: 'running' })
  for await (const trial of store.listTrials(run.id)) done.add(`${trial.case} ${trial.trial}`)
  const progress = progressOf(io, plan.eval.name, trialCount(plan), done.size)
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
}

/** Nothing more comes: the run can be gated, and accepted. */
export async function finishRun({ io, project: { store } }: Playing, run: Run): Promise<Run> {
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

function newRun({ io, plan, settings: { name, modes } }: Playing, looks: readonly number[] | undefined): Run {
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
    ...(looks === undefined ? {} : { looks: [...looks] }),
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
  { project: { store }, plan, settings: { name, modes } }: Playing,
  looks: readonly number[] | undefined,
): Promise<Run | undefined> {
  const newest = (await store.listRuns()).find((run) => run.name === name)
  if (newest === undefined) return undefined
  const same =
    newest.eval === plan.eval.name &&
    sameJson(newest.mode, plan.mode) &&
    sameJson(newest.hashes, plan.hashes) &&
    sameJson(newest.versions, { ...plan.eval.target.versions, ...versionsOf(modes) }) &&
    newest.cases === plan.cases.size &&
    sameJson(newest.looks ?? null, looks ?? null) &&
    (looks?.includes(newest.trials) ?? newest.trials === plan.trials) &&
    (newest.partial === true) === plan.partial &&
    sameJson(newest.shard ?? null, shardIn(plan) ?? null) &&
    sameJson(newest.whatIf ?? null, plan.whatIf ?? null)
  return same ? newest : undefined
}
