import { canonicalJson, readJson } from '../../lib/json.ts'
import { placesAt, readPath } from '../../lib/json-path.ts'
import { flatJson } from '../../lib/pretty-json.ts'
import { cut } from '../../lib/text.ts'
import { type HttpRequest, userName } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { KnownTool, KnownTools } from '../../schema/known-tools.ts'
import { answerIn, type Message, textOf, toolCallsOf } from '../../schema/message.ts'
import { defaultNormalizers } from '../../schema/normalizers.ts'
import type { Effect } from '../../schema/tool.ts'
import { touchedBy } from '../../schema/touched.ts'
import type { DiffStep } from '../../schema/trace-diff.ts'
import type { Span, SpanOf, Trace } from '../../schema/trace.ts'
import { normalizeArguments } from '../normalize.ts'
import { createState } from '../state.ts'

/** A step of one run, with all that comparing it asks for. */
export interface Act {
  readonly shown: DiffStep
  readonly span: Span
  /** What makes it the same step: of a call what was asked, of words the words. */
  readonly key: string
  /** What was asked or said. */
  readonly value: Json
  /** The same as it is compared place by place: values that are new in every run are blanked. */
  readonly compared: Json
  readonly result: Json | undefined
  /** `undefined` of words: of the model, and of the user in a dialogue. */
  readonly effect: Effect | undefined
  /** The state it touches; `undefined` is all there is. */
  readonly touched: readonly string[] | undefined
  readonly failed: boolean
  /** A model turn that says nothing by itself: the calls it asked for are steps of their own. */
  readonly silent: boolean
  /** How often the run made this very call while nothing it reads was written, this one included. */
  readonly times: number
  /** The value of the argument that makes a repeated write one write. */
  readonly idempotencyKey: string | undefined
}

/** What one model turn said and asked for, or one step that no model turn asked for. */
export interface Block {
  readonly words: Act | undefined
  /** Calls of one turn have no order: the agent may make them at once. */
  readonly calls: readonly Act[]
}

/** Whether a call changes the world. What a named person is asked (an approval) counts: it is not without effect. */
export function isWrite({ effect }: Pick<Act, 'effect'>): boolean {
  return effect === 'write' || effect === 'external'
}

/** The steps of a run in blocks. The agent's own: not what a tool does inside, nor the user's tools. */
export function blocksOf(trace: Trace, known: KnownTools): readonly Block[] {
  const acts = actsOf(trace, known)
  const blocks: { words: Act | undefined; calls: Act[] }[] = []
  let asked: { readonly id: string; readonly key: string }[] = []
  for (const act of acts) {
    const { span } = act
    if (span.kind === 'llm' && span.by === undefined) {
      asked = toolCallsOf(span.reply?.message ?? nobody).map(({ id, name, arguments: given }) => ({
        id,
        key: asCompared(name, given, known(name)).key,
      }))
      blocks.push({ words: act, calls: [] })
      continue
    }
    const at =
      span.kind === 'tool'
        ? asked.findIndex(({ id, key }) =>
            span.request.id === undefined ? key === act.key : id === span.request.id,
          )
        : -1
    const turn = blocks.at(-1)
    if (at !== -1 && turn?.words?.shown.kind === 'llm') {
      asked.splice(at, 1)
      turn.calls.push(act)
    } else {
      // What comes between is not the turn's, and what comes after it is no part of a batch any more.
      asked = []
      blocks.push(act.effect === undefined ? { words: act, calls: [] } : { words: undefined, calls: [act] })
    }
  }
  return blocks
}

const nobody: Message = { role: 'assistant', parts: [] }

