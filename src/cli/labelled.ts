import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import { oneLine } from '../lib/text.ts'
import type { LabelledOutcomes } from '../run/judge-labels.ts'
import { newestLabels, readLabels } from '../run/labels-file.ts'
import type { Case } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import { type Label, type LabelSplit, labelSplit } from '../schema/label.ts'
import { datasetOf } from './eval-inputs.ts'
import type { FoundJudge } from './judges.ts'
import type { Project } from './project.ts'

/** The labels of a judge. */
export interface JudgesLabels {
  /** As people know the file. */
  readonly file: string
  /** Of everybody, whatever split. */
  readonly all: readonly Label[]
  /** Those that hold, of one split. */
  readonly holding: readonly Label[]
}

/** Throws `EVK_USAGE` for a split there is not. */
export function splitAsked(given: string | undefined): LabelSplit | undefined {
  if (given === undefined) return undefined
  const read = labelSplit.safeParse(given)
  if (read.success) return read.data
  throw new EvalkitError('EVK_USAGE', `"${oneLine(given, 40)}" is no split: it is train, dev or test.`)
}

/** The labels of a judge: of `file`, or of its eval's own. Throws the readers' codes, and `EVK_FILE_NOT_FOUND` for a file that was named. */
export async function labelsOf(
  { config, path }: Pick<Project, 'config' | 'path'>,
  { loaded, check }: FoundJudge,
  split: LabelSplit,
  file: string | undefined,
): Promise<JudgesLabels> {
  const shownAs = file ?? `${config.evals}/${loaded.eval.name}.labels.jsonl`
  const read = await readLabels(path(shownAs), shownAs, file !== undefined)
  const all = read.filter(({ judge }) => judge === check.name)
  return { file: shownAs, all, holding: newestLabels(all).filter((one) => one.split === split) }
}

/** What was put out, by case, as far as it stands with labels. */
export function answersIn(labels: readonly Label[]): ReadonlyMap<string, Json> {
  return new Map(labels.flatMap(({ case: id, output }) => (output === undefined ? [] : [[id, output]])))
}

/** Where the outcomes that were labelled are found again. */
export async function outcomesOf(project: Project, { loaded, check }: FoundJudge): Promise<LabelledOutcomes> {
  const { config, path, store } = project
  const dataset = await datasetOf(project, loaded.eval.name, loaded.eval.dataset, loaded.file)
  const cases = new Map<string, Case>()
  for await (const one of dataset.cases()) cases.set(one.id, one)
  return {
    cases,
    dataset,
    fixtures: path(config.fixtures),
    traceOf: (id) => store.getTrace(id),
    known: toolsKnownTo(readToolsFile(path(config.tools), config.tools)),
    labelled: check,
  }
}
