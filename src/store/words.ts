/**
 * Words as a search sees them. Cut and folded here, not by the database's tokenizer, so that every store finds the
 * same traces whatever Unicode version it was built with.
 */

/** Stands between two texts of a trace: no phrase reaches across it. Never a word itself. */
const border = '¶'

/** Longer runs (base64, hashes) are cut: nobody types them, and they would be most of an index. */
const longestWord = 64

/** Scripts written without blanks are one word per character, so that a phrase finds any part of a sentence. */
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]]+/gv

/** Letters and digits, without case and accents: `"Café (4×)"` gives `cafe`, `4`. */
export function wordsOf(text: string): readonly string[] {
  if (!/[^\p{ASCII}]/u.test(text)) return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map(cut)
  return (text.match(word) ?? []).map(fold).filter((it) => it !== '')
}

/** Texts as one line of words, bordered by blanks: what is indexed, and what `holdsPhrase` looks into. */
export function searchText(texts: Iterable<string>): string {
  const lines: string[] = []
  for (const text of texts) {
    const words = wordsOf(text)
    if (words.length > 0) lines.push(words.join(' '))
  }
  return ` ${lines.join(` ${border} `)} `
}

/** Whether the words stand there one after another; with `open`, the last may go on ("refund" in "refunded"). */
export function holdsPhrase(searchable: string, words: readonly string[], open: boolean): boolean {
  return searchable.includes(` ${words.join(' ')}${open ? '' : ' '}`)
}

/**
 * The first place a phrase stands, with some text around it, on one line. `undefined` where it stands nowhere.
 * `width` is in characters.
 */
export function snippetOf(
  texts: Iterable<string>,
  words: readonly string[],
  open: boolean,
  width = 120,
): string | undefined {
  for (const text of texts) {
    const found = placeOf(text, words, open)
    if (found !== undefined) return around(text, found.start, found.end, width)
  }
  return undefined
}

function placeOf(
  text: string,
  words: readonly string[],
  open: boolean,
): { start: number; end: number } | undefined {
  if (!holdsPhrase(searchText([text]), words, open)) return undefined
  const places = [...text.matchAll(word)]
    .map((match) => ({ word: fold(match[0]), start: match.index, end: match.index + match[0].length }))
    .filter((it) => it.word !== '')
  const last = words.length - 1
  for (let first = 0; first + last < places.length; first++) {
    const fits = words.every((wanted, at) => {
      const here = places[first + at]?.word ?? ''
      return open && at === last ? here.startsWith(wanted) : here === wanted
    })
    const start = places[first]?.start
    const end = places[first + last]?.end
    if (fits && start !== undefined && end !== undefined) return { start, end }
  }
  return undefined
}

function around(text: string, start: number, end: number, width: number): string {
  const room = Math.max(0, Math.floor((width - (end - start)) / 2))
  const from = Math.max(0, start - room)
  const until = Math.min(text.length, Math.max(end, start + width), end + room)
  const piece = text
    .slice(from, until)
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  return `${from > 0 ? '…' : ''}${piece}${until < text.length ? '…' : ''}`
}

function fold(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
  // Compatibility forms bring signs along ("½" becomes "1⁄2", "⑴" becomes "(1)").
  return cut(plain.replace(/[^\p{L}\p{N}]+/gu, ''))
}

function cut(text: string): string {
  return text.length <= longestWord ? text : text.slice(0, longestWord).toWellFormed()
}
