import { defined } from '../../lib/defined.ts'
import type { Attempt } from '../../schema/attempt.ts'
import type { CachedReply } from '../../schema/cached-reply.ts'
import type { Asker, LlmReply, LlmRequest } from '../../schema/call.ts'
import { wholeOf, writtenAttempt } from '../../tap/answer.ts'
import { isStream } from '../../tap/read-attempt.ts'
import { readCall, type ReadCall, type Sent } from '../../tap/sent.ts'
import type { Wire } from '../../tap/wire/wire.ts'
import type { ModelAccess } from './access.ts'
import { askModel, providerError, requestFor } from './ask.ts'
import { type Breaker, type BreakerOptions, breakerOf } from './breaker.ts'
import type { Budget } from './budget.ts'
import {
  type Asked,
  type Exchanged,
  type ExchangeDeps,
  finalAttempt,
  isAnswer,
  sendLive,
} from './exchange.ts'
import { overridden, overriddenRequest, type Overrides } from './override.ts'
import { cacheKey, type ReplyCache } from './reply-cache.ts'

/** What asks models in one trial. */
export interface LiveModels {
  /**
   * A request of the agent's own client, answered live or from the cache. Errors that are about this very request (400,
   * 413, 422) are answers. Throws what `ask` throws, a `TypeError` where it is no request to a model we can read, and
   * `EVK_USAGE` where it cannot be overridden.
   */
  exchange(sent: Sent, context: LiveContext): Promise<LiveAnswer>
  /**
   * A request of an agent that speaks no HTTP (the built-in loop). Throws `EVK_KEY_MISSING`, `EVK_PROVIDER_DOWN`,
   * `EVK_PROVIDER_REFUSED`, `EVK_SPEND_CAP`, `EVK_PRICE_UNKNOWN`, and the signal's reason: none of them is a failure of
   * the agent.
   */
  ask(request: LlmRequest, wire: Wire, context: LiveContext): Promise<LiveAnswer>
}

export interface LiveContext {
  readonly trial: number
  /** Whose call it is, where it is not the agent's: then it is no part of what is tried out, and is not overridden. */
  readonly by?: Asker
}

export interface LiveAnswer {
  /** Of an answer that is an error: a reply that says nothing, as recordings have it. */
  readonly reply: LlmReply
  /** All tries; of a cached reply the one that brought it. The last is what the agent's client is to be served. */
  readonly attempts: readonly Attempt[]
  readonly served: 'live' | 'cached'
  /** USD spent now, where it is known: 0 for a cached reply, whose `reply.costUsd` says what it cost once. */
  readonly costUsd?: number
  /** What the model was really asked, overrides included. */
  readonly request: LlmRequest
}

/** The live models of a run: its trials share breaker, budget and cache. */
export interface LiveRun {
  /**
   * For one trial: same requests are counted in it, so make a new one each time a trial is played. Its signal ends what
   * it has under way.
   */
  forTrial(options?: { readonly signal?: AbortSignal | undefined }): LiveModels
}

export interface LiveModelsOptions extends Omit<ExchangeDeps, 'breaker'> {
  /** `cached` asks only what the cache does not hold. Both keep what was answered. */
  readonly mode: 'live' | 'cached'
  readonly access: ModelAccess
  readonly cache?: ReplyCache | undefined
  readonly budget?: Budget | undefined
  readonly overrides?: Overrides | undefined
  readonly breaker?: Breaker | Omit<BreakerOptions, 'now'> | undefined
  /** Takes secrets out of what is kept. Default: it is kept as it came, without the keys of its request. */
  readonly redact?: (<T>(value: T) => T) | undefined
}

/** Composes all there is to live model calls. Nothing is asked, and no key is needed, before the first call. */
export function openLiveModels(options: LiveModelsOptions): LiveRun {
  const { breaker = {}, now } = options
  const shared = { ...options, breaker: 'enter' in breaker ? breaker : breakerOf({ ...breaker, now }) }
  return {
    forTrial({ signal } = {}) {
      const signals = [options.signal, signal].filter((one) => one !== undefined)
      return liveModels({
        ...shared,
        ...defined({ signal: signals.length === 0 ? undefined : AbortSignal.any(signals) }),
      })
    },
  }
}

type Shared = Omit<LiveModelsOptions, 'breaker'> & { readonly breaker: Breaker }

