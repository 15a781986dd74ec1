import { appendFileSync, readFileSync } from 'node:fs'
import { fileError } from '../dataset/file-error.ts'
import { writeWhole } from '../dataset/fixture-file.ts'
import { canonicalJson } from '../lib/json.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { EvalkitError } from '../schema/errors.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'
import { type Baseline, baseline, type Decision } from '../schema/run.ts'

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
 * and two branches that moved different ones merge.
 */
export function writeBaseline(path: string, { cases, ...head }: Baseline): void {
  writeWhole(path, baselineText({ cases, ...head }))
}

/** The text of a baseline file; the same baseline gives the same bytes. */
export function baselineText({ cases, ...head }: Baseline): string {
  const members = Object.entries(head)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `  ${JSON.stringify(key)}: ${flatJson(value)},`)
  const lines = cases.toSorted((a, b) => (a.case < b.case ? -1 : 1)).map((one) => `    ${flatJson(one)}`)
  return ['{', ...members, '  "cases": [', lines.join(',\n'), '  ]', '}', ''].join('\n')
}

/** Adds one line to the log of decisions. Nothing in it is ever changed. */
export function appendDecision(path: string, decision: Decision): void {
  try {
    appendFileSync(path, `${canonicalJson(decision)}\n`)
  } catch (error) {
    throw fileError(error, path)
  }
}
