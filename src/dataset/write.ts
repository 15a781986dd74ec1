import { flatJson } from '../lib/pretty-json.ts'
import type { Case } from '../schema/case.ts'
import { writeWhole } from './fixture-file.ts'
import { linesOf } from './lines.ts'

/**
 * Writes cases into a dataset file: changed ones in their place, new ones sorted in by id. Lines of other cases
 * are not touched, so that the diff shows what was promoted and nothing else.
 */
export async function writeCases(path: string, cases: ReadonlyMap<string, Case>): Promise<void> {
  const lines: { id: string; text: string }[] = []
  for (const line of await existingLines(path)) {
    const id = idIn(line)
    const changed = cases.get(id)
    lines.push({ id, text: changed === undefined ? line : lineOf(changed) })
  }
  const known = new Set(lines.map(({ id }) => id))
  for (const [id, given] of cases) {
    if (known.has(id)) continue
    const at = lines.findIndex((line) => line.id > id)
    lines.splice(at === -1 ? lines.length : at, 0, { id, text: lineOf(given) })
  }
  writeWhole(path, `${lines.map(({ text }) => text).join('\n')}\n`)
}

/** A case as it stands in a dataset: one line, keys sorted, empty lists left out. */
function lineOf({ tags, ...rest }: Case): string {
  return flatJson(tags.length === 0 ? rest : { ...rest, tags })
}

async function existingLines(path: string): Promise<string[]> {
  const lines: string[] = []
  try {
    for await (const { text } of linesOf(path, path)) lines.push(text)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EVK_FILE_NOT_FOUND') throw error
  }
  return lines
}

/** Lines were checked when the dataset was opened; here only their order is of interest. */
function idIn(line: string): string {
  const parsed = JSON.parse(line) as { id?: unknown }
  return typeof parsed.id === 'string' ? parsed.id : ''
}
