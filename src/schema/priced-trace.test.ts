import { describe, expect, it } from 'vitest'
import type { PriceOf } from '../lib/price.ts'
import { pricedTrace, wantsPrices } from './priced-trace.ts'
import type { Span, Trace } from './trace.ts'

const priceOf: PriceOf = (usage, { model, at }) =>
  model === 'known' ? usage.output * (at === Date.UTC(2025, 0, 1) ? 1 : 2) : undefined

const call = (model: string, costUsd?: number, by?: 'user'): Span => ({
  id: 's',
  parent: null,
  name: 'chat',
  kind: 'llm',
  status: 'ok',
  ...(by === undefined ? {} : { by }),
  request: { model, messages: [] },
  reply: {
    message: { role: 'assistant', parts: [] },
    usage: { input: 1, cacheRead: 0, cacheWrite: 0, output: 3 },
    ...(costUsd === undefined ? {} : { costUsd }),
  },
})
const traceOf = (spans: readonly Span[], more: Partial<Trace> = {}): Trace => ({
  v: 1,
  id: 't',
  name: 'n',
  source: { format: 'f' },
  status: 'ok',
  versions: {},
  tags: [],
  attributes: {},
  scores: [],
  spans,
  ...more,
})
const costs = ({ spans }: Trace) =>
  spans.map((span) => (span.kind === 'llm' ? span.reply?.costUsd : undefined))

describe('pricedTrace', () => {
  it('adds what the source left out, by time, and says that it is derived', () => {
    const priced = pricedTrace(traceOf([call('known'), call('other'), call('known', 5)]), priceOf)
    expect(costs(priced)).toEqual([6, undefined, 5])
    expect(priced.costUsd).toBe(11)
    expect(priced.spans.map(({ fidelity }) => fidelity)).toEqual([{ cost: 'derived' }, undefined, undefined])
    const dated = traceOf([call('known')], { startedAt: '2025-01-01T00:00:00Z' })
    expect(pricedTrace(dated, priceOf).costUsd).toBe(3)
  })

  it('counts no call of a simulated user', () => {
    expect(pricedTrace(traceOf([call('known'), call('known', undefined, 'user')]), priceOf).costUsd).toBe(6)
  })

  it('leaves alone what is known whole, what has no price, and what was priced before', () => {
    for (const trace of [traceOf([call('known')], { costUsd: 1 }), traceOf([call('other')]), traceOf([])]) {
      expect(pricedTrace(trace, priceOf)).toBe(trace)
    }
    const once = pricedTrace(traceOf([call('known')]), priceOf)
    expect(wantsPrices(once)).toBe(false)
    expect(pricedTrace(once, priceOf)).toBe(once)
  })
})
