import { defined } from '../../lib/defined.ts'
import type { LlmReply } from '../../schema/call.ts'
import { textOf } from '../../schema/message.ts'
import { totalsOf } from '../../schema/totals.ts'
import { type Span, type SpanOf, type Trace, traceVersion } from '../../schema/trace.ts'
import { versionsIn } from '../versions.ts'
import { foreignAttributes } from './foreign-attributes.ts'
import type { Observation, Observed } from './observation.ts'
import { callsFor, type CallFound, shownResults, type Step } from './observed-calls.ts'
import { deriveFrom } from './observed-lost.ts'
import { spansOf, spentIn } from './observed-span.ts'
import { identified, type Talk } from './observed-talk.ts'
import { type Placed, treeOf } from './observed-tree.ts'
import { withTraceId } from './trace-id.ts'

/**
 * The canonical trace of what was observed in one run, whatever the source: an `agent` span over everything, spans in order
 * of start, usage counted once (on model calls that hold no other model call), each tool's result with the call it answers,
 * results and failed tools that a source lost taken from what the model was shown next, and of every field how far it can
 * be trusted (`fidelity`; how a call was paired is `evalkit.paired_by`). Throws a `TypeError` where JSON cannot say it.
 */
export function assembleObserved(observed: Observed): Trace {
  const { source, observations, scores = [] } = observed
  const tree = treeOf(observations)
  const wrapping = wrappingModels(tree.others)
  const steps = stepsOf(tree.others, wrapping)
  const talks = [...steps.values()].flatMap((step) => ('talk' in step ? [step.talk] : []))
  const found = callsFor([...steps.values()])
  const shown = shownResults(talks)
  const rankOf = (placed: Placed): number | undefined => {
    const step = steps.get(placed)
    return step === undefined ? undefined : found.get(step)?.rank
  }
  const described = spansOf(
    { ...tree, others: inOrderOfCalls(tree.others, rankOf) },
    {
      talkOf: (placed) => {
        const step = steps.get(placed)
        return step !== undefined && 'talk' in step ? step.talk : undefined
      },
      callOf: (placed): CallFound | undefined => {
        const step = steps.get(placed)
        return step === undefined ? undefined : found.get(step)
      },
      shown,
    },
  )
  const root = rootSpan(observed, tree.root, described)
  const spans = deriveFrom([root, ...described], observed.losesFailedTools === true)
  const models = spans.filter((span) => span.kind === 'llm')
  const first = models.find(({ request }) => request.messages.length > 0) ?? models[0]
  const known = first === undefined ? undefined : versionsIn(first.request)
  const orphans = tree.others.filter(({ orphanOf }) => orphanOf !== undefined).length
  const told = <T>(of: (seen: Observation) => T | undefined): T | undefined => firstTold(tree, of)
  const prompt = told(({ promptVersion }) => promptVersion)
  const code = told(({ codeVersion }) => codeVersion)
  return withTraceId({
    v: traceVersion,
    name: root.name,
    source,
    status: root.status,
    ...defined({
      startedAt: root.startedAt,
      durationMs: root.durationMs,
      input: root.input,
      output: root.output,
      session: nonEmpty(observed.session ?? told(({ session }) => session)),
      user: nonEmpty(observed.user ?? told(({ user }) => user)),
    }),
    versions: { ...known?.versions, ...defined({ prompt, code }) },
    tags: [...new Set([...(observed.tags ?? []), ...(told(({ tags }) => tags) ?? [])])],
    attributes: {
      ...known?.attributes,
      ...foreignAttributes(observed.attributes),
      ...(orphans === 0 ? {} : { 'evalkit.orphans': orphans }),
    },
    ...totalsOf(spans),
    scores,
    spans,
  })
}

/** Clocks are coarse: tools that began in the same moment stand in the order in which the model called them. */
function inOrderOfCalls(
  placed: readonly Placed[],
  rankOf: (placed: Placed) => number | undefined,
): readonly Placed[] {
  const ordered: Placed[] = []
  let together: Placed[] = []
  const flush = (): void => {
    ordered.push(
      ...together.toSorted((a, b) => (rankOf(a) ?? Number.MAX_VALUE) - (rankOf(b) ?? Number.MAX_VALUE)),
    )
    together = []
  }
  for (const one of placed) {
    const [first] = together
    const joins =
      first?.seen.startedAt !== undefined &&
      one.seen.kind === 'tool' &&
      one.seen.startedAt === first.seen.startedAt &&
      one.parent === first.parent
    if (!joins) flush()
    if (one.seen.kind === 'tool') together.push(one)
    else ordered.push(one)
  }
  flush()
  return ordered
}

