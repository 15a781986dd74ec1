import { readJson, sameJson } from '../../lib/json.ts'
import { endOfJson } from '../../lib/json-syntax.ts'
import { shown, withThousands } from '../show.ts'

/** Characters of an answer that are read. A verdict and its critique are a thousandth of it. */
export const longestAnswer = 200_000

/** The one JSON object of an answer, or why there is none: `schema` where it is JSON of another kind. */
export type AnswerObject =
  | { readonly object: Readonly<Record<string, unknown>> }
  | { readonly unjudged: 'parse' | 'schema'; readonly why: string }

/**
 * The JSON object in what a model said: plain, fenced, or with prose before or after. Nothing is guessed. An object
 * counts where it stands on lines of its own, or opens or closes the answer: what stands within a sentence is
 * quoted. Of several that name `field` none is taken unless they all say the same; those that do not name it (a call
 * that a critique quotes) do not count. Broken JSON anywhere is a broken answer, for what it would have said is
 * unknown. Linear in the text.
 */
export function objectIn(text: string, field: string): AnswerObject {
  if (text.length > longestAnswer) {
    return parse(`Its answer has ${withThousands(text.length)} characters, more than are read.`)
  }
  const said = withoutThoughts(text.trim())
  if (said === undefined) return parse('Its answer breaks off within its thoughts.')
  if (said === '') return parse('It answered nothing.')
  const whole = readJson(said)
  if (whole.ok && !isObject(whole.value))
    return schema(`It answered ${shown(whole.value)}, and not an object.`)

  const found = objectsIn(said)
  if ('unjudged' in found) return found
  const naming = found.spans.filter(({ start, end }) => names(said.slice(start, end), field))
  const spans = naming.length === 0 ? found.spans : naming
  const [first, ...others] = spans
  if (first === undefined) return parse(`It answered without a JSON object: ${shown(said)}.`)

  const object = objectOf(said, first)
  if ('unjudged' in object) return object
  for (const span of others) {
    const other = objectOf(said, span)
    if ('unjudged' in other) return other
    if (!sameJson(other.object, object.object)) {
      return parse(
        `It answered with ${spans.length} JSON objects that differ. Which of them it means is not known.`,
      )
    }
  }
  if (spans.some((span) => standsAlone(said, span))) return object
  return parse(`Its only JSON object stands within a sentence, as what is quoted does: ${shown(said)}.`)
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Models that think aloud do so between tags, and quote there whatever they like. */
function withoutThoughts(said: string): string | undefined {
  if (!/^<think(?:ing)?>/i.test(said)) return said
  const closed = /<\/think(?:ing)?>/i.exec(said)
  return closed === null ? undefined : said.slice(closed.index + closed[0].length).trim()
}

/** The outermost JSON objects of a text. Braces that open none (`{name}`) must be closed before the next one. */
function objectsIn(said: string): { spans: Span[] } | { unjudged: 'parse'; why: string } {
  const spans: Span[] = []
  let loose = 0
  let at = 0
  for (const brace = /[{}]/g; ; ) {
    brace.lastIndex = at
    const found = brace.exec(said)
    if (found === null) return { spans }
    at = found.index + 1
    if (found[0] === '}') loose = Math.max(0, loose - 1)
    else if (!opensObject(said, at)) loose++
    else {
      const object = endOfJson(said, found.index)
      if (!('end' in object)) {
        const { line, column, what } = object
        return parse(`It holds JSON that is broken: ${what} (line ${line}, column ${column} of its answer).`)
      }
      if (loose > 0 || inList(said, found.index, object.end)) {
        return parse(`A JSON object stands within something that is none: ${shown(said)}.`)
      }
      spans.push({ start: found.index, end: object.end })
      at = object.end
    }
  }
}

/** What follows the brace: a key, or nothing. */
function opensObject(said: string, from: number): boolean {
  const next = /[ \t\n\r]*(.?)/sy
  next.lastIndex = from
  const character = next.exec(said)?.[1]
  // At the very end of a text it is an object that was cut off.
  return character === '"' || character === '}' || character === ''
}

function inList(said: string, start: number, end: number): boolean {
  let before = start - 1
  while (before >= 0 && ' \t\n\r'.includes(said.charAt(before))) before--
  let after = end
  while (after < said.length && ' \t\n\r'.includes(said.charAt(after))) after++
  return said.charAt(before) === '[' || said.charAt(after) === ']'
}

/** Whether an object names a field, anywhere in it. Escapes can spell anything. */
function names(object: string, field: string): boolean {
  return object.includes(field) || object.includes('\\u')
}

function objectOf(said: string, { start, end }: Span): AnswerObject {
  const text = said.slice(start, end)
  const read = readJson(text)
  if (!read.ok) {
    const { problem } = read
    if (problem.kind === 'too-deep') return parse(`It answered with an object ${problem.depth} levels deep.`)
    if (problem.kind === 'forbidden-key') return parse(`Its object has the key ${shown(problem.key)}.`)
    return parse(`Its object is broken: ${problem.what}.`)
  }
  if (!isObject(read.value)) return schema(`It answered ${shown(read.value)}, and not an object.`)
  const twice = keyTwice(text)
  if (twice !== undefined) return parse(`Its object says ${shown(twice)} twice.`)
  return { object: read.value }
}

/** A key that an object has twice: parsers take the last, and people read the first. */
function keyTwice(object: string): string | undefined {
  const seen = new Set<string>()
  let at = skipSpace(object, 1)
  while (object.charAt(at) === '"') {
    const key = endOfJson(object, at)
    if (!('end' in key)) return undefined
    const name = String(JSON.parse(object.slice(at, key.end)))
    if (seen.has(name)) return name
    seen.add(name)
    const value = endOfJson(object, skipSpace(object, key.end) + 1)
    if (!('end' in value)) return undefined
    at = skipSpace(object, skipSpace(object, value.end) + 1)
  }
  return undefined
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at++
  return at
}

/** What may stand before an object on its line: a fence and its language. */
const opening = /^\s*(?:(?:`+|~{3,})\s*[\w+-]*\s*)?$/
const closing = /^\s*(?:`+|~{3,})?\s*$/
/** No fence and its indentation is longer. */
const longestFence = 100

/** On lines of its own, or first or last of all that is said; last in a quotation (`>`) it is quoted. */
function standsAlone(said: string, { start, end }: Span): boolean {
  const before = said.slice(Math.max(0, start - longestFence - 1), start)
  const after = said.slice(end, end + longestFence + 1)
  const line = before.slice(before.lastIndexOf('\n') + 1)
  const lineEnd = after.indexOf('\n')
  const rest = lineEnd === -1 ? after : after.slice(0, lineEnd)
  if (
    line.length <= longestFence &&
    opening.test(line) &&
    rest.length <= longestFence &&
    closing.test(rest)
  ) {
    return true
  }
  const opens = start <= longestFence && opening.test(before)
  const closes = said.length - end <= longestFence && closing.test(after)
  return opens || (closes && !/^\s*>/.test(said.slice(said.lastIndexOf('\n', start) + 1, start)))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(why: string): { unjudged: 'parse'; why: string } {
  return { unjudged: 'parse', why }
}

function schema(why: string): { unjudged: 'schema'; why: string } {
  return { unjudged: 'schema', why }
}
