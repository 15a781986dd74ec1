import { defined } from '../../lib/defined.ts'
import type { LlmReply, LlmRequest } from '../../schema/call.ts'
import { requestWith } from '../../schema/growing-request.ts'
import type { Json } from '../../schema/json.ts'
import {
  type Message,
  type Part,
  type ToolCallPart,
  type ToolResponsePart,
  textOf,
  toolCallsOf,
  toolMessage,
} from '../../schema/message.ts'
import { type Consumption, totalsOf } from '../../schema/totals.ts'
import { type Dialogue, type Span, type SpanOf, type Trace, traceVersion } from '../../schema/trace.ts'
import type { Repair } from './foreign.ts'
import { withAgents } from './nested-agents.ts'
import { type Pairing, type Pairs, pairs } from './pairing.ts'
import { withTraceId } from './trace-id.ts'

interface ItemBase {
  /** Where the source has it: `[12].traj[4]`. */
  readonly at: string
  readonly startedAt?: string | undefined
  readonly durationMs?: number | undefined
  readonly attributes?: Readonly<Record<string, Json>> | undefined
  /** Which fields of its span are not exactly what was recorded. */
  readonly fidelity?: Span['fidelity'] | undefined
}

/** One thing that was said or done, in the order of the recording, in our words. */
export type ConversationItem =
  /** The agent speaks or calls tools. `reply` is what is known of the model's answer beside its message. */
  | (ItemBase & {
      readonly kind: 'assistant'
      readonly message: Message
      readonly reply?: Omit<LlmReply, 'message'> | undefined
      /** What this request carried, where it is not what the others did. */
      readonly request?: Omit<LlmRequest, 'messages'> | undefined
    })
  /** The model was asked and did not answer: nothing of it is shown to it later. */
  | (ItemBase & {
      readonly kind: 'failure'
      readonly error: { readonly type: string; readonly message: string }
    })
  | (ItemBase & { readonly kind: 'user'; readonly message: Message })
  /** The model is shown something that neither the user nor a tool said. */
  | (ItemBase & { readonly kind: 'note'; readonly message: Message })
  /** The conversation goes on from where it was after the item of that index; from nothing, where it is -1. */
  | (ItemBase & { readonly kind: 'rewind'; readonly after: number })
  /** Something that happened and is no turn: kept as it stands in the source. */
  | (ItemBase & { readonly kind: 'other'; readonly name: string; readonly value: Json })
  | (ItemBase & {
      readonly kind: 'result'
      readonly id?: string | undefined
      readonly name?: string | undefined
      readonly response: Json
      readonly isError: boolean
    })
  /** The user uses tools of its own (tau2's dual control): recorded, and never shown to the agent. */
  | (ItemBase & { readonly kind: 'user-calls'; readonly calls: readonly ToolCallPart[] })

/** A result as the model was shown it: what the tool itself said is not recorded. */
export function shownResult(
  name: string | undefined,
  { id, response, isError }: ToolResponsePart,
  at: string,
): ConversationItem {
  return {
    kind: 'result',
    at,
    id: id === '' ? undefined : id,
    name,
    response,
    isError: isError === true,
    fidelity: { result: 'derived' },
  }
}

/** A recorded conversation, provider-neutral. What a source does not know stays out. */
export interface Conversation
  extends Pick<Trace, 'name' | 'source' | 'status'>,
    Partial<Pick<Trace, 'ended' | 'input' | 'task' | 'trial' | 'versions' | 'startedAt' | 'durationMs'>>,
    Partial<Pick<Trace, 'attributes' | 'scores' | 'tags' | 'session' | 'user' | 'output'>> {
  /** What every model request of the run carries beside its messages. */
  readonly request: Omit<LlmRequest, 'messages'>
  readonly items: readonly ConversationItem[]
  /** What the run used where its source tells it of the whole run only; otherwise the sum over its replies. */
  readonly totals?: Consumption | undefined
  /** Agents that calls of this run started. */
  readonly agents?: readonly StartedAgent[] | undefined
  /** Why the run failed, where its source says so. */
  readonly error?: { readonly type: string; readonly message: string } | undefined
  readonly dialogue: Pick<Dialogue, 'stopTexts' | 'stopTools' | 'user'>
}

/** An agent that a tool call started, with what it said and did. */
export interface StartedAgent {
  /** The id of the call; absent where nobody knows which it was. */
  readonly call?: string | undefined
  /** How the call was found, where not by its id. */
  readonly by?: 'arguments' | 'order' | undefined
  readonly conversation: Conversation
}

