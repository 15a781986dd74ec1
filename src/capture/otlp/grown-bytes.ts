import { type GrownText, goingOn, wholeText } from '../../lib/grown-text.ts'

/** Shorter texts are read sooner than they are found. */
export const shortestGrown = 512

/** Texts are looked for by how they begin. */
const start = 128
/** Conversations of one agent may all begin alike: they are compared one by one, the latest first. */
const mostAlike = 32

interface Known {
  readonly from: number
  readonly until: number
  readonly text: GrownText
}

/**
 * Reads the texts of one message in protobuf, from `shortestGrown` bytes on: of one that goes on where an earlier one ended, only what
 * is new. Bytes are compared, which is many times faster than making text of them. What is left of UTF-8 that is broken is the same
 * either way: a text ends, and goes on, with a character of ASCII.
 */
export function grownBytes(bytes: Buffer): (from: number, until: number) => GrownText {
  const byStart = new Map<string, Known[]>()
  return (from, until) => {
    const key = bytes.toString('latin1', from, from + start)
    const alike = byStart.get(key)
    const at = alike?.findLastIndex((known) => isSame(known, from, until) || goesOn(known, from, until)) ?? -1
    const known = alike?.[at]
    if (alike === undefined || known === undefined) {
      const made = { from, until, text: wholeText(bytes.toString('utf8', from, until)) }
      if (alike === undefined) byStart.set(key, [made])
      else if (alike.push(made) > mostAlike) alike.shift()
      return made.text
    }
    const length = known.until - known.from
    if (length === until - from) return known.text
    const text = goingOn(known.text, bytes.toString('utf8', from + length - 1, until))
    // Nobody asks for the conversation as it was before.
    alike.splice(at, 1)
    alike.push({ from, until, text })
    return text
  }

  function isSame(known: Known, from: number, until: number): boolean {
    return (
      known.until - known.from === until - from &&
      bytes.compare(bytes, from, until, known.from, known.until) === 0
    )
  }

  /** Whether a list in JSON, but for its last character, is the beginning of a longer one. Empty lists are nobody's. */
  function goesOn(known: Known, from: number, until: number): boolean {
    const end = known.until - known.from - 1
    return (
      until - from > end + 1 &&
      bytes[from + end] === 0x2c &&
      bytes[known.until - 1] === 0x5d &&
      bytes.compare(bytes, from, from + end, known.from, known.until - 1) === 0
    )
  }
}
