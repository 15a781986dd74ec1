import { defined } from '../../lib/defined.ts'
import { contentHash, sha256 } from '../../lib/hash.ts'
import type { LlmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Fork } from '../../schema/fork.ts'
import type { Span, SpanOf, Trace } from '../../schema/trace.ts'

/** Where a child comes from. */
export interface Origin {
  readonly parent: Pick<Trace, 'name' | 'task' | 'attributes' | 'spans'>
  readonly fork: Fork
  /** What the agent itself asked a model at a step. */
  readonly asked: (step: number) => LlmRequest | undefined
}

/**
 * The trace of a fork as one that can be kept: it says whose child it is, and what its parent knew of how it was
 * recorded holds for it, too, so that its grade is right and it is replayed as its parent would be. Pure.
 */
export function childOf(played: Trace, origin: Origin): Trace {
  const { parent, fork } = origin
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
    spans: spansOf(played, origin),
  }
  // What was played has its content in its id already.
  const identity = JSON.stringify({ played: played.id, fork, tapped })
  return { ...child, id: `t_${sha256(identity).slice(0, 20)}` }
}

function spansOf(played: Trace, { parent, fork, asked }: Origin): readonly Span[] {
  const isOther = fork.model !== undefined || fork.system !== undefined
  const wire = parent.spans
    .map((span) => span.attributes?.['evalkit.wire'])
    .find((name) => name !== undefined)
  const derived = new Set(
    parent.spans.flatMap(({ kind, name, attributes }) =>
      kind === 'tool' && attributes?.['evalkit.derived'] === true ? [name] : [],
    ),
  )
  return played.spans.map((span, index): Span => {
    if (span.kind === 'llm') return modelSpan(span, wire, isOther ? asked(index) : undefined)
    // What of the parent was only what its model was shown is no more than that here.
    const isShown = span.kind === 'tool' && span.served !== 'live' && derived.has(span.name)
    return isShown ? withAttributes(span, { 'evalkit.derived': true }) : span
  })
}

/** What a model answered under test, as the answer to what the agent itself asks: it does so again when it is replayed. */
function modelSpan(span: SpanOf<'llm'>, wire: Json | undefined, own: LlmRequest | undefined): Span {
  const asked = own === undefined ? span : { ...span, request: own }
  return wire === undefined ? asked : withAttributes(asked, { 'evalkit.wire': wire })
}

function withAttributes<S extends Span>(span: S, attributes: { readonly [key: string]: Json }): S {
  return { ...span, attributes: { ...span.attributes, ...attributes } }
}
