import { EvalkitError } from '../../schema/errors.ts'
import { jsonFrom } from '../../schema/read.ts'
import type { DatasetFormat, PlacedRecord } from '../format.ts'
import { linesOf } from '../lines.ts'

export const jsonl: DatasetFormat = {
  name: 'jsonl',
  description: 'One case a line, as JSON; blank lines are skipped. The only one that `promote` writes.',
  endings: ['.jsonl'],
  async *records(path, shownAs) {
    for await (const { number, text } of linesOf(path, shownAs)) {
      yield recordOf(text, { file: shownAs, line: number })
    }
  },
}

function recordOf(text: string, at: { readonly file: string; readonly line: number }): PlacedRecord {
  try {
    return { at, value: jsonFrom(text, at) }
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    return { at, problem: error }
  }
}
