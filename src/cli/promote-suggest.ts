import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import type { RunFeatures } from '../dataset/coverage.ts'
import { featureKey, featuresOfCase } from '../dataset/coverage.ts'
import { openDataset } from '../dataset/load.ts'
import { suggest } from '../dataset/suggest.ts'
import { showSuggestions } from '../report/show-suggestions.ts'
import { EvalkitError } from '../schema/errors.ts'
import { datasetAt, fixtureIds, fixtureOf } from './datasets.ts'
import { type Io, outJson } from './io.ts'
import { productionRuns, warnOfGuessedWrites } from './production.ts'
import type { Project } from './project.ts'
import { incompleteness } from './replayable.ts'

/** How many traces are suggested where nobody says. */
const usualLimit = 5

/**
 * `promote --suggest`: which traces show most that the dataset does not. Those that could not be promoted are not
 * suggested; nothing is written.
 */
export async function suggestTraces(
  io: Io,
  project: Project,
  options: {
    readonly dataset: string
    readonly limit?: string
    readonly where?: readonly string[]
    readonly json?: boolean
  },
): Promise<void> {
  const limit = limitFrom(options.limit)
  const { config, path } = project
  const known = toolsKnownTo(readToolsFile(path(config.tools), config.tools))
  const { held, promoted } = await heldBy(project, options.dataset, known)
  const runs: RunFeatures[] = []
  let refused = 0
  const isWanted = (trace: Parameters<typeof incompleteness>[0]): boolean => {
    if (promoted.has(trace.id)) return false
    if (incompleteness(trace) === undefined) return true
    refused++
    return false
  }
  for await (const { trace, features } of productionRuns(project, options, known, isWanted)) {
    runs.push({ trace, features })
  }
  const used = new Set<string>()
  for (const run of runs) for (const { kind, name } of run.features) if (kind === 'tool') used.add(name)
  warnOfGuessedWrites(io, config.tools, used, known)
  const found = suggest(runs, held, limit)
  const about = { dataset: options.dataset, traces: runs.length, refused }
  if (options.json === true) outJson(io, { ...about, ...found })
  else io.out(showSuggestions(found, about, io.style))
}

/** What the dataset shows, and the traces that are in it already. */
async function heldBy(project: Project, name: string, known: Parameters<typeof featuresOfCase>[2]) {
  const held = new Set<string>()
  const promoted = new Set<string>()
  const file = datasetAt(project, name)
  const fixtures = fixtureIds(project, name)
  try {
    const dataset = await openDataset(file.path, name, file.shownAs)
    for await (const one of dataset.cases()) {
      const fixture = fixtures.has(one.id) ? fixtureOf(project, name, one.id) : undefined
      for (const feature of featuresOfCase(one, fixture, known)) held.add(featureKey(feature))
      for (const trace of one.source?.traces ?? []) promoted.add(trace)
    }
  } catch (error) {
    // The first traces of a dataset are suggested, too.
    if (!EvalkitError.is(error) || error.code !== 'EVK_DATASET_NOT_FOUND') throw error
  }
  return { held, promoted }
}

function limitFrom(text: string | undefined): number {
  const limit = text === undefined ? usualLimit : Number(text)
  if (Number.isSafeInteger(limit) && limit > 0) return limit
  throw new EvalkitError('EVK_USAGE', '--limit takes a whole number from 1.')
}
