import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { span } from '../schema/trace.ts'
import { SpanLog } from './span-log.ts'

const order = { name: 'get_order', arguments: { order: 'W12' }, id: 'c1' }
const ok = { message: { role: 'assistant', parts: [] } } as const
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
