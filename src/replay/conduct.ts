import { canonicalJson, sameJson } from '../lib/json.ts'
import {
  type Call,
  type CallOf,
  isAgentsModelCall,
  isApproval,
  type LlmRequest,
  userName,
} from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import {
  answerIn,
  type Message,
  type Part,
  textOf,
  type ToolCallPart,
  toolCallsOf,
} from '../schema/message.ts'
import type { Recording } from '../schema/recording.ts'

/** Somebody is waited for, and what they said when it was recorded: what follows is what the agent does then. */
export interface Wait {
  readonly name: string
  readonly answer: Json
  /** Whether the recording knows what they were asked. A signal just comes. */
  readonly isAsked: boolean
}

/** What goes on between a model's reply and the next request. */
export interface Between {
  /** Whom the agent waits for first: people it asks something, the user excepted. */
  readonly waits: readonly Wait[]
  /** How many turns of the user it takes then. Undefined where nothing is known of it. */
  readonly turns: number | undefined
  /** What the model is asked with from here on, where that changed: another agent has taken over. */
  readonly settings?: Settings
}
type Settings = Omit<LlmRequest, 'messages'>

/** A tool's result as the model is shown it. */
export type Shown = Pick<Extract<Part, { type: 'tool_call_response' }>, 'response' | 'isError'>

/**
 * How the recorded agent's own code went about its work, as far as its calls tell: what it waited for and when, what it
 * gave a tool for the arguments a model wrote, how it showed the result. None of it is under test in the built-in loop,
 * and none is to be had elsewhere. For one trial: what was asked for the k-th time is what was recorded the k-th time;
 * what was never recorded is undefined, or nothing.
 */
export interface Conduct {
  /** Before the model is asked first. */
  opening(): Between & { readonly withInput: boolean }
  /** Between a reply that asks for these tools (for none: which says something) and the next request. */
  after(tools: readonly string[]): Between
  /** Whom the agent waits for before it runs a tool. */
  beforeTool(name: string): readonly Wait[]
  /** What a tool is given for the arguments that a model wrote. */
  argumentsOf(name: string, written: Json): Json | undefined
  shown(name: string, result: Shown): Shown | undefined
  /** What the model is told of an input that is no text. */
  textOf(input: Json): string | undefined
}

/** Reads the conduct out of a recording. Pure; linear in its size but for conversations that are repeated whole. */
export function conductOf({ calls, dialogue }: Pick<Recording, 'calls' | 'dialogue'>): Conduct {
  const after = new Map<string, Between[]>()
  const before = new Map<string, (readonly Wait[])[]>()
  const given = new Map<string, Json[]>()
  const shown = new Map<string, Shown[]>()
  const models = calls.flatMap((call, index) => (isAgentsModelCall(call) ? [{ call, index }] : []))
  const [first] = models
  models.forEach(({ call, index }, at) => {
    const next = models[at + 1]
    const between = calls.slice(index + 1, next?.index)
    const asked = toolCallsOf(call.reply.message)
    const fresh = next === undefined ? undefined : freshIn(call, next.call)
    const tools = noteTools(asked, between, fresh)
    push(after, keyOf(asked.map(({ name }) => name)), {
      waits: noteWaits(between, tools),
      turns: fresh?.filter(({ role }) => role === 'user').length,
      ...changed(call, next?.call),
    })
  })

  function noteTools(
    asked: readonly ToolCallPart[],
    between: readonly Call[],
    fresh: readonly Message[] = [],
  ): ReadonlySet<Call> {
    const answers = fresh.flatMap(({ parts }) => parts.filter((part) => part.type === 'tool_call_response'))
    const ran = between.filter((call) => call.kind === 'tool')
    const found = new Set<Call>()
    for (const { id, name, arguments: written } of asked) {
      const call = ran.find((one) => one.request.id === id && one.request.name === name && !found.has(one))
      if (call === undefined) continue
      found.add(call)
      push(given, `${name} ${canonicalJson(written)}`, call.request.arguments)
      // Ids are used again within a reply by some: each result is taken once.
      const place = answers.findIndex((answer) => answer.id === id)
      const [answer] = place === -1 ? [] : answers.splice(place, 1)
      if (answer !== undefined) push(shown, resultKey(name, call.reply), answer)
    }
    return found
  }

  function noteWaits(between: readonly Call[], tools: ReadonlySet<Call>): readonly Wait[] {
    let waits: Wait[] = []
    for (const call of between) {
      waits.push(...waitsIn([call]))
      if (!tools.has(call)) continue
      push(before, (call as CallOf<'tool'>).request.name, waits)
      waits = []
    }
    return waits
  }

  const taken = new Map<unknown, number>()
  function take<T>(map: ReadonlyMap<string, readonly T[]>, key: string): T | undefined {
    const list = map.get(key)
    if (list === undefined) return undefined
    const at = taken.get(list) ?? 0
    taken.set(list, at + 1)
    return list[at]
  }

  return {
    opening: () => openingOf(calls, first, dialogue?.opening.length ?? 0),
    after: (tools) => take(after, keyOf(tools)) ?? { waits: [], turns: undefined },
    beforeTool: (name) => take(before, name) ?? [],
    argumentsOf: (name, written) => take(given, `${name} ${canonicalJson(written)}`),
    shown: (name, result) => take(shown, resultKey(name, result)),
    textOf(input) {
      const texts = textsIn(input)
      const message = first?.call.request.messages.find(({ role }) => role === 'user')
      const text = message === undefined ? undefined : textOf(message)
      return text !== undefined && texts.has(text) ? text : undefined
    },
  }
}