function actsOf(trace: Trace, known: KnownTools): readonly Act[] {
  const inside = insideOf(trace.spans)
  const ownCalls = trace.spans.filter((span) => span.kind !== 'agent' && !inside.has(span.id))
  const executed = executedIn(ownCalls)
  const state = createState(known)
  const times = new Map<string, number>()
  const acts: (Act & { readonly inState: string })[] = []
  ownCalls.forEach((span, index) => {
    if (span.attributes?.requestor === 'user') return
    const act = actOf(span, index + 1, executed, known)
    let inState = ''
    if (span.kind === 'tool') {
      inState = `${act.key} ${state.digestOf(span.name, act.value)}`
      times.set(inState, (times.get(inState) ?? 0) + 1)
      state.answered(span.request.name, act.value, act.key, act.failed)
    }
    acts.push({ ...act, inState })
  })
  return acts.map(({ inState, ...act }) => ({ ...act, times: times.get(inState) ?? 1 }))
}

function actOf(span: Span, step: number, executed: Executed, known: KnownTools): Act {
  const base = { step, span: span.id, ...(span.served === undefined ? {} : { served: span.served }) }
  const shownAs = (
    kind: DiffStep['kind'],
    name: string,
    says: string,
    more: Partial<DiffStep> = {},
  ): DiffStep => ({
    ...base,
    kind,
    name,
    ...more,
    says: cut(says, mostSaid),
  })
  const plainAct = {
    span,
    silent: false,
    times: 1,
    idempotencyKey: undefined,
    touched: undefined,
    failed: false,
  }
  const called = (
    kind: 'human' | 'custom' | 'retrieval',
    { name, value, result, effect }: { name: string; value: Json; result: Json | undefined; effect: Effect },
  ): Act => {
    const says = `${name}(${given(value)})`
    const key = canonicalJson({ kind, name, value })
    return {
      ...plainAct,
      key,
      value,
      compared: value,
      result,
      effect,
      shown: shownAs(kind, name, says, { effect }),
    }
  }
  const turn = (answer: Json | undefined): Act => {
    const value = answer ?? null
    const says = typeof value === 'string' ? value : answer === undefined ? 'not answered' : flatJson(value)
    const key = canonicalJson(value)
    const shown = shownAs('human', userName, says)
    return { ...plainAct, key, value, compared: value, result: undefined, effect: undefined, shown }
  }
  switch (span.kind) {
    case 'tool':
      return toolAct(span, (says, more) => shownAs('tool', span.request.name, says, more), known)
    case 'llm': {
      // The turn of a simulated user is what its model said: nothing else in the trace holds it.
      if (span.by === 'user') return turn(span.reply === undefined ? undefined : textOf(span.reply.message))
      const { value, says, silent } = wordsOf(span, executed)
      return {
        ...plainAct,
        key: canonicalJson(value),
        value,
        compared: value,
        result: undefined,
        effect: undefined,
        silent,
        shown: shownAs('llm', span.name, says),
      }
    }
    case 'human': {
      const answer = span.reply === undefined ? undefined : answerIn(span.reply.message)
      if (span.request.name === userName) return turn(answer)
      const { name, question = null } = span.request
      return called('human', { name, value: question, result: answer, effect: 'external' })
    }
    case 'custom': {
      const { request, reply, name } = span
      if (request === undefined) {
        return called('custom', { name, value: span.input ?? null, result: span.output, effect: 'pure' })
      }
      const facts = known(name)
      const effect = facts.from === 'name' ? effectOfMethod(request) : facts.effect
      const result =
        reply === undefined ? undefined : { status: reply.status ?? null, body: reply.body ?? null }
      const { method, url, body = null } = request
      return called('custom', { name, value: { method, url, body }, result, effect })
    }
    default:
      return called('retrieval', {
        name: span.name,
        value: span.input ?? null,
        result: span.output,
        effect: 'read',
      })
  }
}

/** Arguments as a line shows them: `order: "W12", full: true`. */
function given(value: Json): string {
  if (value === null) return ''
  if (typeof value !== 'object' || Array.isArray(value)) return flatJson(value)
  return Object.entries(value)
    .map(([name, member]) => `${name}: ${flatJson(member)}`)
    .join(', ')
}

