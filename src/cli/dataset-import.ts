import { detectDatasetImporter } from '../dataset/importers/detect.ts'
import type { DatasetImporter, LeftOut } from '../dataset/importers/importer.ts'
import { datasetImporters } from '../dataset/importers/index.ts'
import { openForeign } from '../dataset/importers/source.ts'
import { openDataset } from '../dataset/load.ts'
import { writeCases } from '../dataset/write.ts'
import { nearestWord } from '../lib/nearest.ts'
import { type Case, caseHash, evalCase } from '../schema/case.ts'
import type { ImportedDataset, LeftGroup } from '../schema/dataset-report.ts'
import { EvalkitError } from '../schema/errors.ts'
import { recordFrom } from '../schema/read.ts'
import { showDatasetImport } from '../report/show-dataset-import.ts'
import { datasetAt, refuseOtherFormats } from './datasets.ts'
import { type Io, outJson } from './io.ts'
import type { Project } from './project.ts'
import { redactorOf } from './redactor.ts'

/** Lines that are named of things that are alike. */
const mostLines = 5

/**
 * `dataset import`: cases of another tool's dataset, redacted, into one of ours. A case whose id is there already stays as
 * it is: somebody may have worked on it.
 */
export async function importDataset(
  io: Io,
  project: Project,
  given: string,
  options: { readonly format: string; readonly dataset: string; readonly json?: boolean },
): Promise<void> {
  const into = datasetAt(project, options.dataset)
  refuseOtherFormats(into)
  const source = await openForeign(project.path(given), given)
  const importer = options.format === 'auto' ? detectDatasetImporter(source) : importerNamed(options.format)
  const redactor = redactorOf(io, project.config)
  const addedAt = new Date(io.now()).toISOString().slice(0, 10)
  const there = await hashesIn(into.path, options.dataset, into.shownAs)
  const added = new Map<string, Case>()
  const left: LeftOut[] = []
  let known = 0
  for (const found of importer.read(source)) {
    if ('left' in found) {
      left.push(found.left)
      continue
    }
    const one = recordFrom(evalCase, redactor.json(found.case), { file: given, case: found.case.id }, 'case')
    const before = there.get(one.id)
    if (before === undefined) {
      const from = { traces: [], ...one.source, addedAt }
      added.set(one.id, { ...one, source: from })
    } else if (before === caseHash(one)) known++
    else {
      const why = 'the dataset has a case of this id that asks or expects something else; it stays as it is'
      left.push({ line: undefined, what: `case "${one.id}"`, why })
    }
  }
  if (added.size > 0) await writeCases(into.path, added)
  const done: ImportedDataset = {
    dataset: options.dataset,
    file: into.shownAs,
    format: importer.name,
    added: added.size,
    known,
    redacted: Object.fromEntries(redactor.report().map(({ kind, count }) => [kind, count])),
    left: grouped(left),
  }
  if (options.json === true) outJson(io, done)
  else io.out(showDatasetImport(done, io.style))
}

/** What was left out, once for all that are alike, in the order in which it came. */
function grouped(left: readonly LeftOut[]): readonly LeftGroup[] {
  const groups = new Map<string, { what: string; why: string; count: number; lines: number[] }>()
  for (const { line, what, why } of left) {
    const key = `${what}\n${why}`
    const group = groups.get(key) ?? { what, why, count: 0, lines: [] }
    group.count++
    if (line !== undefined && group.lines.length < mostLines && group.lines.at(-1) !== line)
      group.lines.push(line)
    groups.set(key, group)
  }
  return [...groups.values()]
}

async function hashesIn(path: string, name: string, shownAs: string): Promise<ReadonlyMap<string, string>> {
  try {
    const { index } = await openDataset(path, name, shownAs)
    return new Map(index.map(({ id, hash }) => [id, hash]))
  } catch (error) {
    if (EvalkitError.is(error) && error.code === 'EVK_DATASET_NOT_FOUND') return new Map()
    throw error
  }
}

function importerNamed(name: string): DatasetImporter {
  const all: Readonly<Record<string, DatasetImporter>> = datasetImporters
  const found = Object.hasOwn(all, name) ? all[name] : undefined
  if (found !== undefined) return found
  const names = Object.keys(all)
  const near = nearestWord(name, names)
  throw new EvalkitError('EVK_USAGE', `No dataset is imported from the format "${name.slice(0, 60)}".`, {
    hint: `It takes auto, ${names.join(', ')}.`,
    details: near === undefined ? [] : [`did you mean "${near}"?`],
  })
}
