import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { Command } from 'commander'
import { loadLiveTools } from '../../config/live-tools.ts'
import { loadEvals } from '../../config/load.ts'
import { readToolsFile, toolsKnownTo } from '../../config/tools-file.ts'
import { hasFixture, readFixture } from '../../dataset/fixture-file.ts'
import { selects } from '../../dataset/select.ts'
import { type PathStep, readPath } from '../../lib/json-path.ts'
import { toolKey } from '../../replay/tool-tape.ts'
import { showVerify } from '../../report/show-verify.ts'
import { readBaseline } from '../../run/baseline-file.ts'
import { askLive } from '../../run/verify/ask.ts'
import { compareRead } from '../../run/verify/compare.ts'
import { readsOf } from '../../run/verify/reads.ts'
import { byTool, restsOn, staleFixtures, verifyExit } from '../../run/verify/report.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import { unpackRecording } from '../../schema/recording.ts'
import type { RecordedRead, RestingScores, StaleFixture, VerifyReport } from '../../schema/verify.ts'
import { type Io, outJson } from '../io.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { redactorOf } from '../redactor.ts'
import { datasetOf } from '../eval-inputs.ts'

interface Options extends CommonOptions {
  readonly tools?: string
  readonly case?: readonly string[]
  readonly tool?: readonly string[]
  readonly ignore?: readonly string[]
  readonly includeGuessed?: boolean
  readonly concurrency: string
  readonly timeout: string
}

