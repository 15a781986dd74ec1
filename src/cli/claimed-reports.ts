import { lstatSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as z from 'zod'
import { fileError } from '../dataset/file-error.ts'
import { readBounded } from '../dataset/read-bounded.ts'
import { EvalkitError } from '../schema/errors.ts'
import { issueLines, jsonFrom, textFrom } from '../schema/read.ts'
import { type Report, report, reportVersion } from '../schema/report.ts'

/** Of all files together, in bytes. A report of 10,000 trials has about 8 MB. */
const mostBytes = 32 * 1024 * 1024
const mostFiles = 50
/** Of one file. A schema says of each that is wrong why, which takes ten times as long as to say that it is right. */
const mostValues = 2_000_000

/**
 * Reports that code nobody trusts left behind: files of the json reporter, or folders of them. Only regular files are
 * read: a link would lead to what the stranger wants shown. Of a folder, only what lies in it directly and is called
 * `*.json`. Throws `EVK_REPORT_MISSING` where there is none, `EVK_FILE_UNUSABLE` for what is no file, `EVK_FILE_TOO_LARGE`,
 * `EVK_VERSION_NEWER`, `EVK_SCHEMA`, and what JSON throws: one that cannot be read spoils all, because what it would have
 * said is not known.
 */
export async function readClaimedReports(paths: readonly string[]): Promise<readonly Report[]> {
  const files = paths.flatMap(filesAt)
  if (files.length === 0) {
    throw new EvalkitError('EVK_REPORT_MISSING', 'The run left no report.')
  }
  if (files.length > mostFiles) {
    throw new EvalkitError('EVK_FILE_TOO_LARGE', `There are more than ${mostFiles} reports.`)
  }
  const reports: Report[] = []
  let left = mostBytes
  for (const file of files) {
    const bytes = await readBounded(file, basename(file), left)
    left -= bytes.length
    reports.push(reportFrom(bytes, basename(file)))
  }
  return reports
}

function filesAt(path: string): readonly string[] {
  const isFolder = kindOf(path) === 'folder'
  if (kindOf(path) === 'nothing') return []
  if (!isFolder) return [regular(path)]
  return listed(path)
    .filter((name) => name.endsWith('.json'))
    .map((name) => regular(join(path, name)))
}

function kindOf(path: string): 'folder' | 'file' | 'nothing' | 'other' {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 'nothing'
  if (stat.isDirectory()) return 'folder'
  return stat.isFile() ? 'file' : 'other'
}

function regular(path: string): string {
  if (kindOf(path) === 'file') return path
  throw new EvalkitError('EVK_FILE_UNUSABLE', 'A report is a regular file.', { at: { file: basename(path) } })
}

/** In the order of names, which is the same everywhere. */
function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted()
  } catch (error) {
    throw fileError(error, basename(folder))
  }
}

const versioned = z.object({ schemaVersion: z.number() })

function reportFrom(bytes: Uint8Array, file: string): Report {
  const at = { file }
  const value = jsonFrom(textFrom(bytes, at), at)
  if (holdsMoreThan(mostValues, value)) {
    throw new EvalkitError('EVK_FILE_TOO_LARGE', `The report holds more than ${mostValues} values.`, { at })
  }
  const version = versioned.safeParse(value)
  if (version.success && version.data.schemaVersion > reportVersion) {
    throw new EvalkitError(
      'EVK_VERSION_NEWER',
      `This report has version ${version.data.schemaVersion}; this evalkit knows ${reportVersion}.`,
      { at },
    )
  }
  const parsed = report.safeParse(value)
  if (parsed.success) return parsed.data
  throw new EvalkitError('EVK_SCHEMA', 'This is no report of the json reporter.', {
    at,
    details: issueLines(parsed.error).slice(0, 5),
    hint: 'Both sides run the same evalkit: a report of another version may have more in it.',
  })
}

function holdsMoreThan(most: number, value: unknown): boolean {
  const left: unknown[] = [value]
  let seen = 0
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    if (typeof one !== 'object' || one === null) continue
    const inner = Object.values(one)
    seen += inner.length
    if (seen > most) return true
    for (const held of inner) left.push(held)
  }
  return false
}
