import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { thrownAs } from '../../lib/thrown.ts'

export interface PostOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** A way out that is not recorded itself. */
  readonly fetch: typeof globalThis.fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Of one try (ms). */
  readonly timeoutMs: number
  /** Of all tries of one request, waits included (ms). */
  readonly deadlineMs: number
  /** The first wait between two tries (ms); each one after it is twice as long. */
  readonly backOffMs: number
}

/** How many spans a collector says it did not take, and why. */
export interface Accepted {
  readonly rejected: number
  readonly why: string
}

/** An answer longer than this is not read to its end (bytes): it has nothing to say that long. */
const maxAnswerBytes = 64 * 1024

const compressed = promisify(gzip)

/**
 * Posts OTLP in JSON, as its specification has it (opentelemetry.io, docs/specs/otlp): only 429, 502, 503, 504 and
 * broken connections are tried again, not before the time that `Retry-After` names. That holds for the requests that
 * follow, too. Redirects are not followed: they would take the credentials elsewhere. Rejects with an `Error` that
 * says why.
 */
export function otlpPost(options: PostOptions): (body: string, signal?: AbortSignal) => Promise<Accepted> {
  const { url, headers, now, timeoutMs, deadlineMs, backOffMs } = options
  /** No request before this time: the collector asked for it. */
  let notBefore = 0

  async function tryOnce(body: Uint8Array<ArrayBuffer>, signal: AbortSignal | undefined): Promise<Try> {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await options.fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body,
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
      if (response.ok) return { accepted: acceptedIn(await textOf(response)) }
      drop(response)
      const why = `the collector answered ${response.status}`
      if (![429, 502, 503, 504].includes(response.status)) return { why }
      return { why, again: waitIn(response.headers.get('retry-after'), now()) ?? 0 }
    } catch (error) {
      if (signal?.aborted === true) return { why: 'given up' }
      // It may have taken them: asking again would send them twice.
      if (timeout.aborted) return { why: `the collector did not answer within ${timeoutMs} ms` }
      return { why: `the collector could not be reached (${causeOf(error)})`, again: 0 }
    }
  }

  return async (body, signal) => {
    const until = now() + deadlineMs
    const bytes = await compressed(body, { level: constants.Z_BEST_SPEED })
    for (let backOff = backOffMs; ; backOff *= 2) {
      if (notBefore > now()) await pause(Math.min(notBefore, until) - now(), signal)
      if (notBefore >= until) throw new Error('the collector asked to wait longer than records can')
      const result = await tryOnce(bytes, signal)
      if ('accepted' in result) return result.accepted
      if (result.again === undefined) throw new Error(result.why)
      if (result.again > 0) notBefore = Math.max(notBefore, now() + result.again)
      if (now() + backOff >= until) throw new Error(result.why)
      await pause(backOff, signal)
      if (signal?.aborted === true) throw new Error(result.why)
    }
  }
}

/** `again` is after how long the collector wants to be asked again (ms), 0 where it does not say. */
type Try = { readonly accepted: Accepted } | { readonly why: string; readonly again?: number }

/** At most this long is a collector obeyed (ms): a slip of its clock must not silence us for a day. */
const longestWaitMs = 5 * 60 * 1000

/** `Retry-After` is seconds or a date (RFC 9110, 10.2.3). */
function waitIn(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), longestWaitMs)
}

function acceptedIn(text: string): Accepted {
  const { rejectedSpans, errorMessage } = partialSuccessIn(text)
  // 64-bit integers are text in OTLP's JSON, but not everybody's.
  const rejected = Number(rejectedSpans ?? 0)
  return {
    rejected: Number.isFinite(rejected) && rejected > 0 ? Math.floor(rejected) : 0,
    why: typeof errorMessage === 'string' ? errorMessage.slice(0, 200) : 'the collector rejected spans',
  }
}

function partialSuccessIn(text: string): { rejectedSpans?: unknown; errorMessage?: unknown } {
  try {
    const answer = JSON.parse(text) as { partialSuccess?: object } | null
    return answer?.partialSuccess ?? {}
  } catch {
    // Accepted, in whatever words.
    return {}
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxAnswerBytes) break
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/** What is not read holds its connection. */
function drop(response: Response): void {
  response.body?.cancel().catch(() => undefined)
}

/** Holds no process alive. Ends early where nobody waits any more. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    timer.unref()
    signal?.addEventListener('abort', end)
    if (signal?.aborted === true) end()
  })
}

/** `fetch` says "fetch failed", and why in its cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : thrownAs(cause).message
}
