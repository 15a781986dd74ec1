import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { span } from '../schema/trace.ts'
import { SpanLog, totalsOf } from './span-log.ts'
import type { Usage } from '../schema/call.ts'

const order = { name: 'get_order', arguments: { order: 'W12' }, id: 'c1' }
const ok = { message: { role: 'assistant', parts: [] } } as const
const tokens = (input: number, output: number, more: Partial<Usage> = {}): Usage => ({
  input,
  output,
  cacheRead: 0,
  cacheWrite: 0,
  ...more,
})

describe('SpanLog', () => {
  it('keeps calls in the order they started, under one agent', () => {
    const log = new SpanLog('support')
    const first = log.start('llm', { model: 'gpt-shop', messages: [] })
    const second = log.start('tool', order)
    log.start('human', { name: 'user' })
    second({ reply: { response: 'no order', isError: true }, served: 'exact', durationMs: 5 })
    first({ reply: ok })
    const spans = log.spans({ output: 'done' })
    expect(z.array(span).parse(spans)).toEqual(spans)
    expect(spans).toEqual([
      { id: 's1', parent: null, kind: 'agent', name: 'support', status: 'ok', output: 'done' },
      {
        id: 's2',
        parent: 's1',
        kind: 'llm',
        name: 'gpt-shop',
        status: 'ok',
        request: { model: 'gpt-shop', messages: [] },
        reply: ok,
      },
      {
        id: 's3',
        parent: 's1',
        kind: 'tool',
        name: 'get_order',
        status: 'error',
        request: order,
        reply: { response: 'no order', isError: true },
        served: 'exact',
        durationMs: 5,
      },
      // A call that never came back.
      { id: 's4', parent: 's1', kind: 'human', name: 'user', status: 'error', request: { name: 'user' } },
    ])
  })

  it('says what was missed, and how the agent ended', () => {
    const log = new SpanLog('support')
    log.start('llm', { messages: [] })({ missed: 'nothing like it' })
    const spans = log.spans({ error: { type: 'EVK_AGENT_THREW', message: 'gave up' } })
    expect(z.array(span).parse(spans)).toEqual(spans)
    expect(spans).toMatchObject([
      { status: 'error', error: { type: 'EVK_AGENT_THREW' } },
      {
        name: 'llm',
        status: 'error',
        served: 'miss',
        error: { type: 'EVK_FIXTURE_MISS', message: 'nothing like it' },
      },
    ])
  })

  it('gives spans that do not change any more', () => {
    const log = new SpanLog('support')
    const done = log.start('tool', order)
    const before = log.spans()
    done({ reply: { response: 1, isError: false } })
    log.start('tool', order)
    expect(before).toHaveLength(2)
    expect(before[1]).not.toHaveProperty('reply')
  })
})

describe('totalsOf', () => {
  it('sums over model calls, and over nothing else', () => {
    const log = new SpanLog('support')
    log.start('llm', { messages: [] })({
      reply: { ...ok, usage: tokens(10, 2, { cacheRead: 5 }), costUsd: 0.5 },
    })
    log.start('tool', order)({ reply: { response: 1, isError: false } })
    log.start('llm', { messages: [] })({
      reply: { ...ok, usage: tokens(1, 1, { cacheWrite: 3, reasoning: 1 }), costUsd: 0.25 },
    })
    log.start('llm', { messages: [] })
    expect(totalsOf(log.spans())).toEqual({
      usage: { input: 11, output: 3, cacheRead: 5, cacheWrite: 3, reasoning: 1 },
      costUsd: 0.75,
    })
  })

  it('says nothing where nothing is known', () => {
    const log = new SpanLog('support')
    log.start('llm', { messages: [] })({ reply: ok })
    expect(totalsOf(log.spans())).toEqual({})
  })
})
