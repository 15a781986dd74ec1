import type { PriceOf } from '../../lib/price.ts'
import { defined } from '../../lib/defined.ts'
import type { Attempt } from '../../schema/attempt.ts'
import type { LlmReply, LlmRequest } from '../../schema/call.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { oneLine } from '../../lib/text.ts'
import { type Brought, readAttempt } from '../../tap/read-attempt.ts'
import type { Sent } from '../../tap/sent.ts'
import { isRetriable } from '../../tap/serve.ts'
import type { Wire } from '../../tap/wire/wire.ts'
import type { Breaker } from './breaker.ts'
import type { Budget } from './budget.ts'
import { estimatedUsage } from './estimate.ts'
import { isWorthAnother, type RetryOptions, type Waits, withRetries } from './retry.ts'
import { type SendOptions, sendOnce } from './send-once.ts'

/** What a live call needs. */
export interface ExchangeDeps extends Waits, SendOptions {
  readonly breaker: Breaker
  readonly priceOf: PriceOf
  /** Without one nothing caps what is spent. */
  readonly budget?: Budget | undefined
  readonly retry?: RetryOptions | undefined
}

/** A request to a model, and what it says. */
export interface Asked {
  readonly sent: Sent
  readonly wire: Wire
  readonly request: LlmRequest
}

export interface Exchanged {
  /** All tries, the last one decided. */
  readonly attempts: readonly [Attempt, ...Attempt[]]
  readonly brought: Brought
  /** Of all tries, where the price and what was used are known. */
  readonly costUsd?: number
}

/**
 * Sends a request to the model it is meant for, with retries, breaker and spend cap. What the provider answered in the
 * end is the result, errors included. Throws `EVK_PROVIDER_DOWN` while the breaker is open, `EVK_SPEND_CAP`,
 * `EVK_PRICE_UNKNOWN` (under a cap), and the signal's reason.
 */
export async function sendLive(asked: Asked, deps: ExchangeDeps): Promise<Exchanged> {
  const { sent, wire } = asked
  const passage = deps.breaker.enter(sent.url.origin)
  const costs: (number | undefined)[] = []
  const signals = [deps.signal, sent.signal].filter((signal) => signal !== undefined)
  const signal = AbortSignal.any(signals)
  const once = async (): Promise<Attempt> => {
    const reserved = await setAside(asked, deps, signal)
    let spent = reserved?.estimateUsd ?? 0
    try {
      const attempt = await sendOnce(sent, deps)
      const costUsd = costOf(attempt, asked, deps)
      costs.push(costUsd)
      spent = costUsd ?? spent
      return attempt
    } finally {
      // A call that was given up half way is paid for all the same: nobody says how much of it.
      reserved?.settle(spent)
    }
  }
  const again = (attempt: Attempt): boolean => isWorthAnother(attempt) || failedInside(attempt, wire)
  try {
    const attempts = await withRetries(once, deps, { ...deps.retry, again }, signal)
    const last = attempts[attempts.length - 1] as Attempt
    if (isAnswer(last, wire)) passage.answered()
    else passage.failed()
    const known = costs.filter((cost) => cost !== undefined)
    const costUsd = known.length === costs.length ? known.reduce((sum, cost) => sum + cost, 0) : undefined
    return { attempts, brought: readAttempt(last, wire), ...defined({ costUsd }) }
  } catch (error) {
    passage.left()
    throw error
  }
}

/** Whether the provider answered, if only to refuse: else it is at fault, and not who asked. */
export function isAnswer(attempt: Attempt, wire: Wire): boolean {
  const { status, ended } = attempt
  if (status === undefined || ended === 'reset' || failedInside(attempt, wire)) return false
  return !isRetriable(status) || isQuota(attempt)
}

function isQuota(attempt: Attempt): boolean {
  return attempt.status === 429 && !isWorthAnother(attempt)
}

/** Errors that say in the middle of a stream what a 5xx or a 429 says before it. */
const inside = new Set([
  'overloaded_error',
  'api_error',
  'rate_limit_error',
  'server_error',
  'rate_limit_exceeded',
])

/** https://docs.anthropic.com/en/docs/build-with-claude/streaming ("Error events"), and `error` events of Responses. */
function failedInside(attempt: Attempt, wire: Wire): boolean {
  if (attempt.status === undefined || attempt.status >= 400) return false
  const { error } = readAttempt(attempt, wire)
  return error !== undefined && inside.has(error.type)
}

/** The attempt to serve: its client does not ask again, that was done here. */
export function finalAttempt(attempts: readonly [Attempt, ...Attempt[]]): Attempt {
  const last = attempts[attempts.length - 1] as Attempt
  if (last.status === undefined || last.status < 400) return last
  return { ...last, headers: { ...last.headers, 'x-should-retry': 'false' } }
}

async function setAside(
  { sent, request }: Asked,
  { budget, priceOf, now }: ExchangeDeps,
  signal: AbortSignal,
): Promise<{ readonly estimateUsd: number; settle(costUsd: number): void } | undefined> {
  if (budget === undefined) return undefined
  const model = request.model ?? ''
  const estimateUsd = priceOf(estimatedUsage(sent.body ?? '', request), {
    model,
    url: sent.url.href,
    at: now(),
  })
  if (estimateUsd === undefined) {
    throw new EvalkitError(
      'EVK_PRICE_UNKNOWN',
      `Nobody knows what ${model === '' ? 'a call without a model' : `the model "${oneLine(model, 100)}"`} costs, so a spend cap cannot hold.`,
    )
  }
  const reserved = await budget.reserve(estimateUsd, signal)
  return { estimateUsd, settle: (costUsd) => reserved.settle(costUsd) }
}

/** Failures before anything was sent. */
const unsent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** What one try cost; `undefined` where it may have cost something that nobody told us of. */
function costOf(attempt: Attempt, asked: Asked, deps: ExchangeDeps): number | undefined {
  const { status, error } = attempt
  // Providers do not bill what they refuse, nor what never reached them.
  if (status === undefined) return unsent.has(error?.code ?? '') ? 0 : undefined
  if (status >= 300) return 0
  const { reply } = readAttempt(attempt, asked.wire)
  return reply === undefined ? undefined : priceOfReply(reply, asked, deps)
}

/** The price of a reply, by the model that answered. */
function priceOfReply(
  { usage, model }: LlmReply,
  { sent, request }: Asked,
  { priceOf, now }: Pick<ExchangeDeps, 'priceOf' | 'now'>,
): number | undefined {
  const { model: asked } = request
  const name = model ?? asked
  if (usage === undefined || name === undefined) return undefined
  return priceOf(usage, { model: name, asked, url: sent.url.href, at: now() })
}
