import { thrownAs } from '../../lib/thrown.ts'
import type { Json } from '../../schema/json.ts'
import type { SpoolRecord } from '../../schema/spool.ts'
import { attributesOf } from './otlp-attributes.ts'
import { parseOtlpHeaders } from './otlp-headers.ts'
import { type ReadySpan, spanJoiner } from './otlp-join.ts'
import { otlpPost } from './otlp-post.ts'
import { quietFetch } from './quiet-fetch.ts'
import { RecordsLost, type Sink } from './sink.ts'

export interface OtlpOptions {
  /** Where the collector is: `http://localhost:4318`; spans go to `/v1/traces` there. */
  readonly endpoint: string
  /** Sent with each request; text is read as `OTEL_EXPORTER_OTLP_HEADERS` is. */
  readonly headers?: Readonly<Record<string, string>> | string | undefined
  /** A way out that is not recorded itself, and holds no process alive; `quietFetch` where none is given. */
  readonly fetch?: typeof globalThis.fetch
  /** Who is running: `service.name`, `service.version`. */
  readonly resource?: { readonly [key: string]: Json }
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Of one request (ms). */
  readonly timeoutMs?: number
  /** Of one request with all its retries (ms). */
  readonly deadlineMs?: number
  /** The first wait before a request is tried again (ms). */
  readonly backOffMs?: number
  /** Characters of one request, before it is compressed. A span that is larger has one of its own. */
  readonly maxRequestChars?: number
  /** Requests at a time. */
  readonly maxInFlight?: number
  /** Spans that have begun and are kept until they end. */
  readonly maxOpenSpans?: number
}

/**
 * Sends spans to an OpenTelemetry collector, or to evalkit's own: OTLP/HTTP in JSON, with the attributes of the
 * GenAI conventions for everybody and `evalkit.*` ones that lose nothing (`otlp/spool-records.ts` reads them). A span is sent when it has
 * ended, so a process that is killed leaves no trace of the calls it was waiting for: the spool does.
 *
 * A write resolves when the collector has accepted all spans that it completed, and rejects with `RecordsLost` where
 * it did not take some. Nothing can be sent while a process exits: `close` sends what is still open as `unfinished`.
 */
export function otlpSink(options: OtlpOptions): Sink {
  const { timeoutMs = 10_000, deadlineMs = 25_000, backOffMs = 500, maxInFlight = 4 } = options
  const { fetch = quietFetch, now, maxRequestChars = 4 * 1024 * 1024, maxOpenSpans } = options
  const joiner = spanJoiner(maxOpenSpans === undefined ? {} : { maxSpans: maxOpenSpans })
  const envelope = envelopeOf(options.resource ?? {})
  const post = otlpPost({ ...addressOf(options), fetch, now, timeoutMs, deadlineMs, backOffMs })

  async function send(spans: readonly ReadySpan[], signal?: AbortSignal): Promise<void> {
    const requests = requestsOf(spans, maxRequestChars)
    const losses: RecordsLost[] = []
    const worker = async (): Promise<void> => {
      for (let request = requests.shift(); request !== undefined; request = requests.shift()) {
        const loss = await lossOf(request, signal)
        if (loss !== undefined) losses.push(loss)
      }
    }
    await Promise.all(Array.from({ length: Math.min(maxInFlight, requests.length) }, worker))
    const [first] = losses
    if (first === undefined) return
    const sum = (of: 'lost' | 'untold'): number => losses.reduce((total, loss) => total + loss[of], 0)
    throw new RecordsLost(first.message, sum('lost'), sum('untold'))
  }

  async function lossOf(spans: readonly ReadySpan[], signal?: AbortSignal): Promise<RecordsLost | undefined> {
    try {
      const { rejected, why } = await post(envelope(spans.map(({ text }) => text)), signal)
      return rejected === 0 ? undefined : lossOfSpans(why, spans, Math.min(1, rejected / spans.length))
    } catch (error) {
      return lossOfSpans(thrownAs(error).message, spans, 1)
    }
  }

  return {
    name: 'otlp',
    async write(records: readonly SpoolRecord[], signal) {
      const spans = records.flatMap((record) => joiner.take(record))
      if (spans.length > 0) await send(spans, signal)
    },
    async close() {
      const spans = joiner.rest()
      if (spans.length > 0) await send(spans)
    },
  }
}

/** Nobody says which spans were rejected: their share of all stands for them. */
function lossOfSpans(why: string, spans: readonly ReadySpan[], share: number): RecordsLost {
  const sum = (of: 'records' | 'untold'): number =>
    Math.ceil(share * spans.reduce((total, span) => total + span[of], 0))
  return new RecordsLost(why, sum('records'), sum('untold'))
}

function requestsOf(spans: readonly ReadySpan[], maxChars: number): (readonly ReadySpan[])[] {
  const requests: ReadySpan[][] = []
  let current: ReadySpan[] = []
  let chars = 0
  for (const span of spans) {
    if (current.length === 0 || chars + span.text.length > maxChars) {
      current = []
      requests.push(current)
      chars = 0
    }
    current.push(span)
    chars += span.text.length
  }
  return requests
}

/** Spans are text already: they are only put between what is the same around all of them. */
function envelopeOf(resource: { readonly [key: string]: Json }): (spans: readonly string[]) => string {
  const told = Object.entries(resource).filter(
    (entry): entry is [string, string | number | boolean] =>
      typeof entry[1] === 'string' || typeof entry[1] === 'number' || typeof entry[1] === 'boolean',
  )
  const attributes = JSON.stringify(attributesOf(Object.fromEntries(told)))
  const before = `{"resourceSpans":[{"resource":{"attributes":${attributes}},"scopeSpans":[{"scope":{"name":"evalkit"},"spans":[`
  return (spans) => `${before}${spans.join(',')}]}]}]}`
}

/** `fetch` takes no credentials in an address: they become the header that they stand for. */
function addressOf({ endpoint, headers = {} }: OtlpOptions): {
  url: string
  headers: Record<string, string>
} {
  const given = typeof headers === 'string' ? parseOtlpHeaders(headers).headers : headers
  const url = URL.parse(endpoint)
  if (url === null) return { url: endpoint, headers: { ...given } }
  const { username, password } = url
  const user = `${unescaped(username)}:${unescaped(password)}`
  url.username = ''
  url.password = ''
  const path = url.pathname.replace(/\/+$/, '')
  url.pathname = path.endsWith('/v1/traces') ? path : `${path}/v1/traces`
  return {
    url: url.href,
    headers: {
      ...(user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
      ...given,
    },
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
