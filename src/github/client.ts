import type { Octokit } from '@octokit/rest'
import { oneLine } from '../lib/text.ts'
import { EvalkitError } from '../schema/errors.ts'

export interface GithubAccess {
  readonly token: string
  /** `GITHUB_API_URL`; GitHub's own where it is absent. */
  readonly apiUrl: string | undefined
  readonly fetch: typeof globalThis.fetch
  /** Waits that many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>
  /** Milliseconds since the epoch: GitHub may name the second from which it answers again. */
  readonly now: () => number
}

/** What GitHub said, or why it said nothing of use. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly status: number; readonly why: string }

/** GitHub's REST API through its own client. */
export interface Github {
  readonly rest: Octokit['rest']
}

/** Tries of one request: the first and what follows it. */
const tries = 4
/** Longer than this a job does not stand still for one request, in ms. */
const longestWait = 120_000

/**
 * Opens the client. A request that can be repeated is, where the network or GitHub falters; any request is, where GitHub
 * refused it unread because of a rate limit, after the time it asks for. A request is waited for two minutes at
 * the most. Throws
 * `EVK_GITHUB_SDK` where the package is not installed.
 */
export async function openGithub({ token, apiUrl, fetch, sleep, now }: GithubAccess): Promise<Github> {
  const { Octokit: Client } = await loaded()
  const octokit = new Client({
    auth: token,
    userAgent: 'evalkit',
    ...(apiUrl === undefined || apiUrl === '' ? {} : { baseUrl: apiUrl.replace(/\/+$/, '') }),
    request: { fetch },
    // It would print below the command that is asked for one JSON document.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  })
  octokit.hook.wrap('request', async (request, options) => {
    let waited = 0
    for (let attempt = 1; ; attempt++) {
      try {
        return await request(options)
      } catch (error) {
        const wait = waitFor(error, options.method, attempt, now())
        if (attempt === tries || wait === undefined || waited + wait > longestWait) throw error
        await sleep(wait)
        waited += wait
      }
    }
  })
  return { rest: octokit.rest }
}

/** What a call of the client gave, its refusals as values. Throws only what did not come from GitHub. */
export async function answered<T>(call: () => Promise<{ readonly data: T }>): Promise<Answer<T>> {
  try {
    return { ok: true, value: (await call()).data }
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) throw error
    const said = oneLine(refusal.message, 300)
    // The client names a network that failed 500, too.
    const why =
      refusal.headers === undefined
        ? `GitHub could not be reached: ${said}`
        : `GitHub said ${refusal.status}: ${said}`
    return { ok: false, status: refusal.status, why }
  }
}

/** A `RequestError` of the client, by its shape: there may be two copies of the package. */
interface Refusal {
  readonly status: number
  readonly message: string
  /** Absent where no answer came. */
  readonly headers: Readonly<Record<string, string | number | undefined>> | undefined
}

function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined
  const { response } = error as { response?: { headers?: Refusal['headers'] } }
  return { status: error.status, message: error.message, headers: response?.headers }
}

/**
 * How long to wait before the next try, in ms; `undefined` where trying again is no use. As GitHub asks for it: what
 * `retry-after` says, else until `x-ratelimit-reset` where nothing remains, else a minute
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
 */
function waitFor(error: unknown, method: string, attempt: number, now: number): number | undefined {
  const refusal = refusalOf(error)
  if (refusal === undefined) return undefined
  const { status, headers = {}, message } = refusal
  if (status === 403 || status === 429) {
    const after = Number(headers['retry-after'])
    if (headers['retry-after'] !== undefined && Number.isFinite(after)) return Math.max(0, after) * 1_000
    const reset = Number(headers['x-ratelimit-reset'])
    if (String(headers['x-ratelimit-remaining']) === '0' && Number.isFinite(reset)) {
      return Math.max(0, reset * 1_000 - now) + 1_000
    }
    return status === 429 || /rate limit/i.test(message) ? 60_000 : undefined
  }
  // What may have been done already is not done again: a second comment would stay.
  const repeatable = method === 'GET' || method === 'PATCH'
  return status >= 500 && repeatable ? 1_000 * 2 ** (attempt - 1) : undefined
}

async function loaded(): Promise<{ Octokit: typeof Octokit }> {
  try {
    return await import('@octokit/rest')
  } catch (cause) {
    throw new EvalkitError('EVK_GITHUB_SDK', 'A comment needs the package "@octokit/rest".', { cause })
  }
}

function quiet(): void {}
