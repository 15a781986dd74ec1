import { commonStart } from '../lib/common-start.ts'
import type { Message } from './message.ts'
import type { SpanOf, Trace } from './trace.ts'

/**
 * Characters of `JSON.stringify(trace)`, without making it. Every model request repeats the conversation so far, so that a long
 * session's text is as long as the square of its turns: longer than any string can be. In each message is looked once.
 */
export function jsonLength(trace: Trace): number {
  const { spans, ...rest } = trace
  const lengths = new Map<object, number>()
  const lengthOf = (value: object): number => {
    const known = lengths.get(value) ?? JSON.stringify(value).length
    lengths.set(value, known)
    return known
  }
  const listOf = listLengths(lengthOf)
  const ofModel = (span: SpanOf<'llm'>): number => {
    const { messages, system, tools, ...request } = span.request
    // Each is counted as an empty list first.
    const lists = { messages: [], ...(system && { system: [] }), ...(tools && { tools: [] }) }
    const around = JSON.stringify({ ...span, request: { ...request, ...lists } }).length
    const parts = (system ? lengthOf(system) - 2 : 0) + (tools ? lengthOf(tools) - 2 : 0)
    return around + parts + listOf(messages) - 2
  }
  const inside = spans.map((span) => (span.kind === 'llm' ? ofModel(span) : JSON.stringify(span).length))
  const commas = Math.max(0, spans.length - 1)
  return inside.reduce((sum, one) => sum + one, JSON.stringify({ ...rest, spans: [] }).length + commas)
}

/** Lengths of lists that go on from one another. */
function listLengths(lengthOf: (message: object) => number): (messages: readonly Message[]) => number {
  let before: readonly Message[] = []
  /** Characters up to the end of each message, and a comma before it. */
  const ends: number[] = []
  return (messages) => {
    ends.length = commonStart(before, messages)
    for (const message of messages.slice(ends.length)) ends.push((ends.at(-1) ?? 0) + lengthOf(message) + 1)
    before = messages
    return messages.length === 0 ? 2 : (ends.at(-1) ?? 0) + 1
  }
}
