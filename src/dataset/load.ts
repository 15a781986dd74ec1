import { contentHash } from '../lib/hash.ts'
import { type Case, type CaseInput, caseHash, evalCase, slug } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import { jsonFrom, recordFrom } from '../schema/read.ts'
import { linesOf } from './lines.ts'

/** What a plan needs of every case; the rest stays on disk until its turn comes. */
export interface IndexedCase {
  readonly id: string
  readonly hash: string
  readonly tags: readonly string[]
}

/** A dataset that was checked as a whole: every case valid, every id its own. */
export interface Dataset {
  readonly name: string
  readonly index: readonly IndexedCase[]
  /** Hash over all cases, independent of their order. */
  readonly hash: string
  /** The cases, in the order of the index, read again one at a time. */
  cases(): AsyncIterable<Case> | Iterable<Case>
}

/**
 * Opens `datasets/<name>.jsonl`. Reads it once to check it. Throws `EVK_DATASET_NOT_FOUND`,
 * `EVK_DATASET_DUPLICATE_ID` and the readers' codes, each with file and line.
 */
export async function openDataset(path: string, name: string, shownAs: string): Promise<Dataset> {
  async function* cases(): AsyncGenerator<Case> {
    for await (const { number, text } of linesOf(path, shownAs)) {
      const at = { file: shownAs, line: number }
      yield recordFrom(evalCase, jsonFrom(text, at), at, 'case')
    }
  }
  try {
    return await indexed(name, cases, shownAs)
  } catch (error) {
    if (!EvalkitError.is(error) || error.code !== 'EVK_FILE_NOT_FOUND') throw error
    throw new EvalkitError('EVK_DATASET_NOT_FOUND', `There is no dataset "${name}".`, {
      at: { file: shownAs },
      cause: error,
    })
  }
}

/** A dataset written in an eval file. Cases without an id are called `case-1`, `case-2`, … by their place. */
export async function inlineDataset(
  name: string,
  given: readonly unknown[],
  shownAs: string,
): Promise<Dataset> {
  const checked = given.map((value, at) => {
    const place = { file: shownAs, path: `dataset[${at}]` }
    const named =
      typeof value === 'object' && value !== null && !('id' in value)
        ? { ...value, id: `case-${at + 1}` }
        : value
    return recordFrom(evalCase, named, place, 'case', 'EVK_EVAL_INVALID')
  })
  return indexed(name, () => checked, shownAs)
}

/** Whether a name can be a dataset's: it becomes a file name. */
export function isDatasetName(name: string): boolean {
  return slug.safeParse(name).success
}

/** A case as an eval file writes it: without an id it gets one by its place. */
export type InlineCase = Omit<CaseInput, 'id'> & { readonly id?: string }

async function indexed(name: string, cases: () => AsyncIterable<Case> | Iterable<Case>, file: string): Promise<Dataset> {
  const seen = new Map<string, number>()
  const index: IndexedCase[] = []
  for await (const one of cases()) {
    const earlier = seen.get(one.id)
    if (earlier !== undefined) {
      throw new EvalkitError(
        'EVK_DATASET_DUPLICATE_ID',
        `Cases ${earlier} and ${index.length + 1} have the same id.`,
        { at: { file, case: one.id } },
      )
    }
    index.push({ id: one.id, hash: caseHash(one), tags: one.tags })
    seen.set(one.id, index.length)
  }
  const sorted = index.map(({ id, hash }) => `${id} ${hash}`).sort()
  return { name, index, hash: contentHash(sorted), cases }
}
