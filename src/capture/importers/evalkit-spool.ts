import { unlessTypeError } from '../../lib/thrown.ts'
import { assembleTrace, captured, inParts } from '../../schema/assemble.ts'
import { type SpoolRecord, spoolRecord } from '../../schema/spool.ts'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { deriveTools } from '../derive-tools.ts'
import { tappedIn } from '../../schema/grade.ts'
import { idText, checked, fingerprint, headOf, repaired, skipped } from './foreign.ts'
import type { Imported, Importer, LineRecord, Source } from './importer.ts'

/** How many lines are looked at for one that is ours: the first ones may be broken. */
const looked = 20

/**
 * What evalkit itself captured: spools, one record a line, many runs interleaved, in one file or spread over the files
 * of a folder. The source is walked twice, first to learn where each run's last record stands: in memory are one file
 * and the runs that are open at the line that is read, never the whole. A line that is broken is lost and named; a run
 * without an end may still be running, and is left for a later import unless `unfinished` asks for it.
 */
export const evalkitSpool: Importer = {
  name: captured,
  description: 'Runs that evalkit captured: a spool file, or a folder of them.',
  looksFor: 'JSON lines with "v", "type" and "trace"',

  detect(source) {
    let count = 0
    for (const line of headOf(source)) {
      if ('value' in line && isOurs(line.value)) return true
      if (++count >= looked) return false
    }
    return false
  },

  *read(source, { unfinished = false } = {}) {
    const left = recordsPerTrace(source)
    const open = new Map<string, Open>()
    let lines = 0
    for (const line of source.records()) {
      lines++
      const read = recordIn(line)
      if ('reason' in read) yield skipped(read.at, read.reason)
      const id = 'value' in line ? traceIdIn(line.value) : undefined
      if (id === undefined) continue
      const run = open.get(id) ?? { at: line.at, records: [], lost: 0 }
      open.set(id, run)
      if ('record' in read) {
        run.records.push(read.record)
        // What was lost may be anybody's whose run was under way.
        for (const other of open.values()) if (other !== run) other.lost += read.record.dropped ?? 0
      } else run.lost++
      const more = (left.get(id) ?? 0) - 1
      left.set(id, more)
      if (more > 0) continue
      open.delete(id)
      yield* traceFrom(id, run, source, unfinished)
    }
    // A file that changed between the two walks.
    for (const [id, run] of open) yield* traceFrom(id, run, source, unfinished)
    if (lines === 0) yield skipped('the whole file', 'the spool holds no record')
  },
}

/** A run whose last record has not been read. */
interface Open {
  /** Where its first record stands. */
  readonly at: string
  readonly records: SpoolRecord[]
  /** Records that could not be read or were dropped, and are its own or may be. */
  lost: number
}

function isOurs(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'v' in value &&
    traceIdIn(value) !== undefined &&
    'type' in value &&
    ['start', 'span', 'reply', 'plan', 'end'].includes(idText(value.type))
  )
}

function traceIdIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('trace' in value)) return undefined
  return typeof value.trace === 'string' ? value.trace : undefined
}

function recordsPerTrace(source: Source): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of source.records()) {
    const id = 'value' in line ? traceIdIn(line.value) : undefined
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

function recordIn(
  line: LineRecord,
): { readonly record: SpoolRecord } | { readonly at: string; readonly reason: string } {
  const { at } = line
  if ('problem' in line) return { at, reason: line.problem }
  const { v } = (line.value ?? {}) as { readonly v?: unknown }
  if (typeof v === 'number' && v > 1)
    return { at, reason: `the record has version ${v}: it was written by a newer evalkit` }
  const result = checked(spoolRecord, line.value, [])
  if (result.ok) return { record: result.record }
  return {
    at,
    reason: `the line is no record of a spool: ${result.at} ${result.reason}`.replaceAll('  ', ' '),
  }
}

function* traceFrom(id: string, run: Open, source: Source, unfinished: boolean): Iterable<Imported> {
  const { at, records } = run
  const place = `${at}, trace ${id}`
  const first = records.find(({ type }) => type === 'start')
  if (first === undefined || first.type !== 'start') {
    yield skipped(place, 'the start of the run is not in the spool')
    return
  }
  const ended = first.attributes[inParts] === true || records.some(({ type }) => type === 'end')
  if (!ended && !unfinished) {
    yield skipped(
      place,
      'the run has not ended: it was killed, or still runs (--unfinished imports what is there)',
    )
    return
  }
  const made = traceIn(run, source)
  if ('reason' in made) {
    yield skipped(place, made.reason)
    return
  }
  const dropped = made.trace.attributes['evalkit.dropped']
  if (typeof dropped === 'number') {
    yield repaired({
      at: place,
      reason: `${dropped} records are missing that may be of this run: nobody can say that it is whole`,
    })
  }
  // What is there now is no part of the run's own identity: the whole of it can follow.
  yield {
    trace: ended
      ? made.trace
      : { ...made.trace, id: `${id.slice(0, 100)}.unfinished-${made.print.slice(0, 8)}` },
  }
}

function traceIn(
  { records, lost }: Open,
  { file }: Source,
): { readonly trace: Trace; readonly print: string } | { readonly reason: string } {
  // Requests and replies are checked with the whole trace; one of no shape at all cannot even be summed up.
  const assembled = unlessTypeError(() => assembleTrace(records))
  if (assembled === undefined) return { reason: 'its records are none of a run' }
  const counted = assembled.attributes['evalkit.dropped']
  const dropped = (typeof counted === 'number' ? counted : 0) + lost
  const attributes = { ...assembled.attributes, ...(dropped === 0 ? {} : { 'evalkit.dropped': dropped }) }
  const result = checked(
    traceSchema,
    { ...assembled, source: { ...assembled.source, at: file }, attributes },
    [],
  )
  if (!result.ok) return { reason: `its records make no trace: ${result.at}: ${result.reason}` }
  const print = fingerprint(result.record)
  if (print === undefined) return { reason: 'the run holds a number that JSON cannot say' }
  const spans = deriveTools(result.record.spans, tappedIn(result.record.attributes))
  return { trace: { ...result.record, spans }, print }
}
