import { defined } from '../lib/defined.ts'
import { thrownAs } from '../lib/thrown.ts'
import type { Attempt } from '../schema/attempt.ts'
import type { LlmRequest } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { isComplete, isStream, readAttempt } from '../tap/read-attempt.ts'
import { readCall, type ReadCall, type Sent, type Watch, wireAt } from '../tap/sent.ts'
import { isRetriable } from '../tap/serve.ts'
import type { Wire } from '../tap/wire/wire.ts'
import { readJson } from '../lib/json.ts'
import { type Body, bodyCollector } from './body.ts'
import type { Emit } from './recorder.ts'
import type { Redact } from './redact.ts'
import { elapsedMs, iso } from './time.ts'

/** The HTTP calls of one run. */
export interface HttpCalls {
  watch(sent: Sent, parent: string): Watch
  /** The run is over: bodies nobody has read to their end are noted as such. */
  abandon(): void
}

export interface HttpCallsOptions {
  readonly base: { readonly v: 1; readonly trace: string }
  readonly emit: Emit
  readonly redact: Redact
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly nextId: () => string
  /** Is told of each model request. */
  readonly asked: (request: LlmRequest) => void
}

/** Failed calls that a client may make again; more than that nobody waits for. */
const mostFailed = 256

/** A call and its attempts, while it can get another one. */
interface Call {
  readonly id: string
  readonly sent: Sent
  readonly startedAt: number
  /** Filled when records are made, in order. */
  readonly attempts: Attempt[]
}

export function httpCalls({ base, emit, redact, now, nextId, asked }: HttpCallsOptions): HttpCalls {
  /** By request: calls whose last attempt failed in a way that clients try again. */
  const failed = new Map<string, Call>()
  /** Attempts under way, and how to give them up. */
  const open = new Set<() => void>()

  function begin(sent: Sent, parent: string): Call {
    const id = nextId()
    const startedAt = now()
    emit(
      () => {
        const read = readCall(sent)
        if (read.kind === 'llm') asked(read.request)
        const name = redact.text(nameOf(read, redact))
        const span = { id, parent, kind: read.kind, name, startedAt: iso(startedAt) }
        return { ...base, type: 'span', span: { ...span, ...askedIn(read, redact) } }
      },
      512 + 2 * (sent.body?.length ?? 0),
    )
    return { id, sent, startedAt, attempts: [] }
  }

  /** An attempt is over: what it brought is the end of its span, until another one follows. */
  function finish(
    call: Call,
    made: Omit<Attempt, 'headers'>,
    headers: Headers | undefined,
    body: Body,
  ): void {
    const durationMs = elapsedMs(call.startedAt, now())
    emit(() => {
      const { attempt, brought } = readBack(made, headers, body, call.sent)
      const attempts = [...call.attempts, attempt]
      // One that was given up may still end: then that is how it ended.
      if (made.ended !== 'abandoned') call.attempts.push(attempt)
      const status = brought.error === undefined ? 'ok' : 'error'
      return { ...base, type: 'reply', span: call.id, status, ...brought, attempts, durationMs }
    }, 512 + body.size)
  }

  return {
    watch(sent, parent) {
      const call = again(sent) ?? begin(sent, parent)
      const at = now()
      const body = bodyCollector()
      let head: { readonly status: number; readonly headers: Headers } | undefined
      let firstByteMs: number | undefined
      let over = false

      const close = (how: Pick<Attempt, 'ended' | 'error'>): void => {
        if (over) return
        over = true
        open.delete(giveUp)
        const { status, headers } = head ?? {}
        const ended = body.truncated() ? 'truncated' : how.ended
        const durationMs = elapsedMs(at, now())
        const made = { ...defined({ status, ...how, ended, firstByteMs }), startedAt: iso(at), durationMs }
        finish(call, made, headers, body.take())
        if (status === undefined || isRetriable(status) || ended === 'reset') keep(call)
      }
      // If the agent reads on after all, that is another ending of the same attempt.
      const giveUp = (): void => {
        if (over) return
        open.delete(giveUp)
        const { status, headers } = head ?? {}
        const attempt = {
          ...defined({ status, firstByteMs }),
          ended: 'abandoned',
          startedAt: iso(at),
        } as const
        finish(call, attempt, headers, body.peek())
      }
      open.add(giveUp)

      return {
        head(status, headers) {
          head = { status, headers }
        },
        chunk(bytes) {
          firstByteMs ??= elapsedMs(at, now())
          body.add(bytes)
        },
        end: (how) => close(defined({ ended: how })),
        fail(error) {
          const thrown = failureOf(error)
          const aborted = thrown.type === 'AbortError' || thrown.type === 'TimeoutError'
          close({ error: thrown, ...(head === undefined ? {} : { ended: aborted ? 'cancelled' : 'reset' }) })
        },
      }
    },
    abandon() {
      for (const giveUp of open) giveUp()
      failed.clear()
    },
  }

  /** An attempt and what it brought, without secrets. */
  function readBack(
    made: Omit<Attempt, 'headers'>,
    headers: Headers | undefined,
    body: Body,
    sent: Sent,
  ): { attempt: Attempt; brought: BroughtBack } {
    const wire = wireOf(sent)
    const facts = factsOf(made, headers, redact)
    const bytes = made.status === undefined ? {} : body.read()
    const raw = { ...facts, ...bytes }
    if (wire !== undefined && raw.body !== undefined && isStream(raw)) {
      // Taking secrets out of a stream means reading every event of it. Where the whole text holds none, and what it
      // adds up to neither, there is none spread over its events.
      const brought = readAttempt(raw, wire)
      if (redact.json(brought) === brought && redact.find(raw.body).length === 0) {
        return { attempt: whole(raw, wire), brought }
      }
    }
    const attempt = { ...facts, ...redact.body(bytes, headers?.get('content-type') ?? undefined) }
    return wire === undefined
      ? { attempt, brought: rawReply(attempt) }
      : { attempt: whole(attempt, wire), brought: readAttempt(attempt, wire) }
  }

  /** The call this request makes another attempt of, if it does. */
  function again(sent: Sent): Call | undefined {
    if (failed.size === 0 || sent.headers.get('x-stainless-retry-count') === '0') return undefined
    const key = keyOf(sent)
    const call = failed.get(key)
    failed.delete(key)
    return call
  }

  function keep(call: Call): void {
    const [oldest] = failed.keys()
    if (failed.size >= mostFailed && oldest !== undefined) failed.delete(oldest)
    failed.set(keyOf(call.sent), call)
  }
}

