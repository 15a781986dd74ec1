import { readJson } from '../lib/json.ts'
import { isAgentsModelCall } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { toolCallsOf } from '../schema/message.ts'
import type { Span, Trace } from '../schema/trace.ts'

/** One agent handed over to another. */
export interface MadeHandoff {
  readonly from?: string
  readonly to: string
  /** What was handed over; absent where nothing is recorded. */
  readonly message?: Json
}

/** Tools by which frameworks hand over: OpenAI's Agents SDK and LangGraph name them `transfer_to_<agent>`. */
const transferTool = /^(?:transfer|hand_?off|delegate|route)_?to_+(.+)$/i

/**
 * The handoffs of a run, in order: agent spans that say so (`handoff({ from, to, message }, fn)`, attributes `handoff.to`
 * and `handoff.from`), and calls of tools that hand over. An agent that a tool handed over to, and whose span says so, is
 * one handoff: the span's. `tools` are more tools that hand over, with the agent they hand over to.
 */
export function handoffsIn(trace: Trace, tools: Readonly<Record<string, string>>): readonly MadeHandoff[] {
  const above = { byId: new Map(trace.spans.map((span) => [span.id, span])), name: trace.name }
  const bySpan = trace.spans.flatMap((span, at): readonly Placed[] => {
    const to = span.kind === 'agent' ? textAt(span, 'handoff.to') : undefined
    if (span.kind !== 'agent' || to === undefined) return []
    const from = textAt(span, 'handoff.from')
    return [
      { at, to, ...withMessage(span.input), ...(from === undefined ? agentAbove(span, above) : { from }) },
    ]
  })
  const told = new Set(bySpan.map(({ to }) => agentKey(to)))
  const byTool = transfersIn(trace, tools, above).filter(({ to }) => !told.has(agentKey(to)))
  return [...bySpan, ...byTool].toSorted((a, b) => a.at - b.at)
}

interface Placed extends MadeHandoff {
  readonly at: number
}

/** Agents' names as the tools that hand over to them spell them: "Seat Booking Agent" is seat_booking_agent. */
export function agentKey(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
}

/** Calls of tools that hand over, as they ran; a framework that runs them itself shows them only in the model's reply. */
function transfersIn(trace: Trace, tools: Readonly<Record<string, string>>, above: Above): readonly Placed[] {
  const target = (name: string) => (Object.hasOwn(tools, name) ? tools[name] : transferTool.exec(name)?.[1])
  const ran = new Map<string, number>()
  const found = trace.spans.flatMap((span, at): readonly Placed[] => {
    const to = span.kind === 'tool' ? target(span.request.name) : undefined
    if (span.kind !== 'tool' || to === undefined) return []
    ran.set(span.request.name, (ran.get(span.request.name) ?? 0) + 1)
    return [{ at, to, ...withMessage(span.request.arguments), ...agentAbove(span, above) }]
  })
  const asked = trace.spans.flatMap((span, at): readonly Placed[] => {
    if (!isAgentsModelCall(span) || span.reply === undefined) return []
    return toolCallsOf(span.reply.message).flatMap(({ name, arguments: given }): readonly Placed[] => {
      const to = target(name)
      if (to === undefined) return []
      const left = ran.get(name) ?? 0
      ran.set(name, left - 1)
      return left > 0 ? [] : [{ at, to, ...withMessage(given), ...agentAbove(span, above) }]
    })
  })
  return [...found, ...asked]
}

interface Above {
  readonly byId: ReadonlyMap<string, Span>
  readonly name: string
}

/** The agent in whose span something happened; without one, the run's. */
function agentAbove({ parent }: Span, { byId, name }: Above): { readonly from: string } {
  let span = parent === null ? undefined : byId.get(parent)
  for (let steps = 0; span !== undefined && steps < 100; steps++) {
    if (span.kind === 'agent') return { from: span.name }
    span = span.parent === null ? undefined : byId.get(span.parent)
  }
  return { from: name }
}

function withMessage(message: Json | undefined): { readonly message?: Json } {
  return message === undefined ? {} : { message }
}

function textAt({ attributes }: Span, key: string): string | undefined {
  const value = attributes?.[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What a message holds: itself, and where it is the text of JSON, that. */
export function readMessage(message: Json): readonly Json[] {
  if (typeof message !== 'string' || !/^\s*[[{]/.test(message)) return [message]
  const read = readJson(message)
  return read.ok ? [message, read.value as Json] : [message]
}
