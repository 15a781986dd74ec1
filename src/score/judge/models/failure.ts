import { oneLine } from '../../../lib/text.ts'
import { thrownAs } from '../../../lib/thrown.ts'

/** Why a request brought no answer. */
export interface FailureFacts {
  readonly kind: 'timeout' | 'rate limit' | 'provider'
  /** Whether the same request may bring one the next time. */
  readonly again: boolean
  /** How long the provider asks to be left alone, in milliseconds. */
  readonly waitMs?: number | undefined
  /** Whether an answer had begun: then it may have been billed. */
  readonly begun: boolean
}

/** A request to a model that brought no answer. It never leaves the judge: there it becomes an unscored verdict. */
export class ModelFailure extends Error {
  readonly facts: FailureFacts

  constructor(message: string, facts: FailureFacts) {
    super(message)
    this.name = 'ModelFailure'
    this.facts = facts
  }
}

/** The error classes of a client: the two official ones are made by one generator, and have the same. */
export interface ClientErrors {
  readonly APIError: abstract new (
    ...args: never
  ) => Error & {
    readonly status: number | undefined
    readonly headers: Headers | undefined
  }
  readonly APIConnectionError: abstract new (...args: never) => Error
  readonly APIConnectionTimeoutError: abstract new (...args: never) => Error
}

/**
 * What a client threw, as a failure. Again after 408, 409, 429 and 5xx, which is what both clients would do themselves
 * (their READMEs, "Retries"), after a connection that failed, and after an answer that broke off.
 */
export function failureOf(error: unknown, errors: ClientErrors, now: number): ModelFailure {
  if (error instanceof ModelFailure) return error
  const { message } = thrownAs(error)
  const said = oneLine(message, 300)
  if (error instanceof errors.APIConnectionTimeoutError) return timedOut(said)
  if (error instanceof errors.APIConnectionError) {
    return new ModelFailure(`the connection failed: ${said}`, { kind: 'provider', again: true, begun: false })
  }
  if (error instanceof errors.APIError && error.status !== undefined) {
    const { status, headers } = error
    const kind = status === 429 ? 'rate limit' : 'provider'
    // A 429 that waiting does not mend: https://platform.openai.com/docs/guides/error-codes ("exceeded your quota").
    const hopeless = headers?.get('x-should-retry') === 'false' || message.includes('insufficient_quota')
    const again = !hopeless && (status === 408 || status === 409 || status === 429 || status >= 500)
    return new ModelFailure(said, { kind, again, waitMs: askedWait(headers, now), begun: false })
  }
  return new ModelFailure(`its answer broke off, or is none: ${said}`, {
    kind: 'provider',
    again: true,
    begun: true,
  })
}

export function timedOut(said: string): ModelFailure {
  return new ModelFailure(said, { kind: 'timeout', again: false, begun: true })
}

/** Both spellings of `retry-after` (RFC 9110, 10.2.3), and the finer one of OpenAI. */
function askedWait(headers: Headers | undefined, now: number): number | undefined {
  const exact = Number.parseFloat(headers?.get('retry-after-ms') ?? '')
  if (Number.isFinite(exact)) return Math.max(0, exact)
  const said = headers?.get('retry-after') ?? undefined
  if (said === undefined) return undefined
  const seconds = Number(said)
  if (said.trim() !== '' && Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(said)
  return Number.isFinite(date) ? Math.max(0, date - now) : undefined
}
