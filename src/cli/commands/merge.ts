import { Command } from 'commander'
import { loadEvals } from '../../config/load.ts'
import { reporters } from '../../report/index.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Report } from '../../schema/report.ts'
import { poolHelp } from '../accepted-baseline.ts'
import { worstExit } from '../exit.ts'
import { type Io, outJson } from '../io.ts'
import { mergeEval, refuseUnknown } from '../merge-eval.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { outputsFrom, splitOutputs, writeReports, writeTogether } from '../reports.ts'
import { filedShards } from '../shards.ts'
import { type PolicyFlags, policyFrom, withPolicyFlags } from './gate.ts'

interface Options extends CommonOptions, PolicyFlags {
  readonly eval?: readonly string[]
  readonly baseline?: string
  readonly pool?: string
  readonly name?: string
  readonly reporter?: readonly string[]
}

export function command(io: Io, exit: (code: number) => void): Command {
  return withPolicyFlags(
    withCommonOptions(
      new Command('merge')
        .description('Puts the shards of a run together, and gates it: all of them, of one run, or nothing.')
        .argument('<blob-or-folder...>', 'files of shards, or folders with some')
        .option('--eval <name-or-file>', 'only shards of this eval (default: of all in evals/)', collect)
        .option('--baseline <name-or-file>', 'compare with this (default: evals/<eval>.baseline.json)')
        .option('--pool <file-or-folder>', poolHelp)
        .option('--name <name>', 'name of the run in the store (default: the eval’s)')
        .option('--reporter <name[=file]>', `report: ${Object.keys(reporters).join(', ')}`, collect),
    ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  evalkit run --shard 1/2\n  evalkit run --shard 2/2\n  evalkit merge evalkit-blobs',
    )
    .action((places: readonly string[], options: Options) =>
      withProject(io, options, async (project) => exit(await mergeAll(io, project, places, options))),
    )
}

async function mergeAll(
  io: Io,
  project: Project,
  places: readonly string[],
  options: Options,
): Promise<number> {
  const { together, each } = splitOutputs(outputsFrom(project, options.reporter))
  const files = await filedShards(project, places)
  const known = await loadEvals(project.folder, project.config, options.eval ?? [])
  if (options.eval === undefined) refuseUnknown(files, known)
  const played = new Set(files.map(({ header }) => header.eval))
  for (const { eval: of } of known) {
    if (options.eval === undefined && !played.has(of.name)) io.err(`${of.name}: there is no shard of it\n`)
  }
  // An eval that was asked for, and has no shard at all, is told by what puts them together.
  const loaded = known.filter(({ eval: of }) => options.eval !== undefined || played.has(of.name))
  if (loaded.length > 1 && (options.baseline ?? options.name) !== undefined) {
    throw new EvalkitError('EVK_USAGE', '--baseline and --name go with one eval.', {
      hint: 'Name the eval: --eval.',
    })
  }
  const codes: number[] = []
  const reports: Report[] = []
  for (const one of loaded) {
    const { report, exit } = await mergeEval(io, project, one, files, {
      baseline: options.baseline,
      pool: options.pool,
      name: options.name ?? one.eval.name,
      policy: policyFrom(options),
    })
    codes.push(exit)
    reports.push(report)
    if (options.json !== true) await writeReports(io, project, report, each)
  }
  if (options.json !== true) writeTogether(io, reports, together)
  if (options.json === true) outJson(io, { reports, exit: worstExit(codes) })
  return worstExit(codes)
}