type ToolDraft = { -readonly [K in keyof SpanOf<'tool'>]: SpanOf<'tool'>[K] }

/**
 * A recorded conversation as a trace: an `agent` span over one `llm` span per model reply (asked with everything
 * said before it), one `tool` span per call with the result that belongs to it, one `human` span per user turn.
 * Never throws; what had to be mended is in `repairs`.
 */
export function traceOf(conversation: Conversation): {
  readonly trace: Trace
  readonly repairs: readonly Repair[]
} {
  const { content, repairs } = contentOf(conversation)
  return { trace: withTraceId(content), repairs }
}

function contentOf(conversation: Conversation): {
  readonly content: Omit<Trace, 'id'>
  readonly repairs: readonly Repair[]
} {
  const {
    request: _,
    items,
    error,
    dialogue,
    tags,
    scores,
    attributes,
    versions,
    totals: sums,
    agents,
    ...known
  } = conversation
  const told = tell(conversation)
  const output = known.output ?? lastText(told.messages)
  const spans = withAgents(told.spans, agents ?? [], spansOf)
  const { usage, costUsd } = totalsOf(spans)
  const totals = { usage: sums?.usage ?? usage, costUsd: sums?.costUsd ?? costUsd }
  const root: Span = {
    id: 's1',
    parent: null,
    kind: 'agent',
    name: known.name,
    status: known.status,
    ...defined({
      error,
      startedAt: known.startedAt,
      durationMs: known.durationMs,
      input: known.input,
      output,
    }),
  }
  const turns = told.spans.filter((span) => span.kind === 'llm').length
  const cutOff = turns > 0 && !endedByItself(items, dialogue)
  const content: Omit<Trace, 'id'> = {
    v: traceVersion,
    ...defined(known),
    name: known.name,
    source: known.source,
    status: known.status,
    ...defined({ output, usage: totals.usage, costUsd: totals.costUsd }),
    versions: versions ?? {},
    dialogue: { opening: told.opening, ...dialogue, ...(cutOff ? { maxTurns: turns } : {}) },
    tags: tags ?? [],
    attributes: attributes ?? {},
    scores: scores ?? [],
    spans: [root, ...spans],
  }
  return { content, repairs: told.repairs }
}

/** The spans of an agent that another one started, its own first; `s1` is its own parent's id, to be changed. */
function spansOf(conversation: Conversation): readonly Span[] {
  return contentOf(conversation).content.spans
}

