import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { aboutOf, askedPeople, mentionsValue } from './asked-people.ts'
import { subjectOf } from './subject.ts'

const call = { name: 'issue_refund', arguments: { order: 'W12', usd: 80 } }

function asked(name: string, question: Json | undefined, answer: Json = true) {
  const reply = { message: { role: 'user', parts: [{ type: 'opaque', value: answer }] } } as const
  const request = question === undefined ? { name } : { name, question }
  const span = { kind: 'human', parent: null, name, status: 'ok', request, reply } as const
  const [one] = askedPeople(subjectOf({ spans: [span] }).outcome.trace)
  if (one === undefined) throw new Error('nobody was asked')
  return one
}

const about = (name: string, question?: Json, answer?: Json) =>
  aboutOf(asked(name, question, answer), call, (one) => one.arguments)

describe('what a question is about', () => {
  it.each<[string, Json | undefined, ReturnType<typeof aboutOf>]>([
    ['approve-refund', { order: 'W12', usd: 80 }, 'this'],
    ['team-lead', { order: 'W12', usd: 80 }, 'this'],
    ['approve-refund', { order: 'W12', usd: 80, reason: 'broken' }, 'this'],
    ['team-lead', { order: 'W12', usd: 80, reason: 'broken' }, 'vague'],
    ['team-lead', { about: 'issue_refund', order: 'W12', usd: 80 }, 'this'],
    ['approve-refund', { order: 'W12', usd: 20 }, 'changed'],
    ['approve-refund', { note: 'please' }, 'vague'],
    ['approve-cancel', { order: 'W12', usd: 80 }, 'other'],
    ['approve', { calls: [{ tool: 'issue_refund', args: call.arguments }] }, 'this'],
    ['approve', { calls: [{ tool: 'issue_refund', args: { order: 'W12', usd: 8 } }] }, 'changed'],
    ['approve', { calls: [{ tool: 'cancel', args: call.arguments }] }, 'other'],
    ['approve', 'May I issue a refund? issue_refund of 80 USD for W12', 'this'],
    ['approve', 'May I do issue_refund of 800 USD for W12?', 'vague'],
    ['approve', 'Shall we?', 'vague'],
    ['approve', undefined, 'vague'],
    ['approve-cancel', undefined, 'other'],
  ])('%s %j: %s', (name, question, word) => {
    expect(about(name, question)).toBe(word)
  })

  it('is what the answer made of it', () => {
    const question = { tool: 'issue_refund', arguments: { order: 'W12', usd: 800 } }
    expect(about('approve', question, { type: 'edit', args: call.arguments })).toBe('this')
    expect(about('approve', question, { approved: true, arguments: { order: 'W12', usd: 9 } })).toBe(
      'changed',
    )
  })
})

describe('what people decide', () => {
  it.each<[Json, string]>([
    [true, 'approve'],
    [{ approved: false }, 'deny'],
    ['Sure, go ahead.', 'approve'],
    ['Not yet, please.', 'deny'],
    ['What is it for?', 'unread'],
    [{ note: 1 }, 'unread'],
    [{ type: 'edit', args: { usd: 1 } }, 'approve'],
    [{ type: 'edit' }, 'unread'],
    [null, 'none'],
    ['', 'none'],
  ])('is read from %j: %s', (answer, decision) => {
    expect(asked('approve', { a: 1 }, answer).decision).toBe(decision)
  })

  it('is nothing that the user of a dialogue does', () => {
    const span = {
      kind: 'human',
      parent: null,
      name: 'user',
      status: 'ok',
      request: { name: 'user' },
    } as const
    expect(askedPeople(subjectOf({ spans: [span] }).outcome.trace)).toEqual([])
  })
})

it('finds a value as a word of its own', () => {
  expect(mentionsValue('20 usd of w12.', '20')).toBe(true)
  expect(mentionsValue('20 usd of w12.', 'w12')).toBe(true)
  expect(mentionsValue('120, 20.5 and 2000', '20')).toBe(false)
  expect(mentionsValue('anything', '')).toBe(false)
})
