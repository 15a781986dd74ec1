import { createHash, hash } from 'node:crypto'
import { canonicalJson } from './json.ts'

/** SHA-256 of text or bytes, 64 hex digits. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content)
}

/** SHA-256 of pieces of text, one after another: of what is too long for one string. No pair of surrogates is cut in two. */
export function sha256Of(pieces: Iterable<string>): string {
  const digest = createHash('sha256')
  for (const piece of pieces) digest.update(piece)
  return digest.digest('hex')
}

/** Identity of a JSON value: SHA-256 of its canonical text, first 16 hex digits (64 bits, enough to compare by). */
export function contentHash(value: unknown): string {
  return sha256(canonicalJson(value)).slice(0, 16)
}
