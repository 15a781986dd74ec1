import { commonStart } from '../lib/common-start.ts'
import { requestWith } from './growing-request.ts'
import type { Message } from './message.ts'
import { jsonLength } from './trace-length.ts'
import type { Span, SpanOf, Trace } from './trace.ts'

/** Characters of JSON beyond which a trace is not written whole: a line is read as long as 32 MiB. */
const longestWhole = 16 * 1024 ** 2

/** How many earlier requests are looked at for a common beginning: agents take turns. */
const looksBack = 4

/** Messages that all requests of a trace may repeat when it is read. */
const mostRepeated = 512 * 1024 ** 2

/** Beside a model call: its request begins with the first `messages` of the one that span made, and then says its own. */
interface GoesOn {
  readonly span: string
  readonly messages: number
}

/**
 * A trace as one line of JSON. Every model request repeats the conversation so far; of a long trace each says only what is new
 * (`goesOn` of its span), so that the line is as long as what was said, not as its square. `traceInLine` reads both.
 */
export function traceLine(trace: Trace): string {
  return JSON.stringify(jsonLength(trace) <= longestWhole ? trace : shortened(trace))
}

/** The same with each request's beginning left out. */
export function shortened(trace: Trace): object {
  const earlier: { readonly span: string; readonly messages: readonly Message[] }[] = []
  const spans = trace.spans.map((span) => {
    if (span.kind !== 'llm') return span
    const { messages } = span.request
    const [best] = earlier
      .map((one) => ({ span: one.span, messages: commonStart(one.messages, messages) }))
      .toSorted((a, b) => b.messages - a.messages)
    earlier.unshift({ span: span.id, messages })
    if (earlier.length > looksBack) earlier.pop()
    if (best === undefined || best.messages === 0) return span
    return { ...span, request: { ...span.request, messages: messages.slice(best.messages) }, goesOn: best }
  })
  return { ...trace, spans }
}

/** What a line holds: a trace that lacks the beginnings of its requests, to be checked, and how they are put back. */
export interface LineOfTrace {
  readonly value: unknown
  /** `value`, once it was checked, with its requests whole. `undefined` where one goes on from nowhere. */
  whole(checked: Trace): Trace | undefined
}

export function traceInLine(value: unknown): LineOfTrace {
  const spans = spansIn(value)
  if (spans === undefined) return { value, whole: (trace) => trace }
  const starts = new Map<number, unknown>()
  const own = spans.map((span: unknown, at) => {
    if (typeof span !== 'object' || span === null || !('goesOn' in span)) return span
    const { goesOn, ...rest } = span
    starts.set(at, goesOn)
    return rest
  })
  if (starts.size === 0) return { value, whole: (trace) => trace }
  return { value: { ...(value as object), spans: own }, whole: (trace) => wholeOf(trace, starts) }
}

function wholeOf(trace: Trace, starts: ReadonlyMap<number, unknown>): Trace | undefined {
  const said = new Map<string, { readonly log: Message[]; readonly length: number }>()
  let repeated = 0
  const spans: Span[] = []
  for (const [at, span] of trace.spans.entries()) {
    const start = starts.get(at)
    if (span.kind !== 'llm') {
      if (start !== undefined) return undefined
      spans.push(span)
      continue
    }
    const before = isGoesOn(start) ? said.get(start.span) : undefined
    if (start !== undefined && (before === undefined || !isGoesOn(start) || start.messages > before.length))
      return undefined
    const shared = isGoesOn(start) ? start.messages : 0
    repeated += shared
    if (repeated > mostRepeated) return undefined
    // One list serves all requests that go on from its end.
    const log = before?.log.length === shared ? before.log : (before?.log.slice(0, shared) ?? [])
    for (const message of span.request.messages) log.push(message)
    said.set(span.id, { log, length: log.length })
    spans.push(withMessages(span, log))
  }
  return { ...trace, spans }
}

function withMessages(span: SpanOf<'llm'>, log: readonly Message[]): Span {
  const { messages: _, ...request } = span.request
  return { ...span, request: requestWith(request, log) }
}

function isGoesOn(value: unknown): value is GoesOn {
  if (typeof value !== 'object' || value === null) return false
  const { span, messages } = value as Partial<Record<keyof GoesOn, unknown>>
  return typeof span === 'string' && Number.isInteger(messages) && Number(messages) > 0
}

function spansIn(value: unknown): readonly unknown[] | undefined {
  const isTrace = typeof value === 'object' && value !== null && 'spans' in value
  return isTrace && Array.isArray(value.spans) ? value.spans : undefined
}
