import { defined } from '../../lib/defined.ts'
import { canonicalJson } from '../../lib/json.ts'
import type { LlmReply, LlmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part } from '../../schema/message.ts'
import { anthropicMessages } from '../../tap/wire/anthropic-messages.ts'
import { between, type ClaudeLine, isTurn, type PlacedLine, timeOf } from './claude-line.ts'
import type { ConversationItem } from './conversation.ts'
import type { Repair } from './foreign.ts'

/** What the turns of one agent were asked with, and which of its replies are counted elsewhere. */
export interface TurnContext {
  /** The request behind a reply: model, system prompt, tools, parameters, and when it was sent. */
  readonly requestOf: (
    line: ClaudeLine,
  ) => { readonly request: Omit<LlmRequest, 'messages'>; readonly at?: string | undefined } | undefined
  /** What a reply used, where its last line tells it for good. */
  readonly usageOf: (line: ClaudeLine, reply: LlmReply) => LlmReply['usage']
  /** Whether a reply with this key was counted in another session. Asked once for each. */
  readonly isCounted: (key: string) => boolean
  readonly prefix: string
}

type Draft<K extends ConversationItem['kind']> = {
  -readonly [M in keyof Extract<ConversationItem, { kind: K }>]: Extract<ConversationItem, { kind: K }>[M]
}

interface OpenReply {
  readonly item: Draft<'assistant'>
  readonly place: number
  readonly blocks: Set<string>
  readonly asked: NonNullable<ConversationItem['fidelity']>
  readonly counted: boolean
}

/**
 * The lines of one agent, in order, as items of a conversation. A reply is written one content block a line, each with the
 * usage of the whole: they are put together by `message.id` and `requestId`, and the last line's usage holds. A turn that
 * says what an earlier line said at the same time is a copy (a session that was resumed), and left out.
 */
