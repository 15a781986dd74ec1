import type { ServerResponse } from 'node:http'

export type Encoding = 'protobuf' | 'json'

/** What an exporter speaks, by the media type alone: parameters mean nothing here. `undefined`: something else. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf'
  return type === 'application/json' ? 'json' : undefined
}

const types = { protobuf: 'application/x-protobuf', json: 'application/json' } as const

/**
 * What was taken, in the encoding of the request: an empty `Export…ServiceResponse` where all was, else one with a
 * `partial_success`, after which a client must not send the same again
 * (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response).
 */
export function accept(
  response: ServerResponse,
  encoding: Encoding,
  {
    what,
    rejected,
    why,
  }: { readonly what: 'spans' | 'logs'; readonly rejected: number; readonly why: string },
): void {
  if (encoding === 'json') {
    const member = what === 'spans' ? 'rejectedSpans' : 'rejectedLogRecords'
    const partial = { partialSuccess: { [member]: String(rejected), errorMessage: why } }
    send(response, 200, encoding, Buffer.from(JSON.stringify(rejected === 0 ? {} : partial)))
    return
  }
  const partial = Buffer.concat([tag(1, 0), varint(rejected), text(2, why)])
  send(
    response,
    200,
    encoding,
    rejected === 0 ? Buffer.alloc(0) : Buffer.concat([tag(1, 2), varint(partial.length), partial]),
  )
}

/** A refusal, as a `google.rpc.Status`. Of those, clients send only 429, 502, 503 and 504 again. */
export function refuse(
  response: ServerResponse,
  status: number,
  encoding: Encoding,
  { what, retryAfterS }: { readonly what: string; readonly retryAfterS?: number },
): void {
  if (retryAfterS !== undefined) response.setHeader('retry-after', String(retryAfterS))
  const body = encoding === 'json' ? Buffer.from(JSON.stringify({ message: what })) : text(2, what)
  send(response, status, encoding, body)
}

function send(response: ServerResponse, status: number, encoding: Encoding, body: Buffer): void {
  response.writeHead(status, { 'content-type': types[encoding], 'content-length': body.length })
  response.end(body)
}

function text(field: number, value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([tag(field, 2), varint(bytes.length), bytes])
}

function tag(field: number, wire: number): Buffer {
  return Buffer.from([field * 8 + wire])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}
