import { describe, expect, it } from 'vitest'
import { type Message, textMessage } from '../schema/message.ts'
import type { SpanOf } from '../schema/trace.ts'
import { compactionsIn } from './compactions.ts'
import { subjectOf } from './subject.ts'

const system = [{ type: 'text', content: 'You help.' }] as const
const long = textMessage('user', 'A long story about forty orders and what became of them.')
const question = textMessage('user', 'And now?')
const summary = textMessage('user', 'Summary: forty orders.')

function asked(
  messages: readonly Message[],
  more: Partial<SpanOf<'llm'>['request']> = {},
  parent: string | null = null,
) {
  return { kind: 'llm', parent, name: 'chat', status: 'ok', request: { messages, ...more } } as const
}

function found(...spans: readonly ReturnType<typeof asked>[]) {
  return compactionsIn(subjectOf({ spans }).outcome).map(({ call, kind }) => `${kind} ${call}`)
}

describe('compactions', () => {
  it('are where a conversation is shorter than it was', () => {
    expect(found(asked([long]), asked([long, question]), asked([question]))).toEqual(['shrank 3'])
  })

  it('are also where nothing is left of it, under the same system prompt', () => {
    expect(found(asked([long], { system }), asked([summary], { system }))).toEqual(['shrank 2'])
    expect(found(asked([long]), asked([summary]))).toEqual([])
  })

  it('are not where another agent speaks, or another prompt is used', () => {
    const other = [{ type: 'text', content: 'You name things.' }] as const
    expect(found(asked([long], { system }), asked([question], { system: other }))).toEqual([])
    expect(
      found(asked([long], {}, 'a'), asked([long, question], {}, 'a'), asked([question], {}, 'b')),
    ).toEqual([])
  })

  it('are not where tools are taken away, or the conversation stays as long', () => {
    expect(found(asked([long], { tools: [{ name: 'search' }] }), asked([long]))).toEqual([])
  })

  it('are told by providers, once each', () => {
    const compacted: Message = {
      role: 'assistant',
      parts: [{ type: 'opaque', value: { type: 'compaction', content: 'forty orders' } }],
    }
    expect(found(asked([long]), asked([compacted, question]), asked([compacted, question, long]))).toEqual([
      'marked 2',
    ])
    const picture: Message = { role: 'user', parts: [{ type: 'opaque', value: { type: 'image' } }] }
    expect(found(asked([picture]))).toEqual([])
  })

  it('are not asked of a simulated user', () => {
    const spans = [asked([long]), { ...asked([question]), by: 'user' as const }]
    expect(compactionsIn(subjectOf({ spans }).outcome)).toEqual([])
  })
})