/**
 * Model calls that only wrap another one: a framework's span of the call that a client library observed, too. What lies
 * behind a tool or another agent is a call of its own.
 */
function wrappingModels(placed: readonly Placed[]): ReadonlySet<Placed> {
  const wrapping = new Set<Placed>()
  const above = new Map<Placed, Placed | undefined>()
  for (const one of placed) {
    const { parent } = one
    const through =
      parent !== undefined && (parent.seen.kind === 'custom' || parent.seen.kind === 'retrieval')
    const model = parent?.seen.kind === 'llm' ? parent : through ? above.get(parent) : undefined
    above.set(one, model)
    if (one.seen.kind === 'llm' && model !== undefined) wrapping.add(model)
  }
  return wrapping
}

function stepsOf(placed: readonly Placed[], wrapping: ReadonlySet<Placed>): ReadonlyMap<Placed, Step> {
  const asking = placed.filter((one) => one.seen.kind === 'llm' && !wrapping.has(one))
  const talks = identified(
    asking.map(({ seen }): Talk => ({ messages: seen.request?.messages, reply: seen.reply })),
  )
  const talkOf = new Map(asking.map((one, at) => [one, talks[at]]))
  const steps = new Map<Placed, Step>()
  for (const one of placed) {
    const talk = talkOf.get(one)
    if (talk !== undefined) steps.set(one, { scope: one.parent, talk })
    const { kind, call } = one.seen
    if (kind === 'tool' && call !== undefined) steps.set(one, { scope: one.parent, tool: call })
  }
  return steps
}

function rootSpan(
  observed: Observed,
  root: Placed | undefined,
  spans: readonly Span[],
): SpanOf<'agent' | 'retrieval'> {
  const seen = root?.seen
  const models = spans.filter((span) => span.kind === 'llm')
  const opening = models[0]?.request.messages.findLast(({ role }) => role === 'user')
  const last = models.findLast(({ reply }) => reply !== undefined)?.reply
  const input = seen?.input ?? (opening === undefined ? undefined : nonEmpty(textOf(opening)))
  const output = seen?.output ?? answerOf(last)
  const top = spans.filter(({ parent }) => parent === 's1').at(-1)
  const attributes = {
    ...foreignAttributes(seen?.attributes),
    ...(root?.orphanOf === undefined ? {} : { 'evalkit.parent_elsewhere': root.orphanOf }),
    ...(seen === undefined ? { 'evalkit.root': 'missing' } : {}),
    ...(seen === undefined || Object.keys(spentIn(seen)).length === 0
      ? {}
      : { 'evalkit.aggregate': spentIn(seen) }),
  }
  const fidelity = {
    ...seen?.fidelity,
    ...(seen?.input === undefined && input !== undefined ? { input: 'derived' as const } : {}),
    ...(seen?.output === undefined && output !== undefined ? { output: 'derived' as const } : {}),
  }
  return {
    id: 's1',
    parent: null,
    kind: 'agent',
    name:
      observed.name ??
      seen?.agent ??
      seen?.name ??
      spans.find(({ kind }) => kind === 'agent')?.name ??
      'agent',
    status: seen?.status ?? top?.status ?? 'ok',
    ...(seen === undefined
      ? timeOf(spans)
      : defined({ startedAt: seen.startedAt, durationMs: seen.durationMs })),
    ...defined({ error: seen === undefined ? top?.error : seen.error, input, output }),
    ...(Object.keys(fidelity).length === 0 ? {} : { fidelity }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  }
}

function answerOf(reply: LlmReply | undefined): string | undefined {
  return reply === undefined ? undefined : nonEmpty(textOf(reply.message))
}

/** From the first start to the last end, of what is known. */
function timeOf(spans: readonly Span[]): { startedAt?: string; durationMs?: number } {
  let from = Number.POSITIVE_INFINITY
  let until = Number.NEGATIVE_INFINITY
  for (const { startedAt, durationMs = 0 } of spans) {
    const start = startedAt === undefined ? Number.NaN : Date.parse(startedAt)
    if (!Number.isFinite(start)) continue
    from = Math.min(from, start)
    until = Math.max(until, start + durationMs)
  }
  return Number.isFinite(from) ? { startedAt: new Date(from).toISOString(), durationMs: until - from } : {}
}

function firstTold<T>(
  { root, others }: { readonly root: Placed | undefined; readonly others: readonly Placed[] },
  of: (seen: Observation) => T | undefined,
): T | undefined {
  const own = root === undefined ? undefined : of(root.seen)
  if (own !== undefined) return own
  for (const { seen } of others) {
    const value = of(seen)
    if (value !== undefined) return value
  }
  return undefined
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
