import { commonStart } from '../../lib/common-start.ts'
import { requestWith } from '../../schema/growing-request.ts'
import type { Json } from '../../schema/json.ts'
import type { Message } from '../../schema/message.ts'
import type { Span, SpanOf, Trace } from '../../schema/trace.ts'

/**
 * A trace as the store keeps it. Every model request repeats the whole conversation, and a result stands in the tool
 * span, in the message that shows it and in every request after that. So each distinct value is named by its number
 * in `values`, and a request says only how far it goes along with an earlier one.
 */
export interface Packed {
  readonly trace: Readonly<Record<string, unknown>>
  /** A number is a body of the store; what is small stands here itself, in a list of one. */
  readonly values: readonly (number | readonly [Json])[]
  readonly spans: readonly PackedSpan[]
  readonly input?: Reference
  readonly output?: Reference
}

/** A value by number, or the arguments or the response in a part of a message: `[value, part]`. */
type Reference = number | readonly [number, number]

interface PackedSpan {
  /** The span without what is referred to below. */
  readonly span: Readonly<Record<string, unknown>>
  /** Messages: the first `take` of the llm span at position `like`, then these. */
  readonly like?: number
  readonly take?: number
  readonly add?: readonly number[]
  readonly refs?: Readonly<Record<string, Reference>>
}

/** Shorter JSON than this is not worth a row of its own. Measured on the tau-bench runs: see docs/store.md. */
const smallestBody = 1024

/** Shorter values are not looked for in messages. */
const smallestShared = 24

/** How many earlier model requests are looked at for a common beginning: sub-agents take turns. */
const looksBack = 4

/**
 * `keep` stores the JSON text of a body, each distinct text once, and says its number. Without it everything stands in the
 * record itself, and `keepBodies` may follow.
 */
export function packTrace(trace: Trace, keep?: (text: string) => number): Packed {
  return pack(trace, valuesOf(keep))
}

/** The JSON text of what `packTrace` makes without `keep`: each value is written out once. */
export function packedText(trace: Trace): string {
  const values = valuesOf(undefined)
  const { values: _, ...rest } = pack(trace, values)
  return `${JSON.stringify(rest).slice(0, -1)},"values":[${values.texts.map((text) => `[${text}]`).join(',')}]}`
}

function pack(trace: Trace, values: Values): Packed {
  const { spans, input, output, ...rest } = trace
  const requests: { readonly position: number; readonly messages: readonly number[] }[] = []
  const packed: PackedSpan[] = []
  let said: readonly Message[] = []
  // Model requests first: tool spans refer to what stands in their messages.
  for (const [position, span] of spans.entries()) {
    if (span.kind !== 'llm') continue
    const asked = span.request.messages
    const shared = commonStart(said, asked)
    const fresh = asked.slice(shared).map((message) => values.ofMessage(message))
    const messages = (requests.at(-1)?.messages ?? []).slice(0, shared).concat(fresh)
    said = asked
    packed[position] = packLlm(span, messages, requests, values)
    requests.push({ position, messages })
    if (requests.length > looksBack) requests.shift()
  }
  for (const [position, span] of spans.entries()) {
    if (span.kind !== 'llm') packed[position] = packOther(span, values)
  }
  return {
    trace: rest,
    ...(input === undefined ? {} : { input: values.of(input) }),
    ...(output === undefined ? {} : { output: values.of(output) }),
    spans: packed,
    values: values.list,
  }
}

/** What `packTrace` would have made with `keep`, of what it made without. */
export function keepBodies(packed: Packed, keep: (text: string) => number): Packed {
  const values = packed.values.map((value) => {
    if (typeof value === 'number') return value
    const text = JSON.stringify(value[0])
    return text.length < smallestBody ? value : keep(text)
  })
  return { ...packed, values }
}

/** The trace again, equal to what was packed. Throws a `RangeError` where a reference leads nowhere. */
export function unpackTrace(packed: Packed, bodyOf: (body: number) => Json): Trace {
  const values = packed.values.map((value) => (typeof value === 'number' ? bodyOf(value) : value[0]))
  const valueOf = (reference: Reference): Json => {
    const value = values[typeof reference === 'number' ? reference : reference[0]]
    if (value === undefined) throw new RangeError(`There is no value ${JSON.stringify(reference)}.`)
    return typeof reference === 'number' ? value : partValue(value as unknown as Message, reference[1])
  }
  const requests = new Map<number, { readonly log: Message[]; readonly length: number }>()
  const spans = packed.spans.map((entry, position) => {
    const span = structured(entry, valueOf)
    if (entry.add === undefined) return span
    const { like, take = 0 } = entry
    const before = like === undefined ? undefined : requests.get(like)
    if ((before?.length ?? 0) < take) throw new RangeError(`Span ${position} goes on from nowhere.`)
    // One list serves all requests that go on from its end.
    const log = before?.log.length === take ? before.log : (before?.log.slice(0, take) ?? [])
    for (const number of entry.add) log.push(valueOf(number) as unknown as Message)
    requests.set(position, { log, length: log.length })
    return { ...span, request: requestWith(span.request as object, log) }
  })
  const { input, output } = packed
  return {
    ...packed.trace,
    ...(input === undefined ? {} : { input: valueOf(input) }),
    ...(output === undefined ? {} : { output: valueOf(output) }),
    spans,
  } as unknown as Trace
}

