import { defined } from '../../lib/defined.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, ToolResponsePart } from '../../schema/message.ts'
import type { FieldFidelity, ObservedField, Span } from '../../schema/trace.ts'
import { foreignAttributes } from './foreign-attributes.ts'
import type { Observation } from './observation.ts'
import type { CallFound } from './observed-calls.ts'
import type { Talk } from './observed-talk.ts'
import type { Placed, Tree } from './observed-tree.ts'

/** What was found out across the spans of a run. */
export interface Across {
  readonly talkOf: (placed: Placed) => Talk | undefined
  readonly callOf: (placed: Placed) => CallFound | undefined
  readonly shown: ReadonlyMap<string, ToolResponsePart>
}

/** The spans below the run's own, in order: `s2`, `s3`, … */
export function spansOf({ root, others }: Tree, across: Across): readonly Span[] {
  const ids = new Map<Placed, string>()
  if (root !== undefined) ids.set(root, 's1')
  for (const [at, one] of others.entries()) ids.set(one, `s${at + 2}`)
  return others.map((placed) => {
    const base = {
      id: ids.get(placed) ?? '',
      parent: (placed.parent === undefined ? undefined : ids.get(placed.parent)) ?? 's1',
    }
    const { kind } = placed.seen
    const talk = across.talkOf(placed)
    if (talk !== undefined) return modelSpan(base, placed, talk)
    if (kind === 'tool') return toolSpan(base, placed, across)
    return otherSpan(base, placed)
  })
}

interface Base {
  readonly id: string
  readonly parent: string
}

type Fields = { [F in ObservedField]?: FieldFidelity }

const silent: Message = { role: 'assistant', parts: [] }

function modelSpan(base: Base, placed: Placed, { messages, reply }: Talk): Span {
  const { seen } = placed
  const { messages: _, ...request } = seen.request ?? {}
  const counted = seen.usageScope !== 'aggregate'
  const fields: Fields = {
    ...(messages === undefined ? { request: 'missing' as const } : {}),
    ...(reply === undefined && seen.status === 'ok' ? { reply: 'missing' as const } : {}),
    ...seen.fidelity,
  }
  const spent = counted ? spentIn(seen) : {}
  // What a reply used counts, also where nobody knows what it said.
  const said = reply ?? (Object.keys(spent).length === 0 ? undefined : { message: silent })
  const whole = said === undefined ? undefined : { ...said, ...spent }
  const unspent = counted ? {} : spentIn(seen)
  return {
    ...base,
    kind: 'llm',
    ...commonOf(placed, fields, Object.keys(unspent).length === 0 ? {} : { 'evalkit.aggregate': unspent }),
    request: { ...request, messages: messages ?? [] },
    ...defined({ reply: whole }),
  }
}

/** What a source says of tokens and money. A price below nothing is none. */
export function spentIn({ usage, costUsd }: Observation) {
  return defined({ usage, costUsd: costUsd !== undefined && costUsd >= 0 ? costUsd : undefined })
}

function toolSpan(base: Base, placed: Placed, { callOf, shown }: Across): Span {
  const { seen } = placed
  const call = seen.call ?? { name: seen.name }
  const found = callOf(placed)
  const id = call.id ?? found?.part.id
  const given =
    call.arguments === undefined && found !== undefined
      ? { arguments: found.part.arguments, ...defined({ malformed: found.part.malformed }) }
      : { arguments: call.arguments ?? null, ...defined({ malformed: call.malformed }) }
  const failed = seen.status === 'error'
  const answer = id === undefined ? undefined : shown.get(id)
  const derived = answer === undefined ? (failed ? seen.error?.message : undefined) : answer.response
  const response = seen.result === undefined ? derived : seen.result.response
  const isError =
    failed || seen.result?.isError === true || (seen.result === undefined && answer?.isError === true)
  const fields: Fields = {
    ...(call.arguments === undefined
      ? { arguments: found === undefined ? ('missing' as const) : ('derived' as const) }
      : {}),
    ...(seen.result === undefined
      ? { result: response === undefined ? ('missing' as const) : ('derived' as const) }
      : {}),
    ...(call.id === undefined && id !== undefined ? { 'call id': 'derived' as const } : {}),
    ...seen.fidelity,
  }
  return {
    ...base,
    kind: 'tool',
    ...commonOf(
      placed,
      fields,
      found === undefined || found.by === 'id' ? {} : { 'evalkit.paired_by': found.by },
    ),
    // A tool that answered with an error failed, whatever its span says of itself.
    status: isError ? 'error' : 'ok',
    name: call.name,
    request: { name: call.name, ...given, ...defined({ id }) },
    ...(response === undefined ? {} : { reply: { response, isError } }),
  }
}

function otherSpan(base: Base, placed: Placed): Span {
  const { seen } = placed
  const aggregate = spentIn(seen)
  const common = {
    ...base,
    ...commonOf(
      placed,
      seen.fidelity ?? {},
      Object.keys(aggregate).length === 0 ? {} : { 'evalkit.aggregate': aggregate },
    ),
  }
  if (seen.kind === 'human') {
    const reply =
      seen.output === undefined
        ? undefined
        : { message: { role: 'user' as const, parts: [partOf(seen.output)] } }
    return {
      ...common,
      kind: 'human',
      request: { name: seen.name, ...defined({ question: seen.input }) },
      ...defined({ reply }),
    }
  }
  const { input, output } = seen.kind === 'llm' ? wrapped(seen) : seen
  const kind = seen.kind === 'agent' || seen.kind === 'retrieval' ? seen.kind : 'custom'
  return { ...common, kind, ...defined({ input, output }) }
}

/** A model call that wraps another one says what it says in values of its own, and asks nobody. */
function wrapped({ request, reply }: Observation): { readonly input?: Json; readonly output?: Json } {
  return defined({ input: request, output: reply })
}

function partOf(answer: Json) {
  return typeof answer === 'string'
    ? ({ type: 'text', content: answer } as const)
    : ({ type: 'opaque', value: answer } as const)
}

function commonOf({ seen, orphanOf }: Placed, fields: Fields, ours: { readonly [key: string]: Json }) {
  const attributes = {
    ...foreignAttributes(seen.attributes),
    ...ours,
    ...(orphanOf === undefined ? {} : { 'evalkit.orphan_of': orphanOf }),
  }
  const fidelity = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 'exact'))
  return {
    name: seen.name,
    status: seen.status,
    ...defined({
      startedAt: seen.startedAt,
      durationMs: seen.durationMs,
      error: seen.error,
    }),
    ...(Object.keys(fidelity).length === 0 ? {} : { fidelity }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  }
}
