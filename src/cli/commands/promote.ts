import { Command } from 'commander'
import { readToolsFile } from '../../config/tools-file.ts'
import { hasFixture, readFixture, writeFixture } from '../../dataset/fixture-file.ts'
import { openDataset } from '../../dataset/load.ts'
import { caseIdOf, promote, type Promotion } from '../../dataset/promote.ts'
import { writeCases } from '../../dataset/write.ts'
import { detectableDrop, smallestPassableCases } from '../../gate/detectable.ts'
import type { Case } from '../../schema/case.ts'
import { slug } from '../../schema/case.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Fixture } from '../../schema/fixture.ts'
import { recordedConditions } from '../conditions.ts'
import { plain } from '../../lib/text.ts'
import type { Trace } from '../../schema/trace.ts'
import { datasetAt, refuseOtherFormats } from '../datasets.ts'
import { type Io, outJson } from '../io.ts'
import { incompleteness } from '../replayable.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { lockReferences } from '../reference-lock.ts'

interface Options extends CommonOptions {
  readonly dataset: string
  readonly case?: string
  readonly all?: boolean
  readonly where?: readonly string[]
  readonly suggest?: boolean
  readonly limit?: string
}

interface Promoted {
  readonly trace: string
  readonly case: string
  readonly change: 'created' | 'appended' | 'unchanged'
}

interface Skipped {
  readonly trace: string
  readonly reason: string
}

export function command(io: Io): Command {
  return withCommonOptions(
    new Command('promote')
      .description('Makes a case and its fixture of a trace; another trace of the case adds a recording.')
      .argument('[trace-id]', 'the trace, or a beginning of its id')
      .requiredOption('--dataset <name>', 'the dataset the case goes to')
      .option('--case <id>', 'id of the case (default: the trace’s task)')
      .option('--all', 'promote all traces, or those that --where selects')
      .option('--where <conditions>', 'with --all and --suggest: only traces that fit', collect)
      .option('--suggest', 'promote nothing: name the traces that add most to what the dataset covers')
      .option('--limit <k>', 'with --suggest: how many (default: 5)'),
  )
    .addHelpText('after', '\nExample:\n  evalkit promote t_3f2a --dataset refunds')
    .action((id: string | undefined, options: Options) =>
      withProject(io, options, async (project) => {
        refuseMixed(id, options)
        if (options.suggest !== true) return promoteTraces(io, project, id, options)
        const { suggestTraces } = await import('../promote-suggest.ts')
        return suggestTraces(io, project, options)
      }),
    )
}

/** What is asked for must be one thing. */
function refuseMixed(id: string | undefined, { suggest, all, case: named, limit }: Options): void {
  if (suggest !== true && limit !== undefined)
    throw new EvalkitError('EVK_USAGE', '--limit belongs to --suggest.')
  if (suggest !== true || (id === undefined && all !== true && named === undefined)) return
  throw new EvalkitError('EVK_USAGE', '--suggest promotes nothing, so it takes no trace, --all or --case.')
}

async function promoteTraces(
  io: Io,
  project: Project,
  id: string | undefined,
  options: Options,
): Promise<void> {
  const { config, path } = project
  // Until it is written down, nobody knows that a trace is needed.
  using _lock = await lockReferences(project, 'shared')
  const file = datasetAt(project, options.dataset)
  refuseOtherFormats(file)
  if (options.case !== undefined && !slug.safeParse(options.case).success)
    throw notAName(options.case, 'case')
  const { shownAs: datasetFile } = file
  const cases = await casesIn(file.path, options.dataset, datasetFile)
  const fixtures = path(config.fixtures)
  const before = new Set(cases.keys())
  const tools = readToolsFile(path(config.tools), config.tools)
  const changed = new Map<string, Case>()
  const promoted: Promoted[] = []
  const skipped: Skipped[] = []
  for (const traceId of await wanted(project, id, options)) {
    const trace = await project.store.getTrace(traceId)
    const promotion = attempt(trace, options.all === true ? skipped : undefined, () => {
      const refusal = incompleteness(trace)
      if (refusal !== undefined) throw refusal
      const caseId = options.case ?? caseIdOf(trace)
      const existing = { case: cases.get(caseId), fixture: fixtureOf(fixtures, options.dataset, caseId) }
      return promote(trace, options.dataset, existing, caseId, tools)
    })
    if (promotion === undefined) continue
    promoted.push({ trace: trace.id, case: promotion.case.id, change: promotion.change })
    if (promotion.change === 'unchanged') continue
    writeFixture(fixtures, promotion.fixture)
    cases.set(promotion.case.id, promotion.case)
    changed.set(promotion.case.id, promotion.case)
  }
  if (changed.size > 0) await writeCases(file.path, changed)
  const detects = detectableDrop(cases.size)
  if (options.json === true) {
    const document = { dataset: options.dataset, cases: cases.size, promoted, skipped }
    outJson(io, { ...document, detectableDrop: detects ?? null })
    return
  }
  io.out(
    summary(promoted, before, datasetFile, `${config.fixtures}/${options.dataset}/`, cases.size, detects),
  )
  for (const { trace, reason } of skipped) io.out(`  skipped ${trace}: ${plain(reason)}\n`)
}

