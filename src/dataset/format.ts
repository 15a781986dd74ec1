import type { ErrorPlace, EvalkitError } from '../schema/errors.ts'

/**
 * A record of a dataset file before anybody asked whether it is a case: its value, or why there is none. One that
 * cannot be read harms no other where the format can go on.
 */
export type PlacedRecord = { readonly at: ErrorPlace } & (
  | { readonly value: unknown }
  | { readonly problem: EvalkitError }
)

/**
 * The seam for formats of dataset files. A member is one file that says everything about itself and one line in
 * `formats/index.ts`. The same cases have the same hash in all of them: `format.contract.ts` holds each to that.
 */
export interface DatasetFormat {
  readonly name: string
  readonly description: string
  /** What its files end in, the usual one first. */
  readonly endings: readonly string[]
  /**
   * The records of a file in their order, each with its line. Throws the readers' codes (`EVK_FILE_*`,
   * `EVK_LINE_TOO_LONG`, and the format's own) where nothing behind can be read.
   */
  records(path: string, shownAs: string): AsyncIterable<PlacedRecord>
}