export function turnsOf(
  lines: readonly PlacedLine[],
  context: TurnContext,
): { readonly items: readonly ConversationItem[]; readonly repairs: readonly Repair[] } {
  const items: ConversationItem[] = []
  const repairs: Repair[] = []
  const replies = new Map<string, OpenReply>()
  const asked = new Map<string, string>()
  const said = new Set<string>()
  /** Which item each line is a part of. */
  const places = new Map<string, number>()
  /** The last item that is a turn, and of items that something was said after, where their results end. */
  const turns = { last: -1, ends: new Map<number, number>() }
  let copies = 0

  const results = ({ at, line }: PlacedLine, parts: readonly Part[]): void => {
    for (const part of parts) {
      if (part.type !== 'tool_call_response') continue
      const startedAt = asked.get(part.id)
      items.push({
        kind: 'result',
        at,
        id: part.id === '' ? undefined : part.id,
        response: part.response,
        isError: part.isError === true,
        ...defined({ startedAt: startedAt ?? timeOf(line), durationMs: between(startedAt, timeOf(line)) }),
      })
    }
  }

  const user = (placed: PlacedLine): void => {
    const { at, line } = placed
    const parts = partsOf(line)
    results(placed, parts)
    const others = parts.filter(({ type }) => type !== 'tool_call_response')
    if (others.length === 0 && parts.length > 0) return
    const message: Message = { role: 'user', parts: others }
    const startedAt = timeOf(line)
    if (line.isMeta || line.isSynthetic || line.isCompactSummary) items.push({ kind: 'note', at, message })
    else {
      rewind(placed)
      turns.last = items.push({ kind: 'user', at, message, ...defined({ startedAt }) }) - 1
    }
  }

  /** A person may go back and say something else: the model is not shown what came after that point. */
  const rewind = ({ at, line }: PlacedLine): void => {
    const place = line.parentUuid === undefined ? undefined : places.get(line.parentUuid)
    if (place === undefined || turns.last <= place) return
    let after = turns.ends.get(place) ?? place
    while (items[after + 1]?.kind === 'result') after++
    turns.ends.set(place, after)
    items.push({ kind: 'rewind', at, after })
  }

  const assistant = (placed: PlacedLine, index: number): number => {
    const { at, line } = placed
    if (line.isApiErrorMessage || line.error !== undefined) {
      const message = partsOf(line).flatMap((part) => (part.type === 'text' ? [part.content] : []))
      items.push({
        kind: 'failure',
        at,
        error: { type: line.error ?? 'api_error', message: message.join('\n') },
        ...started(line),
      })
      return items.length - 1
    }
    const reply = replyOf(line)
    const key = `${line.message?.id ?? `line ${index}`} ${line.requestId ?? ''}`
    const open = replies.get(key) ?? begin(placed, key)
    const block =
      line.apiBlockIndex === undefined ? canonical(line.message?.content) : `${line.apiBlockIndex}`
    if (!open.blocks.has(block)) {
      open.blocks.add(block)
      const parts = [...open.item.message.parts, ...reply.message.parts]
      open.item.message = { role: 'assistant', parts }
    }
    for (const part of reply.message.parts) {
      const time = timeOf(line)
      if (part.type === 'tool_call' && time !== undefined) asked.set(part.id, time)
    }
    const { model, finishReason, responseId } = reply
    const used = open.counted ? undefined : context.usageOf(line, reply)
    open.item.reply = {
      ...open.item.reply,
      ...defined({ model, finishReason, responseId, usage: used }),
    }
    const isKnown = open.counted || open.item.reply.usage !== undefined
    open.item.fidelity = { ...open.asked, ...(isKnown ? {} : { usage: 'missing' }) }
    const durationMs = between(open.item.startedAt, timeOf(line))
    if (context.requestOf(line)?.at !== undefined && durationMs !== undefined)
      open.item.durationMs = durationMs
    return open.place
  }

  const begin = ({ at, line }: PlacedLine, key: string): OpenReply => {
    const asking = context.requestOf(line)
    const counted = context.isCounted(key)
    const item: Draft<'assistant'> = {
      kind: 'assistant',
      at,
      message: { role: 'assistant', parts: [] },
      ...started(line, asking?.at),
      ...defined({ request: asking?.request }),
      ...(counted ? { attributes: { [`${context.prefix}.counted_elsewhere`]: true } } : {}),
    }
    // Put together from the turns before it: reminders that the client adds stand in lines of their own.
    const asked = { request: turns.last === -1 ? 'missing' : 'derived' } as const
    const open = { item, place: items.length, blocks: new Set<string>(), asked, counted }
    turns.last = open.place
    replies.set(key, open)
    items.push(item)
    return open
  }

  for (const [index, placed] of lines.entries()) {
    const { at, line, raw } = placed
    if (!isTurn(line)) {
      if (line.subtype === 'compact_boundary') items.push({ kind: 'rewind', at, after: -1 })
      items.push({ kind: 'other', at, name: nameOf(line), value: raw, ...started(line) })
      const place = places.get(line.parentUuid ?? '')
      if (line.uuid !== undefined && place !== undefined) places.set(line.uuid, place)
      continue
    }
    const print =
      line.timestamp === undefined ? undefined : `${line.timestamp} ${canonical(line.message?.content)}`
    if (print !== undefined && said.has(print)) {
      copies++
      continue
    }
    if (print !== undefined) said.add(print)
    if (line.type === 'user') user(placed)
    const place = line.type === 'assistant' ? assistant(placed, index) : items.length - 1
    if (line.uuid !== undefined) places.set(line.uuid, place)
  }
  if (copies > 0) {
    repairs.push({
      at: lines[0]?.at ?? '',
      reason: `${copies} turns stand there twice (a resumed session); read once`,
    })
  }
  return { items, repairs }
}

function started(line: ClaudeLine, asked?: string): { readonly startedAt?: string } {
  return defined({ startedAt: asked ?? timeOf(line) })
}

function nameOf({ type, subtype }: ClaudeLine): string {
  return subtype === undefined ? type : `${type}/${subtype}`
}

function partsOf({ message }: ClaudeLine): readonly Part[] {
  return read(message?.content).message.parts
}

function replyOf({ message }: ClaudeLine): LlmReply {
  return read(message?.content, {
    ...defined({ id: message?.id, model: message?.model, stop_reason: message?.stop_reason }),
    usage: message?.usage ?? null,
  })
}

/** Content that is no list of blocks is a text, or one block of no kind we know. */
function read(content: Json | undefined, others: { readonly [name: string]: Json } = {}): LlmReply {
  const blocks = Array.isArray(content)
    ? content
    : typeof content === 'string'
      ? text(content)
      : [content ?? null]
  return anthropicMessages.readReply({ ...others, content: blocks })
}

function text(content: string): Json[] {
  return content === '' ? [] : [{ type: 'text', text: content }]
}

/** What JSON cannot say is found out later; here it only has to be told from others. */
function canonical(value: Json | undefined): string {
  try {
    return canonicalJson(value ?? null)
  } catch (error) {
    if (error instanceof TypeError) return 'unsayable'
    throw error
  }
}
