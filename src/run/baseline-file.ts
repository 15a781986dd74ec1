import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileError } from '../dataset/file-error.ts'
import { linesOf } from '../dataset/lines.ts'
import { writeWhole } from '../dataset/write-whole.ts'
import { byCodeUnit, canonicalJson } from '../lib/json.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { inertJson } from '../lib/text.ts'
import { type ErrorPlace, EvalkitError } from '../schema/errors.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'
import { type Baseline, baseline, type Decision, decision, type Release, release } from '../schema/run.ts'

/** Reads a baseline. Throws `EVK_BASELINE_MISSING`, `EVK_BASELINE_CORRUPT`, `EVK_VERSION_NEWER`. */
export function readBaseline(path: string): Baseline {
  return baselineFrom(bytesOf(path), path)
}

/** The baseline of a release. Throws as `readBaseline` does. */
export function readRelease(path: string): Release {
  return releaseFrom(bytesOf(path), path)
}

/** A baseline out of the bytes of its file, wherever they came from. Throws `EVK_BASELINE_CORRUPT`, `EVK_VERSION_NEWER`. */
export function baselineFrom(bytes: Uint8Array, shownAs: string): Baseline {
  return acceptedFrom(bytes, shownAs, (value, at) =>
    recordFrom(baseline, value, at, 'baseline', 'EVK_BASELINE_CORRUPT'),
  )
}

/** The same of the baseline of a release. */
export function releaseFrom(bytes: Uint8Array, shownAs: string): Release {
  return acceptedFrom(bytes, shownAs, (value, at) =>
    recordFrom(release, value, at, 'baseline of a release', 'EVK_BASELINE_CORRUPT'),
  )
}

function bytesOf(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw fileError(error, path, 'EVK_BASELINE_MISSING')
  }
}

function acceptedFrom<T>(bytes: Uint8Array, shownAs: string, read: (value: unknown, at: ErrorPlace) => T): T {
  const at = { file: shownAs }
  try {
    return read(jsonFrom(textFrom(bytes, at), at), at)
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

/** Writes the baseline of a release, in the same form. Throws `EVK_DISK_FULL`, `EVK_FILE_UNUSABLE`. */
export function writeRelease(path: string, given: Release): void {
  writeWhole(path, textOf(given, releaseKeys))
}

/** The text of a baseline file; the same baseline gives the same bytes, whatever order its keys came in. */
export function baselineText(given: Baseline): string {
  return textOf(given, baselineKeys)
}

function textOf<T extends Baseline | Release>(
  { cases, ...head }: T,
  keys: readonly (keyof Omit<T, 'cases'>)[],
): string {
  const members = keys
    .filter((key) => head[key] !== undefined)
    .map((key) => `  ${JSON.stringify(key)}: ${flatJson(head[key])},`)
  const lines = cases.toSorted((a, b) => byCodeUnit(a.case, b.case)).map((one) => `    ${flatJson(one)}`)
  return inertJson(['{', ...members, '  "cases": [', lines.join(',\n'), '  ]', '}', ''].join('\n'))
}

const baselineKeys = baseline.keyof().exclude(['cases']).options
const releaseKeys = release.keyof().exclude(['cases']).options

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
  for await (const { number, text } of linesOf(path, shownAs))
    decisions.push(decisionFrom(text, shownAs, number))
  return decisions
}

/** One line of the log. Throws the readers' codes, with file and line. */
export function decisionFrom(text: string, shownAs: string, line: number): Decision {
  const at = { file: shownAs, line }
  return recordFrom(decision, jsonFrom(text, at), at, 'decision')
}

function endsMidLine(path: string): boolean {
  if (!existsSync(path)) return false
  const text = readFileSync(path)
  return text.length > 0 && text.at(-1) !== 0x0a
}
