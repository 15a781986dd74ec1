import type { LoadedEval } from '../config/load.ts'
import type { Selection } from '../dataset/select.ts'
import { slug } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Report } from '../schema/report.ts'
import type { Shard } from '../schema/run.ts'
import type { PolicyInput } from '../schema/verdict.ts'
import { conclude } from './conclude.ts'
import { escalate, looksFor } from './escalate.ts'
import { warnOfGuesses } from './eval-inputs.ts'
import type { Io } from './io.ts'
import { answersIn, openJudges } from './judging.ts'
import { asksModels, type Modes, openBudget, openModels } from './modes.ts'
import { type Playing, playPlan } from './play-run.ts'
import { prepareEval } from './prepare-eval.ts'
import type { Project } from './project.ts'
import type { FiledWhatIf } from './run-what-if.ts'
import { freshShardFile, writeShard } from './shards.ts'

export interface RunSettings {
  readonly selection: Selection
  readonly trials: number | undefined
  readonly baseline: string | undefined
  /** Runs of the base branch that add trials to the baseline: a file, or a folder. */
  readonly pool?: string | undefined
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
  const { shard } = settings
  const blob = shard && freshShardFile(project, shard.blobs, { eval: of.name, shard })
  const prepared = await prepareEval(io, project, loaded, { ...settings, mode: settings.modes.mode })
  const { policy, fixtures, tools, plan } = prepared
  warnOfGuesses(io, project.config.tools, fixtures, tools)
  const { modes } = settings
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
    const playing: Playing = { io, project, plan, settings, answering }
    const concluding = { ...prepared, name: settings.name, file }
    const looks = looksFor(policy, plan, settings)
    if (looks !== undefined) return await escalate(playing, concluding, looks)
    const run = await playPlan(playing)
    if (blob !== undefined) await writeShard(io, project, run, plan, blob)
    return await conclude(project, { ...concluding, run })
  } finally {
    // What was paid for is kept in order, however the run ended.
    await judges?.close()
  }
}
