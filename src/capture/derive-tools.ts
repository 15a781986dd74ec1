import { commonStart } from '../lib/common-start.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import type { Message, Part, ToolCallPart } from '../schema/message.ts'
import type { Span, SpanOf } from '../schema/trace.ts'

/** A tool that a model's reply asked for. */
interface Asked {
  readonly part: ToolCallPart
  readonly by: SpanOf<'llm'>
  answer?: Answer
}

type Answer = Extract<Part, { type: 'tool_call_response' }>

/**
 * Adds the tool calls that no tap met: the model asked for a tool, and a later request shows its result. Each becomes
 * a `tool` span behind the reply that asked for it, parallel ones in the order of the calls, with the attribute
 * `evalkit.derived`: its result is what the model was shown, and nobody knows how long it took. A call that a tool
 * span tells of already (by id, else by name and arguments, else by name) is left alone. A call without an id has the
 * first new result for its name and arguments. Every request repeats the conversation so far; no call is derived
 * twice. Tools that are `tapped` are none of them: they would have been met. Linear in the size of the spans.
 */
export function deriveTools(
  spans: readonly Span[],
  tapped: ReadonlySet<string> = new Set(),
): readonly Span[] {
  const answered = new Set<Asked>()
  const asked = answeredCalls(spans, answered)
  const derivable = new Map<Span, Asked[]>()
  for (const call of withoutTapped(asked, spans))
    if (answered.has(call) && !tapped.has(call.part.name)) listIn(derivable, call.by).push(call)
  if (derivable.size === 0) return spans
  const ids = new Set(spans.map(({ id }) => id))
  return spans.flatMap((span) => [
    span,
    ...(derivable.get(span) ?? []).map((call, at) => derived(call, freeId(`${span.id}.${at + 1}`, ids))),
  ])
}

/** Every call that a model asked for, with the result that later requests show of it. */
function answeredCalls(spans: readonly Span[], answered: Set<Asked>): readonly Asked[] {
  const asked: Asked[] = []
  const byId = new Map<string, Asked[]>()
  const nameless = new Map<string, Asked[]>()
  /** Ids that no reply used: an SDK made them up, or they belong to what was said before this run. */
  const met = new Set<string>()

  const callFor = (id: string, count: number, shown: ToolCallPart | undefined): Asked | undefined => {
    const own = id === '' ? undefined : byId.get(id)
    // Ids are used again: the k-th result of an id is the k-th call's.
    if (own !== undefined) return own[count]
    if (shown === undefined || met.has(id)) return undefined
    if (id !== '') met.add(id)
    const same = nameless.get(contentOf(shown))
    return id === '' ? same?.[count] : same?.find((call) => !answered.has(call))
  }

  const read = resultReader(({ part, count, shown }) => {
    const call = callFor(part.id, count, shown)
    if (call !== undefined && !answered.has(call)) {
      call.answer = part
      answered.add(call)
    }
    return call !== undefined && call === byId.get(part.id)?.[count]
  })
  for (const span of spans) {
    if (span.kind !== 'llm') continue
    read(span.request.messages)
    for (const part of span.reply?.message.parts ?? []) {
      if (part.type !== 'tool_call') continue
      const call: Asked = { part, by: span }
      asked.push(call)
      if (part.id === '') listIn(nameless, contentOf(part)).push(call)
      else listIn(byId, part.id).push(call)
    }
  }
  return asked
}

interface Shown {
  readonly part: Answer
  /** How many results of the same id stand before it; without an id, of the same name and arguments. */
  readonly count: number
  /** The call as the conversation itself shows it. */
  readonly shown?: ToolCallPart | undefined
}

/**
 * Reads what requests show of results, one request after another, and gives it to `settle`, which says whether the call of a result is
 * known for good: then it is not given again where the next request goes on from this one as the very same messages.
 */
function resultReader(settle: (shown: Shown) => boolean): (messages: readonly Message[]) => void {
  let before: readonly Message[] = []
  let results = resultsIn()
  let unsettled: readonly Shown[] = []
  return (messages) => {
    if (commonStart(before, messages) < before.length) {
      before = []
      results = resultsIn()
      unsettled = []
    }
    const more = results(messages.slice(before.length))
    before = messages
    unsettled = [...unsettled, ...more].filter((shown) => !settle(shown))
  }
}

/** The results in a conversation, which is given piece by piece. */
function resultsIn(): (messages: readonly Message[]) => readonly Shown[] {
  const counts = new Map<string, number>()
  const open = new Map<string, ToolCallPart[]>()
  return (messages) =>
    messages.flatMap(({ parts }) =>
      parts.flatMap((part): Shown | readonly Shown[] => {
        if (part.type === 'tool_call') listIn(open, part.id).push(part)
        if (part.type !== 'tool_call_response') return []
        const shown = open.get(part.id)?.shift()
        const key = part.id === '' && shown !== undefined ? `call ${contentOf(shown)}` : `id ${part.id}`
        const count = counts.get(key) ?? 0
        counts.set(key, count + 1)
        return { part, count, shown }
      }),
    )
}

/** The calls that no tool span accounts for. Each span accounts for one. */
function withoutTapped(asked: readonly Asked[], spans: readonly Span[]): readonly Asked[] {
  const tapped = new Set(spans.filter((span) => span.kind === 'tool'))
  const rungs: readonly ((call: { name: string; arguments: Json; id?: string }) => string)[] = [
    ({ id = '' }) => id,
    contentOf,
    // What a tool is given may have been filled up with defaults since the model wrote it.
    ({ name }) => name,
  ]
  let left = asked
  for (const keyOf of rungs) {
    const free = new Map<string, SpanOf<'tool'>[]>()
    for (const span of tapped) listIn(free, keyOf(span.request)).push(span)
    left = left.filter(({ part }) => {
      const key = keyOf(part)
      const span = key === '' ? undefined : free.get(key)?.shift()
      if (span !== undefined) tapped.delete(span)
      return span === undefined
    })
  }
  return left
}

function derived({ part, by, answer }: Asked, id: string): SpanOf<'tool'> {
  const { type: _, id: callId, ...request } = part
  const isError = answer?.isError === true
  return {
    id,
    parent: by.parent,
    kind: 'tool',
    name: part.name,
    status: isError ? 'error' : 'ok',
    attributes: { 'evalkit.derived': true },
    // Where the model gave the call no id, the one it had in the conversation is kept.
    request: { ...request, id: callId === '' ? (answer?.id ?? '') : callId },
    reply: { response: answer?.response ?? null, isError },
  }
}

function contentOf({ name, arguments: given }: Pick<ToolCallPart, 'name' | 'arguments'>): string {
  return `${name} ${sortedJson(given)}`
}

/** JSON with one spelling; a number that JSON cannot say is some text as well. */
function sortedJson(value: Json): string {
  return JSON.stringify(value, (_, member: Json) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => byCodeUnit(a, b)))
      : member,
  )
}

function listIn<K, T>(lists: Map<K, T[]>, key: K): T[] {
  const known = lists.get(key)
  if (known !== undefined) return known
  const made: T[] = []
  lists.set(key, made)
  return made
}

function freeId(wanted: string, taken: Set<string>): string {
  let id = wanted
  while (taken.has(id)) id += '.1'
  taken.add(id)
  return id
}
