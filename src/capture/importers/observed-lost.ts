import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { toolCallsOf } from '../../schema/message.ts'
import type { Span, SpanOf } from '../../schema/trace.ts'
import { deriveTools } from '../derive-tools.ts'

/**
 * With the tool calls that no span tells of, from what models were shown. `failedAreLost`: the source loses the spans of
 * tools that fail, so that one without a span whose result looks like an error did fail; that is a guess, and is said.
 */
export function deriveFrom(spans: readonly Span[], failedAreLost: boolean): readonly Span[] {
  const there = new Set(spans)
  const all = deriveTools(spans)
  if (all === spans) return spans
  return inOrderOfCalls(all, there).map((span) => {
    if (there.has(span) || span.kind !== 'tool') return span
    const failed = failedAreLost && span.status === 'ok' && looksFailed(span.reply?.response)
    const fidelity = { ...span.fidelity, result: 'derived' as const }
    return failed ? asFailed(span, fidelity) : { ...span, fidelity }
  })
}

/** A call that left no span stands behind the one that the model made before it. */
function inOrderOfCalls(all: readonly Span[], there: ReadonlySet<Span>): readonly Span[] {
  const known = new Map<string, Span>()
  const lost = new Map<string, Span>()
  for (const span of all) {
    if (span.kind === 'tool' && span.request.id !== undefined)
      (there.has(span) ? known : lost).set(span.request.id, span)
  }
  const behind = new Map<Span, Span[]>()
  for (const span of all) {
    if (span.kind !== 'llm' || span.reply === undefined) continue
    let before: Span | undefined
    for (const { id } of toolCallsOf(span.reply.message)) {
      const missing = lost.get(id)
      if (missing === undefined) before = known.get(id) ?? before
      else if (before !== undefined) {
        const waiting = behind.get(before) ?? []
        waiting.push(missing)
        behind.set(before, waiting)
        // Two replies may say one call: where a span came twice under two ids.
        lost.delete(id)
      }
    }
  }
  const moved = new Set([...behind.values()].flat())
  return all.flatMap((span) => (moved.has(span) ? [] : [span, ...(behind.get(span) ?? [])]))
}

function asFailed(span: SpanOf<'tool'>, fidelity: SpanOf<'tool'>['fidelity']): Span {
  const response = span.reply?.response ?? null
  return {
    ...span,
    status: 'error',
    error: { type: 'Error', message: typeof response === 'string' ? response : JSON.stringify(response) },
    fidelity: { ...fidelity, status: 'derived' },
    reply: { response, isError: true },
  }
}

/** An object whose first word is `error`, or a text that begins so. */
function looksFailed(response: Json | undefined): boolean {
  if (typeof response !== 'string') return isObject(response) && Object.keys(response)[0] === 'error'
  if (/^\s*error\b/i.test(response)) return true
  const read = readJson(response)
  return read.ok && isObject(read.value) && Object.keys(read.value)[0] === 'error'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
