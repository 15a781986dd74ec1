import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileError } from '../dataset/file-error.ts'
import { linesOf } from '../dataset/lines.ts'
import { writeWhole } from '../dataset/write-whole.ts'
import { byCodeUnit, canonicalJson } from '../lib/json.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { inertJson } from '../lib/text.ts'
import { EvalkitError } from '../schema/errors.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'
import { type Baseline, baseline, type Decision, decision } from '../schema/run.ts'

/** Reads a baseline. Throws `EVK_BASELINE_MISSING`, `EVK_BASELINE_CORRUPT`, `EVK_VERSION_NEWER`. */
export function readBaseline(path: string): Baseline {
  const at = { file: path }
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw fileError(error, path, 'EVK_BASELINE_MISSING')
  }
  try {
    return recordFrom(baseline, jsonFrom(textFrom(bytes, at), at), at, 'baseline', 'EVK_BASELINE_CORRUPT')
  } catch (error) {
    if (
      !EvalkitError.is(error) ||
      error.code === 'EVK_VERSION_NEWER' ||
      error.code === 'EVK_BASELINE_CORRUPT'
    )
      throw error
    throw new EvalkitError('EVK_BASELINE_CORRUPT', error.message, { at, cause: error })
  }
}

/**
 * Writes a baseline: the head pretty, then one case a line, sorted by id, so that a diff shows which cases moved
 * and two branches that moved different ones merge. Throws `EVK_DISK_FULL`, `EVK_FILE_UNUSABLE`.
 */
export function writeBaseline(path: string, given: Baseline): void {
  writeWhole(path, baselineText(given))
}

/** The text of a baseline file; the same baseline gives the same bytes, whatever order its keys came in. */
export function baselineText({ cases, ...head }: Baseline): string {
  const members = headKeys
    .filter((key) => head[key] !== undefined)
    .map((key) => `  ${JSON.stringify(key)}: ${flatJson(head[key])},`)
  const lines = cases.toSorted((a, b) => byCodeUnit(a.case, b.case)).map((one) => `    ${flatJson(one)}`)
  return inertJson(['{', ...members, '  "cases": [', lines.join(',\n'), '  ]', '}', ''].join('\n'))
}

const headKeys = baseline.keyof().exclude(['cases']).options

/**
 * Adds one line to the log of decisions. Nothing in it is ever changed; a last line that somebody left without its
 * end gets it first. Throws `EVK_DISK_FULL`, `EVK_FILE_UNUSABLE`.
 */
export function appendDecision(path: string, decision: Decision): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    appendFileSync(path, `${endsMidLine(path) ? '\n' : ''}${inertJson(canonicalJson(decision))}\n`)
  } catch (error) {
    throw fileError(error, path)
  }
}

/**
 * The log of decisions, in the order it was written; none where there is no file. Throws the readers' codes, with file and
 * line.
 */
export async function readDecisions(path: string, shownAs: string): Promise<readonly Decision[]> {
  if (!existsSync(path)) return []
  const decisions: Decision[] = []
  for await (const { number, text } of linesOf(path, shownAs)) {
    const at = { file: shownAs, line: number }
    decisions.push(recordFrom(decision, jsonFrom(text, at), at, 'decision'))
  }
  return decisions
}

function endsMidLine(path: string): boolean {
  if (!existsSync(path)) return false
  const text = readFileSync(path)
  return text.length > 0 && text.at(-1) !== 0x0a
}
