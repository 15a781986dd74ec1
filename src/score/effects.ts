import { canonicalJson } from '../lib/json.ts'
import { isAgentsModelCall } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import { type ToolResponsePart, toolCallsOf } from '../schema/message.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { SpanOf } from '../schema/trace.ts'
import { lastingArguments, type WriteIdentity, writeOf } from '../schema/write.ts'
import { type MadeCall, madeCall, toolSpans } from './evidence.ts'

/**
 * Whether a call was carried out: `no`, it came back with an error; `maybe`, nothing came back, or an error that leaves
 * it open whether the other side acted (a timeout, a connection that was cut).
 */
export type Done = 'yes' | 'no' | 'maybe'

/** A tool call with its place among the spans of the trace, and what became of it. */
export interface PlacedCall {
  readonly at: number
  readonly call: MadeCall
  /** Its own span; without, a model asked for it and nothing shows that it ran. */
  readonly span?: SpanOf<'tool'>
  readonly response?: Json
  readonly done: Done
}

/** One thing that an agent did, or may have done, to the world. */
export interface MadeEffect extends PlacedCall, WriteIdentity {
  /** The call without what is new in every run: what a reference is compared with. */
  readonly lasting: MadeCall
}

/** The tool calls of a run, in order, with what became of them; where no tool was tapped, those its models asked for. */
export function placedCalls(outcome: Outcome): readonly PlacedCall[] {
  const { spans } = outcome.trace
  if (toolSpans(outcome).length > 0) {
    return spans.flatMap((span, at) => (span.kind === 'tool' ? [placed(span, at)] : []))
  }
  const asked = spans.flatMap((span, at) => (isAgentsModelCall(span) ? [{ span, at }] : []))
  return asked.flatMap(({ span: { reply }, at }, nth) => {
    if (reply === undefined) return []
    return toolCallsOf(reply.message).map((part): PlacedCall => {
      const result = resultIn(asked[nth + 1]?.span, part.id)
      const done = result === undefined ? 'maybe' : result.isError === true ? 'no' : 'yes'
      return {
        at,
        call: madeCall(part),
        done,
        ...(result === undefined ? {} : { response: result.response }),
      }
    })
  })
}

/** Whether a tool changes the world: it writes, or acts where no tool reads. */
export function hasEffect(name: string, tools: KnownTools): boolean {
  const { effect } = tools(name)
  return effect === 'write' || effect === 'external'
}

/**
 * What a run did to the world, in order: calls of tools that `counts` takes for effects, those that came back with an
 * error left out. Calls that were sent again under one idempotency key are one.
 */
export function effectsIn(
  outcome: Outcome,
  tools: KnownTools,
  counts: (name: string) => boolean = (name) => hasEffect(name, tools),
): readonly MadeEffect[] {
  const effects = new Map<string, MadeEffect>()
  for (const [nth, placed] of placedCalls(outcome).entries()) {
    const { name, arguments: given } = placed.call
    if (!counts(name) || placed.done === 'no') continue
    const write = writeOf(placed.call, tools)
    const lasting = { ...placed.call, arguments: lastingArguments(tools(name), given) }
    // Without a key every call is one of its own.
    const key = write.key === undefined ? String(nth) : `${write.identity} ${write.key}`
    const before = effects.get(key)
    if (before === undefined) effects.set(key, { ...placed, ...write, lasting })
    else if (placed.done === 'yes') effects.set(key, { ...before, done: 'yes' })
  }
  return [...effects.values()]
}

function placed(span: SpanOf<'tool'>, at: number): PlacedCall {
  const { request, reply } = span
  return {
    at,
    call: madeCall(request),
    span,
    done: doneIn(span),
    ...(reply === undefined ? {} : { response: reply.response }),
  }
}

function doneIn({ status, reply, error }: SpanOf<'tool'>): Done {
  if (reply === undefined && status === 'ok') return 'maybe'
  if (status === 'ok' && reply?.isError !== true) return 'yes'
  const said = `${error?.type ?? ''} ${error?.message ?? ''} ${textOf(reply?.response)}`
  return leavesOpen.test(said.slice(0, longestError)) ? 'maybe' : 'no'
}

/** Errors after which nobody knows whether the other side acted: it did not answer, or the answer was lost. */
const leavesOpen =
  /time(?:d)?[ -]?out|deadline exceeded|ETIMEDOUT|ECONNRESET|EPIPE|socket hang up|connection (?:was )?(?:reset|closed|lost)/i
const longestError = 2_000

function textOf(response: Json | undefined): string {
  if (response === undefined) return ''
  return typeof response === 'string' ? response : canonicalJson(response)
}

/** The result of a call as the model was shown it next. */
function resultIn(next: SpanOf<'llm'> | undefined, id: string): ToolResponsePart | undefined {
  return next?.request.messages
    .flatMap(({ parts }) => parts.filter((part) => part.type === 'tool_call_response'))
    .findLast((part) => part.id === id)
}
