import { unlessTypeError } from '../../lib/thrown.ts'
import { assembleTrace } from '../../schema/assemble.ts'
import { tappedIn } from '../../schema/grade.ts'
import { type SpoolRecord, spoolRecord } from '../../schema/spool.ts'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { deriveTools } from '../derive-tools.ts'
import { checked, fingerprint } from '../importers/foreign.ts'
import { exportedKey } from './export-trace.ts'
import type { OtlpRun } from './run.ts'
import { spoolRecordsIn } from './spool-records.ts'
import { parsed } from './told.ts'

/**
 * The run that an evalkit recorded and sent over OTLP: the very trace that its spool would have given, under the id it was
 * recorded under. Records that cannot be read are counted as dropped.
 */
export function ownTrace(run: OtlpRun, at?: string): { readonly trace: Trace } | { readonly reason: string } {
  const exported = exportedIn(run)
  if (exported !== undefined) return exported
  const records: SpoolRecord[] = []
  let lost = 0
  for (const said of spoolRecordsIn(run.spans)) {
    const read = checked(spoolRecord, said, [])
    if (read.ok) records.push(read.record)
    else lost++
  }
  // One of no shape at all cannot even be summed up.
  const assembled = unlessTypeError(() => assembleTrace(records))
  if (assembled === undefined) return { reason: 'the start of the run is not among its spans' }
  const counted = assembled.attributes['evalkit.dropped']
  const dropped = (typeof counted === 'number' ? counted : 0) + lost
  const result = checked(
    traceSchema,
    {
      ...assembled,
      source: { ...assembled.source, ...(at === undefined ? {} : { at }) },
      attributes: { ...assembled.attributes, ...(dropped === 0 ? {} : { 'evalkit.dropped': dropped }) },
    },
    [],
  )
  if (!result.ok) return { reason: `its records make no trace: ${result.at}: ${result.reason}` }
  if (fingerprint(result.record) === undefined)
    return { reason: 'the run holds a number that JSON cannot say' }
  const spans = deriveTools(result.record.spans, tappedIn(result.record.attributes))
  return { trace: { ...result.record, spans } }
}

/** A trace that `evalkit trace export` wrote stands whole on its first span. */
function exportedIn({ spans }: OtlpRun): { readonly trace: Trace } | { readonly reason: string } | undefined {
  const [said] = spans.flatMap(({ attributes }) => attributes[exportedKey] ?? [])
  if (said === undefined) return undefined
  const result = checked(traceSchema, parsed(said), [])
  if (!result.ok) return { reason: `it is no exported trace: ${result.at}: ${result.reason}` }
  return fingerprint(result.record) === undefined
    ? { reason: 'the run holds a number that JSON cannot say' }
    : { trace: result.record }
}
