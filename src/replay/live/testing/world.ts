import type { PriceOf } from '../../../lib/price.ts'
import { served } from '../../../tap/serve.ts'
import type { Tap } from '../../../tap/tap.ts'
import { TapAborted } from '../../../tap/tap.ts'
import { breakerOf } from '../breaker.ts'
import type { ExchangeDeps } from '../exchange.ts'
import type { LiveModels } from '../live-models.ts'

/** A key that must not be seen anywhere but at the provider. */
export const key = 'sk-live-0123456789abcdefghij'

/** A dollar per million tokens, in and out; nobody knows what `mystery` costs. */
export const priceOf: PriceOf = ({ input, cacheRead, cacheWrite, output }, { model }) =>
  model === 'mystery' ? undefined : (input + cacheRead + cacheWrite + output) / 1e6

export interface World extends ExchangeDeps {
  /** The waits there were, in ms. */
  readonly slept: number[]
  pass(ms: number): void
}

/** A world in which waiting takes no time. */
export function world(over: Partial<ExchangeDeps> = {}): World {
  const slept: number[] = []
  let time = Date.UTC(2026, 0, 1)
  const now = (): number => time
  return {
    now,
    random: () => 0.5,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      slept.push(ms)
      time += ms
    },
    priceOf,
    breaker: breakerOf({ now }),
    ...over,
    slept,
    pass: (ms) => void (time += ms),
  }
}

/** A tap that answers HTTP requests with live models, as a player does. */
export function liveTap(models: LiveModels, trial = 0): Tap {
  return {
    closed: true,
    handle: () => Promise.reject(new TapAborted('only HTTP here')),
    within: (_, body) => body(),
    pass: () => undefined,
    meet: (sent) => ({
      answer: models.exchange(sent, { trial }).then(({ attempts }) => {
        const last = attempts.at(-1)
        if (last === undefined) throw new TapAborted('nothing came')
        return served(last, sent, { ranOut: () => undefined })
      }),
    }),
  }
}

/** A plain reply of Chat Completions. */
export function completion(text: string, over: object = {}): string {
  return JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    created: 0,
    model: 'small-2026',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
    ...over,
  })
}

/** A plain reply of Anthropic Messages. */
export function anthropicMessage(text: string): string {
  return JSON.stringify({
    id: 'm1',
    type: 'message',
    role: 'assistant',
    model: 'claude-small',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 100, output_tokens: 10 },
  })
}

export const json = { 'content-type': 'application/json' }
