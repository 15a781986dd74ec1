import type { Attempt } from '../schema/attempt.ts'

/** The bytes of an attempt and where they were cut. */
export type BodyText = Pick<Attempt, 'body' | 'base64' | 'cuts'>

/** A body as it was recorded. */
export interface Body {
  /** Bytes it holds in memory. */
  readonly size: number
  read(): BodyText
}

/** Bytes of a body that are kept at most. */
const mostBytes = 8 * 1024 * 1024

/** Collects the pieces of a body, up to a bound; copies, because streams take back the buffers they hand out. */
export function bodyCollector(most = mostBytes): {
  add(bytes: Uint8Array): void
  truncated(): boolean
  /** What came so far; more may follow. */
  peek(): Body
  /** What came; nothing is kept here any more. */
  take(): Body
} {
  let pieces: Uint8Array[] = []
  let size = 0
  let cutOff = false
  return {
    add(bytes) {
      if (cutOff || bytes.byteLength === 0) return
      if (size + bytes.byteLength > most) {
        cutOff = true
        return
      }
      size += bytes.byteLength
      pieces.push(bytes.slice())
    },
    truncated: () => cutOff,
    peek: () => bodyOf([...pieces]),
    take() {
      const taken = bodyOf(pieces)
      pieces = []
      return taken
    },
  }
}

/** A body of these pieces, in the order they arrived. */
export function bodyOf(pieces: readonly Uint8Array[]): Body {
  const size = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
  return {
    size,
    read() {
      const whole = new Uint8Array(size)
      const cuts: number[] = []
      let at = 0
      for (const piece of pieces) {
        whole.set(piece, at)
        at += piece.byteLength
        if (at < size) cuts.push(at)
      }
      const text = textOf(whole)
      return {
        ...(text === undefined ? { base64: Buffer.from(whole).toString('base64') } : { body: text }),
        ...(cuts.length === 0 ? {} : { cuts }),
      }
    },
  }
}

/** UTF-8 text, a byte order mark included; `undefined` where the bytes are none. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
