import { defined } from '../../lib/defined.ts'
import { oneLine } from '../../lib/text.ts'
import { userName } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { answerIn, type Message, textOf } from '../../schema/message.ts'
import type { Span, SpanOf } from '../../schema/trace.ts'

/**
 * Tells which of the messages that people sent (signals, updates) are turns of a dialogue: those whose text the model was
 * shown next as a message of the user. They become turns of `user`; all others stay what somebody said to the workflow,
 * under their own name. A message of the user that came from nowhere (no person, nor the `input`) is of the workflow's own
 * making: its model call says so, because nothing could bring it in a replay. Spans are in the order of the history.
 */
export function withTurns(spans: readonly Span[], input: Json | undefined): readonly Span[] {
  const changed = new Map<Span, Span>()
  /** Who has spoken, and was not shown to the model yet. */
  const waiting: SpanOf<'human'>[] = []
  /** How often a text was shown so far. Every request repeats the conversation, or a part of it. */
  const met = new Map<string, number>()
  const given = new Set(input === undefined ? [] : textsIn(input))
  let isFirst = true
  for (const span of spans) {
    if (span.kind === 'human') waiting.push(span)
    if (span.kind !== 'llm') continue
    // Without an input, and before anybody spoke, the first request is itself what the run began with.
    const isBeginning = isFirst && input === undefined && waiting.length === 0
    isFirst = false
    // Where it could not be read, that is what is missing.
    const isHidden = span.attributes?.['evalkit.hidden'] !== undefined
    for (const { text, message } of freshIn(span.request.messages, met)) {
      if (isBeginning) continue
      const at = waiting.findIndex((human) => said(human).includes(text))
      const [turn] = at === -1 ? [] : waiting.splice(at, 1)
      if (turn !== undefined) changed.set(turn, asTurn(turn, message))
      else if (!given.delete(text) && !isHidden) changed.set(span, unsourced(changed.get(span) ?? span, text))
    }
  }
  return changed.size === 0 ? spans : spans.map((span) => changed.get(span) ?? span)
}

/** The messages of the user that were not shown before, noted in `met`. */
function freshIn(messages: readonly Message[], met: Map<string, number>) {
  const shown = new Map<string, number>()
  return messages.flatMap((message) => {
    if (message.role !== 'user') return []
    const text = textOf(message)
    const times = (shown.get(text) ?? 0) + 1
    shown.set(text, times)
    if (times <= (met.get(text) ?? 0)) return []
    met.set(text, times)
    return [{ text, message }]
  })
}

function said({ reply }: SpanOf<'human'>): readonly string[] {
  return reply === undefined ? [] : textsIn(answerIn(reply.message))
}

/** The span keeps the name of the signal, and its payload where that says more. */
function asTurn(span: SpanOf<'human'>, message: Message): Span {
  const payload = span.reply === undefined ? undefined : answerIn(span.reply.message)
  const more = typeof payload === 'string' ? undefined : payload
  return {
    ...span,
    attributes: { ...span.attributes, ...defined({ 'temporal.payload': more }) },
    request: { name: userName },
    reply: { message },
  }
}

function unsourced(span: Span, text: string): Span {
  const hidden = span.attributes?.['evalkit.hidden']
  const what = `the source of the user's message "${oneLine(text, 60)}" (no signal, update or input holds it)`
  return {
    ...span,
    attributes: { ...span.attributes, 'evalkit.hidden': [...(Array.isArray(hidden) ? hidden : []), what] },
  }
}

/** All texts in a value, and the value itself as a text. */
function textsIn(value: Json): readonly string[] {
  const texts: string[] = typeof value === 'string' ? [] : [JSON.stringify(value)]
  const open: Json[] = [value]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one === 'string') texts.push(one)
    else if (typeof one === 'object' && one !== null)
      open.push(...Object.values(one).map((member: Json | undefined) => member ?? null))
  }
  return texts
}
