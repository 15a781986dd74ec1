import { canonicalJson } from '../lib/json.ts'
import { isAgentsModelCall } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { textOf, toolCallsOf } from '../schema/message.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { SpanOf } from '../schema/trace.ts'

/** What checks look at, read from an outcome in one way for all of them. */

/** A tool call as the agent made it. `malformed`: the model's text was not JSON, and stands as it was. */
export interface MadeCall {
  readonly name: string
  readonly arguments: Json
  readonly malformed?: true
}

/** The answer as text: a text output as it stands, any other as one line of JSON with sorted keys. */
export function outputText({ output }: Outcome): string | undefined {
  if (output === undefined) return undefined
  return typeof output === 'string' ? output : canonicalJson(output)
}

/**
 * Everything the agent said, in order, joined by newlines: its opening, each reply of a model, and the output where
 * no model said it. Without a model in the trace that is the output alone.
 */
export function transcript(outcome: Outcome): string {
  const said = (outcome.trace.dialogue?.opening ?? [])
    .filter((message) => message.role === 'assistant')
    .map((message) => textOf(message))
  for (const span of llmSpans(outcome)) if (span.reply !== undefined) said.push(textOf(span.reply.message))
  const output = outputText(outcome)
  if (output !== undefined && !said.includes(output)) said.push(output)
  return said.filter((text) => text !== '').join('\n')
}

/** The tool calls of a run, in order; where no tool was tapped, those its models asked for. */
export function callsMade(outcome: Outcome): readonly MadeCall[] {
  const spans = toolSpans(outcome)
  if (spans.length > 0) return spans.map(({ request }) => madeCall(request))
  return llmSpans(outcome).flatMap(({ reply }) =>
    reply === undefined ? [] : toolCallsOf(reply.message).map((part) => madeCall(part)),
  )
}

/** The agent's own model calls: what a simulated user asks its model is not what is judged. */
export function llmSpans({ trace }: Outcome): readonly SpanOf<'llm'>[] {
  return trace.spans.filter(isAgentsModelCall)
}

export function toolSpans({ trace }: Outcome): readonly SpanOf<'tool'>[] {
  return trace.spans.filter((span) => span.kind === 'tool')
}

/**
 * A sum over the model's replies. `known` is what is sure to have been spent; `complete` says whether that is all:
 * a reply that does not tell what it cost is never taken for free.
 */
export interface Spent {
  readonly known: number
  readonly complete: boolean
  /** Replies that tell, of all replies there are. */
  readonly told: number
  readonly replies: number
}

/** What a run spent: the outcome's own total, else the trace's, else the sum over its replies. */
export function spent(
  outcome: Outcome,
  total: number | undefined,
  of: (reply: NonNullable<SpanOf<'llm'>['reply']>) => number | undefined,
): Spent {
  const replies = llmSpans(outcome).flatMap(({ reply }) => (reply === undefined ? [] : [of(reply)]))
  const told = replies.filter((amount) => amount !== undefined)
  const sum = told.reduce((one, other) => one + other, 0)
  const counts = { told: told.length, replies: replies.length }
  // A total beside replies of which some are silent may be no more than the sum of those that are not.
  const partial = told.length > 0 && told.length < replies.length
  if (partial) return { known: Math.max(sum, total ?? 0), complete: false, ...counts }
  if (total !== undefined) return { known: total, complete: true, ...counts }
  return { known: sum, complete: told.length > 0, ...counts }
}

/** A call as the agent made it, of a request or of a part of a message. */
export function madeCall(call: MadeCall): MadeCall {
  const { name, malformed } = call
  return { name, arguments: call.arguments, ...(malformed === undefined ? {} : { malformed }) }
}
