import { byCodeUnit } from '../lib/json.ts'
import { contentHash } from '../lib/hash.ts'
import { type Case, type CaseInput, caseHash, evalCase, slug } from '../schema/case.ts'
import { EvalkitError, type ErrorPlace, placeOf } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import { recordFrom } from '../schema/read.ts'
import { datasetFile } from './find.ts'
import { plainJson } from './plain-json.ts'

/** What a plan needs of every case; the rest stays on disk until its turn comes. */
export interface IndexedCase {
  readonly id: string
  readonly hash: string
  readonly tags: readonly string[]
}

/** A dataset that was checked as a whole: every case valid, every id its own. It may hold no case. */
export interface Dataset {
  readonly name: string
  readonly index: readonly IndexedCase[]
  /** Hash over all cases, independent of their order. */
  readonly hash: string
  /** The cases, in the order of the index, read again one at a time. */
  cases(): AsyncIterable<Case> | Iterable<Case>
}

/**
 * A case as an eval file writes it: without an id it gets one by its place. `input` and `expected` are any JSON; the
 * type asks no more than TypeScript's own interfaces can give, and `inlineDataset` looks.
 */
export type InlineCase = Omit<CaseInput, 'id' | 'input' | 'expected'> & {
  readonly id?: string
  readonly input?: unknown
  readonly expected?: unknown
}

/** A case and where it stands: a line of a file, or a place in a list. */
export interface PlacedCase {
  readonly case: Case
  readonly at: ErrorPlace
}

/**
 * Opens `datasets/<name>.jsonl`, or the file of that name in YAML or CSV that is there instead. Reads it once to check
 * it. Throws `EVK_DATASET_NOT_FOUND`, `EVK_DATASET_AMBIGUOUS` where there are two, `EVK_DATASET_DUPLICATE_ID` and the
 * readers' codes, each with file and line.
 */
export async function openDataset(path: string, name: string, shownAs: string): Promise<Dataset> {
  const file = datasetFile(path, shownAs)
  async function* placed(): AsyncGenerator<PlacedCase> {
    for await (const record of file.format.records(file.path, file.shownAs)) {
      if ('problem' in record) throw record.problem
      yield { case: recordFrom(evalCase, record.value, record.at, 'case'), at: record.at }
    }
  }
  async function* cases(): AsyncGenerator<Case> {
    for await (const one of placed()) yield one.case
  }
  try {
    return { name, ...(await indexed(placed())), cases }
  } catch (error) {
    if (!EvalkitError.is(error) || error.code !== 'EVK_FILE_NOT_FOUND') throw error
    throw new EvalkitError('EVK_DATASET_NOT_FOUND', `There is no dataset "${name}".`, {
      at: { file: file.shownAs },
      cause: error,
    })
  }
}

/**
 * A dataset written in an eval file. Cases without an id are called `case-1`, `case-2`, … by their place. Throws
 * `EVK_EVAL_INVALID` and `EVK_DATASET_DUPLICATE_ID`, each with the place in the list.
 */
export async function inlineDataset(
  name: string,
  given: readonly unknown[],
  shownAs: string,
): Promise<Dataset> {
  const placed = given.map((value, index): PlacedCase => {
    const at = { file: shownAs, path: `dataset[${index}]` }
    const plain = plainJson(value, at)
    const named = isJsonObject(plain) ? { id: `case-${index + 1}`, ...plain } : plain
    return { case: recordFrom(evalCase, named, at, 'case', 'EVK_EVAL_INVALID'), at }
  })
  const cases = placed.map((one) => one.case)
  return { name, ...(await indexed(placed)), cases: () => cases }
}

/** Whether a name can be a dataset's: it becomes a file name. */
export function isDatasetName(name: string): boolean {
  return slug.safeParse(name).success
}

function isJsonObject(value: Json): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function indexed(
  cases: AsyncIterable<PlacedCase> | Iterable<PlacedCase>,
): Promise<Pick<Dataset, 'index' | 'hash'>> {
  const places = new Map<string, ErrorPlace>()
  const index: IndexedCase[] = []
  for await (const { case: one, at } of cases) {
    const earlier = places.get(one.id)
    if (earlier !== undefined) {
      throw new EvalkitError('EVK_DATASET_DUPLICATE_ID', `Two cases are called "${one.id}".`, {
        at,
        details: [`the other one: ${placeOf(earlier)}`],
      })
    }
    places.set(one.id, at)
    index.push({ id: one.id, hash: caseHash(one), tags: one.tags })
  }
  return { index, hash: contentHash(index.map(({ id, hash }) => `${id} ${hash}`).sort(byCodeUnit)) }
}
