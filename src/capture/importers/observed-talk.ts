import { commonStart } from '../../lib/common-start.ts'
import { canonicalJson } from '../../lib/json.ts'
import type { LlmReply } from '../../schema/call.ts'
import type { Message, Part, ToolCallPart, ToolResponsePart } from '../../schema/message.ts'

/** One model call of a run, as it was observed. */
export interface Talk {
  readonly messages: readonly Message[] | undefined
  readonly reply: Omit<LlmReply, 'usage' | 'costUsd'> | undefined
}

/**
 * The model calls of a run, in order, with an id on every tool call and every result, the same one wherever a call is said
 * again. Sources without ids: a call has the next `call_<n>`; the k-th call of a name and arguments in a request is the
 * k-th that was made, counted from the end, as a conversation may have begun before the run; results answer the calls of
 * the message before them, by name where they have one, else in order. Where a source does not repeat the calls themselves
 * (an assistant's message that says nothing, and results behind it), they are those of the last reply that made as many.
 */
export function identified(talks: readonly Talk[]): readonly Talk[] {
  const made = new Map<string, string[]>()
  const replies: Message[] = []
  const isNamed = namedReader()
  let count = 0
  return talks.map(({ messages, reply }) => {
    const asked = messages === undefined || isNamed(messages) ? messages : said(messages, made, replies)
    if (reply === undefined) return { messages: asked, reply }
    const message = mapParts(reply.message, (part) => {
      if (part.type !== 'tool_call') return part
      const key = keyOf(part)
      const id = part.id === '' ? `call_${++count}` : part.id
      if (part.id !== '') count++
      const ids = made.get(key) ?? []
      ids.push(id)
      made.set(key, ids)
      return id === part.id ? part : { ...part, id }
    })
    if (message.parts.some(({ type }) => type === 'tool_call')) replies.push(message)
    return { messages: asked, reply: message === reply.message ? reply : { ...reply, message } }
  })
}

/**
 * Whether every call and result has its id already: then nothing is to be done. Each request repeats those before it as the very same
 * messages, which are not looked at again.
 */
function namedReader(): (messages: readonly Message[]) => boolean {
  let last: readonly Message[] = []
  return (messages) => {
    for (let at = commonStart(last, messages); at < messages.length; at++) {
      if (messages[at]?.parts.some(isNameless) === true) return false
    }
    last = messages
    return true
  }
}

function isNameless(part: Part): boolean {
  return (part.type === 'tool_call' || part.type === 'tool_call_response') && part.id === ''
}

function said(
  messages: readonly Message[],
  made: ReadonlyMap<string, readonly string[]>,
  replies: readonly Message[],
): readonly Message[] {
  const whole = restored(messages, replies)
  const totals = new Map<string, number>()
  for (const { parts } of whole) {
    for (const part of parts) {
      if (part.type === 'tool_call' && part.id === '')
        totals.set(keyOf(part), (totals.get(keyOf(part)) ?? 0) + 1)
    }
  }
  const met = new Map<string, number>()
  let open: ToolCallPart[] = []
  let earlier = 0
  return whole.map((message) => {
    if (message.role === 'assistant') open = []
    return mapParts(message, (part) => {
      if (part.type === 'tool_call') {
        const call = part.id === '' ? { ...part, id: idOf(part) } : part
        open.push(call)
        return call
      }
      if (part.type !== 'tool_call_response') return part
      if (part.id !== '') {
        open = open.filter(({ id }) => id !== part.id)
        return part
      }
      const named = message.name === undefined ? -1 : open.findIndex(({ name }) => name === message.name)
      const [call] = open.splice(Math.max(0, named), 1)
      return call === undefined ? part : ({ ...part, id: call.id } satisfies ToolResponsePart)
    })
  })

  function idOf(part: ToolCallPart): string {
    const key = keyOf(part)
    const at = met.get(key) ?? 0
    met.set(key, at + 1)
    const known = made.get(key) ?? []
    return known[known.length - (totals.get(key) ?? 0) + at] ?? `earlier_${++earlier}`
  }
}

/** How many replies are looked back through: each request may look, and there may be many of both. */
const farthest = 1000

/** With the calls that a source left out of an assistant's message. */
function restored(messages: readonly Message[], replies: readonly Message[]): readonly Message[] {
  let left = replies.length
  const end = Math.max(0, left - farthest)
  let results = 0
  const whole: Message[] = []
  for (const message of messages.toReversed()) {
    if (message.role === 'tool') results += message.parts.filter(isNamelessResult).length
    if (message.role !== 'assistant') {
      whole.push(message)
      continue
    }
    const silent = message.parts.every(({ type }) => type !== 'tool_call')
    while (silent && results > 0 && left > end && callsIn(replies[left - 1]) !== results) left--
    const found = silent && results > 0 && left > end ? replies[--left] : undefined
    whole.push(found ?? message)
    results = 0
  }
  return whole.toReversed()
}

function isNamelessResult(part: Part): boolean {
  return part.type === 'tool_call_response' && part.id === ''
}

function callsIn(message: Message | undefined): number {
  return message?.parts.filter(({ type }) => type === 'tool_call').length ?? 0
}

/** What a call asks for, whoever asks. Text that is no JSON is a key as well. */
export function keyOf({ name, arguments: given }: Pick<ToolCallPart, 'name' | 'arguments'>): string {
  try {
    return `${name} ${canonicalJson(given)}`
  } catch {
    return `${name} ${JSON.stringify(given)}`
  }
}

function mapParts(message: Message, change: (part: Part) => Part): Message {
  const parts = message.parts.map(change)
  return parts.every((part, at) => part === message.parts[at]) ? message : { ...message, parts }
}
