import { statSync } from 'node:fs'
import { EvalkitError } from '../schema/errors.ts'
import { fileError } from './file-error.ts'
import type { DatasetFormat } from './format.ts'
import { formats } from './formats/index.ts'

/** A dataset's file, and how it is read. */
export interface DatasetFile {
  readonly path: string
  /** As errors and people name it. */
  readonly shownAs: string
  readonly format: DatasetFormat
}

/**
 * The file of a dataset: `<folder>/<name>` with the ending of a format. `path` and `shownAs` name one of them, which may be
 * there or not; where none is, the one in JSON lines is the answer, for a promotion would write it. Two of them cannot
 * both be the truth: `EVK_DATASET_AMBIGUOUS` names both.
 */
export function datasetFile(path: string, shownAs: string): DatasetFile {
  const [stem, shownStem] = [withoutEnding(path), withoutEnding(shownAs)]
  const there = Object.values(formats).flatMap((format) =>
    format.endings.flatMap((ending): DatasetFile[] => {
      const file = { path: `${stem}${ending}`, shownAs: `${shownStem}${ending}`, format }
      return isThere(file) ? [file] : []
    }),
  )
  const [only, other] = there
  if (other !== undefined && only !== undefined) {
    const names = there.map((file) => file.shownAs)
    throw new EvalkitError(
      'EVK_DATASET_AMBIGUOUS',
      `There are two files of this dataset: ${names.join(' and ')}.`,
      { at: { file: only.shownAs } },
    )
  }
  if (only !== undefined) return only
  if (stem === path) return { path, shownAs, format: formats.jsonl }
  return { path: `${stem}.jsonl`, shownAs: `${shownStem}.jsonl`, format: formats.jsonl }
}

/** The name of the dataset that a file in the folder of datasets holds; nothing where it is none. */
export function datasetNameOf(file: string): string | undefined {
  const name = withoutEnding(file)
  return name === file ? undefined : name
}

function withoutEnding(path: string): string {
  const ending = Object.values(formats)
    .flatMap(({ endings }) => endings)
    .find((one) => path.endsWith(one))
  return ending === undefined ? path : path.slice(0, -ending.length)
}

function isThere({ path, shownAs }: DatasetFile): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw fileError(error, shownAs)
  }
}
