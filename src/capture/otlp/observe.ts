import type { Json } from '../../schema/json.ts'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { assembleObserved } from '../importers/assemble.ts'
import { checked } from '../importers/foreign.ts'
import type { Observation } from '../importers/observation.ts'
import type { Dialect } from './dialects/dialect.ts'
import { dialectOf } from './dialects/index.ts'
import { ownTrace } from './own-trace.ts'
import { isPlainTrace } from './plain-trace.ts'
import type { OtlpRun } from './run.ts'
import { isOurs } from './spool-records.ts'

/** The name of the format: traces that came in OTLP, whoever wrote them. */
export const otlpFormat = 'otlp'

export type Observing = { readonly trace: Trace } | { readonly reason: string }

/**
 * The canonical trace of the spans and logs of one trace of OTLP, or why there is none. Each span is read by the dialect it
 * speaks, which its trace names (`otlp.dialects`); what an evalkit sent is the run it recorded, under its own id. Never
 * throws.
 */
export function observeRun(run: OtlpRun, at?: string): Observing {
  if (run.spans.some(isOurs)) return ownTrace(run, at)
  const source = { format: otlpFormat, ...(at === undefined ? {} : { at }) }
  const spoken = new Set<Dialect>()
  let observations: readonly Observation[] = run.spans.flatMap((span) => {
    const dialect = dialectOf(span)
    spoken.add(dialect)
    const seen = dialect.observe(span, run)
    return seen === undefined ? [] : [seen]
  })
  for (const dialect of spoken) observations = dialect.complete?.(observations, run) ?? observations
  const names = [...spoken].map(({ name }) => name).toSorted()
  const service = run.spans
    .map(({ resource }) => resource['service.name'])
    .find((name) => typeof name === 'string')
  try {
    const trace = assembleObserved({
      source,
      observations,
      attributes: {
        'otlp.trace_id': run.traceId,
        'otlp.dialects': names as Json,
        ...(service === undefined ? {} : { 'service.name': service }),
      },
      losesFailedTools: [...spoken].some(({ losesFailedTools }) => losesFailedTools === true),
    })
    if (isPlainTrace(trace)) return { trace }
    const result = checked(traceSchema, trace, [])
    if (!result.ok) return { reason: `its spans make no trace: ${result.at}: ${result.reason}` }
    return { trace: result.record }
  } catch (error) {
    if (error instanceof TypeError) return { reason: 'the run holds a value that JSON cannot say' }
    throw error
  }
}
