import { defined } from '../../lib/defined.ts'
import { contentHash, sha256 } from '../../lib/hash.ts'
import type { Json } from '../../schema/json.ts'
import type { Fork } from '../../schema/fork.ts'
import type { Span, SpanOf, Trace } from '../../schema/trace.ts'

/**
 * The trace of a fork as one that can be kept: it says whose child it is, and what its parent knew of how it was
 * recorded holds for it, too, so that its grade is right and it is replayed as its parent would be. Pure.
 */
export function childOf(
  played: Trace,
  { parent, fork }: { readonly parent: Trace; readonly fork: Fork },
): Trace {
  const { id: _, task: __, ...rest } = played
  const tapped = parent.attributes['evalkit.tapped']
  const { model, system } = fork
  const child = {
    ...rest,
    name: parent.name,
    ...defined({ task: parent.task }),
    versions: {
      ...played.versions,
      ...defined({
        model,
        prompt: system === undefined ? undefined : contentHash([{ type: 'text', content: system }]),
      }),
    },
    fork,
    attributes: { ...played.attributes, ...defined({ 'evalkit.tapped': tapped }) },
    spans: spansOf(played, parent),
  }
  // What was played has its content in its id already.
  const identity = JSON.stringify({ played: played.id, fork, tapped })
  return { ...child, id: `t_${sha256(identity).slice(0, 20)}` }
}

function spansOf(played: Trace, parent: Trace): readonly Span[] {
  const wire = parent.spans
    .map((span) => span.attributes?.['evalkit.wire'])
    .find((name) => name !== undefined)
  const derived = new Set(
    parent.spans.flatMap(({ kind, name, attributes }) =>
      kind === 'tool' && attributes?.['evalkit.derived'] === true ? [name] : [],
    ),
  )
  return played.spans.map((span): Span => {
    if (span.kind === 'llm') return modelSpan(span, wire)
    // What of the parent was only what its model was shown is no more than that here.
    const isShown = span.kind === 'tool' && span.served !== 'live' && derived.has(span.name)
    return isShown ? withAttributes(span, { 'evalkit.derived': true }) : span
  })
}

/**
 * Of a model that was asked anew only the last try reached the agent: one that was made before it, by us, would be
 * served to the agent when the child is replayed.
 */
function modelSpan(span: SpanOf<'llm'>, wire: Json | undefined): Span {
  const tries = span.attempts ?? []
  const asked = span.served === 'live' || span.served === 'cached'
  const last = tries.at(-1)
  const attributes = {
    ...(wire === undefined ? {} : { 'evalkit.wire': wire }),
    ...(asked && tries.length > 1 ? { 'evalkit.tries': tries.length } : {}),
  }
  const kept = asked && last !== undefined ? { ...span, attempts: [last] } : span
  return Object.keys(attributes).length === 0 ? kept : withAttributes(kept, attributes)
}

function withAttributes<S extends Span>(span: S, attributes: { readonly [key: string]: Json }): S {
  return { ...span, attributes: { ...span.attributes, ...attributes } }
}
