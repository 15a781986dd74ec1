import type { EvalkitError } from '../schema/errors.ts'

/** Reads a filter's text from left to right, each character a bounded number of times. */
export interface Reader {
  readonly text: string
  /** The character that is read next, from 0. */
  readonly at: number
  /** How many parentheses are open: outside of all, a `)` is a part of a value, as it ever was. */
  depth: number
  /** Whether what was read last stood in parentheses of its own. */
  grouped: boolean
  atEnd(): boolean
  blanks(): void
  sees(sign: string): boolean
  seesWord(word: string): boolean
  /** Moves over blanks and a word, in any case; whether it was there. */
  word(word: string): boolean
  /** Moves over an opening parenthesis, behind a word where one is given. */
  opens(word?: string): boolean
  closes(): boolean
  /** What stands in quotes here, without them. Throws where they are never closed. */
  quoted(): string | undefined
  /** A field: up to a blank, a quote, a comparison or a parenthesis. A score's name may stand in quotes. */
  field(): string | undefined
  comparison(): string | undefined
  /** A value without quotes: up to a blank, or to the `)` that closes a group of the filter. */
  value(): string | undefined
  problem(what: string, at?: number): EvalkitError
}

/** Longer texts nobody writes. */
const longest = 10_000

export function readerOf(text: string, misread: (what: string, at: number) => EvalkitError): Reader {
  if (text.length > longest) throw misread(`it is longer than ${longest} characters`, 0)
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) return undefined
    at = pattern.lastIndex
    return match
  }
  const sees = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    return pattern.test(text)
  }
  const wordPattern = (word: string): RegExp => new RegExp(`${word}(?=[\\s()"']|$)`, 'iy')
  const reader: Reader = {
    text,
    depth: 0,
    grouped: false,
    get at() {
      return at
    },
    atEnd: () => at >= text.length,
    blanks() {
      take(/\s+/y)
    },
    sees: (sign) => text.startsWith(sign, at),
    seesWord: (word) => sees(wordPattern(word)),
    word(word) {
      reader.blanks()
      const found = take(wordPattern(word)) !== undefined
      reader.blanks()
      return found
    },
    opens: (word = '') => take(new RegExp(word === '' ? '\\(' : `${word}\\s*\\(`, 'iy')) !== undefined,
    closes: () => take(/\)/y) !== undefined,
    quoted() {
      const match = take(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/sy)
      if (match !== undefined) return (match[1] ?? match[2] ?? '').replace(/\\(["'\\])/g, '$1')
      if (sees(/["']/y)) throw misread('a quote is opened and never closed', at)
      return undefined
    },
    field() {
      if (take(/score\.(?=["'])/y) !== undefined) return `score.${reader.quoted()}`
      if (sees(/score\./y)) return bare(/[\s=!~<>"']/)
      return take(/[^\s=!~<>"'()]+/y)?.[0]
    },
    comparison: () => take(/\s*(==|!=|<=|>=|[=~<>])\s*/y)?.[1],
    value: () => bare(/\s/),
    problem: (what, place = at) => misread(what, place),
  }
  const bare = (stop: RegExp): string | undefined => {
    const start = at
    let open = 0
    for (; at < text.length; at++) {
      const sign = text.charAt(at)
      if (stop.test(sign)) break
      if (sign === '(') open++
      else if (sign === ')' && open > 0) open--
      else if (sign === ')' && reader.depth > 0) break
    }
    return at === start ? undefined : text.slice(start, at)
  }
  return reader
}