function keyOf({ method, url, body = '' }: Sent): string {
  return `${method} ${url.href}\n${body}`
}

function nameOf(read: ReadCall, redact: Redact): string {
  if (read.kind === 'llm') return read.request.model ?? read.wire.name
  // Some services have their key in the path.
  const path = redact
    .url(read.request.url)
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .replace(/[?#].*$/s, '')
  return `${read.request.method} ${path}`
}

function askedIn(
  read: ReadCall,
  redact: Redact,
): { request: Json; attributes?: { readonly [key: string]: Json } } {
  if (read.kind === 'llm') {
    const attributes = {
      'evalkit.wire': read.wire.name,
      ...(read.streamed ? { 'evalkit.streamed': true } : {}),
    }
    return { request: redact.json(read.request), attributes }
  }
  const { url, ...rest } = read.request
  const request = { ...redact.json(rest), url: redact.url(url) } as Json
  return {
    request,
    ...(read.unreadable === undefined ? {} : { attributes: { 'evalkit.unread': read.unreadable } }),
  }
}

/** What came back, beside its bytes. */
interface BroughtBack {
  readonly reply?: Json
  readonly error?: { readonly type: string; readonly message: string }
}

/** What an attempt was, beside its bytes. */
function factsOf(made: Omit<Attempt, 'headers'>, headers: Headers | undefined, redact: Redact): Attempt {
  const { error } = made
  return {
    ...made,
    headers: headers === undefined ? {} : redact.headers(headers),
    ...(error === undefined ? {} : { error: { ...error, message: redact.text(error.message) } }),
  }
}

/** The format's clients leave a stream at its last event: that is no stream left early. */
function whole(attempt: Attempt, wire: Wire): Attempt {
  const { ended, ...rest } = attempt
  return ended === 'cancelled' && isComplete(attempt, wire) ? rest : attempt
}

function wireOf({ method, url }: Sent): Wire | undefined {
  return method === 'POST' ? wireAt(url) : undefined
}

/** What an endpoint we do not read sent back: JSON where it is JSON, text where it is text. */
function rawReply(attempt: Attempt): BroughtBack {
  const { status, body, error } = attempt
  if (status === undefined) {
    return { error: { type: error?.type ?? 'Error', message: error?.message ?? 'no response came' } }
  }
  const parsed = body === undefined || body === '' ? undefined : readJson(body)
  const said = parsed === undefined ? undefined : parsed.ok ? (parsed.value as Json) : body
  return {
    reply: { status, ...(said === undefined ? {} : { body: said }) },
    ...(status < 400 ? {} : { error: { type: `http_${status}`, message: (body ?? '').slice(0, 2000) } }),
  }
}

/** An error of `fetch`, with the code of what caused it. */
function failureOf(error: unknown): NonNullable<Attempt['error']> {
  const { name, message } = thrownAs(error)
  const cause = error instanceof Error ? error.cause : undefined
  const code = codeOf(cause) ?? codeOf(error)
  return { type: name, message, ...(code === undefined ? {} : { code }) }
}

function codeOf(value: unknown): string | undefined {
  const code = typeof value === 'object' && value !== null && 'code' in value ? value.code : undefined
  return typeof code === 'string' ? code : undefined
}
