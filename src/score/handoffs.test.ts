import { describe, expect, it } from 'vitest'
import { agentKey, handoffsIn, readMessage } from './handoffs.ts'
import { type SketchedSpan, subjectOf } from './subject.ts'

const base = { parent: null, status: 'ok' } as const
const part = (name: string, given: object) =>
  ({ type: 'tool_call', id: name, name, arguments: given as never }) as const

function asks(...parts: readonly ReturnType<typeof part>[]): SketchedSpan {
  const reply = { message: { role: 'assistant', parts } } as const
  return { ...base, kind: 'llm', name: 'chat', request: { messages: [] }, reply }
}

function agent(name: string, attributes?: Record<string, string>, input?: string): SketchedSpan {
  const more = {
    ...(attributes === undefined ? {} : { attributes }),
    ...(input === undefined ? {} : { input }),
  }
  return { ...base, kind: 'agent', name, ...more }
}

const made = (...spans: readonly SketchedSpan[]) =>
  handoffsIn(subjectOf({ spans }).outcome.trace, { ask_expert: 'expert' }).map(({ from, to, message }) => [
    from,
    to,
    message,
  ])

describe('handoffs', () => {
  it('are told by spans of agents; without a sender by the agent they happened in', () => {
    const inner = { ...agent('b', { 'handoff.to': 'b' }, 'go'), parent: 's1' }
    expect(made(agent('a'), inner, agent('c', { 'handoff.from': 'x', 'handoff.to': 'c' }))).toEqual([
      ['a', 'b', 'go'],
      ['x', 'c', undefined],
    ])
  })

  it('are told by tools, as they ran or as a model asked for them, and counted once', () => {
    const ran: SketchedSpan = {
      ...base,
      kind: 'tool',
      name: 'transfer_to_refunds',
      request: { name: 'transfer_to_refunds', arguments: { order: 'W1' } },
    }
    expect(made(asks(part('transfer_to_refunds', { order: 'W1' })), ran)).toEqual([
      ['example', 'refunds', { order: 'W1' }],
    ])
    expect(
      made(asks(part('handoff_to_legal', { why: 'x' }), part('ask_expert', {}), part('search', {}))),
    ).toEqual([
      ['example', 'legal', { why: 'x' }],
      ['example', 'expert', {}],
    ])
  })

  it('are one where the agent that a tool handed over to says so, too', () => {
    const span = agent('Refund Desk', { 'handoff.from': 'triage', 'handoff.to': 'Refund Desk' }, 'hi')
    expect(made(asks(part('transfer_to_refund_desk', {})), span)).toEqual([['triage', 'Refund Desk', 'hi']])
  })
})

it('spells agents as tools do', () => {
  expect(agentKey(' Seat Booking-Agent ')).toBe('seat_booking_agent')
})

it('reads a message that is the text of JSON as either', () => {
  expect(readMessage('{"a":1}')).toEqual(['{"a":1}', { a: 1 }])
  expect(readMessage('{"a":')).toEqual(['{"a":'])
  expect(readMessage('hello')).toEqual(['hello'])
  expect(readMessage({ a: 1 })).toEqual([{ a: 1 }])
})
