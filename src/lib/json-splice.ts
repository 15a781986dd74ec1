/**
 * JSON text with one member exchanged, and every other byte of it as it was: white space, the order of keys, numbers
 * longer than a double. All text here is valid JSON.
 */

/** A path into a JSON text: keys and indexes. */
export type SplicePath = readonly (string | number)[]

/** The text with the value at this path exchanged; `undefined` where nothing stands there. */
export function withValueAt(text: string, path: SplicePath, value: unknown): string | undefined {
  const place = placeAt(text, path)
  return place === undefined
    ? undefined
    : text.slice(0, place.start) + JSON.stringify(value) + text.slice(place.end)
}

/** The text of an object with a member put in front of its others. The key is not among them. */
export function withMember(text: string, key: string, value: unknown): string {
  return inFront(text, `${JSON.stringify(key)}:${JSON.stringify(value)}`)
}

/** The text with an item put in front of the list at this path; `undefined` where there is no list. */
export function withItem(text: string, path: SplicePath, value: unknown): string | undefined {
  const place = placeAt(text, path)
  if (place === undefined || text.charAt(place.start) !== '[') return undefined
  const list = text.slice(place.start, place.end)
  return text.slice(0, place.start) + inFront(list, JSON.stringify(value)) + text.slice(place.end)
}

function inFront(text: string, written: string): string {
  const open = skipSpace(text, 0) + 1
  const next = skipSpace(text, open)
  const isEmpty = text.charAt(next) === '}' || text.charAt(next) === ']'
  return `${text.slice(0, open)}${written}${isEmpty ? '' : ','}${text.slice(open)}`
}

interface Place {
  readonly start: number
  readonly end: number
}

function placeAt(text: string, path: SplicePath): Place | undefined {
  let start = skipSpace(text, 0)
  for (const step of path) {
    const found = typeof step === 'number' ? itemAt(text, start, step) : memberAt(text, start, step)
    if (found === undefined) return undefined
    start = found
  }
  return { start, end: endOfValue(text, start) }
}

/** Where a member's value begins. Of several of one name the last counts, as for every parser in use. */
function memberAt(text: string, object: number, key: string): number | undefined {
  if (text.charAt(object) !== '{') return undefined
  let found: number | undefined
  let at = skipSpace(text, object + 1)
  while (text.charAt(at) === '"') {
    const end = endOfString(text, at)
    const value = skipSpace(text, skipSpace(text, end) + 1)
    if (JSON.parse(text.slice(at, end)) === key) found = value
    at = afterComma(text, endOfValue(text, value))
  }
  return found
}

function itemAt(text: string, list: number, index: number): number | undefined {
  if (text.charAt(list) !== '[') return undefined
  let at = skipSpace(text, list + 1)
  for (let count = 0; at < text.length && text.charAt(at) !== ']'; count++) {
    if (count === index) return at
    at = afterComma(text, endOfValue(text, at))
  }
  return undefined
}

function afterComma(text: string, at: number): number {
  const next = skipSpace(text, at)
  return text.charAt(next) === ',' ? skipSpace(text, next + 1) : next
}

/** Where a value ends that begins here. Brackets are counted, so that depth costs no stack. */
function endOfValue(text: string, start: number): number {
  let depth = 0
  let at = start
  do {
    const character = text.charAt(at)
    if (character === '"') at = endOfString(text, at)
    else if (character === '{' || character === '[') {
      depth++
      at++
    } else if (character === '}' || character === ']') {
      depth--
      at++
    } else if (depth > 0) at++
    else at = endOfWord(text, at)
  } while (depth > 0 && at < text.length)
  return at
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1
  return at + 1
}

function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length && /[^\s,\]}]/.test(text.charAt(at))) at++
  return Math.max(at, start + 1)
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (/[ \t\r\n]/.test(text.charAt(at))) at++
  return at
}
