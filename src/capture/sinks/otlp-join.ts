import { rootId } from '../../schema/assemble.ts'
import type { SpoolRecord, SpoolRecordOf } from '../../schema/spool.ts'
import {
  endOfRun,
  endOfSpan,
  joined,
  lateStart,
  spanOfPlan,
  type SpanEnd,
  type SpanStart,
  startOfRun,
  startOfSpan,
  unfinished,
} from './otlp-span.ts'

/** A span that is ready to be sent. */
export interface ReadySpan {
  /** OTLP JSON. */
  readonly text: string
  /** How many records it was made of. */
  readonly records: number
  /** The same, with the losses they tell of. */
  readonly untold: number
}

export interface JoinLimits {
  /** Spans that have begun and are kept until they end; beyond it the oldest is sent `unfinished`. */
  readonly maxSpans?: number
  /** Characters of what is kept of them. */
  readonly maxChars?: number
}

interface Open {
  readonly start: SpanStart
  end?: SpanEnd
  chars: number
  records: number
  untold: number
}

/**
 * Makes spans of records. A span is sent when it ends, as OpenTelemetry has it: once. A failed HTTP call is kept
 * until its run ends, because a client may try again, and that is the same span.
 */
export function spanJoiner({ maxSpans = 4096, maxChars = 8 * 1024 * 1024 }: JoinLimits = {}): {
  take(record: SpoolRecord): readonly ReadySpan[]
  /** All that is kept, and nothing is kept any more. */
  rest(): readonly ReadySpan[]
} {
  const runs = new Map<string, Map<string, Open>>()
  let spans = 0
  let chars = 0

  function begin(trace: string, id: string, start: SpanStart, record: SpoolRecord): readonly ReadySpan[] {
    const ready = close(trace, id)
    const open: Open = { start, chars: 0, records: 0, untold: 0 }
    const run = runs.get(trace) ?? new Map<string, Open>()
    run.set(id, open)
    runs.set(trace, run)
    spans++
    grow(open, start, record)
    return [...ready, ...evicted()]
  }

  function grow(open: Open, half: SpanStart | SpanEnd, { dropped = 0 }: SpoolRecord): void {
    const added = charsOf(half)
    open.chars += added
    chars += added
    open.records++
    open.untold += 1 + dropped
  }

  function evicted(): readonly ReadySpan[] {
    const ready: ReadySpan[] = []
    while (spans > maxSpans || chars > maxChars) {
      const [oldest] = runs
      const [id] = oldest?.[1].keys() ?? []
      if (oldest === undefined || id === undefined) break
      ready.push(...close(oldest[0], id))
    }
    return ready
  }

  /** Ends a span, if it is open: by what is known of its end. */
  function close(trace: string, id: string): readonly ReadySpan[] {
    const run = runs.get(trace)
    const open = run?.get(id)
    if (run === undefined || open === undefined) return []
    run.delete(id)
    if (run.size === 0) runs.delete(trace)
    spans--
    chars -= open.chars
    return [readySpan(open)]
  }

  function reply(record: SpoolRecordOf<'reply'>): readonly ReadySpan[] {
    const open = runs.get(record.trace)?.get(record.span)
    if (open === undefined) return [late(record, record.span, endOfSpan(record, undefined))]
    // Of the ends of one span the last one holds.
    if (open.end !== undefined) {
      const replaced = charsOf(open.end)
      open.chars -= replaced
      chars -= replaced
    }
    open.end = endOfSpan(record, open.start.of)
    grow(open, open.end, record)
    const mayGoOn = record.status === 'error' && record.attempts !== undefined
    return mayGoOn ? evicted() : close(record.trace, record.span)
  }

  function end(record: SpoolRecordOf<'end'>): readonly ReadySpan[] {
    const { trace } = record
    const run = runs.get(trace)
    const root = run?.get(rootId)
    const others = [...(run?.keys() ?? [])].filter((id) => id !== rootId)
    const ready = others.flatMap((id) => close(trace, id))
    if (root === undefined) return [...ready, late(record, rootId, endOfRun(record))]
    root.end = endOfRun(record)
    grow(root, root.end, record)
    return [...ready, ...close(trace, rootId)]
  }

  return {
    take(record) {
      switch (record.type) {
        case 'start':
          return begin(record.trace, rootId, startOfRun(record), record)
        case 'span':
          return begin(record.trace, record.span.id, startOfSpan(record), record)
        case 'reply':
          return reply(record)
        case 'plan':
          return [{ text: JSON.stringify(spanOfPlan(record)), records: 1, untold: 1 + (record.dropped ?? 0) }]
        case 'end':
          return end(record)
      }
    },
    rest: () => [...runs].flatMap(([trace, run]) => [...run.keys()].flatMap((id) => close(trace, id))),
  }
}

/** The end of a span that was sent already: because it was unfinished, or ended before. */
function late({ trace, dropped = 0 }: SpoolRecord, span: string, end: SpanEnd): ReadySpan {
  const text = JSON.stringify(joined(lateStart(trace, span, 0), end))
  return { text, records: 1, untold: 1 + dropped }
}

function readySpan({ start, end = unfinished, records, untold }: Open): ReadySpan {
  return { text: JSON.stringify(joined(start, end)), records, untold }
}

function charsOf({ attributes }: SpanStart | SpanEnd): number {
  return attributes.reduce(
    (sum, { key, value }) => sum + key.length + ('stringValue' in value ? value.stringValue.length : 16),
    0,
  )
}
