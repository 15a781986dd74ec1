import { describe, expect, it } from 'vitest'
import { textMessage } from '../../schema/message.ts'
import { subjectOf } from '../subject.ts'
import { stepsPart, taskPart } from './exhibit.ts'

describe('taskPart', () => {
  it('shows the input, the conversation, or both', () => {
    const messages = [textMessage('user', 'Hello'), textMessage('assistant', 'Yes?')]
    const said = [
      { role: 'user', text: 'Hello' },
      { role: 'assistant', text: 'Yes?' },
    ]
    expect(taskPart(subjectOf({ input: { order: 42 } }).case).content).toEqual({ order: 42 })
    expect(taskPart(subjectOf({ messages }).case).content).toEqual(said)
    expect(taskPart(subjectOf({ messages, input: 'a' }).case).content).toEqual({ input: 'a', messages: said })
  })
})

describe('stepsPart', () => {
  it('shows what was said, called, asked and handed over, and neither ids nor times nor costs', () => {
    const head = { parent: null, name: 'a', status: 'ok', durationMs: 7 } as const
    const subject = subjectOf({
      spans: [
        { ...head, kind: 'agent' },
        { ...head, kind: 'agent', name: 'billing', parent: 's1' },
        { ...head, kind: 'retrieval', name: 'handbook', input: 'refunds', output: ['page 3'] },
        {
          ...head,
          kind: 'human',
          request: { name: 'manager', question: 'May I?' },
          reply: { message: textMessage('user', 'Yes.') },
        },
        { ...head, kind: 'tool', request: { name: 'lost', arguments: {}, id: 'call_1' } },
        { ...head, kind: 'custom', input: 'x' },
      ],
      calls: [
        { name: 'get', arguments: { id: 1 }, response: { status: 'open' } },
        { name: 'pay', response: 'no money', isError: true },
      ],
      says: [{ text: 'Done.', costUsd: 3 }],
    })
    expect(stepsPart(subject.outcome).content).toEqual([
      { handsOverTo: 'billing' },
      { looksUp: 'handbook', for: 'refunds', finds: ['page 3'] },
      { asks: 'manager', question: 'May I?', answers: 'Yes.' },
      { calls: 'lost', arguments: {} },
      { calls: 'get', arguments: { id: 1 }, result: { status: 'open' } },
      { calls: 'pay', arguments: {}, error: 'no money' },
      { says: 'Done.' },
    ])
  })

  it('shows the calls a model asked for where no tool was seen', () => {
    const call = { type: 'tool_call', id: 'c1', name: 'get', arguments: { id: 1 } } as const
    const message = { role: 'assistant', parts: [{ type: 'text', content: 'I look.' }, call] } as const
    const llm = { parent: null, name: 'chat', status: 'ok', kind: 'llm', request: { messages: [] } } as const
    const ofUser = {
      ...llm,
      by: 'user',
      reply: { message: textMessage('assistant', 'I am the user.') },
    } as const
    const subject = subjectOf({ spans: [{ ...llm, reply: { message } }, ofUser, llm] })
    expect(stepsPart(subject.outcome).content).toEqual([
      { says: 'I look.' },
      { calls: 'get', arguments: { id: 1 } },
    ])
  })
})