/** What a line of a step shows at most; the trace has the rest. */
const mostSaid = 400

function toolAct(
  span: SpanOf<'tool'>,
  shownAs: (says: string, more: Partial<DiffStep>) => DiffStep,
  known: KnownTools,
): Act {
  const { name, arguments: value } = span.request
  const facts = known(name)
  // A call that nothing answered may have been made all the same; one that was answered with an error was not.
  const failed = span.reply?.isError === true && span.served !== 'miss'
  return {
    span,
    ...asCompared(name, value, facts),
    value,
    result: span.reply?.response,
    effect: facts.effect,
    touched: touchedBy(facts, value),
    failed,
    silent: false,
    times: 1,
    idempotencyKey: idempotencyKeyIn(value, facts),
    shown: shownAs(`${name}(${given(value)})`, {
      effect: facts.effect,
      ...(failed ? { failed: true } : {}),
    }),
  }
}

/** A call in the form in which replay compares it: values that are new in every run are blanked. */
function asCompared(
  name: string,
  given: Json,
  { inputSchema, volatile, idempotencyKey }: KnownTool,
): { readonly key: string; readonly compared: Json } {
  const paths = idempotencyKey === undefined ? volatile : [...volatile, idempotencyKey]
  const normalizers = { ...defaultNormalizers, volatile: { [name]: paths } }
  const { key } = normalizeArguments(name, given, inputSchema, normalizers)
  const compared = readJson(key)
  return { key: `${name} ${key}`, compared: compared.ok ? (compared.value as Json) : given }
}

function idempotencyKeyIn(given: Json, { idempotencyKey }: KnownTool): string | undefined {
  if (idempotencyKey === undefined) return undefined
  const [place] = placesAt({ arguments: given }, readPath(idempotencyKey) ?? [])
  return place === undefined ? undefined : canonicalJson(place.value)
}

/** What a model said, and what it asked for that nobody did. */
function wordsOf(
  { reply, error, status }: SpanOf<'llm'>,
  executed: Executed,
): { readonly value: Json; readonly says: string; readonly silent: boolean } {
  if (reply === undefined) {
    const says = error === undefined ? 'not answered' : `not answered: ${error.message}`
    return { value: { answered: false }, says, silent: false }
  }
  const text = textOf(reply.message)
  const undone = toolCallsOf(reply.message)
    .filter(({ id }) => !executed(id))
    .map(({ name, arguments: args }) => ({ name, arguments: args }))
  const asks = undone.map(({ name, arguments: args }) => `→ ${name}(${given(args)})`)
  return {
    value: { text, ...(undone.length === 0 ? {} : { asks: undone }) },
    says: [text, ...asks].filter((part) => part !== '').join(' '),
    silent: text === '' && undone.length === 0 && status === 'ok',
  }
}

/** Whether a call became a step, by its id. Where a source keeps no ids, nobody knows, and it counts as one that did. */
type Executed = (id: string) => boolean

function executedIn(spans: readonly Span[]): Executed {
  const tools = spans.filter((span) => span.kind === 'tool')
  if (tools.some(({ request }) => request.id === undefined)) return () => true
  const ids = new Set(tools.map(({ request }) => request.id))
  return (id) => ids.has(id)
}

/** RFC 9110, 9.2.1: safe methods change nothing. */
function effectOfMethod({ method }: HttpRequest): Effect {
  return /^(?:get|head|options)$/i.test(method) ? 'read' : 'write'
}

/** Spans within a call: what a tool does to answer is not the agent's doing. */
function insideOf(spans: readonly Span[]): ReadonlySet<string> {
  const inside = new Set<string>()
  const calls = new Set<string>()
  for (const span of spans) {
    if (span.parent !== null && (calls.has(span.parent) || inside.has(span.parent))) inside.add(span.id)
    if (span.kind !== 'agent') calls.add(span.id)
  }
  return inside
}
