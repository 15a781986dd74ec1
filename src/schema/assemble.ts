import { defined } from '../lib/defined.ts'
import type { SpoolRecord, SpoolRecordOf } from './spool.ts'
import { totalsOf } from './totals.ts'
import type { Span, Trace } from './trace.ts'

/** Format name of traces that evalkit itself captured. */
export const captured = 'evalkit-spool'

/**
 * The trace that a recorder's records tell of, in the order they were written. A run without an end was killed or
 * still hangs: its trace is an error that `ended` as `unfinished`, with everything that had started. Returns
 * `undefined` where the start itself is missing: nobody can say what ran.
 */
export function assembleTrace(records: readonly SpoolRecord[]): Trace | undefined {
  const start = records.find((record) => record.type === 'start')
  if (start === undefined) return undefined
  const end = records.find((record) => record.type === 'end')
  const replies = new Map<string, SpoolRecordOf<'reply'>>()
  for (const record of records) if (record.type === 'reply') replies.set(record.span, record)
  const spans = [
    rootOf(start, end),
    ...records.flatMap((record) =>
      record.type === 'span' && record.span.id !== rootId
        ? [spanOf(record, replies.get(record.span.id))]
        : [],
    ),
  ]
  const dropped = records.reduce((sum, record) => sum + (record.dropped ?? 0), 0)
  return {
    v: 1,
    id: start.trace,
    name: start.name,
    source: { format: captured },
    startedAt: start.startedAt,
    status: end?.status ?? 'error',
    ...defined({
      durationMs: end?.durationMs,
      ended: end === undefined ? 'unfinished' : (end.ended ?? end.error?.type),
      input: start.input,
      output: end?.output,
    }),
    versions: { ...start.versions, ...end?.versions },
    tags: [],
    attributes: {
      ...start.attributes,
      ...end?.attributes,
      ...(dropped === 0 ? {} : { 'evalkit.dropped': dropped }),
    },
    ...totalsOf(spans),
    scores: [],
    spans,
  }
}

/** The agent's own span: a recorder says of it only when the run starts and ends. */
export const rootId = 's1'

function rootOf(start: SpoolRecordOf<'start'>, end: SpoolRecordOf<'end'> | undefined): Span {
  const unfinished = { type: 'unfinished', message: 'The run never ended: it was killed, or still runs.' }
  return {
    id: rootId,
    parent: null,
    kind: 'agent',
    name: start.name,
    startedAt: start.startedAt,
    status: end?.status ?? 'error',
    ...defined({
      durationMs: end?.durationMs,
      error: end === undefined ? unfinished : end.error,
      input: start.input,
      output: end?.output,
    }),
  }
}

function spanOf({ span }: SpoolRecordOf<'span'>, reply: SpoolRecordOf<'reply'> | undefined): Span {
  const {
    v: _v,
    trace: _trace,
    type: _type,
    span: _span,
    dropped: _dropped,
    attributes,
    ...rest
  } = reply ?? ({ status: 'error' } as SpoolRecordOf<'reply'>)
  const all = { ...span.attributes, ...attributes }
  // The shapes of request and reply are the business of whoever reads records he did not write.
  return { ...span, ...rest, ...(Object.keys(all).length === 0 ? {} : { attributes: all }) } as Span
}