interface Values {
  readonly list: (number | readonly [Json])[]
  /** Each value as JSON. */
  readonly texts: readonly string[]
  of(value: unknown): number
  /** Of what other traces hold, too: instructions, tools. */
  ofShared(value: object): number
  ofMessage(message: Message): number
  /** Where the value stands in a message already, or else as a value of its own. */
  shared(value: unknown): Reference
}

/** Values do not change. */
const jsonTexts = new WeakMap<object, string>()

function jsonOf(value: object): string {
  const text = jsonTexts.get(value) ?? JSON.stringify(value)
  jsonTexts.set(value, text)
  return text
}

function valuesOf(keep: ((text: string) => number) | undefined): Values {
  const list: (number | readonly [Json])[] = []
  const texts: string[] = []
  const byText = new Map<string, number>()
  const byIdentity = new Map<unknown, number>()
  const inMessages = new Map<string, Reference>()
  const of = (value: unknown, text = JSON.stringify(value)): number => {
    const known = byText.get(text)
    if (known !== undefined) return known
    const number = list.length
    texts.push(text)
    list.push(keep === undefined || text.length < smallestBody ? [value as Json] : keep(text))
    byText.set(text, number)
    return number
  }
  return {
    list,
    texts,
    of,
    ofShared(value) {
      const before = byIdentity.get(value)
      if (before !== undefined) return before
      const number = of(value, jsonOf(value))
      byIdentity.set(value, number)
      return number
    },
    ofMessage(message) {
      const before = byIdentity.get(message)
      if (before !== undefined) return before
      const length = list.length
      const number = of(message)
      byIdentity.set(message, number)
      if (number < length) return number
      for (const [part, it] of message.parts.entries()) {
        if (it.type !== 'tool_call' && it.type !== 'tool_call_response') continue
        const text = JSON.stringify(it.type === 'tool_call' ? it.arguments : it.response)
        if (text.length >= smallestShared && !inMessages.has(text)) inMessages.set(text, [number, part])
      }
      return number
    },
    shared(value) {
      return inMessages.get(JSON.stringify(value)) ?? of(value)
    },
  }
}

function packLlm(
  span: SpanOf<'llm'>,
  messages: readonly number[],
  earlier: readonly { readonly position: number; readonly messages: readonly number[] }[],
  values: Values,
): PackedSpan {
  let like: number | undefined
  let take = 0
  for (const before of earlier) {
    let common = 0
    while (common < messages.length && messages[common] === before.messages[common]) common++
    if (common > 0 && common >= take) {
      take = common
      like = before.position
    }
  }
  const { messages: _said, system, tools, ...request } = span.request
  const refs: Record<string, Reference> = {}
  if (system !== undefined) refs.system = values.ofShared(system)
  if (tools !== undefined) refs.tools = values.ofShared(tools)
  let reply: unknown
  if (span.reply !== undefined) {
    const { message, ...rest } = span.reply
    refs.message = values.ofMessage(message)
    reply = rest
  }
  return {
    span: { ...span, request, reply },
    ...(like === undefined ? {} : { like, take }),
    add: messages.slice(take),
    refs,
  }
}

function packOther(span: Exclude<Span, { kind: 'llm' }>, values: Values): PackedSpan {
  const refs: Record<string, Reference> = {}
  switch (span.kind) {
    case 'tool': {
      const { arguments: given, ...request } = span.request
      refs.arguments = values.shared(given)
      if (span.reply === undefined) return { span: { ...span, request }, refs }
      const { response, ...reply } = span.reply
      refs.response = values.shared(response)
      return { span: { ...span, request, reply }, refs }
    }
    case 'human': {
      const { question, ...request } = span.request
      if (question !== undefined) refs.question = values.of(question)
      if (span.reply === undefined) return { span: { ...span, request }, refs }
      refs.message = values.ofMessage(span.reply.message)
      return { span: { ...span, request, reply: {} }, refs }
    }
    default: {
      const { input, output, ...rest } = span
      if (input !== undefined) refs.input = values.of(input)
      if (output !== undefined) refs.output = values.of(output)
      return { span: rest, refs }
    }
  }
}

/** The place of each reference in its span. */
const homes: Readonly<Record<string, 'request' | 'reply' | undefined>> = {
  system: 'request',
  tools: 'request',
  arguments: 'request',
  question: 'request',
  message: 'reply',
  response: 'reply',
}

function structured(entry: PackedSpan, valueOf: (reference: Reference) => Json): Record<string, unknown> {
  const span: Record<string, unknown> = { ...entry.span }
  for (const [name, reference] of Object.entries(entry.refs ?? {})) {
    const home = homes[name]
    const value = valueOf(reference)
    if (home === undefined) span[name] = value
    else span[home] = { ...(span[home] as object), [name]: value }
  }
  return span
}

function partValue(message: Message, part: number): Json {
  const it = message.parts[part]
  if (it?.type === 'tool_call') return it.arguments
  if (it?.type === 'tool_call_response') return it.response
  throw new RangeError(`There is nothing to share in part ${part}.`)
}
