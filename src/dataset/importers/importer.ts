import type { Case } from '../../schema/case.ts'
import type { ForeignSource } from './source.ts'

/**
 * What an importer finds: a case, or something that has no meaning here. Nothing is dropped in silence: what of a case
 * was left out is named beside it, with what to do instead where there is something.
 */
export type ImportedCase = { readonly case: Case } | { readonly left: LeftOut }

export interface LeftOut {
  /** Line of the file, from 1, where it is known. */
  readonly line: number | undefined
  /** What stands there, in the source's words: `assert regex`, `provider`. The same for all that are alike. */
  readonly what: string
  readonly why: string
}

/**
 * The seam for datasets of other tools. A member is one file that says everything about itself, and one line in
 * `importers/index.ts`; shared code asks it and never branches on its name. Every member passes `importer.contract.ts`
 * with its own sample.
 */
export interface DatasetImporter {
  readonly name: string
  readonly description: string
  /** What `detect` looks for, as a person would say it: printed when no format fits. */
  readonly looksFor: string
  /** Whether a file is of this format: true for its own sample, false for every other member's. Never throws. */
  detect(source: ForeignSource): boolean
  /**
   * The cases of the file. Their ids hang on what they ask and not on where they stand, so that another order is the
   * same dataset. Throws the readers' codes, and `EVK_SCHEMA` where the file as a whole is not of this format.
   */
  read(source: ForeignSource): Iterable<ImportedCase>
}
