import type { Chunk, Redactor } from '../lib/redact.ts'
import { piecesOf } from '../tap/serve.ts'
import { type BodyText, bodyOf } from './body.ts'

/** What a recorder needs of redaction: nothing it writes has not gone through it. */
export interface Redact extends Pick<Redactor, 'json' | 'text' | 'url' | 'headers'> {
  /** A recorded body, with its cuts at the places that correspond; the same one if nothing was found. */
  body(body: BodyText, contentType: string | undefined): BodyText
}

/** Redaction of everything a recorder writes. */
export function redactWith(redactor: Redactor): Redact {
  return {
    json: (value) => redactor.json(value),
    text: (text) => redactor.text(text),
    url: (url) => redactor.url(url),
    headers: (headers) => redactor.headers(headers),
    body(body, contentType) {
      const chunks = [...piecesOf(body)].map(chunkOf)
      const redacted = redactor.chunks(chunks, contentType)
      return redacted === chunks ? body : bodyOf(redacted.map(bytesOf)).read()
    },
  }
}

function chunkOf(bytes: Uint8Array): Chunk {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}

function bytesOf(chunk: Chunk): Uint8Array {
  return typeof chunk === 'string' ? new TextEncoder().encode(chunk) : Buffer.from(chunk.base64, 'base64')
}