/** One of many that cannot be promoted does not stop the others: it is named. One that was named itself is an error. */
function attempt(trace: Trace, skipped: Skipped[] | undefined, make: () => Promotion): Promotion | undefined {
  try {
    return make()
  } catch (error) {
    const known =
      EvalkitError.is(error) &&
      (error.code === 'EVK_TRACE_UNREPLAYABLE' || error.code === 'EVK_TRACE_TASKLESS')
    if (skipped === undefined || !known) throw error
    skipped.push({ trace: trace.id, reason: error.message })
    return undefined
  }
}

/** Ids of the traces to promote, in the order their trials were made: fixtures are the same on every machine. */
async function wanted(
  { store }: Project,
  id: string | undefined,
  options: Options,
): Promise<readonly string[]> {
  if (id !== undefined && options.all !== true) return [(await store.getTrace(id)).id]
  if (id !== undefined || options.all !== true) {
    throw new EvalkitError(
      'EVK_USAGE',
      id === undefined ? 'Which trace?' : 'A trace id and --all exclude each other.',
      {
        hint: 'evalkit promote <trace-id> …, or --all with --where.',
      },
    )
  }
  const found: { id: string; task: string; trial: number }[] = []
  for await (const { id: trace, task = '', trial = 0 } of store.listTraces({
    where: recordedConditions(options),
  })) {
    found.push({ id: trace, task, trial })
  }
  if (found.length === 0) throw new EvalkitError('EVK_TRACE_NOT_FOUND', 'No trace fits.')
  const order = (a: (typeof found)[number], b: (typeof found)[number]): number =>
    a.task.localeCompare(b.task, 'en', { numeric: true }) || a.trial - b.trial || (a.id < b.id ? -1 : 1)
  return found.sort(order).map((one) => one.id)
}

async function casesIn(path: string, name: string, shownAs: string): Promise<Map<string, Case>> {
  try {
    const dataset = await openDataset(path, name, shownAs)
    const cases = new Map<string, Case>()
    for await (const one of dataset.cases()) cases.set(one.id, one)
    return cases
  } catch (error) {
    if (EvalkitError.is(error) && error.code === 'EVK_DATASET_NOT_FOUND') return new Map()
    throw error
  }
}

function fixtureOf(folder: string, dataset: string, caseId: string): Fixture | undefined {
  return hasFixture(folder, dataset, caseId) ? readFixture(folder, dataset, caseId).fixture : undefined
}

function summary(
  promoted: readonly Promoted[],
  before: ReadonlySet<string>,
  datasetFile: string,
  fixtures: string,
  cases: number,
  detects: number | undefined,
): string {
  const of = (change: Promoted['change']): number => promoted.filter((one) => one.change === change).length
  const created = new Set(promoted.filter((one) => !before.has(one.case)).map((one) => one.case)).size
  const single = promoted.length === 1 ? promoted[0] : undefined
  const head =
    single === undefined
      ? `${promoted.length} traces: ${created} cases created, ${of('appended')} recordings added, ${of('unchanged')} unchanged`
      : `trace ${single.trace}: case "${single.case}" ${single.change === 'appended' ? 'got another recording' : single.change}`
  const needed = smallestPassableCases(0.05)
  const lines = [
    head,
    `  ${datasetFile} now has ${cases} case${cases === 1 ? '' : 's'}; fixtures in ${fixtures}`,
    detects === undefined
      ? '  Too few cases to detect any drop.'
      : `  If nothing but the drop varies, it finds a drop of ${(detects * 100).toFixed(0)} points 4 times in 5.`,
  ]
  if (cases < needed) {
    lines.push(
      `  A margin of 5 points cannot pass below ${needed} unchanged cases: add ${needed - cases}, or widen the margin.`,
    )
  }
  return `${lines.join('\n')}\n`
}

function notAName(name: string, what: string): EvalkitError {
  return new EvalkitError('EVK_USAGE', `"${name.slice(0, 80)}" cannot be the name of a ${what}.`, {
    hint: 'Use lower-case letters, digits, ".", "_" and "-".',
  })
}
