import { readJson } from '../../lib/json.ts'
import { oneLine } from '../../lib/text.ts'
import { startsAsZip, zipContent, zipEntries, type ZipEntry, ZipError } from '../../lib/zip.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { jsonProblemText } from '../../schema/read.ts'
import { isRecord } from '../../tap/wire/text.ts'
import type { Source } from './importer.ts'
import { maxFileBytes } from './source.ts'

/** A log of Inspect, whichever way it was written down. */
export interface InspectLog {
  /** The log without its samples. */
  readonly header: unknown
  /** Its samples, each read when it is asked for. */
  readonly samples: Iterable<InspectRow>
}

/** One sample, or why it could not be read. `at` is its place in messages. */
export type InspectRow = { readonly at: string } & (
  | { readonly value: unknown }
  | { readonly problem: string }
)

/** Of one entry, unpacked: as much as of any file. */
const mostEntryBytes = maxFileBytes
/** Of all entries together: sixteen files of the largest size. */
const mostBytes = 16 * maxFileBytes

/** Whether a file is a `.eval` log: an archive with the header of one, or one that is broken and has the name. Never throws. */
export function isEvalLog(source: Source): boolean {
  try {
    return archiveIn(source) !== undefined
  } catch (error) {
    if (error instanceof ZipError) return source.file.endsWith('.eval')
    if (EvalkitError.is(error)) return false
    throw error
  }
}

/**
 * A `.eval` log, the format Inspect writes: a ZIP archive, its entries packed by zstd or deflate, with `header.json` (while it runs
 * `_journal/start.json`) and a `samples/<id>_epoch_<n>.json` each
 * (https://github.com/UKGovernmentBEIS/inspect_ai, `log/_recorders/eval.py`). One sample is in memory at a time; names are never paths.
 * `undefined` where the file is no archive of that kind. Throws `EVK_SCHEMA` where the archive or the log's header cannot be read.
 */
export function evalLogIn(source: Source): InspectLog | undefined {
  const archive = readable(source)
  if (archive === undefined) return undefined
  const header = contentOf(archive.bytes, archive.header)
  if (typeof header === 'string') throw unreadable(source, `its header cannot be read: ${header}`)
  // A log that is still written has no status of its own.
  const told = isRecord(header.value) ? { status: 'started', ...header.value } : header.value
  return { header: told, samples: samplesOf(archive) }
}

interface Archive {
  readonly bytes: Uint8Array
  readonly entries: readonly ZipEntry[]
  readonly header: ZipEntry
}

function readable(source: Source): Archive | undefined {
  try {
    return archiveIn(source)
  } catch (error) {
    if (error instanceof ZipError) throw unreadable(source, error.message)
    throw error
  }
}

function unreadable({ file }: Source, why: string): EvalkitError {
  return new EvalkitError('EVK_SCHEMA', `This is not an eval log that can be read: ${why}.`, { at: { file } })
}

function archiveIn(source: Source): Archive | undefined {
  if (!startsAsZip(source.head())) return undefined
  const bytes = source.bytes()
  const entries = zipEntries(bytes)
  // Where a log was written again, a later entry stands in for an earlier one of its name.
  const named = new Map(entries.map((entry) => [entry.name, entry]))
  const header = named.get('header.json') ?? named.get('_journal/start.json')
  return header === undefined ? undefined : { bytes, entries: [...named.values()], header }
}

function* samplesOf({ bytes, entries }: Archive): Iterable<InspectRow> {
  const chunked = entries.flatMap(
    ({ name }) => /^(samples\/.*_epoch_\d+)\/sample\.json$/s.exec(name)?.[1] ?? [],
  )
  const shells = new Set(chunked)
  let left = mostBytes
  for (const entry of entries) {
    if (!entry.name.startsWith('samples/') || !entry.name.endsWith('.json')) continue
    const at = oneLine(entry.name, 200)
    const shell = /^(samples\/.*?_epoch_\d+)\//s.exec(entry.name)?.[1]
    if (shell !== undefined && shells.has(shell)) {
      if (entry.name !== `${shell}/sample.json`) continue
      yield { at, problem: 'the sample is stored in chunks, a version of the format that is not read' }
      continue
    }
    left -= entry.size
    const content = left < 0 ? `the samples before it have ${mostBytes} bytes` : contentOf(bytes, entry)
    yield typeof content === 'string' ? { at, problem: content } : { at, value: content.value }
  }
}

/** The JSON in an entry, or why there is none. */
function contentOf(bytes: Uint8Array, entry: ZipEntry): { readonly value: unknown } | string {
  if (entry.size > mostEntryBytes) return `it has ${entry.size} bytes; ${mostEntryBytes} are read`
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(zipContent(bytes, entry))
    const read = readJson(text)
    return read.ok ? { value: read.value } : jsonProblemText(read.problem)
  } catch (error) {
    if (error instanceof ZipError) return error.message
    if (error instanceof TypeError) return 'it is not UTF-8 text'
    throw error
  }
}
