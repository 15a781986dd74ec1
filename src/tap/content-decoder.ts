import type { Transform } from 'node:stream'

/** What takes the decoded body. */
interface Target {
  chunk(bytes: Uint8Array): void
  end(how?: 'reset' | 'cancelled' | 'truncated'): void
}

/** Takes a body as it came over the wire. */
export interface ContentDecoder {
  chunk(bytes: Uint8Array): void
  /** Something of the body is left out: it is recorded as `truncated`. */
  skip(): void
  end(how?: 'reset' | 'cancelled'): void
}

/**
 * Undoes the `Content-Encoding` of a body (RFC 9110, 8.4) beside the agent, which gets the bytes as they came. At
 * most `limit` bytes are handed on, however far a few bytes unfold. What is coded in a way we cannot undo, or is not
 * what it says, is `truncated` from there on. Compressed bodies are decoded off the agent's path: their pieces, and
 * their end, are handed on a little later.
 */
export function contentDecoder(encoding: string | undefined, limit: number, target: Target): ContentDecoder {
  const bounded = boundedTo(limit, target)
  const coding = encoding?.trim().toLowerCase() ?? ''
  if (coding === '' || coding === 'identity') return bounded
  let stream: Transform | undefined
  let how: 'reset' | 'cancelled' | undefined
  let ending = false
  let over = false
  const finish = (): void => {
    if (over) return
    over = true
    bounded.end(how)
  }
  const started = (first: Uint8Array): Transform | undefined => {
    const decoder = decoderFor(coding, first)
    decoder?.on('data', (bytes: Uint8Array) => {
      bounded.chunk(bytes)
      if (bounded.isFull()) decoder.destroy()
    })
    decoder?.on('error', () => {
      bounded.skip()
      finish()
    })
    decoder?.on('close', () => {
      // Torn down because the body is longer than we keep: the rest still comes, and then its end.
      if (ending || !bounded.isFull()) finish()
    })
    return decoder
  }
  return {
    chunk(bytes) {
      if (over || bounded.isFull() || bytes.byteLength === 0) return
      stream ??= started(bytes)
      // A copy: the buffer is the agent's, and is decoded after it was handed on.
      if (stream === undefined) bounded.skip()
      else stream.write(Buffer.from(bytes))
    },
    skip: () => bounded.skip(),
    end(as) {
      how = as
      ending = true
      if (stream === undefined || stream.destroyed) finish()
      else stream.end()
    },
  }
}

function boundedTo(limit: number, target: Target): ContentDecoder & { isFull(): boolean } {
  let left = limit
  let truncated = false
  return {
    chunk(bytes) {
      if (truncated) return
      const kept = bytes.byteLength <= left ? bytes : bytes.subarray(0, left)
      left -= kept.byteLength
      truncated = kept.byteLength < bytes.byteLength
      if (kept.byteLength > 0) target.chunk(kept)
    },
    skip: () => void (truncated = true),
    end: (how) => target.end(how ?? (truncated ? 'truncated' : undefined)),
    isFull: () => truncated,
  }
}

function decoderFor(coding: string, first: Uint8Array): Transform | undefined {
  // When it is needed: an agent that is never sent anything compressed starts without it.
  const zlib = process.getBuiltinModule('node:zlib')
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip()
    case 'deflate':
      // Some servers leave out the header that RFC 9110 asks for: its low four bits are 8.
      return ((first[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw()
    case 'br':
      return zlib.createBrotliDecompress()
    case 'zstd':
      // Not in Node 22.14.
      return 'createZstdDecompress' in zlib ? zlib.createZstdDecompress() : undefined
    default:
      return undefined
  }
}
