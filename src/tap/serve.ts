import type { Attempt } from '../schema/attempt.ts'
import { TapAborted } from './tap.ts'
import type { Sent } from './sent.ts'

/** How a served body ends that did not end by itself, for the player to learn of. */
export interface ServeOptions {
  /** The agent read on where the recorded one had stopped: what comes next is not known. */
  readonly ranOut: (what: string) => void
  /** Who is served waits in no real time: told when to come back, it comes back then. */
  readonly waits?: boolean | undefined
}

/**
 * A recorded attempt as the response it was: the same status, headers and bytes, cut at the same places, one piece a
 * read. What failed on the way fails again: no response is what `fetch` throws, a reset breaks the body off. Waits
 * of real time are not repeated: a client that is told when to come back is told "in a millisecond".
 */
export async function served(
  attempt: Attempt,
  sent: Pick<Sent, 'signal'>,
  options: ServeOptions,
): Promise<Response> {
  const { status, error } = attempt
  if (status === undefined) throw await failure(error, sent.signal)
  const headers = new Headers(Object.entries(attempt.headers))
  // The body here is decoded already, and its length is what it is.
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name)
  if (isRetriable(status) && options.waits !== true) {
    headers.delete('retry-after')
    headers.set('retry-after-ms', '1')
  }
  const bodiless = status === 204 || status === 205 || status === 304
  return new Response(bodiless ? null : bodyOf(attempt, sent.signal, options), {
    status: Math.max(200, status),
    headers,
  })
}

/** Statuses after which the official clients ask again (their READMEs, "Retries"). */
export function isRetriable(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500
}

/** The bytes of a recorded body. */
export function bytesOf({ body, base64 }: Pick<Attempt, 'body' | 'base64'>): Uint8Array<ArrayBuffer> {
  return base64 === undefined ? new TextEncoder().encode(body ?? '') : fromBase64(base64)
}

/** The bytes of a recorded body, piece by piece as they arrived. */
export function* piecesOf(attempt: Pick<Attempt, 'body' | 'base64' | 'cuts'>): Generator<Uint8Array> {
  const { cuts = [] } = attempt
  const bytes = bytesOf(attempt)
  let start = 0
  for (const cut of [...cuts, bytes.length]) {
    const end = Math.min(cut, bytes.length)
    // Copies: a stream takes the buffer of what it is handed.
    if (end > start) yield bytes.slice(start, end)
    start = Math.max(start, end)
  }
}

function bodyOf(
  attempt: Attempt,
  signal: AbortSignal | undefined,
  options: ServeOptions,
): ReadableStream<Uint8Array> {
  const pieces = piecesOf(attempt)
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      if (gaveUp(signal)) {
        controller.error(signal?.reason)
        return
      }
      const { done, value } = pieces.next()
      if (done !== true) {
        controller.enqueue(value)
        return
      }
      // The recorded agent gave up waiting: this one will too, or not.
      if (signal !== undefined && isAbort(attempt.error)) await aborted(signal)
      // Over a socket bodies are read ahead of the agent: whether it stops where the recorded one did shows a moment later.
      else if (signal !== undefined && attempt.ended === 'cancelled') await abortedWithin(signal, readAheadMs)
      const broken = gaveUp(signal) ? signal?.reason : endOf(attempt, options)
      if (broken !== undefined) {
        controller.error(broken)
        return
      }
      controller.close()
      controller.byobRequest?.respond(0)
    },
  })
}

/** How long an agent may take to stop reading where the recorded one did. */
const readAheadMs = 2000

/** Resolves when the signal aborts, or after a time. */
async function abortedWithin(signal: AbortSignal, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([aborted(signal), late])
  clearTimeout(timer)
}

/** What a body that broke off fails with; `undefined` where it ended by itself. */
function endOf({ ended, error }: Attempt, { ranOut }: ServeOptions): unknown {
  if (ended === undefined) return undefined
  if (ended === 'reset') return errorFrom(error ?? { type: 'TypeError', message: 'terminated' })
  const what = {
    cancelled: 'the agent reads on where the recorded one stopped reading',
    abandoned: 'the agent reads a body that the recorded one never read to its end',
    truncated: 'the agent reads on where the recording was cut: the body was too large to keep',
  }[ended]
  ranOut(what)
  return new TapAborted(what)
}

/** What `fetch` throws for an attempt without a response. Who waits for an abort waits again, for his own. */
async function failure(error: Attempt['error'], signal: AbortSignal | undefined): Promise<unknown> {
  if (signal !== undefined && isAbort(error)) {
    await aborted(signal)
    return signal.reason
  }
  return errorFrom(error ?? { type: 'TypeError', message: 'fetch failed' })
}

function gaveUp(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function isAbort(error: Attempt['error']): boolean {
  return error?.type === 'AbortError' || error?.type === 'TimeoutError'
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function errorFrom({ type, message, code }: NonNullable<Attempt['error']>): Error {
  if (type === 'AbortError' || type === 'TimeoutError') return new DOMException(message, type)
  const cause = code === undefined ? undefined : Object.assign(new Error(code), { code })
  const options = cause === undefined ? undefined : { cause }
  const error = type === 'TypeError' ? new TypeError(message, options) : new Error(message, options)
  error.name = type
  return error
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