function liveModels(options: Shared): LiveModels {
  const { mode, access, overrides = {}, cache, redact = (value) => value } = options
  /** How often each request was made, by its first key. */
  const times = new Map<string, number>()

  /** Answers from the cache, or asks and keeps what is worth it. */
  async function answered(asked: Asked, trial: number, ask: () => Promise<Answered>): Promise<LiveAnswer> {
    const { wire, request, sent } = asked
    const first = cacheKey({ wire, request, url: sent.url, trial, nth: 0 })
    const nth = times.get(first) ?? 0
    times.set(first, nth + 1)
    const key = nth === 0 ? first : cacheKey({ wire, request, url: sent.url, trial, nth })
    const kept = mode === 'cached' ? await cache?.get(key) : undefined
    if (kept !== undefined) {
      return { reply: kept.reply, attempts: kept.attempts ?? [], served: 'cached', costUsd: 0, request }
    }
    const { reply, attempts, costUsd, isWhole } = await ask()
    const told = { ...reply, ...defined({ costUsd }) }
    if (isWhole) await cache?.put(key, redact(cachedFrom(told, attempts)))
    return { reply: told, attempts, served: 'live', ...defined({ costUsd }), request }
  }

  return {
    async exchange(given, { trial }) {
      const whole = await wholeOf(given)
      const sent = overridden(llmCall(whole), whole, overrides)
      const read = llmCall(sent)
      const asked = { sent, wire: read.wire, request: read.request }
      const answer = await answered(asked, trial, async () => {
        const exchanged = await sendLive(asked, options)
        if (isOurs(exchanged, asked)) throw providerError(asked, exchanged)
        return answeredBy(exchanged)
      })
      return { ...answer, attempts: inForm(answer, read) }
    },
    async ask(given, wire, { trial, by }) {
      const request = overriddenRequest(given, by === undefined ? overrides : {})
      // No key is needed for what the cache holds.
      const asked = requestFor(request, wire, access, 'look up')
      return answered(asked, trial, async () => answeredBy(await askModel(request, wire, access, options)))
    },
  }
}

interface Answered {
  readonly reply: LlmReply
  readonly attempts: readonly [Attempt, ...Attempt[]]
  readonly costUsd: number | undefined
  /** A reply and nothing else: worth keeping. */
  readonly isWhole: boolean
}

/** As recordings have it where a call brought no reply. */
const noReply: LlmReply = { message: { role: 'assistant', parts: [] }, finishReason: 'error' }

function answeredBy({ attempts, brought, costUsd }: Exchanged): Answered {
  const { reply, error } = brought
  const last = finalAttempt(attempts)
  const isWhole =
    reply !== undefined && error === undefined && last.ended === undefined && (last.status ?? 0) < 300
  const served: [Attempt, ...Attempt[]] =
    attempts.length === 1 ? [last] : [attempts[0], ...attempts.slice(1, -1), last]
  return { reply: reply ?? noReply, attempts: served, costUsd, isWhole }
}

/** Statuses that say something of this very request, which an agent may well know how to take. */
const ofTheRequest = new Set([400, 413, 422])

/** Whether what went wrong is not the agent's: no answer, a wrong key, a model that is not there, an empty account. */
function isOurs({ attempts }: Exchanged, { wire }: Asked): boolean {
  const last = finalAttempt(attempts)
  if (!isAnswer(last, wire)) return true
  return (last.status ?? 0) >= 300 && !ofTheRequest.has(last.status ?? 0)
}

function cachedFrom(reply: LlmReply, attempts: readonly [Attempt, ...Attempt[]]): CachedReply {
  const last = finalAttempt(attempts)
  const { startedAt, durationMs } = last
  return { v: 1, reply, attempts: [last], ...defined({ startedAt, durationMs }) }
}

/** A cached reply may have been streamed where none is asked for, or the other way round: then it is written anew. */
function inForm(
  { reply, attempts, served }: LiveAnswer,
  read: Extract<ReadCall, { kind: 'llm' }>,
): readonly Attempt[] {
  const last = attempts.at(-1)
  if (served === 'live' || (last !== undefined && isStream(last) === read.streamed)) return attempts
  return [writtenAttempt(reply, read)]
}

function llmCall(sent: Sent): Extract<ReadCall, { kind: 'llm' }> {
  const read = readCall(sent)
  if (read.kind === 'llm') return read
  throw new TypeError(`This is no request to a model: ${read.unreadable ?? sent.url.pathname}`)
}