function waitsIn(calls: readonly Call[]): readonly Wait[] {
  return calls.filter(isApproval).map(({ request: { name, question }, reply }) => {
    return { name, answer: answerIn(reply.message), isAsked: question !== undefined }
  })
}

function openingOf(
  calls: readonly Call[],
  first: { readonly call: CallOf<'llm'>; readonly index: number } | undefined,
  opening: number,
): ReturnType<Conduct['opening']> {
  if (first === undefined) return { waits: [], turns: undefined, withInput: false }
  const waits = waitsIn(calls.slice(0, first.index))
  const messages = first.call.request.messages.slice(opening).filter(({ role }) => role === 'user')
  const user = calls.find((call) => call.kind === 'human' && call.request.name === userName)
  // Where a model plays the user, it opens as it was told to.
  const known = user?.kind === 'human' && !calls.some((call) => call.kind === 'llm' && call.by !== undefined)
  return {
    waits,
    turns: known ? messages.length : undefined,
    withInput: known && messages.length > 0 && !sameJson(messages[0], user.reply.message),
  }
}

/** What a request has that the one before and its reply had not: undefined where it does not go on from there. */
function freshIn(
  { request, reply }: CallOf<'llm'>,
  { request: next }: CallOf<'llm'>,
): readonly Message[] | undefined {
  const at = request.messages.length
  return sameJson(next.messages[at], reply.message) ? next.messages.slice(at + 1) : undefined
}

function changed(call: CallOf<'llm'>, next: CallOf<'llm'> | undefined): { readonly settings?: Settings } {
  if (next === undefined) return {}
  const { messages: _, ...before } = call.request
  const { messages: __, ...settings } = next.request
  return sameJson(before, settings) ? {} : { settings }
}

function keyOf(tools: readonly string[]): string {
  return canonicalJson(tools.toSorted())
}

function resultKey(
  name: string,
  { response, isError = false }: { response: Json; isError?: boolean },
): string {
  return `${name} ${canonicalJson([response, isError])}`
}

/** The texts in a value, at any depth. */
function textsIn(value: Json): ReadonlySet<string> {
  const texts = new Set<string>()
  const open: unknown[] = [value]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one === 'string') texts.add(one)
    else if (typeof one === 'object' && one !== null) open.push(...Object.values(one))
  }
  return texts
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