/** Walks the items in order, once. */
function tell({ request, items, dialogue, status }: Conversation) {
  let messages: Message[] = []
  const opening: Message[] = []
  const spans: Span[] = []
  const repairs: Repair[] = []
  const agentCalls = pairs<ToolDraft>()
  const userCalls = pairs<ToolDraft>()
  let spoken = false
  let calls = 0
  let turn = 0

  const base = (item: ItemBase, name: string) => ({
    id: `s${spans.length + 2}`,
    parent: 's1',
    name,
    status: 'ok' as const,
    ...defined({
      startedAt: item.startedAt,
      durationMs: item.durationMs,
      attributes: item.attributes,
      fidelity: item.fidelity,
    }),
  })

  const identified = (part: ToolCallPart, at: string): ToolCallPart => {
    calls++
    if (part.id !== '') return part
    repairs.push({ at, reason: `the call has no id; it is called "call_${calls}" here` })
    return { ...part, id: `call_${calls}` }
  }

  const openCall = (part: ToolCallPart, item: ItemBase, among: Pairs<ToolDraft>) => {
    const { type: _, ...asked } = part
    const { id, parent, name } = base(item, part.name)
    // A call that never came back is only an error where the run itself is one: a run may end on a call.
    const draft: ToolDraft = { id, parent, name, kind: 'tool', status, request: asked }
    if (item.attributes !== undefined) draft.attributes = item.attributes
    spans.push(draft)
    const { note } = among.opened({ part, turn, of: draft })
    if (note !== undefined) repairs.push({ at: item.at, reason: note })
  }

  const answer = (pairing: Pairing<ToolDraft>, item: ConversationItem & { kind: 'result' }) => {
    if (pairing.call === undefined) return
    const draft = pairing.call.of
    if (pairing.by !== 'id') draft.attributes = { ...draft.attributes, 'evalkit.paired_by': pairing.by }
    draft.reply = { response: item.response, isError: item.isError }
    draft.status = item.isError ? 'error' : 'ok'
    if (item.fidelity !== undefined) draft.fidelity = item.fidelity
    if (item.startedAt !== undefined) draft.startedAt = item.startedAt
    if (item.durationMs !== undefined) draft.durationMs = item.durationMs
  }

  /** How much had been said after each item. */
  const lengths: number[] = []

  for (const item of items) {
    switch (item.kind) {
      case 'assistant': {
        turn++
        const message = mapCalls(item.message, (part) => identified(part, item.at))
        const asked = toolCallsOf(message)
        if (dialogue.user && !spoken && item.reply?.usage === undefined && asked.length === 0) {
          opening.push(message)
        } else {
          spoken = true
          const reply = { message, ...item.reply }
          spans.push({
            ...base(item, 'llm'),
            kind: 'llm',
            request: requestWith(item.request ?? request, messages),
            reply,
          })
          for (const part of asked) openCall(part, { at: item.at }, agentCalls)
        }
        messages.push(message)
        break
      }
      case 'failure': {
        const asked = requestWith(request, messages)
        spans.push({ ...base(item, 'llm'), kind: 'llm', status: 'error', error: item.error, request: asked })
        break
      }
      case 'note':
        messages.push(item.message)
        break
      case 'rewind':
        // Requests before this one were asked with what goes now.
        messages = messages.slice(0, lengths[item.after] ?? 0)
        break
      case 'other':
        spans.push({ ...base(item, item.name), kind: 'custom', output: item.value })
        break
      case 'user': {
        spoken = true
        const reply = { message: item.message }
        spans.push({ ...base(item, 'user'), kind: 'human', request: { name: 'user' }, reply })
        messages.push(item.message)
        break
      }
      case 'user-calls': {
        turn++
        spoken = true
        const attributes = { ...item.attributes, requestor: 'user' }
        for (const part of item.calls)
          openCall(identified(part, item.at), { at: item.at, attributes }, userCalls)
        break
      }
      case 'result': {
        const byUser = item.attributes?.requestor === 'user'
        const pairing = (byUser ? userCalls : agentCalls).answered(defined({ id: item.id, name: item.name }))
        if (pairing.note !== undefined) repairs.push({ at: item.at, reason: pairing.note })
        answer(pairing, item)
        if (pairing.call === undefined) {
          // Nobody asked for it as far as we can see, yet it stands in the recording: kept, and not as a call.
          spans.push({ ...base(item, item.name ?? 'result'), kind: 'custom', output: item.response })
        }
        if (!byUser) {
          const part = pairing.call?.part
          const name = part?.name ?? item.name ?? ''
          messages.push(toolMessage(part?.id ?? item.id ?? '', name, item.response, item.isError))
        }
        break
      }
    }
    lengths.push(messages.length)
  }
  return { messages, opening, spans, repairs }
}

/** Whether the run ended as its environment ends runs; otherwise it was cut off. */
function endedByItself(items: readonly ConversationItem[], dialogue: Conversation['dialogue']): boolean {
  const last = items.findLast(({ kind }) => kind !== 'other')
  if (last?.kind === 'user') {
    const text = textOf(last.message)
    return dialogue.stopTexts.some((stop) => text.includes(stop))
  }
  if (last?.kind === 'assistant') return !dialogue.user && toolCallsOf(last.message).length === 0
  if (last?.kind !== 'result') return false
  return lastResults(items).some((name) => dialogue.stopTools.includes(name))
}

/** Tools of the assistant's last message: its results come in a block, and any of them may be the one that stops. */
function lastResults(items: readonly ConversationItem[]): readonly string[] {
  const asking = items.findLast((item) => item.kind === 'assistant')
  return asking?.kind === 'assistant' ? toolCallsOf(asking.message).map((part) => part.name) : []
}

function lastText(messages: readonly Message[]): string | undefined {
  const last = messages.findLast(({ role }) => role === 'assistant')
  return last === undefined ? undefined : textOf(last)
}

/** The same message unless a part changed: messages are shared by every later request. */
function mapCalls(message: Message, change: (part: ToolCallPart) => ToolCallPart): Message {
  const parts: readonly Part[] = message.parts.map((part) =>
    part.type === 'tool_call' ? change(part) : part,
  )
  return parts.every((part, index) => part === message.parts[index]) ? message : { ...message, parts }
}
