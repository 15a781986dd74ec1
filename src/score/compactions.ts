import { canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import type { Message, Part } from '../schema/message.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { SpanOf } from '../schema/trace.ts'
import { llmSpans } from './evidence.ts'

/** A place where a conversation was made shorter. */
export interface Compaction {
  /** Which of the run's model calls met it, from 1. */
  readonly call: number
  /** `shrank`: what was sent is shorter than what had been sent before; `marked`: a provider says so in a part. */
  readonly kind: 'shrank' | 'marked'
  /** Characters of the conversation before and after, where it shrank. */
  readonly before?: number
  readonly after?: number
}

/**
 * Where an agent's conversations were compacted. Model calls under one span with one system prompt are one conversation,
 * as long as a call still sends a message of the one before, or both have a system prompt; a call that shares nothing is
 * another conversation, not a compacted one. Tools that are taken away shorten nothing here.
 */
export function compactionsIn(outcome: Outcome): readonly Compaction[] {
  const found: Compaction[] = []
  const conversations = new Map<string, Sent>()
  const marks = new Set<string>()
  const textOf = canonicalTexts()
  for (const [index, span] of llmSpans(outcome).entries()) {
    const call = index + 1
    const sent = sentIn(span, textOf)
    const key = `${span.parent ?? ''} ${sent.system}`
    const before = conversations.get(key)
    const isNew = newMarks(span, marks, textOf)
    if (isNew) found.push({ call, kind: 'marked' })
    else if (before !== undefined && sent.length < before.length && goesOn(before, sent)) {
      found.push({ call, kind: 'shrank', before: before.length, after: sent.length })
    }
    conversations.set(key, sent)
  }
  return found
}

interface Sent {
  readonly system: string
  readonly messages: ReadonlySet<string>
  readonly length: number
}

function goesOn(before: Sent, sent: Sent): boolean {
  if (sent.system !== '') return true
  for (const message of sent.messages) if (before.messages.has(message)) return true
  return false
}

function sentIn({ request }: SpanOf<'llm'>, textOf: (value: object) => string): Sent {
  const texts = request.messages.map((message) => textOf(message))
  return {
    system: request.system === undefined || request.system.length === 0 ? '' : textOf(request.system),
    messages: new Set(texts),
    length: texts.reduce((sum, text) => sum + text.length, 0),
  }
}

/** Parts of a request or its reply in which a provider says that it compacted, and that were not there before. */
function newMarks(
  { request, reply }: SpanOf<'llm'>,
  known: Set<string>,
  textOf: (value: object) => string,
): boolean {
  let isNew = false
  const messages: readonly Message[] =
    reply === undefined ? request.messages : [...request.messages, reply.message]
  for (const { parts } of messages) {
    for (const part of parts) {
      if (!isCompaction(part)) continue
      const text = textOf(part)
      if (known.has(text)) continue
      known.add(text)
      isNew = true
    }
  }
  return isNew
}

/**
 * `compaction` of Anthropic Messages (https://platform.claude.com/docs/en/build-with-claude/compaction) and the items
 * `compaction`, `compaction_summary` of OpenAI Responses (https://platform.openai.com/docs/guides/conversation-state).
 */
function isCompaction(part: Part): boolean {
  if (part.type !== 'opaque') return false
  const { value } = part
  const type = isObject(value) ? value['type'] : undefined
  return typeof type === 'string' && type.startsWith('compaction')
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Every request repeats the messages before it, often as the very same objects: each is written out once. */
function canonicalTexts(): (value: object) => string {
  const texts = new WeakMap<object, string>()
  return (value) => {
    const known = texts.get(value)
    if (known !== undefined) return known
    const text = canonicalJson(value)
    texts.set(value, text)
    return text
  }
}
