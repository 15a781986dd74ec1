import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileError } from '../dataset/file-error.ts'
import { type DatasetFile, datasetFile, datasetNameOf } from '../dataset/find.ts'
import { hasFixture, readFixture } from '../dataset/fixture-file.ts'
import { isDatasetName } from '../dataset/load.ts'
import { byCodeUnit } from '../lib/json.ts'
import { nearestWord } from '../lib/nearest.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Fixture } from '../schema/fixture.ts'
import type { Project } from './project.ts'

/** A dataset of the project by its name. */
export interface NamedDataset extends DatasetFile {
  readonly name: string
}

/**
 * The datasets that are asked for, or all of the project. Throws `EVK_DATASET_NOT_FOUND` with the nearest name,
 * `EVK_DATASET_AMBIGUOUS`, and `EVK_USAGE` for what cannot be a name.
 */
export function datasetsOf(project: Project, asked: readonly string[]): readonly NamedDataset[] {
  const all = datasetNames(project)
  const names = asked.length === 0 ? all : [...new Set(asked)]
  if (names.length === 0) {
    throw new EvalkitError('EVK_DATASET_NOT_FOUND', `There is no dataset in ${project.config.datasets}/.`)
  }
  return names.map((name) => {
    const file = datasetAt(project, name)
    if (all.includes(name)) return file
    const near = nearestWord(name, all)
    throw new EvalkitError('EVK_DATASET_NOT_FOUND', `There is no dataset "${name}".`, {
      at: { file: file.shownAs },
      details: near === undefined ? [] : [`did you mean "${near}"?`],
    })
  })
}

/** The file of a dataset, which may not be there yet. Throws as `datasetsOf` does. */
export function datasetAt({ config, path }: Project, name: string): NamedDataset {
  if (!isDatasetName(name)) {
    throw new EvalkitError('EVK_USAGE', `"${name.slice(0, 80)}" cannot be the name of a dataset.`, {
      hint: 'Use lower-case letters, digits, ".", "_" and "-".',
    })
  }
  const shownAs = `${config.datasets}/${name}.jsonl`
  return { name, ...datasetFile(path(shownAs), shownAs) }
}

/** Throws `EVK_USAGE` where cases cannot be written into a dataset: what people wrote in another format stays as it is. */
export function refuseOtherFormats({ name, shownAs, format }: NamedDataset): void {
  if (format.name === 'jsonl') return
  throw new EvalkitError(
    'EVK_USAGE',
    `The dataset "${name}" is ${shownAs}, and only JSON lines are written.`,
    {
      at: { file: shownAs },
      hint: 'Name another dataset, or write this one as JSON lines first (docs/datasets.md).',
    },
  )
}

/** Ids of the cases of a dataset that have a fixture. */
export function fixtureIds({ config, path }: Project, dataset: string): ReadonlySet<string> {
  const folder = join(path(config.fixtures), dataset)
  return new Set(
    entriesOf(folder).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : [])),
  )
}

/** The fixture of a case, where it has one. */
export function fixtureOf({ config, path }: Project, dataset: string, caseId: string): Fixture | undefined {
  const folder = path(config.fixtures)
  return hasFixture(folder, dataset, caseId) ? readFixture(folder, dataset, caseId).fixture : undefined
}

function datasetNames({ config, path }: Project): readonly string[] {
  const names = entriesOf(path(config.datasets)).flatMap((file) => datasetNameOf(file) ?? [])
  return [...new Set(names)].filter(isDatasetName).sort(byCodeUnit)
}

function entriesOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  try {
    return readdirSync(folder).sort(byCodeUnit)
  } catch (error) {
    throw fileError(error, folder)
  }
}
