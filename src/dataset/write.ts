import { byCodeUnit } from '../lib/json.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { inertJson } from '../lib/text.ts'
import type { Case } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import { jsonFrom } from '../schema/read.ts'
import { linesOf } from './lines.ts'
import { writeWhole } from './write-whole.ts'

/**
 * Writes cases into a dataset file: changed ones in their place, new ones sorted in by id. Lines of other cases
 * are not touched, so that the diff shows what was promoted and nothing else; new lines end as the first one does.
 * Throws the readers' codes, `EVK_DISK_FULL`, `EVK_FILE_UNUSABLE`; the file is then what it was.
 */
export async function writeCases(path: string, cases: ReadonlyMap<string, Case>): Promise<void> {
  const lines: { id: string; text: string }[] = []
  const existing = await existingLines(path)
  const end = existing[0]?.text.endsWith('\r') === true ? '\r\n' : '\n'
  for (const { number, text } of existing) {
    const id = idIn(text, path, number)
    const changed = cases.get(id)
    lines.push({ id, text: changed === undefined ? text : lineOf(changed) })
  }
  const known = new Set(lines.map(({ id }) => id))
  const added = [...cases]
    .flatMap(([id, given]) => (known.has(id) ? [] : [{ id, text: lineOf(given) }]))
    .sort((a, b) => byCodeUnit(a.id, b.id))
  const all = sortedIn(lines, added)
  writeWhole(path, all.map(({ text }) => (text.endsWith('\r') ? `${text}\n` : `${text}${end}`)).join(''))
}

/** Sorted new lines among others, which stay in their order: each before the first line that comes after it by id. */
function sortedIn<T extends { readonly id: string }>(lines: readonly T[], added: readonly T[]): readonly T[] {
  const all: T[] = []
  let next = 0
  for (const line of lines) {
    // A larger id needs no earlier place, so that one walk over both is enough.
    for (let one = added[next]; one !== undefined && line.id > one.id; one = added[next]) {
      all.push(one)
      next++
    }
    all.push(line)
  }
  return [...all, ...added.slice(next)]
}

/** A case as it stands in a dataset: one line, keys sorted, empty lists left out, inert in a terminal. */
function lineOf({ tags, source, ...rest }: Case): string {
  const from = source === undefined ? undefined : { ...source, traces: filled(source.traces) }
  return inertJson(flatJson({ ...rest, tags: filled(tags), source: from }))
}

function filled(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list
}

async function existingLines(path: string): Promise<{ number: number; text: string }[]> {
  const lines: { number: number; text: string }[] = []
  try {
    for await (const line of linesOf(path, path)) lines.push(line)
  } catch (error) {
    // Only where nothing is there: a file that cannot be read must not be replaced.
    if (!EvalkitError.is(error) || error.code !== 'EVK_FILE_NOT_FOUND') throw error
  }
  return lines
}

/** Cases were checked when the dataset was opened; here only their order is of interest. */
function idIn(text: string, file: string, line: number): string {
  const { id } = (jsonFrom(text, { file, line }) ?? {}) as { readonly id?: unknown }
  return typeof id === 'string' ? id : ''
}
