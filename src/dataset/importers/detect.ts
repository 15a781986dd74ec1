import { EvalkitError } from '../../schema/errors.ts'
import type { DatasetImporter } from './importer.ts'
import { datasetImporters } from './index.ts'
import type { ForeignSource } from './source.ts'

/** The one importer a file is for. Throws `EVK_FORMAT_UNKNOWN` where none or several fit, and what is wrong with the file. */
export function detectDatasetImporter(source: ForeignSource): DatasetImporter {
  const all: readonly DatasetImporter[] = Object.values(datasetImporters)
  const fitting = all.filter((one) => one.detect(source))
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return only
  // What is wrong with the file says more than that it has no format.
  if (source.kind === 'csv') source.rows()
  else if (source.kind === 'jsonl') source.lines()
  else source.document()
  const what =
    fitting.length > 1
      ? `The file fits more than one format: ${fitting.map(({ name }) => name).join(', ')}.`
      : 'The file is in no format a dataset can be imported from.'
  throw new EvalkitError('EVK_FORMAT_UNKNOWN', what, {
    at: { file: source.file },
    details: all.map(({ name, looksFor }) => `${name} looks for ${looksFor}`),
  })
}
