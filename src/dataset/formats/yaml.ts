import { EvalkitError } from '../../schema/errors.ts'
import { textFrom } from '../../schema/read.ts'
import type { DatasetFormat } from '../format.ts'
import { readBounded } from '../read-bounded.ts'

/** Bytes: four for each character that is parsed at most. */
const largest = 64 * 1024 * 1024

export const yaml: DatasetFormat = {
  name: 'yaml',
  description: 'A list of cases, as YAML 1.2: for people who write long texts by hand.',
  endings: ['.yaml', '.yml'],
  async *records(path, shownAs) {
    const bytes = await readBounded(path, shownAs, largest)
    // A file of nothing holds no case, as in the other formats.
    if (bytes.length === 0) return
    // Loaded only where there is a dataset to read with it: the library takes its time.
    const { readYaml } = await import('../../schema/yaml.ts')
    const { value, lineOf } = readYaml(textFrom(bytes, { file: shownAs }), shownAs)
    if (value === null) return
    if (!Array.isArray(value)) {
      throw new EvalkitError('EVK_SCHEMA', 'A dataset in YAML is a list of cases.', {
        at: { file: shownAs, line: 1 },
        hint: 'Begin each case with "- id: …", at the left margin.',
      })
    }
    for (const [index, one] of value.entries()) {
      const line = lineOf([index])
      yield { at: { file: shownAs, ...(line === undefined ? {} : { line }) }, value: one }
    }
  },
}
