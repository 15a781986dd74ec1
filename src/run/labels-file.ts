import { existsSync } from 'node:fs'
import { linesOf } from '../dataset/lines.ts'
import { writeWhole } from '../dataset/write-whole.ts'
import { contentHash } from '../lib/hash.ts'
import { byCodeUnit } from '../lib/json.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { inertJson } from '../lib/text.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type Label, label } from '../schema/label.ts'
import { jsonFrom, recordFrom } from '../schema/read.ts'

/** Lines of one file. Nobody labels more by hand, and what writes more is no person. */
const mostLabels = 100_000

/** What makes two labels those of one outcome, asked the same. */
export type LabelKey = Pick<Label, 'judge' | 'case' | 'trial' | 'subject'>

/**
 * All labels of a file, as they stand; none where there is no file, unless it must be there. Throws the readers' codes and
 * `EVK_SCHEMA`, each with file and line, and `EVK_FILE_TOO_LARGE` for more than 100,000 lines.
 */
export async function readLabels(path: string, shownAs: string, mustBe = false): Promise<readonly Label[]> {
  if (!mustBe && !existsSync(path)) return []
  const labels: Label[] = []
  for await (const { number, text } of linesOf(path, shownAs)) {
    const at = { file: shownAs, line: number }
    if (labels.length === mostLabels) {
      throw new EvalkitError('EVK_FILE_TOO_LARGE', `The file has more than ${mostLabels} labels.`, { at })
    }
    labels.push(recordFrom(label, jsonFrom(text, at), at, 'label'))
  }
  return labels
}

/**
 * Puts a label into a file, which is whole before and after: killed at any moment, what was labelled is there. A person has one
 * opinion of an outcome: their earlier label of it goes (version control has it); those of other people stay.
 */
export async function putLabel(path: string, shownAs: string, given: Label): Promise<readonly Label[]> {
  // Read again each time: somebody else may label beside us.
  const others = (await readLabels(path, shownAs)).filter(
    (one) => one.by !== given.by || keyOf(one) !== keyOf(given),
  )
  const all = [...others, given]
  writeWhole(path, labelsText(all))
  return all
}

/** The text of a labels file: one label a line, sorted. The same labels give the same bytes, in whatever order they came. */
export function labelsText(labels: readonly Label[]): string {
  const lines = labels.map((one) => ({ one, text: inertJson(flatJson(withoutEmpty(one))) }))
  lines.sort((a, b) => inOrder(a.one, b.one) || byCodeUnit(a.text, b.text))
  return lines.map(({ text }) => `${text}\n`).join('')
}

/** The label that holds of each outcome and criterion: the newest. Of two at the same moment the later line. */
export function newestLabels(labels: readonly Label[]): readonly Label[] {
  const newest = new Map<string, Label>()
  for (const one of labels) {
    const key = keyOf(one)
    const earlier = newest.get(key)
    if (earlier === undefined || timeOf(earlier) <= timeOf(one)) newest.set(key, one)
  }
  return [...newest.values()].sort(inOrder)
}

/** Hash of what labels say, whatever order they stand in: what a calibration was measured on. */
export function labelsHash(labels: readonly Label[]): string {
  return contentHash(labels.map((one) => `${keyOf(one)} ${one.label} ${one.split}`).sort(byCodeUnit))
}

/** As a text, for maps. */
export function keyOf({ judge, case: id, trial, subject }: LabelKey): string {
  return JSON.stringify([judge, id, trial, subject])
}

function inOrder(a: Label, b: Label): number {
  return (
    byCodeUnit(a.judge, b.judge) ||
    byCodeUnit(a.case, b.case) ||
    a.trial - b.trial ||
    byCodeUnit(a.subject, b.subject) ||
    timeOf(a) - timeOf(b) ||
    byCodeUnit(a.by, b.by)
  )
}

/** Milliseconds; what is no time comes before all others. */
function timeOf({ at }: Label): number {
  const time = Date.parse(at)
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time
}

function withoutEmpty({ tags, ...rest }: Label): object {
  return tags.length === 0 ? rest : { ...rest, tags }
}
