import { defined } from '../lib/defined.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { SpoolRecord, SpoolRecordOf } from './spool.ts'
import { totalsOf } from './totals.ts'
import type { Plan, Span, Trace } from './trace.ts'

/** Format name of traces that evalkit itself captured. */
export const captured = 'evalkit-spool'

/**
 * Attribute of a trace that is recorded in parts, by processes none of which sees it whole (the workers of a durable
 * workflow): each part writes its start, and none its end.
 */
export const inParts = 'evalkit.parts'

/**
 * The trace that a recorder's records tell of, in the order they were written. A run without an end was killed or
 * still hangs: its trace is an error that `ended` as `unfinished`, with everything that had started; one recorded in
 * parts has no end, and is none. Returns `undefined` where the start itself is missing: nobody can say what ran.
 */
export function assembleTrace(records: readonly SpoolRecord[]): Trace | undefined {
  const starts = records.filter((record) => record.type === 'start')
  const [start] = starts.toSorted((a, b) => byCodeUnit(a.startedAt, b.startedAt))
  if (start === undefined) return undefined
  const end = records.find((record) => record.type === 'end')
  const status = end?.status ?? (start.attributes[inParts] === true ? 'ok' : 'error')
  const replies = new Map<string, SpoolRecordOf<'reply'>>()
  for (const record of records) if (record.type === 'reply') replies.set(record.span, record)
  const begun = begunIn(records)
  const root = rootOf(start, status, end)
  const ids = new Set([root.id])
  const spans = [root]
  for (const record of begun.values()) {
    const span = spanOf(record, replies.get(record.span.id))
    // One whose parent is not known to have begun before it hangs on the run itself.
    spans.push(ids.has(span.parent ?? '') ? span : { ...span, parent: rootId })
    ids.add(span.id)
  }
  // The end of a span whose beginning is not there tells of one more record that was lost.
  const orphans = [...replies.keys()].filter((id) => !ids.has(id)).length
  // What was lost before a run began was not its own.
  const dropped = records.reduce(
    (sum, record) => sum + (record.type === 'start' ? 0 : (record.dropped ?? 0)),
    orphans,
  )
  return {
    v: 1,
    id: start.trace,
    name: start.name,
    source: { format: captured },
    startedAt: start.startedAt,
    status,
    ...defined({
      durationMs: end?.durationMs,
      ended:
        end === undefined ? (status === 'ok' ? undefined : 'unfinished') : (end.ended ?? end.error?.type),
      input: start.input,
      output: end?.output,
    }),
    versions: { ...start.versions, ...end?.versions },
    ...defined({ plan: lastPlan(records) }),
    tags: [],
    attributes: {
      ...start.attributes,
      ...end?.attributes,
      ...(dropped === 0 ? {} : { 'evalkit.dropped': dropped }),
      ...(start.dropped === undefined ? {} : { 'evalkit.dropped_before': start.dropped }),
    },
    ...totalsOf(spans),
    scores: [],
    spans,
  }
}

/** Parts of one run are recorded by several processes: which of their plans came last, only the clock tells. */
function lastPlan(records: readonly SpoolRecord[]): Plan | undefined {
  const plans = records.filter((record) => record.type === 'plan')
  return plans.toSorted((a, b) => byCodeUnit(a.at, b.at)).at(-1)?.plan
}

/** Spans in order of start, each once: a spool that was copied says the same twice. */
function begunIn(records: readonly SpoolRecord[]): ReadonlyMap<string, SpoolRecordOf<'span'>> {
  const begun = new Map<string, SpoolRecordOf<'span'>>()
  const inOrder = records
    .filter((record) => record.type === 'span')
    .toSorted((a, b) => byCodeUnit(a.span.startedAt, b.span.startedAt))
  for (const record of inOrder) {
    const { id } = record.span
    if (id !== rootId && !begun.has(id)) begun.set(id, record)
  }
  return begun
}

/** The agent's own span: a recorder says of it only when the run starts and ends. */
export const rootId = 's1'

function rootOf(
  start: SpoolRecordOf<'start'>,
  status: 'ok' | 'error',
  end: SpoolRecordOf<'end'> | undefined,
): Span {
  const unfinished = { type: 'unfinished', message: 'The run never ended: it was killed, or still runs.' }
  return {
    id: rootId,
    parent: null,
    kind: 'agent',
    name: start.name,
    startedAt: start.startedAt,
    status,
    ...defined({
      durationMs: end?.durationMs,
      error: end === undefined && status === 'error' ? unfinished : end?.error,
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
