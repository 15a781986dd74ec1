import type { Attempt } from './attempt.ts'
import { toolCallsOf } from './message.ts'
import type { Span, SpanOf, Trace } from './trace.ts'

/**
 * What a trace can be used for. `A`: every model exchange byte for byte, every tool's result whole. `B`: every
 * tool's result and what each model said, but not the bytes it said it in, or of a tool only what the model was shown:
 * replays, with replies written anew. `C`: something a replay needs is not there, and `missing` names it: scores only.
 */
export interface Grade {
  readonly grade: 'A' | 'B' | 'C'
  /** For C, what is missing; for B, what would make it an A. Most telling first, each a clause. */
  readonly missing: readonly string[]
}

/** How many things that are missing are named one by one. */
const mostNamed = 20

/** The replay grade of a trace. Pure, and linear in its size. */
export function gradeOf(trace: Trace): Grade {
  const missing = [...incomplete(trace)]
  if (missing.length > 0) return { grade: 'C', missing: named(missing) }
  const inexact = trace.spans.flatMap((span) => {
    if (span.kind === 'llm' && !isExact(span)) return [`the bytes of ${nameOf(span)}`]
    const derived = span.kind === 'tool' && span.attributes?.['evalkit.derived'] === true
    return derived ? [`what ${nameOf(span)} itself gave: known is what the model was shown`] : []
  })
  return inexact.length === 0 ? { grade: 'A', missing: [] } : { grade: 'B', missing: named(inexact) }
}

function* incomplete({ spans, attributes, ended }: Trace): Generator<string> {
  const dropped = attributes['evalkit.dropped']
  if (typeof dropped === 'number') yield `${dropped} records that were dropped while recording`
  if (ended === 'unfinished') yield 'the end of the run'
  if (!spans.some(({ kind }) => kind === 'llm' || kind === 'tool')) yield 'any model or tool call'
  const results = new Set<string>()
  const called = new Map<string, number>()
  for (const span of spans) {
    if (span.kind === 'tool' && span.reply !== undefined) {
      if (span.request.id !== undefined) results.add(span.request.id)
      called.set(span.request.name, (called.get(span.request.name) ?? 0) + 1)
    }
    yield* lackOf(span)
  }
  yield* untapped(spans, results, called)
}

function* lackOf(span: Span): Generator<string> {
  if (span.attributes?.requestor === 'user') return
  if ((span.kind === 'tool' || span.kind === 'human') && span.reply === undefined) {
    yield `the reply of ${nameOf(span)}`
  }
  if (span.kind === 'llm') {
    if (span.reply === undefined && span.attempts === undefined) yield `the reply of ${nameOf(span)}`
    if (span.request.messages.length === 0) yield `the request of ${nameOf(span)}`
  }
  if (span.kind === 'custom' && span.request !== undefined && span.attempts === undefined) {
    yield `the reply of ${nameOf(span)}`
  }
  if ('attempts' in span && span.attempts?.some(({ ended }) => ended === 'truncated') === true) {
    yield `the whole reply of ${nameOf(span)}, which was too large to keep`
  }
  const hidden = 'reply' in span ? hiddenIn(span.reply) : undefined
  if (hidden !== undefined) yield `what ${nameOf(span)} brought: it says ${hidden}`
}

/** Marks that exporters leave where they cut or hid something (notes of OpenInference, OpenAI Agents, Langfuse). */
const marks = /__REDACTED__|\.\.\. ?\[truncated\]|<truncated>/

function hiddenIn(reply: unknown): string | undefined {
  return reply === undefined ? undefined : marks.exec(JSON.stringify(reply))?.[0]
}

/** Tools that a model asked for, whose results the agent then used, and that no span tells of. */
function* untapped(
  spans: readonly Span[],
  results: ReadonlySet<string>,
  called: Map<string, number>,
): Generator<string> {
  const answered = new Set<string>()
  for (const span of spans) {
    if (span.kind !== 'llm') continue
    for (const { parts } of span.request.messages) {
      for (const part of parts) if (part.type === 'tool_call_response') answered.add(part.id)
    }
  }
  const seen = new Set<string>()
  for (const span of spans) {
    if (span.kind !== 'llm' || span.reply === undefined) continue
    for (const { id, name } of toolCallsOf(span.reply.message)) {
      // An id that comes twice is the same call, said again.
      if (results.has(id) || !answered.has(id) || seen.has(id)) continue
      seen.add(id)
      const left = called.get(name) ?? 0
      if (left > 0) called.set(name, left - 1)
      else yield `the result of tool ${name} (call ${id}): it ran where nothing recorded it`
    }
  }
}

function isExact({ attempts }: SpanOf<'llm'>): boolean {
  return attempts !== undefined && attempts.every(isWhole)
}

function isWhole({ status, body, base64, error, ended }: Attempt): boolean {
  return status === undefined
    ? error !== undefined
    : body !== undefined || base64 !== undefined || ended !== undefined
}

function nameOf({ id, kind, name }: Span): string {
  return `${kind} span ${id} (${name})`
}

function named(all: readonly string[]): readonly string[] {
  return all.length <= mostNamed ? all : [...all.slice(0, mostNamed), `and ${all.length - mostNamed} more`]
}
