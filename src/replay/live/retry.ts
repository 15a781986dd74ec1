import type { Attempt } from '../../schema/attempt.ts'
import { isRetriable } from '../../tap/serve.ts'

/** How long is waited between tries, and how often. */
export interface RetryOptions {
  /** Tries in all. Default 5. */
  readonly attempts?: number | undefined
  /** The first wait is at most this long, each further one twice as long. Default 500 ms. */
  readonly baseMs?: number | undefined
  /** The longest wait we choose. Default 30 s. */
  readonly mostMs?: number | undefined
  /** The longest wait a provider can ask for; it may ask for more, and is asked again after that. Default 60 s. */
  readonly mostAskedMs?: number | undefined
  /** Which tries are worth another. Default `isWorthAnother`. */
  readonly again?: ((attempt: Attempt) => boolean) | undefined
}

/** What waiting needs of the world. */
export interface Waits {
  /** From 0, less than 1. */
  readonly random: () => number
  /** Milliseconds since the epoch: a provider may name a date. */
  readonly now: () => number
  /** Rejects with the signal's reason when it aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/**
 * The one place where a call is made again: after 408, 409, 429 and 5xx, which is what both official clients do (their
 * READMEs, "Retries"), after a connection that failed, and after a body that broke off, of which nobody was shown
 * anything yet. Any other answer is the answer. `once` makes one try, and throws only what ends the call.
 *
 * The wait is chosen evenly between nothing and an exponential bound ("full jitter"), so that trials that failed
 * together do not come back together; where the provider says how long (`retry-after-ms`, `retry-after`), it is that
 * and a little more. Returns all tries made, the last one decided. Throws the signal's reason at once when it aborts.
 */
export async function withRetries(
  once: () => Promise<Attempt>,
  { random, now, sleep }: Waits,
  options: RetryOptions = {},
  signal?: AbortSignal,
): Promise<readonly [Attempt, ...Attempt[]]> {
  const {
    attempts = 5,
    baseMs = 500,
    mostMs = 30_000,
    mostAskedMs = 60_000,
    again = isWorthAnother,
  } = options
  signal?.throwIfAborted()
  const made: [Attempt, ...Attempt[]] = [await once()]
  while (made.length < attempts) {
    const last = made[made.length - 1] as Attempt
    if (!again(last)) break
    const own = Math.min(mostMs, baseMs * 2 ** (made.length - 1))
    const asked = askedWait(last, now())
    const wait = asked === undefined ? random() * own : Math.min(mostAskedMs, asked) + random() * baseMs
    signal?.throwIfAborted()
    await sleep(Math.round(wait), signal)
    signal?.throwIfAborted()
    made.push(await once())
  }
  return made
}

/** Whether the other side did not answer, and may the next time. */
export function isWorthAnother({ status, ended, headers, body = '', error }: Attempt): boolean {
  if (status === undefined) return error === undefined || !hopeless.has(error.code ?? '')
  if (ended === 'reset') return true
  if (!isRetriable(status)) return false
  if (headers['x-should-retry'] === 'false') return false
  // A 429 that waiting does not mend: https://platform.openai.com/docs/guides/error-codes ("exceeded your quota").
  return !body.slice(0, 4000).includes('"insufficient_quota"')
}

/** Names that do not exist and certificates that do not hold: they will not the next time either. */
const hopeless = new Set([
  'ENOTFOUND',
  'ERR_INVALID_URL',
  'UND_ERR_INVALID_ARG',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** How long a provider asks to be left alone, in milliseconds; both spellings of `retry-after` (RFC 9110, 10.2.3). */
function askedWait({ headers }: Attempt, now: number): number | undefined {
  const exact = Number.parseFloat(headers['retry-after-ms'] ?? '')
  if (Number.isFinite(exact)) return Math.max(0, exact)
  const said = headers['retry-after']
  if (said === undefined) return undefined
  const seconds = Number(said)
  if (said.trim() !== '' && Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(said)
  return Number.isFinite(date) ? Math.max(0, date - now) : undefined
}
