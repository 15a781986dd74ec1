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

const usual = '.jsonl'

/**
 * The file of a dataset: `<folder>/<name>` with the ending of a format. `path` and `shownAs` name the one in JSON lines,
 * which may be there or not; where none is, that one is the answer, for a promotion would write it. Two of them cannot
 * both be the truth: `EVK_DATASET_AMBIGUOUS` names both.
 */
export function datasetFile(path: string, shownAs: string): DatasetFile {
  const stem = withoutUsual(path)
  const shownStem = withoutUsual(shownAs)
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
      {
        at: { file: only.shownAs },
      },
    )
  }
  return only ?? { path, shownAs, format: formats.jsonl }
}

/** The name of the dataset that a file in the folder of datasets holds; nothing where it is none. */
export function datasetNameOf(file: string): string | undefined {
  const ending = Object.values(formats)
    .flatMap(({ endings }) => endings)
    .find((one) => file.endsWith(one))
  return ending === undefined ? undefined : file.slice(0, -ending.length)
}

function withoutUsual(path: string): string {
  return path.endsWith(usual) ? path.slice(0, -usual.length) : path
}

function isThere({ path, shownAs }: DatasetFile): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw fileError(error, shownAs)
  }
}
