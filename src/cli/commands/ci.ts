import { Command } from 'commander'
import { type LoadedEval, loadEvals } from '../../config/load.ts'
import type { PlacedReport } from '../../report/github.ts'
import { reporters } from '../../report/index.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Report } from '../../schema/report.ts'
import { poolHelp } from '../accepted-baseline.ts'
import { type Announce, announcing } from '../announced.ts'
import { exitInCi, worstExit } from '../exit.ts'
import { crashOf, fencedIn, githubJob, tellGithub } from '../github-job.ts'
import { type Io, outJson } from '../io.ts'
import { mergeEval, refuseUnknown } from '../merge-eval.ts'
import { type ModeFlags, modesFrom, withJudgesFlag, withModeFlags } from '../modes.ts'
import { placesOf } from '../places.ts'
import { printError } from '../print-error.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import {
  inFolder,
  openReportFolder,
  outputsFrom,
  splitOutputs,
  writeReports,
  writeTogether,
} from '../reports.ts'
import { runEval } from '../run-eval.ts'
import { filedShards } from '../shards.ts'
import { trialsFrom } from '../trials-flag.ts'
import { type PolicyFlags, policyFrom, withPolicyFlags } from './gate.ts'

interface Options extends CommonOptions, PolicyFlags, ModeFlags {
  readonly trials?: string
  readonly blobs?: string
  readonly baseline?: string
  readonly pool?: string
  readonly reporter?: readonly string[]
  readonly report?: string
  readonly suite: string
  readonly commentAuthor?: string
}

export function command(io: Io, exit: (code: number) => void): Command {
  const command = withPolicyFlags(
    withCommonOptions(
      new Command('ci')
        .description(
          'Plays evals whole, gates them, and tells the pull request: a comment, a job summary, annotations, outputs.',
        )
        .argument('[eval...]', 'names of evals, or paths of eval files (default: all in evals/)')
        .option('--trials <k>', 'trials per case')
        .option(
          '--blobs <folder>',
          'play nothing: put together the shards in this folder, which other jobs played',
        )
        .option('--baseline <name-or-file>', 'compare with this (default: evals/<eval>.baseline.json)')
        .option('--pool <file-or-folder>', poolHelp)
        .option('--reporter <name[=file]>', `report: ${Object.keys(reporters).join(', ')}`, collect)
        .option(
          '--report <folder>',
          'write <eval>.html and <eval>.json there: what to keep, and what comment reads',
        )
        .option('--suite <name>', 'what the comment is found again by: one for each name', 'evals')
        .option('--comment-author <login>', 'who the token is (default: github-actions[bot])'),
    ),
  )
  return withJudgesFlag(withModeFlags(command))
    .addHelpText(
      'after',
      '\nWithout a baseline it exits 3: what is compared with nothing is no yes.\n\nExample:\n  evalkit ci --reporter terminal --reporter junit=junit.xml',
    )
    .action(async (names: readonly string[], options: Options) => exit(await runCi(io, names, options)))
}

type Ran =
  | { readonly placed: readonly PlacedReport[]; readonly codes: readonly number[] }
  | { readonly error: unknown; readonly code: number }

async function runCi(io: Io, names: readonly string[], options: Options): Promise<number> {
  const job = githubJob(io)
  const json = options.json === true
  const ran = await fencedIn(io, job, json, async (): Promise<Ran> => {
    try {
      return await withProject(io, options, (project) =>
        playAll(io, project, names, options, announcing(io, project, job.context)),
      )
    } catch (error) {
      // Said in here: what is wrong with a file is told in the words of the file.
      return { error, code: printError(error, io, json) }
    }
  })
  const { suite, commentAuthor: author } = options
  if ('error' in ran) {
    const outputs = { verdict: 'invalid', exit: String(ran.code) }
    await tellGithub(io, job, { suite, author, placed: [], crash: crashOf(ran.error), outputs }, !json)
    return ran.code
  }
  const reports = ran.placed.map(({ report }) => report)
  const exit = worstExit(ran.codes)
  const outputs = { verdict: worstWord(reports), exit: String(exit) }
  const comment = await tellGithub(io, job, { suite, author, placed: ran.placed, outputs }, !json)
  if (json) outJson(io, { reports, exit, comment })
  return exit
}

async function playAll(
  io: Io,
  project: Project,
  names: readonly string[],
  options: Options,
  announce: Announce,
): Promise<Ran> {
  const { together, each } = splitOutputs(outputsFrom(project, options.reporter))
  const folder = options.report === undefined ? undefined : project.path(options.report)
  if (folder !== undefined) openReportFolder(folder)
  const loaded = await loadEvals(project.folder, project.config, names)
  if (options.baseline !== undefined && loaded.length > 1) {
    throw new EvalkitError('EVK_USAGE', '--baseline goes with one eval.', { hint: 'Name the eval.' })
  }
  const play =
    options.blobs === undefined
      ? playOf(io, project, options)
      : await mergeOf(io, project, names, loaded, options)
  const placed: PlacedReport[] = []
  const codes: number[] = []
  for (const one of loaded) {
    const { report: played, exit } = await play(one)
    const report = await announce(played)
    codes.push(exitInCi(report.verdict, exit))
    placed.push({ report, places: await placesOf(io, project, one) })
    const page = folder === undefined ? [] : [inFolder(folder, 'html', report)]
    await writeReports(io, project, report, options.json === true ? page : [...each, ...page])
  }
  const reports = placed.map(({ report }) => report)
  if (options.json !== true) writeTogether(io, reports, together)
  if (folder !== undefined) {
    for (const report of reports) await writeReports(io, project, report, [inFolder(folder, 'json', report)])
  }
  return { placed, codes }
}

/** One eval, from its file to its report. */
type Conclude = (one: LoadedEval) => ReturnType<typeof runEval>

function playOf(io: Io, project: Project, options: Options): Conclude {
  const modes = modesFrom(options, project)
  const trials = trialsFrom(options.trials)
  return (one) =>
    runEval(io, project, one, {
      selection: { cases: [], tags: [] },
      trials,
      baseline: options.baseline,
      pool: options.pool,
      name: one.eval.name,
      resume: false,
      policy: policyFrom(options),
      modes,
    })
}

/** Throws `EVK_USAGE` for what only who plays can be told, `EVK_EVAL_NOT_FOUND`, and what reading the folder throws. */
async function mergeOf(
  io: Io,
  project: Project,
  names: readonly string[],
  loaded: readonly LoadedEval[],
  options: Options,
): Promise<Conclude> {
  const { blobs = '' } = options
  const ofPlayers = ['trials', 'llm', 'tools', 'model', 'system', 'spend', 'record', 'judges'] as const
  const told = ofPlayers.find((flag) => options[flag] !== undefined)
  if (told !== undefined) {
    throw new EvalkitError('EVK_USAGE', `--${told} does not go with --blobs: they are played already.`, {
      hint: 'Put it where they are played: evalkit run --shard.',
    })
  }
  const files = await filedShards(project, [blobs])
  if (names.length === 0) refuseUnknown(files, loaded)
  return (one) =>
    mergeEval(io, project, one, files, {
      baseline: options.baseline,
      pool: options.pool,
      name: one.eval.name,
      policy: policyFrom(options),
    })
}

function worstWord(reports: readonly Report[]): string {
  const words = reports.map(({ verdict }) => verdict?.word ?? 'not gated')
  const order = ['invalid', 'fail', 'inconclusive', 'not gated', 'pass'] as const
  return order.find((word) => words.includes(word)) ?? 'invalid'
}
