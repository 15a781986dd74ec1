import { defined } from '../../lib/defined.ts'
import { readJson } from '../../lib/json.ts'
import { isKeptHeader } from '../../lib/redact/headers.ts'
import { unlessTypeError } from '../../lib/thrown.ts'
import type { Attempt } from '../../schema/attempt.ts'
import type { HttpReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { totalsOf } from '../../schema/totals.ts'
import { type Span, type SpanOf, type Trace, traceVersion } from '../../schema/trace.ts'
import { readAttempt } from '../../tap/read-attempt.ts'
import { type ReadCall, readCall } from '../../tap/sent.ts'
import { isRetriable } from '../../tap/serve.ts'
import { deriveTools } from '../derive-tools.ts'
import { versionsIn } from '../versions.ts'
import { skipped } from './foreign.ts'
import type { Imported } from './importer.ts'
import { withTraceId } from './trace-id.ts'

/** One recorded HTTP exchange, whoever recorded it. */
export interface Exchange {
  readonly method: string
  readonly url: URL
  /** What was sent; absent where nothing was. */
  readonly body?: string | undefined
  /** Why the body is not known although there was one, as a clause. */
  readonly unread?: string | undefined
  /** What came back, with the time it was sent and how long it took, where that is known. */
  readonly attempt: Attempt
  /** Whether the body of `attempt` is the one that came, byte for byte, or one that says the same. */
  readonly exact: boolean
}

/** A file of exchanges: what one run of an agent said to the world. */
export interface Exchanges {
  /** What the recording calls itself, if it does. */
  readonly name?: string
  /** What the run is called otherwise: of the file, so no part of what the run is known by. */
  readonly title: string
  readonly source: Trace['source']
  readonly exchanges: readonly Exchange[]
  /** How many exchanges of the file could not be read. */
  readonly lost: number
}

/**
 * The trace of a file of exchanges: an `llm` span for each request to a model we can read, a `custom` span for any
 * other, with their attempts where the bytes are known; tools as far as the model was shown their results. The same
 * request after a failure that clients try again is another attempt of its span. A run that JSON cannot say is skipped.
 */
export function importExchanges(recorded: Exchanges): Imported {
  const { name, title, source } = recorded
  const trace = identified(recorded, name ?? source.format)
  if (trace === undefined) return skipped('the whole file', 'a body holds a number that JSON cannot say')
  if (name !== undefined) return { trace }
  const [root, ...others] = trace.spans
  return {
    trace: { ...trace, name: title, spans: root === undefined ? [] : [{ ...root, name: title }, ...others] },
  }
}

/** Undefined where a body holds such a number as `1e999`: it parses to an infinity, which nothing can be known by. */
function identified(recorded: Exchanges, name: string): Trace | undefined {
  return unlessTypeError(() => withTraceId(contentOf(recorded, name)))
}

function contentOf({ source, exchanges, lost }: Exchanges, name: string): Omit<Trace, 'id'> {
  const calls = callsIn(exchanges)
  const asked = calls.map((call, at) => spanOf(call, `s${at + 2}`))
  const last = asked.at(-1)
  const models = asked.filter((span) => span.kind === 'llm')
  const [first] = models
  const opening = first?.request.messages.find(({ role }) => role === 'user')
  const input = opening === undefined ? undefined : said(textOf(opening))
  const answer = models.findLast(({ reply }) => reply !== undefined)?.reply
  const output = answer === undefined ? undefined : said(textOf(answer.message))
  const known = first === undefined ? undefined : versionsIn(first.request)
  const outcome = { status: last?.status ?? 'ok', ...defined({ error: last?.error }) } as const
  const time = timeOf(asked)
  const root: Span = {
    id: 's1',
    parent: null,
    kind: 'agent',
    name,
    ...outcome,
    ...time,
    ...defined({ input, output }),
  }
  const spans = deriveTools([root, ...asked])
  return {
    v: traceVersion,
    name,
    source,
    status: outcome.status,
    ...time,
    ...defined({ input, output }),
    ...totalsOf(spans),
    versions: known?.versions ?? {},
    tags: [],
    attributes: { ...known?.attributes, ...(lost === 0 ? {} : { 'evalkit.dropped': lost }) },
    scores: [],
    spans,
  }
}

interface Call {
  readonly exchange: Exchange
  readonly attempts: Exchange[]
}

function callsIn(exchanges: readonly Exchange[]): readonly Call[] {
  const calls: Call[] = []
  const failed = new Map<string, Call>()
  for (const exchange of exchanges) {
    const { method, url, body, attempt } = exchange
    const key = `${method} ${url.href}\n${body ?? ''}`
    const again = failed.get(key)
    const call = again ?? { exchange, attempts: [] }
    call.attempts.push(exchange)
    if (again === undefined) calls.push(call)
    if (attempt.status === undefined || isRetriable(attempt.status)) failed.set(key, call)
    else failed.delete(key)
  }
  return calls
}

function spanOf({ exchange, attempts }: Call, id: string): SpanOf<'llm'> | SpanOf<'custom'> {
  const { method, url, body, unread } = exchange
  const read = readCall({ method, url, headers: new Headers(), body, unread })
  const last = (attempts.at(-1) ?? exchange).attempt
  const exact = attempts.every((one) => one.exact)
  const base = {
    id,
    parent: 's1',
    name: nameOf(read, url),
    ...timeOf(attempts.map(({ attempt }) => attempt)),
    ...(exact ? { attempts: attempts.map(({ attempt }) => attempt) } : {}),
  }
  if (read.kind === 'llm') {
    const { reply, error } = readAttempt(last, read.wire)
    const attributes = {
      'evalkit.wire': read.wire.name,
      ...(read.streamed ? { 'evalkit.streamed': true } : {}),
    }
    return {
      ...base,
      kind: 'llm',
      status: error === undefined ? 'ok' : 'error',
      attributes,
      request: read.request,
      ...defined({ reply, error }),
    }
  }
  const error = errorOf(last)
  return {
    ...base,
    kind: 'custom',
    status: error === undefined ? 'ok' : 'error',
    request: read.request,
    ...(read.unreadable === undefined ? {} : { attributes: { 'evalkit.unread': read.unreadable } }),
    ...defined({ reply: rawReply(last), error }),
  }
}

function nameOf(read: ReadCall, url: URL): string {
  return read.kind === 'llm'
    ? (read.request.model ?? read.wire.name)
    : `${read.request.method} ${url.pathname}`
}

function rawReply({ status, body }: Attempt): HttpReply | undefined {
  if (status === undefined) return undefined
  const parsed = body === undefined || body === '' ? undefined : readJson(body)
  if (parsed === undefined) return { status }
  return { status, body: parsed.ok ? (parsed.value as Json) : (body ?? null) }
}

function errorOf({ status, error, body = '' }: Attempt): { type: string; message: string } | undefined {
  if (status === undefined) {
    return { type: error?.type ?? 'Error', message: error?.message ?? 'no response was recorded' }
  }
  return status < 400 ? undefined : { type: `http_${status}`, message: body.slice(0, 2000) }
}

/** From the start of the first to the end of the last, where both are known. */
function timeOf(members: readonly { startedAt?: string; durationMs?: number }[]): {
  startedAt?: string
  durationMs?: number
} {
  const startedAt = members[0]?.startedAt
  if (startedAt === undefined) return {}
  const ends = members.map((one) => Date.parse(one.startedAt ?? '') + (one.durationMs ?? Number.NaN))
  const durationMs = Math.max(...ends) - Date.parse(startedAt)
  return { startedAt, ...(durationMs >= 0 ? { durationMs } : {}) }
}

function said(text: string): string | undefined {
  return text === '' ? undefined : text
}

/** What a recording keeps of a response's headers. Names are in lower case already. */
export function keptHeaders(
  headers: Iterable<readonly [name: string, value: string]>,
): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => isKeptHeader(name)))
}
