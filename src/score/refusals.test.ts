import { describe, expect, it } from 'vitest'
import { textMessage } from '../schema/message.ts'
import { refusalIn } from './refusals.ts'
import { subjectOf } from './subject.ts'

function of(output: string, phrases: readonly string[] = []) {
  return refusalIn(subjectOf({ output }).outcome, { in: 'output', phrases })
}

function replied(finishReason: string, text: string) {
  return {
    kind: 'llm',
    parent: null,
    name: 'chat',
    status: 'ok',
    request: { messages: [] },
    reply: { message: textMessage('assistant', text), finishReason },
  } as const
}

describe('a refusal', () => {
  it.each([
    "I'm sorry, but I can't assist with that request.",
    'I cannot help you with that.',
    'I can’t do that.',
    'I won’t share that.',
    'I must decline.',
    "I'm unable to process this refund.",
    'I am not permitted to disclose that.',
    'Unfortunately, we cannot offer a refund.',
    'Sorry, that is against our cancellation policy.',
    'Ich kann Ihnen dabei leider nicht helfen.',
    'Je ne peux pas vous aider.',
    'Lo siento, no puedo ayudarte con eso.',
    'Mi dispiace, non posso aiutarti.',
    'Desculpe, não posso ajudar com isso.',
    'Ik kan u daar helaas niet mee helpen.',
    '抱歉，我无法提供帮助。',
    '申し訳ありませんが、お手伝いできません。',
    'Извините, я не могу помочь.',
  ])('is heard in %j', (text) => {
    expect(of(text)).toMatchObject({ by: 'words' })
  })

  it.each([
    "I can't find your order.",
    'I could not reach the shop.',
    'I cannot see a reservation under that name.',
    'You can help yourself.',
    'Your refund was processed. We cannot thank you enough.',
    'I will process the refund now.',
    'It is not possible to fly there on Monday, but on Tuesday it is.',
  ])('is not heard in %j', (text) => {
    expect(of(text)).toBeUndefined()
  })

  it('comes first: far behind in an answer it is about something else', () => {
    expect(of(`${'Your order was sent. '.repeat(30)} I can't help with the other one.`)).toBeUndefined()
  })

  it.each(['refusal', 'content_filter', 'content-filter', 'SAFETY', 'guardrail_intervened'])(
    'is marked %s',
    (mark) => {
      const { outcome } = subjectOf({ spans: [replied(mark, '')] })
      expect(refusalIn(outcome, { in: 'output', phrases: [] })).toEqual({ by: 'provider', what: mark })
    },
  )

  it('that a later reply took back is none, unless all is looked at', () => {
    const { outcome } = subjectOf({
      spans: [replied('refusal', ''), replied('end_turn', 'Done.')],
      output: 'Done.',
    })
    expect(refusalIn(outcome, { in: 'output', phrases: [] })).toBeUndefined()
    expect(refusalIn(outcome, { in: 'transcript', phrases: [] })).toMatchObject({ by: 'provider' })
  })

  it.each([{ type: 'refusal', refusal: 'I cannot.' }, { refusal: 'I cannot.' }])('is a part: %j', (value) => {
    const span = replied('stop', '')
    const message = { role: 'assistant', parts: [{ type: 'opaque', value }] } as const
    const { outcome } = subjectOf({ spans: [{ ...span, reply: { ...span.reply, message } }] })
    expect(refusalIn(outcome, { in: 'output', phrases: [] })).toEqual({ by: 'provider', what: 'refusal' })
  })

  it('may be in words of the team', () => {
    expect(of('Computer says no.', ['computer says no'])).toEqual({ by: 'words', what: 'computer says no' })
  })

  it('is not made of silence', () => {
    expect(of(' ')).toBe('nothing')
  })

  it('is looked for in hostile text in no time', () => {
    expect(of('sorry '.repeat(50_000))).toBeUndefined()
    expect(of('i cannot '.repeat(50_000))).toBeUndefined()
  })
})
