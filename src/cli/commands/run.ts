import { Command } from 'commander'
import { type LoadedEval, loadEvals } from '../../config/load.ts'
import { reporters } from '../../report/index.ts'
import { shardFrom } from '../../run/shard.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Report } from '../../schema/report.ts'
import type { Shard } from '../../schema/run.ts'
import { poolHelp } from '../accepted-baseline.ts'
import { worstExit } from '../exit.ts'
import { type Io, outJson } from '../io.ts'
import { type ModeFlags, type Modes, modesFrom, withJudgesFlag, withModeFlags } from '../modes.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { outputsFrom, splitOutputs, writeReports, writeTogether } from '../reports.ts'
import { runEval, type RunSettings } from '../run-eval.ts'
import { runMatrix } from '../run-matrix.ts'
import { runWhatIfFrom } from '../run-what-if.ts'
import { usualBlobs } from '../shards.ts'
import { trialsFrom } from '../trials-flag.ts'
import { type WhatIfFlags, withWhatIfFlags } from '../what-if-flags.ts'
import { type PolicyFlags, policyFrom, withPolicyFlags } from './gate.ts'

interface Options extends CommonOptions, PolicyFlags, ModeFlags, WhatIfFlags {
  readonly case?: readonly string[]
  readonly tag?: readonly string[]
  readonly trials?: string
  readonly baseline?: string
  readonly pool?: string
  readonly name?: string
  readonly resume?: boolean
  readonly shard?: string
  readonly blob?: string
  readonly reporter?: readonly string[]
}

export function command(io: Io, exit: (code: number) => void): Command {
  const command = withPolicyFlags(
    withCommonOptions(
      new Command('run')
        .description('Plays evals against their recordings, scores every trial, and gates the result.')
        .argument('[eval...]', 'names of evals, or paths of eval files (default: all in evals/)')
        .option('--case <glob>', 'only cases whose id fits', collect)
        .option('--tag <tag>', 'only cases that carry the tag', collect)
        .option('--trials <k>', 'trials per case')
        .option('--baseline <name-or-file>', 'compare with this (default: evals/<eval>.baseline.json)')
        .option('--pool <file-or-folder>', poolHelp)
        .option('--name <name>', 'name of the run in the store (default: the eval’s)')
        .option('--resume', 'go on with a run that was killed: only what is left is played')
        .option(
          '--shard <i/n>',
          'only this part of the cases, such as 2/4, written to a file for evalkit merge',
        )
        .option('--blob <folder>', `where the file of a shard goes (default: ${usualBlobs})`)
        .option('--reporter <name[=file]>', `report: ${Object.keys(reporters).join(', ')}`, collect),
    ),
  )
  return withJudgesFlag(withModeFlags(withWhatIfFlags(command)))
    .addHelpText(
      'after',
      '\nExample:\n  evalkit run support --case "refund-*" --reporter terminal --reporter html=report.html',
    )
    .action((names: readonly string[], options: Options) =>
      withProject(io, options, async (project) => exit(await runEvals(io, project, names, options))),
    )
}

async function runEvals(
  io: Io,
  project: Project,
  names: readonly string[],
  options: Options,
): Promise<number> {
  const { together, each } = splitOutputs(outputsFrom(project, options.reporter))
  const loaded = await loadEvals(project.folder, project.config, names)
  if (options.baseline !== undefined && loaded.length > 1) {
    throw new EvalkitError('EVK_USAGE', '--baseline goes with one eval.', { hint: 'Name the eval.' })
  }
  const modes = modesFrom(options, project)
  const shard = shardIn(options)
  const whatIf = runWhatIfFrom(options, project, modes)
  if (whatIf !== undefined && options.baseline !== undefined) {
    throw new EvalkitError('EVK_USAGE', 'What would be if is not compared with a baseline.', {
      hint: 'Leave --baseline out: such a run is shown, and not gated.',
    })
  }
  if (whatIf !== undefined && shard !== undefined) {
    throw new EvalkitError('EVK_USAGE', 'What would be if is not played in shards.', {
      hint: 'Leave --shard out: such a run is shown, and not merged.',
    })
  }
  if (whatIf !== undefined && 'columns' in whatIf) {
    if (options.resume === true)
      throw new EvalkitError('EVK_USAGE', 'A matrix is not kept: --resume finds nothing.')
    return runMatrix(io, project, loaded, {
      ...settingsOf(options, modes),
      columns: whatIf.columns,
      json: options.json === true,
    })
  }
  const codes: number[] = []
  const reports: Report[] = []
  for (const one of loaded) {
    const { report, exit } = await runEval(io, project, one, {
      ...settingsOf(options, modes),
      name: nameOf(options, one, whatIf !== undefined, shard),
      whatIf,
      shard,
    })
    codes.push(exit)
    reports.push(report)
    if (options.json !== true) await writeReports(io, project, report, each)
  }
  if (options.json !== true) writeTogether(io, reports, together)
  if (options.json === true) outJson(io, { reports, exit: worstExit(codes) })
  return worstExit(codes)
}

function settingsOf(options: Options, modes: Modes): Omit<RunSettings, 'name'> {
  return {
    selection: { cases: options.case ?? [], tags: options.tag ?? [] },
    trials: trialsFrom(options.trials),
    baseline: options.baseline,
    pool: options.pool,
    resume: options.resume === true,
    policy: policyFrom(options),
    modes,
  }
}

/** Called like its eval; one that asks what would be if, or is a part, must not pass for the newest run of it. */
function nameOf(
  { name }: Options,
  { eval: of }: LoadedEval,
  isWhatIf: boolean,
  shard: Shard | undefined,
): string {
  const whole = name ?? (isWhatIf ? `${of.name}.what-if` : of.name)
  return shard === undefined ? whole : `${whole}.shard-${shard.at}-of-${shard.of}`
}

/** The part that is asked for. Throws `EVK_USAGE`, also for what a part cannot be told. */
function shardIn(options: Options): RunSettings['shard'] {
  if (options.shard === undefined) {
    if (options.blob === undefined) return undefined
    throw new EvalkitError('EVK_USAGE', '--blob goes with --shard.', {
      hint: 'A whole run is one shard, too: --shard 1/1.',
    })
  }
  const other = (['case', 'tag', 'baseline', 'pool'] as const).find((flag) => options[flag] !== undefined)
  if (other !== undefined) {
    throw new EvalkitError('EVK_USAGE', `--shard does not go with --${other}.`, {
      hint: 'A shard is a share of all cases, and what is compared is the whole: evalkit merge --baseline.',
    })
  }
  return { ...shardFrom(options.shard), blobs: options.blob ?? usualBlobs }
}
