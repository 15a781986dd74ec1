import type { LoadedEval } from '../config/load.ts'
import { byCodeUnit } from '../lib/json.ts'
import { nearestWord } from '../lib/nearest.ts'
import type { Plan } from '../run/plan.ts'
import { readShardFile } from '../run/shard-file.ts'
import { assertOfNow, type FiledShard, verifyShards, wholeOf } from '../run/shard-set.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Report } from '../schema/report.ts'
import type { Run, Trial } from '../schema/run.ts'
import type { Trace } from '../schema/trace.ts'
import type { PolicyInput } from '../schema/verdict.ts'
import type { Store } from '../store/store.ts'
import { conclude } from './conclude.ts'
import type { Io } from './io.ts'
import { prepareEval } from './prepare-eval.ts'
import type { Project } from './project.ts'
import { runId } from './play-run.ts'
import { commitOf } from './shards.ts'

/** Trials that are put into the store at once: so many, or as long as this as JSON, in UTF-16 units. */
const most = { trials: 200, length: 8 * 1024 * 1024 }

/** What is said of a run that others played. */
export interface MergeSettings {
  readonly baseline: string | undefined
  /** Runs of the base branch that add trials to the baseline: a file, or a folder. */
  readonly pool?: string | undefined
  /** The run's name in the store. */
  readonly name: string
  /** Rules of the command line. */
  readonly policy: PolicyInput
}

/**
 * One eval, from the files of its shards to its report: they are checked as a whole before anything of them is kept, put into
 * the store as one run, and concluded as if one machine had played it. Throws `EVK_SHARD_*` and what reading the eval's
 * own files throws.
 */
export async function mergeEval(
  io: Io,
  project: Project,
  loaded: LoadedEval,
  files: readonly FiledShard[],
  { baseline, pool, name, policy }: MergeSettings,
): Promise<{ report: Report; exit: number }> {
  const { eval: of, file } = loaded
  const shards = wholeOf(
    of.name,
    files.filter(({ header }) => header.eval === of.name),
  )
  const [first] = shards
  const { mode, trials } = first.header
  const selection = { cases: [], tags: [] }
  const prepared = await prepareEval(io, project, loaded, {
    selection,
    trials,
    baseline,
    pool,
    policy,
    mode,
  })
  assertOfNow(first, prepared.plan, commitOf(io))
  const contracts = await verifyShards(shards, prepared.plan)
  const run = await keepRun(io, project, shards, { plan: prepared.plan, name })
  return conclude(project, { ...prepared, run, name, file, contracts })
}

/** Throws `EVK_EVAL_NOT_FOUND` where there are shards of an eval that is not among those that are there. */
export function refuseUnknown(files: readonly FiledShard[], loaded: readonly LoadedEval[]): void {
  const names = loaded.map(({ eval: of }) => of.name)
  const unknown = files.find(({ header }) => !names.includes(header.eval))?.header.eval
  if (unknown === undefined) return
  const near = nearestWord(unknown, names)
  throw new EvalkitError('EVK_EVAL_NOT_FOUND', `There are shards of "${unknown}", and no such eval.`, {
    details: near === undefined ? [] : [`did you mean "${near}"?`],
    hint: 'Name the file of an eval that stands elsewhere, as it was named when it was played.',
  })
}

async function keepRun(
  io: Io,
  { store }: Project,
  shards: readonly FiledShard[],
  { plan, name }: { readonly plan: Plan; readonly name: string },
): Promise<Run> {
  const headers = shards.map(({ header }) => header)
  const begun = headers.map(({ startedAt }) => startedAt).sort(byCodeUnit)[0] ?? ''
  const ended =
    headers
      .map(({ finishedAt }) => finishedAt)
      .sort(byCodeUnit)
      .at(-1) ?? begun
  // Clocks of other machines, and of strangers: nothing that is over began after now.
  const now = new Date(io.now()).toISOString()
  const startedAt = begun < now ? begun : now
  const run: Run = {
    v: 1,
    id: runId(io, name, now),
    name,
    eval: plan.eval.name,
    dataset: plan.dataset.name,
    mode: plan.mode,
    hashes: plan.hashes,
    versions: headers[0]?.versions ?? {},
    cases: plan.cases.size,
    trials: plan.trials,
    startedAt,
    status: 'running',
  }
  await store.putRun(run)
  try {
    for (const shard of shards) await keepTrials(store, shard, run.id)
  } catch (error) {
    await store.putRun({ ...run, status: 'interrupted' })
    throw error
  }
  const finished: Run = { ...run, status: 'finished', finishedAt: ended < startedAt ? startedAt : ended }
  await store.putRun(finished)
  return finished
}

async function keepTrials(store: Store, { path, shownAs }: FiledShard, run: string): Promise<void> {
  let trials: Trial[] = []
  let traces: Trace[] = []
  let together = 0
  for await (const { line, length } of readShardFile(path, shownAs)) {
    if (line.kind === 'trial') {
      trials.push({ ...line.trial, run })
      if (line.trace !== undefined) traces.push(line.trace)
      together += length
    }
    if (line.kind !== 'end' && trials.length < most.trials && together < most.length) continue
    await store.putTrials(trials, traces)
    trials = []
    traces = []
    together = 0
  }
}
