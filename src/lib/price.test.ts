import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadPrices, type PriceOf } from './price.ts'

const usage = { input: 1000, cacheRead: 2000, cacheWrite: 500, output: 100 }

describe('prices', () => {
  let priceOf: PriceOf
  beforeAll(async () => {
    priceOf = await loadPrices()
  })

  it('counts what was read from a cache and written to one apart (Claude)', () => {
    // Claude Opus 4.1: 15 in, 18.75 to the cache, 1.50 from it, 75 out, in USD per million tokens.
    const byHand = (1000 * 15 + 500 * 18.75 + 2000 * 1.5 + 100 * 75) / 1e6
    expect(priceOf(usage, { model: 'claude-opus-4-1' })).toBeCloseTo(byHand, 12)
    expect(byHand).toBeCloseTo(0.034875, 12)
  })

  it('counts what was read from a cache apart (OpenAI)', () => {
    // GPT-4o: 2.50 in, 1.25 from the cache, 10 out; writing to the cache costs what input costs.
    const byHand = (1000 * 2.5 + 500 * 2.5 + 2000 * 1.25 + 100 * 10) / 1e6
    expect(priceOf(usage, { model: 'gpt-4o' })).toBeCloseTo(byHand, 12)
    expect(priceOf(usage, { model: 'gpt-4o-2024-08-06' })).toBeCloseTo(byHand, 12)
  })

  it('takes the price of long requests where a model has one', () => {
    // Claude Sonnet 4.5 beyond 200 000 tokens of input, those from the cache included: 6, 0.60, 22.50.
    const long = { input: 100_000, cacheRead: 150_000, cacheWrite: 0, output: 1000 }
    const byHand = (100_000 * 6 + 150_000 * 0.6 + 1000 * 22.5) / 1e6
    expect(priceOf(long, { model: 'claude-sonnet-4-5' })).toBeCloseTo(byHand, 12)
  })

  it('takes the price of the day', () => {
    const asked = { model: 'o3', url: 'https://api.openai.com/v1/chat/completions' }
    const one = { input: 1e6, cacheRead: 0, cacheWrite: 0, output: 0 }
    expect(priceOf(one, { ...asked, at: Date.UTC(2025, 4, 1) })).toBe(10)
    expect(priceOf(one, { ...asked, at: Date.UTC(2025, 8, 1) })).toBe(2)
    expect(priceOf(one, asked)).toBe(2)
  })

  it('asks the provider that was asked, where it knows the address', () => {
    const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
    const url = 'https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke'
    const one = { input: 1e6, cacheRead: 0, cacheWrite: 0, output: 0 }
    expect(priceOf(one, { model, url })).toBeCloseTo(3.3, 12)
    expect(priceOf(one, { model })).toBeUndefined()
    expect(priceOf(one, { model: 'gpt-4o', url: 'http://127.0.0.1:8080/v1/chat/completions' })).toBe(2.5)
    // Known, and without this model: not what somebody else takes for one of the same name.
    expect(priceOf(one, { model: 'gpt-4o', url: 'https://api.anthropic.com/v1/messages' })).toBeUndefined()
  })

  it.each(['large', 'gpt-nonsense', '', '__proto__', 'constructor', 'whisper-1'])(
    'does not know what %j costs, and does not call it free',
    (model) => {
      expect(priceOf(usage, { model })).toBeUndefined()
      expect(priceOf({ input: 0, cacheRead: 0, cacheWrite: 0, output: 0 }, { model })).toBeUndefined()
    },
  )

  it('lets the project say otherwise', async () => {
    const own = await loadPrices({
      'gpt-4o': { input: 1, output: 2, cacheRead: 0.5, cacheWrite: 4 },
      house: { input: 1, output: 2 },
    })
    expect(own(usage, { model: 'gpt-4o' })).toBeCloseTo((1000 + 1000 + 2000 + 200) / 1e6, 12)
    expect(own(usage, { model: 'house' })).toBeCloseTo((3500 + 200) / 1e6, 12)
    expect(own(usage, { model: 'gpt-4o-mini' })).toBeDefined()
    expect(own(usage, { model: 'toString' })).toBeUndefined()
    // Models answer under the name of the day; what the project calls them by counts first.
    const asked = { model: 'gpt-4o-2024-08-06', asked: 'gpt-4o' }
    expect(own(usage, asked)).toBe(own(usage, { model: 'gpt-4o' }))
    expect(priceOf(usage, { model: 'a-name-of-its-own', asked: 'gpt-4o' })).toBe(
      priceOf(usage, { model: 'gpt-4o' }),
    )
  })

  it('never costs less for more tokens', () => {
    const count = fc.nat(1_000_000)
    const any = fc.record({ input: count, cacheRead: count, cacheWrite: count, output: count })
    const model = fc.constantFrom('gpt-4o', 'gpt-5', 'claude-opus-4-1', 'claude-sonnet-4-5', 'gemini-2.5-pro')
    fc.assert(
      fc.property(any, any, model, (some, more, name) => {
        const both = {
          input: some.input + more.input,
          cacheRead: some.cacheRead + more.cacheRead,
          cacheWrite: some.cacheWrite + more.cacheWrite,
          output: some.output + more.output,
        }
        const [less = 0, all = 0] = [priceOf(some, { model: name }), priceOf(both, { model: name })]
        expect(all).toBeGreaterThanOrEqual(less)
      }),
      { seed: 42 },
    )
  })
})
