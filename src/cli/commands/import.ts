import { Command } from 'commander'
import type { Importer, Source } from '../../capture/importers/importer.ts'
import { detectImporter } from '../../capture/importers/detect.ts'
import { isFolder, openFolder } from '../../capture/importers/folder.ts'
import { importers } from '../../capture/importers/index.ts'
import { joinedSource, openSource } from '../../capture/importers/source.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { loadPrices, type PriceOf } from '../../lib/price.ts'
import type { Redactor } from '../../lib/redact.ts'
import { oneLine, plain } from '../../lib/text.ts'
import { isDatasetName } from '../../dataset/load.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { pricedTrace, wantsPrices } from '../../schema/priced-trace.ts'
import type { Trace } from '../../schema/trace.ts'
import type { Store } from '../../store/store.ts'
import { ImportedRun } from '../imported-run.ts'
import { type Io, outJson } from '../io.ts'
import { mostKept, type NotedProblems, notedProblems } from '../noted-problems.ts'
import { type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { redactorOf } from '../redactor.ts'

interface Options extends CommonOptions {
  readonly format: string
  readonly run?: string
  readonly unfinished?: boolean
}

interface Counts {
  traces: number
  added: number
  known: number
  spans: number
  toolCalls: number
}

/** Traces are written in batches: large enough to be quick, small enough not to fill the memory, where they are long. */
const batchSize = 50
const batchSpans = 5000
const shownProblems = 5

export function command(io: Io): Command {
  return withCommonOptions(
    new Command('import')
      .description('Imports recorded runs as traces. Importing the same file twice adds nothing.')
      .argument('<file...>', 'files of recorded runs, or folders of spools (*.jsonl) or of OTLP requests')
      .option('--format <name>', `format of the files: auto, ${Object.keys(importers).join(', ')}`, 'auto')
      .option('--run <name>', 'also file the runs as trials of a run, so that they can be compared and gated')
      .option(
        '--unfinished',
        'of a spool, also the runs that have not ended: they were killed, or still run',
      ),
  )
    .addHelpText('after', '\nExample:\n  evalkit import runs/gpt-4o-airline.json --run gpt-4o')
    .action((files: readonly string[], options: Options) =>
      withProject(io, options, (project) => importFiles(io, project, files, options)),
    )
}

async function importFiles(
  io: Io,
  project: Project,
  files: readonly string[],
  options: Options,
): Promise<void> {
  const forced = options.format === 'auto' ? undefined : importerNamed(options.format)
  if (options.run !== undefined && !isDatasetName(options.run)) {
    throw new EvalkitError('EVK_USAGE', `"${options.run.slice(0, 80)}" cannot be the name of a run.`, {
      hint: 'Use lower-case letters, digits, ".", "_" and "-".',
    })
  }
  const counts: Counts = { traces: 0, added: 0, known: 0, spans: 0, toolCalls: 0 }
  const problems = notedProblems()
  const filed = options.run === undefined ? undefined : new ImportedRun(options.run)
  const redactor = redactorOf(io, project.config)
  let table: Promise<PriceOf> | undefined
  const prices = (): Promise<PriceOf> => (table ??= loadPrices(project.config.prices))
  const into: Target = { store: project.store, redactor, prices, counts, problems, filed }
  const joined = new Map<Importer, Source[]>()
  for (const file of files) {
    const path = project.path(file)
    const source = isFolder(path) ? openFolder(path) : await openSource(path)
    const importer = forced ?? detectImporter(source)
    if (importer.joins === true && files.length > 1)
      joined.set(importer, [...(joined.get(importer) ?? []), source])
    else await importFile(into, source, file, importer, options)
  }
  for (const [importer, sources] of joined)
    await importFile(into, joinedSource(sources), files.join(', '), importer, options)
  const run = await filed?.write(project.store, io.now())
  const redacted = Object.fromEntries(redactor.report().map(({ kind, count }) => [kind, count]))
  if (options.json === true)
    outJson(io, {
      ...counts,
      skipped: problems.count('skipped'),
      repaired: problems.count('repaired'),
      redacted,
      problems: [...problems.kept('skipped'), ...problems.kept('repaired')],
      ...(run === undefined ? {} : { run }),
    })
  else io.out(summary(counts, redacted, problems, files.length, run?.name, run?.cases))
}

/** Where imported runs go, and what is noted on the way. */
interface Target {
  readonly store: Store
  readonly redactor: Redactor
  /** The table is read when the first trace asks for it. */
  readonly prices: () => Promise<PriceOf>
  readonly counts: Counts
  readonly problems: NotedProblems
  readonly filed: ImportedRun | undefined
}

async function importFile(
  { store, redactor, prices, counts, problems, filed }: Target,
  source: Source,
  file: string,
  importer: Importer,
  { unfinished = false }: Options,
): Promise<void> {
  let batch: Trace[] = []
  let spans = 0
  const commit = async (): Promise<void> => {
    const { added, known } = await store.putTraces(batch)
    counts.added += added
    counts.known += known
    batch = []
    spans = 0
  }
  for (const found of importer.read(source, { unfinished })) {
    if ('problem' in found) {
      problems.add({ ...found.problem, file: source.file })
      continue
    }
    // The id says which run this is, so it stays the one of the run as it was recorded.
    const redacted = redactor.json(found.trace)
    const trace = wantsPrices(redacted) ? pricedTrace(redacted, await prices()) : redacted
    counts.traces++
    counts.spans += trace.spans.length
    counts.toolCalls += trace.spans.filter((span) => span.kind === 'tool').length
    filed?.add(trace)
    batch.push(trace)
    spans += trace.spans.length
    if (batch.length >= batchSize || spans >= batchSpans) await commit()
  }
  await commit()
  if (counts.traces === 0 && problems.count('skipped') + problems.count('repaired') === 0) {
    throw new EvalkitError('EVK_SCHEMA', `The file holds no runs (read as ${importer.name}).`, {
      at: { file },
    })
  }
}

function importerNamed(name: string): Importer {
  if (Object.hasOwn(importers, name)) return importers[name as keyof typeof importers]
  const names = Object.keys(importers)
  const near = nearestWord(name, names)
  throw new EvalkitError('EVK_USAGE', `There is no format "${name.slice(0, 40)}".`, {
    details: [near === undefined ? `formats: ${names.join(', ')}` : `did you mean "${near}"?`],
  })
}

function summary(
  counts: Counts,
  redacted: Readonly<Record<string, number>>,
  problems: NotedProblems,
  files: number,
  run?: string,
  cases?: number,
): string {
  const { traces, added, known, spans, toolCalls } = counts
  const lines = [
    `${traces} traces from ${files === 1 ? 'one file' : `${files} files`}: ${added} added, ${known} known already`,
    `${spans} spans, ${toolCalls} tool calls`,
  ]
  const kinds = Object.entries(redacted).map(([kind, count]) => `${count} ${kind}`)
  if (kinds.length > 0) lines.push(`redacted: ${kinds.join(', ')}`)
  if (run !== undefined) lines.push(`filed as run "${run}" with ${cases} cases`)
  for (const action of ['repaired', 'skipped'] as const) {
    const count = problems.count(action)
    if (count === 0) continue
    lines.push(`${count} ${action}:`)
    for (const { file, at, reason } of problems.kept(action).slice(0, shownProblems))
      lines.push(`  ${oneLine(file, 200)} ${oneLine(at, 200)}  ${plain(reason)}`)
    const all = count > mostKept ? `the first ${mostKept}` : 'all'
    if (count > shownProblems) lines.push(`  … and ${count - shownProblems} more (--json lists ${all})`)
  }
  return `${lines.join('\n')}\n`
}