export function command(io: Io, exit: (code: number) => void): Command {
  return withCommonOptions(
    new Command('verify')
      .description(
        'Asks live tools what recorded reads asked, and says which fixtures are stale and which scores rest on them. ' +
          'For a scheduled job, never for the check of a pull request: it needs the world. ' +
          'Exits 0 fresh, 1 stale, 3 nothing could be compared, 4 tools could not be asked.',
      )
      .argument('[eval...]', 'names of evals, or paths of eval files (default: all in evals/)')
      .option('--tools <file>', 'the module that exports the live tools, by name')
      .option('--case <glob>', 'only cases whose id fits', collect)
      .option('--tool <name>', 'only this tool', collect)
      .option('--ignore <path>', 'leave this out of every reply, such as response.fetched_at', collect)
      .option('--include-guessed', 'also tools that only their name says are reads')
      .option('--concurrency <n>', 'calls at once', '4')
      .option('--timeout <ms>', 'how long a call may take', '30000'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  evalkit verify --tools evals/live-tools.ts --ignore response.fetched_at',
    )
    .action((names: readonly string[], options: Options) =>
      withProject(io, options, async (project) => exit(await verify(io, project, names, options))),
    )
}

async function verify(io: Io, project: Project, names: readonly string[], options: Options): Promise<number> {
  if (options.tools === undefined) {
    throw new EvalkitError('EVK_USAGE', 'Where are the live tools?', {
      hint: 'evalkit verify --tools evals/live-tools.ts: a module that exports them by name.',
    })
  }
  const concurrency = numberFrom(options.concurrency, '--concurrency')
  const timeoutMs = numberFrom(options.timeout, '--timeout')
  const ignored = (options.ignore ?? []).map(pathFrom)
  const live = await loadLiveTools(project.path(options.tools), options.tools)
  const known = toolsKnownTo(readToolsFile(project.path(project.config.tools), project.config.tools))
  const { reads, skipped, evals } = await recordedReads(project, names, options, known)
  const redact = redactorOf(io, project.config).json
  const answers = await askLive(reads, live, { concurrency, timeoutMs, signal: io.signal, redact })
  if (io.signal.aborted) {
    throw new EvalkitError('EVK_RUN_INTERRUPTED', 'Verifying was stopped.', { hint: 'Run it again.' })
  }
  const checked = reads.map((read) => compareRead(read, answers.get(toolKey(read.request)), ignored))
  const stale = staleFixtures(checked)
  const scores: RestingScores[] = []
  for (const name of evals) {
    const resting = await restingScores(
      project,
      name,
      stale.filter((one) => one.eval === name),
    )
    if (resting !== undefined) scores.push(resting)
  }
  const tools = byTool(checked, known)
  const report: VerifyReport = { reads: reads.length, asked: answers.size, tools, stale, scores, skipped }
  const code = verifyExit(tools)
  if (options.json === true) outJson(io, { ...report, exit: code })
  else io.out(showVerify(report, io.style))
  return code
}

async function recordedReads(
  project: Project,
  names: readonly string[],
  { case: globs = [], tool: only = [], includeGuessed = false }: Options,
  known: KnownTools,
): Promise<{ reads: readonly RecordedRead[]; skipped: readonly string[]; evals: readonly string[] }> {
  const reads: RecordedRead[] = []
  const skipped = new Set<string>()
  const loaded = await loadEvals(project.folder, project.config, names)
  const folder = project.path(project.config.fixtures)
  let selected = 0
  for (const { eval: of, file } of loaded) {
    const dataset = await datasetOf(project, of.name, of.dataset, file)
    for (const one of dataset.index) {
      if (!selects({ cases: globs, tags: [] }, one)) continue
      selected++
      if (!hasFixture(folder, dataset.name, one.id)) continue
      for (const packed of readFixture(folder, dataset.name, one.id).fixture.recordings) {
        const found = readsOf(
          unpackRecording(packed),
          { eval: of.name, case: one.id },
          { known, includeGuessed, only },
        )
        reads.push(...found.reads)
        for (const name of found.skipped) skipped.add(name)
      }
    }
  }
  if (selected === 0 && globs.length > 0) {
    throw new EvalkitError('EVK_CASE_NOT_FOUND', `No case fits ${globs.join(', ')}.`)
  }
  return { reads, skipped: [...skipped].toSorted(), evals: loaded.map(({ eval: of }) => of.name) }
}

/** How many trials of the newest finished run were served what is stale; where there is none, of the baseline. */
async function restingScores(
  project: Project,
  evalName: string,
  stale: readonly StaleFixture[],
): Promise<RestingScores | undefined> {
  if (stale.length === 0) return undefined
  const { store } = project
  const byCase = new Map(stale.map((one) => [one.case, one]))
  const run = (await store.listRuns()).find((one) => one.eval === evalName && one.status === 'finished')
  const cases = new Set<string>()
  let trials = 0
  let resting = 0
  if (run !== undefined) {
    for await (const trial of store.listTrials(run.id)) {
      trials++
      const fixture = byCase.get(trial.case)
      if (fixture === undefined || trial.trace === undefined) continue
      if (!restsOn(await store.getTrace(trial.trace), fixture)) continue
      resting++
      cases.add(trial.case)
    }
    return { eval: evalName, of: { kind: 'run', name: run.name }, trials, resting, cases: [...cases] }
  }
  const path = project.path(`${project.config.evals}/${evalName}.baseline.json`)
  if (!existsSync(path)) return undefined
  for (const { case: id, metrics } of readBaseline(path).cases) {
    const { n, unscored } = metrics.success ?? { n: 0, unscored: 0 }
    trials += n + unscored
    if (!byCase.has(id)) continue
    resting += n + unscored
    cases.add(id)
  }
  const of = { kind: 'baseline', name: relative(project.folder, path) } as const
  return { eval: evalName, of, trials, resting, cases: [...cases] }
}

function pathFrom(text: string): readonly PathStep[] {
  const path = readPath(text)
  if (path !== undefined && path[0] === 'response') return path
  throw new EvalkitError('EVK_USAGE', `--ignore takes a path into a reply, not "${text.slice(0, 80)}".`, {
    hint: 'response.fetched_at, or response.items[*].age',
  })
}

function numberFrom(text: string, option: string): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number > 0) return number
  throw new EvalkitError('EVK_USAGE', `${option} takes a whole number from 1, not "${text.slice(0, 40)}".`)
}
