import { readJson } from '../lib/json.ts'
import type { HttpRequest, LlmRequest } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { wires } from './wire/index.ts'
import { isRecord } from './wire/text.ts'
import type { Wire } from './wire/wire.ts'

/** An HTTP request as the agent sends it. */
export interface Sent {
  /** In capitals. */
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  /** Absent where it has none, or where it could not be read without harm. */
  readonly body?: string | undefined
  /** Why the body could not be read, as a clause: it is a stream, a form, or no text. */
  readonly unread?: string | undefined
  /** Reads that body all the same, and uses it up: only for who answers the request and sends nothing on. */
  readonly consume?: (() => Promise<string>) | undefined
  readonly signal?: AbortSignal | undefined
}

/** What watches a request on its way: told of everything, asked for nothing, and never throws. */
export interface Watch {
  head(status: number, headers: Headers): void
  /** A piece of the body after content decoding. The bytes are copied before this returns. */
  chunk(bytes: Uint8Array): void
  /** The body is over: by itself, or how else. */
  end(how?: 'reset' | 'cancelled' | 'truncated'): void
  /** No response came, or its body broke off: what the agent was told. */
  fail(error: unknown): void
}

/** A request read as a call: to a model whose format we know, or to anything else. */
export type ReadCall =
  | {
      readonly kind: 'llm'
      readonly wire: Wire
      readonly request: LlmRequest
      readonly streamed: boolean
    }
  | {
      readonly kind: 'custom'
      readonly request: HttpRequest
      /** Why it is no model call we can read, as a clause, where its address says it should be one. */
      readonly unreadable?: string
    }

/** The wire format a POST to this address speaks, if we know it. */
export function wireAt(url: URL): Wire | undefined {
  return Object.values(wires).find((wire) => wire.matches(url))
}

/** Reads a request. Never throws: what cannot be read as a model call is a `custom` one. */
export function readCall(sent: Sent): ReadCall {
  const { method, url, body, unread } = sent
  const wire = method === 'POST' ? wireAt(url) : undefined
  const parsed = body === undefined || body === '' ? undefined : readJson(body)
  const custom = (unreadable?: string): ReadCall => ({
    kind: 'custom',
    request: {
      method,
      url: url.href,
      ...(body === undefined || body === ''
        ? {}
        : { body: parsed?.ok === true ? (parsed.value as Json) : body }),
    },
    ...(unreadable === undefined ? {} : { unreadable }),
  })
  if (wire === undefined) return custom(unread)
  if (unread !== undefined) return custom(`a request for ${wire.name} was made whose body ${unread}`)
  if (parsed === undefined || !parsed.ok || !isRecord(parsed.value)) {
    return custom(`a request for ${wire.name} was made that is not JSON`)
  }
  try {
    const request = wire.readRequest(parsed.value, url)
    return { kind: 'llm', wire, request, streamed: wire.streams(parsed.value, url) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return custom(`a request for ${wire.name} was made that cannot be read (${error.message})`)
  }
}
