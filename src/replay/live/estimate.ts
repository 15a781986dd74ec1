import type { LlmRequest } from '../../schema/call.ts'
import type { PricedUsage } from '../../lib/price.ts'

/** Output of a call that sets itself no limit, in tokens. Most replies are far shorter; who reasons long may be above. */
const usualLimit = 8192

/** Where requests say how long a reply may be: Chat Completions (two names), Anthropic Messages, Responses. */
const limits = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const

/**
 * What a call may use at most, before it is made, so that money can be set aside for it. A token of text is more than
 * two bytes of JSON (English has four to five, and what only stands around it in JSON counts as well), so input is an
 * upper bound for all but scripts of long tokens; output is, where the request limits it.
 */
export function estimatedUsage(body: string, { parameters = {} }: LlmRequest): PricedUsage {
  const limit = limits.map((name) => parameters[name]).find((value) => isCount(value))
  const choices = isCount(parameters.n) ? parameters.n : 1
  return {
    input: Math.ceil(new TextEncoder().encode(body).length / 2),
    cacheRead: 0,
    cacheWrite: 0,
    output: (limit ?? usualLimit) * choices,
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
