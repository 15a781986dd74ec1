import { commonStart } from '../lib/common-start.ts'
import { sameJson } from '../lib/json.ts'
import { isAgentsModelCall, type Provenance, type Usage } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { answerIn, type Message, textMessage, textOf, toolCallsOf } from '../schema/message.ts'
import type { Span, SpanOf, Trace } from '../schema/trace.ts'

/** Facts every step may have. Absent is unknown. */
interface StepBase {
  readonly number: number
  /** How deep it stands below the root agent, from 0. */
  readonly depth: number
  readonly span: string
  readonly served?: Provenance
  readonly durationMs?: number
  readonly error?: { readonly type: string; readonly message: string }
}

export interface ToolAsk {
  readonly name: string
  readonly arguments: Json
  readonly malformed?: true
  /** Whether a tool step below shows it with its result. */
  readonly shownBelow: boolean
}

/** A run as a person reads it: what was said and done, each thing once. */
export type Step =
  | (StepBase & {
      readonly kind: 'said'
      readonly who: string
      readonly text: string
      readonly opaque: readonly Json[]
    })
  | (StepBase & {
      readonly kind: 'model'
      readonly name: string
      readonly text: string
      readonly reasoning: string
      readonly asks: readonly ToolAsk[]
      readonly opaque: readonly Json[]
      readonly usage?: Usage
      readonly costUsd?: number
      readonly finishReason?: string
      /** No reply ever came. */
      readonly unanswered: boolean
    })
  | (StepBase & {
      readonly kind: 'tool'
      readonly name: string
      readonly arguments: Json
      readonly malformed?: true
      /** Absent where no reply ever came. */
      readonly result?: Json
      readonly failed: boolean
    })
  | (StepBase & {
      readonly kind: 'other'
      readonly what: string
      readonly name: string
      readonly input?: Json
      readonly output?: Json
    })

export type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

/**
 * The steps of a trace, numbered from 1. Model requests repeat the conversation; a step shows only what nobody has
 * said before. The root agent span is the run itself, not a step in it.
 */
export function stepsOf(trace: Trace): Step[] {
  const parents = new Map(trace.spans.map((span) => [span.id, span.parent]))
  const root = trace.spans.find((span) => span.parent === null && span.kind === 'agent')
  const answered = new Answered(trace.spans)
  const steps: Step[] = []
  const heard = listener(trace.dialogue?.opening ?? [])
  const add = (span: Span, step: StepRest): void => {
    const base = { number: steps.length + 1, depth: depthOf(span, parents, root?.id), span: span.id }
    steps.push({ ...base, ...step })
  }
  const say = (span: Span, message: Message, facts: Facts = {}): void => {
    heard.add(message)
    show(span, message, facts)
  }
  const show = (span: Span, message: Message, facts: Facts = {}): void => {
    add(span, {
      kind: 'said',
      who: message.name ?? message.role,
      text: textOf(message),
      opaque: opaqueOf(message),
      ...facts,
    })
  }
  const first = trace.spans[0]
  if (first !== undefined) for (const message of trace.dialogue?.opening ?? []) say(first, message)
  for (const span of trace.spans) {
    if (span === root) continue
    if (span.kind === 'human' && span.request.name !== 'user') {
      add(span, { kind: 'other', ...askedStep(span), ...factsOf(span) })
    } else if (span.kind === 'human') {
      if (span.reply !== undefined) say(span, span.reply.message, factsOf(span))
      else add(span, { kind: 'said', who: span.name, text: '', opaque: [], ...factsOf(span) })
    } else if (span.kind === 'tool') {
      add(span, { kind: 'tool', ...toolStep(span), ...factsOf(span) })
    } else if (span.kind === 'llm' && span.by === 'user') {
      // What the agent then hears is this text.
      const text = span.reply === undefined ? '' : textOf(span.reply.message)
      say(span, { ...textMessage('user', text), name: `user, played by ${span.name}` }, factsOf(span))
    } else if (span.kind === 'llm') {
      for (const message of heard.unheard(span.request.messages)) show(span, message)
      add(span, { kind: 'model', ...modelStep(span, answered), ...factsOf(span) })
      if (span.reply !== undefined) heard.add(span.reply.message)
    } else {
      const { input, output } = span
      const io = { ...(input === undefined ? {} : { input }), ...(output === undefined ? {} : { output }) }
      add(span, { kind: 'other', what: span.kind, name: span.name, ...io, ...factsOf(span) })
    }
  }
  return steps
}

/** The system prompt of the first model request that has one. */
export function systemPromptOf(trace: Trace): string {
  for (const span of trace.spans) {
    if (!isAgentsModelCall(span)) continue
    const parts = span.request.system ?? []
    const own = textOf({ role: 'system', parts })
    const first = span.request.messages.find((message) => message.role === 'system')
    const text = own === '' && first !== undefined ? textOf(first) : own
    if (text !== '') return text
  }
  return ''
}

