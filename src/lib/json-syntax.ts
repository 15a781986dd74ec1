/** Where text stops being JSON, from 1, and what stands there. */
export interface SyntaxProblem {
  readonly what: string
  readonly line: number
  readonly column: number
}

/** Tokens of JSON but for strings (RFC 8259, sections 2, 3 and 6), white space before them included. */
const token = /[ \t\n\r]*(?:([[\]{},:"])|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y
const escaped = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or ]' | ', or }' | 'end'

const words: Record<Expected, string> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  key: 'a property name',
  'key or }': 'a property name or "}"',
  ':': '":"',
  ', or ]': '"," or "]"',
  ', or }': '"," or "}"',
  end: 'the end',
}

/**
 * The place where text that `JSON.parse` refused stops being JSON. V8 names it for some mistakes only, and quotes
 * the text, which is a stranger's.
 */
export function syntaxProblem(text: string): SyntaxProblem {
  const found = valueAt(text, 0)
  return 'end' in found ? problemAt(text, found.end, 'end') : problemOf(text, found)
}

/** Where a JSON value ends that begins here, or where it stops being one. Linear, and as deep as the value is. */
export function endOfJson(text: string, from: number): { readonly end: number } | SyntaxProblem {
  const found = valueAt(text, from)
  return 'end' in found ? found : problemOf(text, found)
}

type Stop = { wrong: number; what: string } | { wrong: number; expected: Expected }

function valueAt(text: string, from: number): { end: number } | Stop {
  const open: ('[' | '{')[] = []
  let expected: Expected = 'value'
  let at = from
  while (expected !== 'end') {
    token.lastIndex = at
    const found = token.exec(text)
    const next: Expected | undefined = found === null ? undefined : after(expected, found[1] ?? 'a', open)
    if (next === undefined) return { wrong: at, expected }
    at = token.lastIndex
    if (found?.[1] === '"') {
      const string = endOfString(text, at)
      if ('wrong' in string) return string
      at = string.end
    }
    expected = next
  }
  return { end: at }
}

function problemOf(text: string, stop: Stop): SyntaxProblem {
  return 'what' in stop
    ? { ...placeOf(text, stop.wrong), what: stop.what }
    : problemAt(text, stop.wrong, stop.expected)
}

/** By hand: a regular expression over a string of many megabytes runs out of stack. */
function endOfString(text: string, from: number): { end: number } | { wrong: number; what: string } {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return { end: at + 1 }
    if (code < 0x20) return { wrong: at, what: 'a string holds a bare control character' }
    if (code === 0x5c) {
      escaped.lastIndex = at + 1
      const cut = at + (text.charAt(at + 1) === 'u' ? 5 : 1) >= text.length
      if (!escaped.test(text) && !cut) return { wrong: at, what: 'a string holds an unknown escape' }
      at++
    }
  }
  return { wrong: text.length, what: 'it ends within a string' }
}

/** What may come after a token, or `undefined` where it may not come itself. Keeps account of what is open. */
function after(expected: Exclude<Expected, 'end'>, kind: string, open: ('[' | '{')[]): Expected | undefined {
  if (expected === ':') return kind === ':' ? 'value' : undefined
  if (expected === 'key' || expected === 'key or }') {
    if (kind === '"') return ':'
    return kind === '}' && expected === 'key or }' ? close(open) : undefined
  }
  if (expected === ', or ]') return kind === ',' ? 'value' : kind === ']' ? close(open) : undefined
  if (expected === ', or }') return kind === ',' ? 'key' : kind === '}' ? close(open) : undefined
  if (kind === '[' || kind === '{') {
    open.push(kind)
    return kind === '[' ? 'value or ]' : 'key or }'
  }
  if (kind === 'a' || kind === '"') return within(open)
  return kind === ']' && expected === 'value or ]' ? close(open) : undefined
}

function close(open: ('[' | '{')[]): Expected {
  open.pop()
  return within(open)
}

function within(open: readonly ('[' | '{')[]): Expected {
  const last = open.at(-1)
  return last === undefined ? 'end' : last === '[' ? ', or ]' : ', or }'
}

function problemAt(text: string, from: number, expected: Expected): SyntaxProblem {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at++
  const what = `${words[expected]} is expected`
  return { ...placeOf(text, at), what: at === text.length ? `it ends where ${what}` : what }
}

function placeOf(text: string, at: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let found = text.indexOf('\n'); found !== -1 && found < at; found = text.indexOf('\n', start)) {
    line++
    start = found + 1
  }
  return { line, column: at - start + 1 }
}
