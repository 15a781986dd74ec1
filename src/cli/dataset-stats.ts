import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import { featuresOfCase, ProductionCoverage } from '../dataset/coverage.ts'
import { openDataset } from '../dataset/load.ts'
import { StatsOfCases } from '../dataset/stats.ts'
import { showDatasetStats } from '../report/show-dataset-stats.ts'
import type { DatasetCoverage } from '../schema/dataset-report.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import { datasetsOf, fixtureIds, fixtureOf, type NamedDataset } from './datasets.ts'
import { type Io, outJson } from './io.ts'
import { productionRuns, warnOfGuessedWrites } from './production.ts'
import type { Project } from './project.ts'

/** `dataset stats`: what datasets hold, beside what production showed. */
export async function datasetStats(
  io: Io,
  project: Project,
  names: readonly string[],
  options: { readonly where?: readonly string[]; readonly json?: boolean },
): Promise<void> {
  const { config, path } = project
  const known = toolsKnownTo(readToolsFile(path(config.tools), config.tools))
  const files = datasetsOf(project, names)
  const production = new ProductionCoverage()
  const ranAt = new Map<string, string>()
  const tools = new Set<string>()
  for await (const run of productionRuns(project, options, known)) {
    production.add(run)
    for (const { kind, name } of run.features) if (kind === 'tool') tools.add(name)
    if (run.startedAt !== undefined) ranAt.set(run.trace, run.startedAt)
  }
  warnOfGuessedWrites(io, config.tools, tools, known)
  const datasets: DatasetCoverage[] = []
  for (const file of files) {
    const { hash, stats } = await statsOf(io, project, file, known, ranAt)
    const features = production.against(stats.held)
    datasets.push({
      name: file.name,
      file: file.shownAs,
      hash,
      stats: stats.stats(),
      production: { traces: production.traces, features },
    })
  }
  if (options.json === true) outJson(io, { datasets })
  else io.out(showDatasetStats(datasets, io.style))
}

async function statsOf(
  io: Io,
  project: Project,
  { name, path, shownAs }: NamedDataset,
  known: KnownTools,
  ranAt: ReadonlyMap<string, string>,
): Promise<{ readonly hash: string; readonly stats: StatsOfCases }> {
  const dataset = await openDataset(path, name, shownAs)
  const fixtures = fixtureIds(project, name)
  const stats = new StatsOfCases(io.now())
  for await (const one of dataset.cases()) {
    const fixture = fixtures.has(one.id) ? fixtureOf(project, name, one.id) : undefined
    const [first = ''] = one.source?.traces ?? []
    stats.add(one, featuresOfCase(one, fixture, known), fixture?.recordings.length ?? 0, ranAt.get(first))
  }
  return { hash: dataset.hash, stats }
}
