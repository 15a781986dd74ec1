import { isKeptHeader } from '../../lib/redact/headers.ts'
import { thrownAs } from '../../lib/thrown.ts'
import { defined } from '../../lib/defined.ts'
import type { Attempt } from '../../schema/attempt.ts'
import { realFetch } from '../../tap/fetch.ts'
import type { Sent } from '../../tap/sent.ts'
import { untapped } from '../../tap/untapped.ts'
import { withoutCredentials } from './credentials.ts'

export interface SendOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Cancels the call: this rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /** How long one try may take. Default 10 minutes, as long as the official clients wait. */
  readonly timeoutMs?: number | undefined
  /** Bytes of a body that are kept; what is longer is `truncated`. Default 16 MiB. */
  readonly mostBytes?: number | undefined
  /** The way out. Default: the real `fetch`, out of reach of every tap. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Headers that belong to one connection, and those that `fetch` writes itself. */
const own = new Set(
  'host connection keep-alive content-length transfer-encoding accept-encoding expect te trailer upgrade'.split(
    ' ',
  ),
)

const defaultTimeoutMs = 600_000
const defaultMostBytes = 16 * 1024 * 1024

/**
 * Makes one HTTP try: the request as the agent's client made it, credentials included; the answer read whole, with its
 * cuts and times. Never throws for what the other side does: that is in the attempt. Throws the signal's reason when
 * one of the two signals (ours, the agent's) aborts.
 *
 * A redirect is an answer: who followed it would hand the agent's keys to wherever it leads.
 */
export async function sendOnce(sent: Sent, options: SendOptions): Promise<Attempt> {
  const { now, timeoutMs = defaultTimeoutMs, mostBytes = defaultMostBytes } = options
  const given = [options.signal, sent.signal].filter((signal) => signal !== undefined)
  const signal = AbortSignal.any([...given, AbortSignal.timeout(Math.min(timeoutMs, 2 ** 31 - 1))])
  const started = now()
  const at = { startedAt: new Date(started).toISOString() }
  const elapsed = (): number => Math.max(0, now() - started)
  const body = collected()
  let head: Pick<Attempt, 'status' | 'headers'> | undefined
  let firstByteMs: number | undefined
  const made = (how: Pick<Attempt, 'ended' | 'error'>): Attempt =>
    withoutCredentials(
      {
        headers: {},
        ...head,
        ...(head === undefined ? {} : body.read()),
        ...how,
        ...at,
        ...defined({ firstByteMs }),
        durationMs: elapsed(),
      },
      sent.headers,
    )
  try {
    const response = await outside(options.fetch, sent, signal)
    head = { status: response.status, headers: keptHeaders(response.headers) }
    for await (const piece of response.body ?? []) {
      firstByteMs ??= elapsed()
      // Leaving the loop cancels the body.
      if (body.size() + piece.byteLength > mostBytes) return made({ ended: 'truncated' })
      body.add(piece)
    }
    return made({})
  } catch (error) {
    for (const one of given) one.throwIfAborted()
    // Not by the name of a timeout: that is how an agent's own patience is recorded, and a replay would wait for it.
    const told = signal.aborted
      ? { type: 'TypeError', message: `no answer within ${timeoutMs} ms`, code: 'ETIMEDOUT' }
      : failureOf(error)
    return made({ error: told, ...(head === undefined ? {} : { ended: 'reset' }) })
  }
}

async function outside(
  send: typeof globalThis.fetch | undefined,
  { method, url, headers, body }: Sent,
  signal: AbortSignal,
): Promise<Response> {
  const kept = [...headers].filter(([name]) => !own.has(name) && !name.startsWith('x-evalkit-'))
  const init = { method, headers: kept, signal, redirect: 'manual', ...defined({ body }) } as const
  return untapped(() => (send ?? realFetch())(url, init))
}

function keptHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => isKeptHeader(name)))
}

/** What `fetch` threw, with the code of its cause. */
function failureOf(error: unknown): NonNullable<Attempt['error']> {
  const { name, message } = thrownAs(error)
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const code = codeOf(cause) ?? codeOf(error)
  return { type: name, message, ...(code === undefined ? {} : { code }) }
}

function codeOf(value: unknown): string | undefined {
  const code = typeof value === 'object' && value !== null && 'code' in value ? value.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** A body in the pieces it came in. */
function collected(): {
  add(piece: Uint8Array): void
  size(): number
  read(): Pick<Attempt, 'body' | 'base64' | 'cuts'>
} {
  const pieces: Uint8Array[] = []
  const cuts: number[] = []
  let size = 0
  return {
    add(piece) {
      if (piece.byteLength === 0) return
      if (size > 0) cuts.push(size)
      size += piece.byteLength
      pieces.push(piece)
    },
    size: () => size,
    read() {
      const whole = Buffer.concat(pieces)
      return { ...textOf(whole), ...(cuts.length === 0 ? {} : { cuts: [...cuts] }) }
    },
  }
}

function textOf(bytes: Buffer): Pick<Attempt, 'body' | 'base64'> {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { base64: bytes.toString('base64') }
  }
}