type Facts = Pick<StepBase, 'served' | 'durationMs' | 'error'>
type WithoutPlace<S> = S extends Step ? Omit<S, 'number' | 'depth' | 'span'> : never
type StepRest = WithoutPlace<Step>

function factsOf({ served, durationMs, error }: Span): Facts {
  return {
    ...(served === undefined ? {} : { served }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(error === undefined ? {} : { error }),
  }
}

/** A person who was asked something: an approval, a choice. */
function askedStep({
  name,
  request,
  reply,
}: SpanOf<'human'>): Omit<StepOf<'other'>, keyof StepBase | 'kind'> {
  return {
    what: 'human',
    name,
    ...(request.question === undefined ? {} : { input: request.question }),
    ...(reply === undefined ? {} : { output: answerIn(reply.message) }),
  }
}

function toolStep({ request, reply, status }: SpanOf<'tool'>): Omit<StepOf<'tool'>, keyof StepBase | 'kind'> {
  const { name, arguments: args, malformed } = request
  return {
    name,
    arguments: args,
    ...(malformed === undefined ? {} : { malformed }),
    ...(reply === undefined ? {} : { result: reply.response }),
    failed: status === 'error' || reply?.isError === true,
  }
}

function modelStep(span: SpanOf<'llm'>, answered: Answered): Omit<StepOf<'model'>, keyof StepBase | 'kind'> {
  const { reply, request } = span
  const name = reply?.model ?? request.model ?? span.name
  if (reply === undefined) return { name, text: '', reasoning: '', asks: [], opaque: [], unanswered: true }
  const { message, usage, costUsd, finishReason } = reply
  return {
    name,
    text: textOf(message),
    reasoning: message.parts.flatMap((part) => (part.type === 'reasoning' ? [part.content] : [])).join('\n'),
    asks: toolCallsOf(message).map(({ id, name, arguments: args, malformed }) => ({
      name,
      arguments: args,
      ...(malformed === undefined ? {} : { malformed }),
      shownBelow: answered.take(id, name, args),
    })),
    opaque: opaqueOf(message),
    unanswered: false,
    ...(usage === undefined ? {} : { usage }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(finishReason === undefined ? {} : { finishReason }),
  }
}

/** Which asked-for calls became tool spans: by id where ids are kept, else by name and arguments; each span once. */
class Answered {
  readonly #tools: SpanOf<'tool'>[]

  constructor(spans: readonly Span[]) {
    this.#tools = spans.filter((span) => span.kind === 'tool')
  }

  take(id: string, name: string, args: Json): boolean {
    const at = this.#tools.findIndex(({ request }) =>
      request.id === undefined
        ? request.name === name && sameJson(request.arguments, args)
        : request.id === id && request.name === name,
    )
    if (at === -1) return false
    this.#tools.splice(at, 1)
    return true
  }
}

interface Listener {
  /** Something was said that a step shows. */
  add(message: Message): void
  /** User turns of a request that no step has shown, now shown: everything else in it is a reply or a result shown before. */
  unheard(messages: readonly Message[]): readonly Message[]
}

/** A request that goes on from the one before is read from there: a conversation is listened to once. */
function listener(opening: readonly Message[]): Listener {
  const all = opening.filter(({ role }) => role === 'user')
  let before: readonly Message[] = []
  /** What was shown and does not stand in `before`. */
  let left = [...all]
  return {
    add(message) {
      if (message.role !== 'user') return
      all.push(message)
      left.push(message)
    },
    unheard(messages) {
      const goesOn = commonStart(before, messages) === before.length
      if (!goesOn) left = [...all]
      const fresh: Message[] = []
      for (const message of goesOn ? messages.slice(before.length) : messages) {
        if (message.role !== 'user') continue
        const at = left.findIndex((known) => sameJson(known.parts, message.parts))
        if (at === -1) fresh.push(message)
        else left.splice(at, 1)
      }
      all.push(...fresh)
      before = messages
      return fresh
    },
  }
}

function opaqueOf(message: Message): readonly Json[] {
  return message.parts.flatMap((part) => (part.type === 'opaque' ? [part.value] : []))
}

function depthOf(span: Span, parents: ReadonlyMap<string, string | null>, root: string | undefined): number {
  let depth = 0
  let at = span.parent
  // A parent that does not exist, or a ring of parents, is somebody's mistake and not worth a hang.
  while (at !== null && at !== root && depth < 20) {
    depth++
    at = parents.get(at) ?? null
  }
  return depth
}
