import { describe, expect, it } from 'vitest'
import type { Usage } from './call.ts'
import { totalOf, totalsOf } from './totals.ts'
import type { Span } from './trace.ts'

const tokens = (input: number, output: number, more: Partial<Usage> = {}): Usage => ({
  input,
  output,
  cacheRead: 0,
  cacheWrite: 0,
  ...more,
})
const llm = (reply?: { usage?: Usage; costUsd?: number }): Span => ({
  id: 's2',
  parent: 's1',
  kind: 'llm',
  name: 'llm',
  status: 'ok',
  request: { messages: [] },
  ...(reply === undefined ? {} : { reply: { message: { role: 'assistant', parts: [] }, ...reply } }),
})

describe('totalsOf', () => {
  it('tells the agent’s from what a simulated user’s model used', () => {
    const users = { ...llm({ usage: tokens(7, 1), costUsd: 0.5 }), by: 'user' } as Span
    const spans = [users, llm({ usage: tokens(1, 2) }), users]
    expect(totalsOf(spans)).toEqual({ usage: tokens(1, 2) })
    expect(totalsOf(spans, 'user')).toEqual({ usage: tokens(14, 2), costUsd: 1 })
    expect(totalsOf([users])).toEqual({})
  })
})

describe('totalOf', () => {
  it('adds what is known, and takes nothing for what is not', () => {
    expect(totalOf([{ costUsd: 0.5 }, {}, { usage: tokens(1, 2), costUsd: 0.25 }])).toEqual({
      usage: tokens(1, 2),
      costUsd: 0.75,
    })
    expect(totalOf([{}, {}])).toEqual({})
    expect(totalOf([])).toEqual({})
  })

  it('adds reasoning where somebody tells it', () => {
    const { usage } = totalOf([{ usage: tokens(1, 5, { reasoning: 3 }) }, { usage: tokens(1, 5) }])
    expect(usage).toEqual(tokens(2, 10, { reasoning: 3 }))
  })
})

describe('totalsOf', () => {
  it('sums over model calls that were answered, and over nothing else', () => {
    const spans: Span[] = [
      { id: 's1', parent: null, kind: 'agent', name: 'support', status: 'ok' },
      llm({ usage: tokens(10, 2, { cacheRead: 5 }), costUsd: 0.5 }),
      llm({ usage: tokens(1, 1, { cacheWrite: 3, reasoning: 1 }), costUsd: 0.25 }),
      llm(),
    ]
    expect(totalsOf(spans)).toEqual({
      usage: { input: 11, output: 3, cacheRead: 5, cacheWrite: 3, reasoning: 1 },
      costUsd: 0.75,
    })
  })

  it('says nothing where nothing is known', () => {
    expect(totalsOf([llm({})])).toEqual({})
  })
})
