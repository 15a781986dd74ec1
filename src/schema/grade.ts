import { commonStart } from '../lib/common-start.ts'
import { captured } from './assemble.ts'
import type { Attempt } from './attempt.ts'
import { type Message, toolCallsOf } from './message.ts'
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
    const derived =
      span.kind === 'tool' &&
      (span.attributes?.['evalkit.derived'] === true || span.fidelity?.result === 'derived')
    return derived ? [`what ${nameOf(span)} itself gave: known is what the model was shown`] : []
  })
  return inexact.length === 0 ? { grade: 'A', missing: [] } : { grade: 'B', missing: named(inexact) }
}

function* incomplete({ spans, attributes, ended, source }: Trace): Generator<string> {
  const dropped = attributes['evalkit.dropped']
  if (typeof dropped === 'number') yield `${dropped} records that were dropped while recording`
  if (ended === 'unfinished') yield 'the end of the run'
  if (!spans.some(({ kind }) => kind === 'llm' || kind === 'tool')) yield 'any model or tool call'
  for (const span of spans) {
    yield* lackOf(span)
    // Of what we captured ourselves, a tool or a model said so, and that is what it said.
    if (source.format !== captured) yield* hiddenIn(span)
  }
  yield* untapped(spans, tappedIn(attributes))
}

function* lackOf(span: Span): Generator<string> {
  const hidden = span.attributes?.['evalkit.hidden']
  for (const what of Array.isArray(hidden) ? hidden : []) yield `${String(what)} of ${nameOf(span)}`
  if (span.attributes?.requestor === 'user') return
  yield* untrusted(span)
  const unread = span.attributes?.['evalkit.unread']
  if (typeof unread === 'string') yield `what ${nameOf(span)} asked: ${unread}`
  if ((span.kind === 'tool' || span.kind === 'human') && span.reply === undefined) {
    yield `the reply of ${nameOf(span)}`
  }
  if (span.kind === 'llm') {
    if (span.reply === undefined && span.attempts === undefined) yield `the reply of ${nameOf(span)}`
    // A task may stand in the system prompt alone.
    const { messages, system = [] } = span.request
    if (messages.length + system.length === 0) yield `the request of ${nameOf(span)}`
  }
  if (span.kind === 'custom' && span.request !== undefined && span.attempts === undefined) {
    yield `the reply of ${nameOf(span)}`
  }
  if ('attempts' in span && span.attempts?.some(({ ended }) => ended === 'truncated') === true) {
    yield `the whole reply of ${nameOf(span)}, which was too large to keep`
  }
}

/** Fields that were not told, or not whole. What is not there at all is named by whoever looks for it. */
function* untrusted(span: Span): Generator<string> {
  for (const [field, fidelity] of Object.entries(span.fidelity ?? {})) {
    const lost = fidelity === 'truncated' || fidelity === 'redacted'
    const missing =
      fidelity === 'missing' &&
      (field === 'arguments' ||
        (field === 'reply' && 'reply' in span && span.reply !== undefined) ||
        (field === 'request' && span.kind === 'llm' && (span.request.system ?? []).length > 0))
    if (lost || missing) yield `the ${field} of ${nameOf(span)} (${fidelity})`
  }
}

/** Where an exporter hid or cut something (notes of OpenInference, OpenAI Agents, Langfuse). */
function* hiddenIn(span: Span): Generator<string> {
  const mark = 'reply' in span ? markIn(span.reply) : undefined
  if (mark !== undefined) yield `what ${nameOf(span)} brought: it says ${mark}`
}

const marks = /^__REDACTED__$|(?:\.\.\. ?\[truncated\]|<truncated>)$/

function markIn(value: unknown): string | undefined {
  if (typeof value === 'string') return marks.exec(value)?.[0]
  if (typeof value !== 'object' || value === null) return undefined
  for (const member of Object.values(value)) {
    const mark = markIn(member)
    if (mark !== undefined) return mark
  }
  return undefined
}

/**
 * The tools that were behind the tap where a trace was recorded. If a model asked for one and no call of it was seen,
 * it did not run: the agent's own code answered (a person said no, the arguments were wrong), and will again.
 */
export function tappedIn(attributes: Trace['attributes']): ReadonlySet<string> {
  const names = attributes['evalkit.tapped']
  return new Set(Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : [])
}

/** Tools that a model asked for, whose results the agent then used, and that no span tells of. */
function* untapped(spans: readonly Span[], tapped: ReadonlySet<string>): Generator<string> {
  const asked = new Map<string, string>()
  const answered = new Set<string>()
  let before: readonly Message[] = []
  for (const span of spans) {
    if (span.kind !== 'llm') continue
    const { messages } = span.request
    const fresh = messages.slice(commonStart(before, messages))
    before = messages
    for (const { parts } of fresh) {
      for (const part of parts) if (part.type === 'tool_call_response') answered.add(part.id)
    }
    // An id that comes twice is the same call, said again.
    for (const { id, name } of span.reply === undefined ? [] : toolCallsOf(span.reply.message)) {
      if (!asked.has(id)) asked.set(id, name)
    }
  }
  const met = new Set<string>()
  const nameless = new Map<string, number>()
  for (const span of spans) {
    if (span.kind !== 'tool') continue
    const { id, name } = span.request
    if (id !== undefined && asked.has(id)) met.add(id)
    else nameless.set(name, (nameless.get(name) ?? 0) + 1)
  }
  for (const [id, name] of asked) {
    if (met.has(id) || !answered.has(id) || tapped.has(name)) continue
    const left = nameless.get(name) ?? 0
    if (left > 0) nameless.set(name, left - 1)
    else yield `the result of tool ${name} (call ${id}): it ran where nothing recorded it`
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
