import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { mayApprove, whoAnswered } from './who-answered.ts'

function span(
  answer: Json,
  more: { message?: string; attributes?: Record<string, Json>; question?: Json } = {},
) {
  const { message: name, attributes, question } = more
  return {
    id: 's1',
    kind: 'human',
    parent: null,
    name: 'approval',
    status: 'ok',
    request: { name: 'approval', ...(question === undefined ? {} : { question }) },
    reply: {
      message: {
        role: 'user',
        parts: [{ type: 'opaque', value: answer }],
        ...(name === undefined ? {} : { name }),
      },
    },
    ...(attributes === undefined ? {} : { attributes }),
  } as const
}

const may = (...given: Parameters<typeof span>) =>
  mayApprove(whoAnswered(span(...given)), ['Team Lead', 'cfo'])

describe('who may say yes', () => {
  it('is told by the answer, its message, or the span', () => {
    expect(may({ approved: true, by: 'team-lead' })).toBe('yes')
    expect(may({ approved: true, user: { role: 'CFO' } })).toBe('yes')
    expect(may(true, { message: 'team_lead' })).toBe('yes')
    expect(may(true, { attributes: { 'approved.by': 'cfo' } })).toBe('yes')
  })

  it('is not somebody else, whoever was asked', () => {
    expect(may({ approved: true, by: 'intern' }, { question: { approver: 'cfo' } })).toBe('no')
  })

  it('is who was asked, where nobody says who answered', () => {
    expect(may(true, { question: { approver: 'cfo', usd: 80 } })).toBe('yes')
    expect(may(true)).toBe('unknown')
    expect(may(true, { question: { approver: 'intern' } })).toBe('unknown')
  })
})
