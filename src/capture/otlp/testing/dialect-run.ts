import type { Json } from '../../../schema/json.ts'
import type { Trace } from '../../../schema/trace.ts'
import { observeRun } from '../observe.ts'
import { runOf } from '../run.ts'
import type { OtlpLog, OtlpSpan } from '../shape.ts'

/** For tests of dialects: spans of one run, each a millisecond after the one before, of half a millisecond. */

export const traceId = '0af7651916cd43dd8448eb211c80319c'
let spanCount = 0

/** A span of a scope, with nothing but these attributes. */
export function spanOf(
  scope: string,
  attributes: Record<string, Json>,
  more: Partial<OtlpSpan> = {},
): OtlpSpan {
  const at = 1_795_240_620_000_000_000n + BigInt(++spanCount) * 1_000_000n
  return {
    traceId,
    spanId: spanCount.toString(16).padStart(16, '0'),
    name: 'span',
    kind: 1,
    startTimeUnixNano: String(at),
    endTimeUnixNano: String(at + 500_000n),
    attributes,
    events: [],
    links: [],
    status: { code: 0 },
    resource: { 'service.name': 'shop' },
    scope: { name: scope },
    ...more,
  }
}

/** The trace of a run; throws where it is none. */
export function traceOfRun(spans: readonly OtlpSpan[], logs: readonly OtlpLog[] = []): Trace {
  const observed = observeRun(runOf(traceId, spans, logs))
  if ('reason' in observed) throw new Error(observed.reason)
  return observed.trace
}
