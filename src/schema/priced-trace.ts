import { isAgentsModelCall } from './call.ts'
import type { PriceOf } from '../lib/price.ts'
import type { Span, SpanOf, Trace } from './trace.ts'

/** Whether a model call of the trace says its tokens and nobody said what it cost. */
export function wantsPrices(trace: Pick<Trace, 'spans' | 'costUsd'>): boolean {
  return !isPricedWhole(trace) && trace.spans.some((span) => unpriced(span) !== undefined)
}

/**
 * The trace with the cost of model calls whose source gave tokens and no cost, by model and time, marked
 * `fidelity.cost: "derived"`; and their sum, where the source gave none or only that of its own. A model whose price is not
 * known has no cost: not 0. Where the source gave the whole and not its parts, nothing is added.
 */
export function pricedTrace(trace: Trace, priceOf: PriceOf): Trace {
  if (!wantsPrices(trace)) return trace
  const spans = trace.spans.map((span) => pricedSpan(span, trace, priceOf))
  const costs = spans.filter(isAgentsModelCall).flatMap(({ reply }) => reply?.costUsd ?? [])
  if (costs.length === 0) return trace
  return { ...trace, spans, costUsd: costs.reduce((sum, cost) => sum + cost, 0) }
}

/** The source said what all of it cost, and of no call what that cost. */
function isPricedWhole({ spans, costUsd }: Pick<Trace, 'spans' | 'costUsd'>): boolean {
  return (
    costUsd !== undefined && !spans.some((span) => span.kind === 'llm' && span.reply?.costUsd !== undefined)
  )
}

function unpriced(span: Span): SpanOf<'llm'> | undefined {
  if (span.kind !== 'llm' || span.reply?.usage === undefined) return undefined
  return span.reply.costUsd === undefined ? span : undefined
}

function pricedSpan(span: Span, trace: Trace, priceOf: PriceOf): Span {
  const call = unpriced(span)
  const usage = call?.reply?.usage
  const asked = call?.request.model ?? trace.versions.model
  const model = call?.reply?.model ?? asked
  if (call === undefined || call.reply === undefined || usage === undefined || model === undefined)
    return span
  const at = Date.parse(span.startedAt ?? trace.startedAt ?? '')
  const costUsd = priceOf(usage, { model, asked, ...(Number.isNaN(at) ? {} : { at }) })
  if (costUsd === undefined) return span
  return { ...call, reply: { ...call.reply, costUsd }, fidelity: { ...call.fidelity, cost: 'derived' } }
}
