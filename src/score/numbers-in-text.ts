import { isCurrencyMark, wordAfter, wordBefore } from './currencies.ts'
import { withPlainDigits } from './digits.ts'

/** A number in a text, with everything it may mean: `1.234` is 1.234 to some and 1234 to others. */
export interface NumberInText {
  readonly readings: readonly number[]
  /** As it is written, sign included. */
  readonly text: string
  /** The words right before and after it: `EUR`, `€`, `kg`. */
  readonly before: string
  readonly after: string
}

/**
 * The numbers of a text, however their digits are grouped: by comma, point, space, apostrophe or underscore, in threes or
 * as in India (`12,34,567`), with a decimal point or comma. No language is assumed, so one that can be read in two
 * ways has both readings; numbers parted by single spaces are also read alone.
 *
 * Not numbers: what is glued to letters before it (`W2378156`, `COVID-19`) or goes on in letters and digits; parts of
 * dates, times, ratios, fractions, versions and telephone numbers; and what a multiple or a power changes (`1.2k`,
 * `5M`, `10²`, `1½`). Number words are not read. Linear in the text.
 */
export function numbersIn(original: string): readonly NumberInText[] {
  const text = withPlainDigits(original)
  const compound = [...text.matchAll(compounds)].map(
    ({ index, 0: found }) => [index, index + found.length] as const,
  )
  const numbers: NumberInText[] = []
  let next = 0
  for (const pattern of [solid, spaced]) {
    next = 0
    for (const { index: start, 0: found } of text.matchAll(pattern)) {
      const end = start + found.length
      while ((compound[next]?.[1] ?? Number.POSITIVE_INFINITY) <= start) next++
      if ((compound[next]?.[0] ?? Number.POSITIVE_INFINITY) < end) continue
      const number = numberAt(text, start, found)
      if (number !== undefined) numbers.push(number)
    }
  }
  return numbers
}

const solid = /\d+(?:[.,'_]\d+)*/g
// Each pattern begins where no digit is before it, or it would try every tail of a long run of digits.
const spaced = /(?<![\d.,'_])\d{1,3}(?: \d{3})+(?:[.,]\d+)?(?![.,'_]?\d)/g
/** Dates, telephone numbers, times, ratios, fractions, and names with digits in them. */
const compounds = /(?<!\d)\d+(?:(?:-\d+){2,}|(?:[:/]\d+)+)|\p{L}\d+(?:-[\p{L}\d]+)+/gu

function numberAt(text: string, start: number, digits: string): NumberInText | undefined {
  const end = start + digits.length
  // A point that nothing stands before begins a decimal fraction, as in ".5".
  const bare = text[start - 1] === '.' && !/[\d\p{L})]/u.test(text[start - 2] ?? '')
  const first = bare ? start - 1 : start
  const exponent = /^[eE][+-]?\d{1,3}(?![\d\p{L}])/u.exec(text.slice(end, end + 6))?.[0] ?? ''
  const rest = text.slice(end + exponent.length, end + exponent.length + 24)
  if (/^\p{No}/u.test(rest) || /^(?:[kKMBT]|bn|Mio|Mrd|mln|mld)\.?(?![\p{L}\d])/u.test(rest)) return undefined
  if (/^\p{L}+\d/u.test(rest)) return undefined
  const sign = signBefore(text, first)
  if (sign === undefined) return undefined
  const sizes = bare ? [Number(`0.${digits}`)] : readingsOf(digits)
  const readings = exponent === '' ? sizes : [Number(`${bare ? '.' : ''}${digits}${exponent}`)]
  const finite = readings
    .filter((size) => Number.isFinite(size))
    .map((size) => (sign.negative ? -size : size))
  if (finite.length === 0) return undefined
  const { word } = wordBefore(text, text[first - 1] === '-' ? first - 1 : first)
  return {
    readings: finite,
    text: text.slice(sign.start, end + exponent.length),
    before: word,
    after: wordAfter(text, end + exponent.length),
  }
}

/** A minus before a number or before its currency; `undefined` where what stands there makes it no number. */
function signBefore(
  text: string,
  first: number,
): { readonly negative: boolean; readonly start: number } | undefined {
  let start = first
  const nearest = text[start - 1] === '-'
  if (nearest) start--
  const { word, start: begin } = wordBefore(text, start)
  const marked = isCurrencyMark(word)
  const glued = word !== '' && !marked && text[start - 1] !== ' ' && text[start - 1] !== '.'
  if (glued) return undefined
  const outer = marked && text[begin - 1] === '-' ? begin - 1 : begin
  const negative =
    (nearest && !/\d/.test(text[start - 1] ?? '')) ||
    (outer < begin && !/[\d\p{L}]/u.test(text[outer - 1] ?? ''))
  return { negative, start: !negative ? first : nearest ? start : outer }
}

/** Everything that digits with separators may mean, sizes only. */
function readingsOf(digits: string): readonly number[] {
  const separators = new Set(digits.replaceAll(/\d/g, ''))
  if (separators.size === 0) return [Number(digits)]
  const readings = new Set<number>()
  const whole = grouped(digits)
  if (whole !== undefined) readings.add(Number(whole))
  for (const decimal of ['.', ',']) {
    const [before = '', after, ...more] = digits.split(decimal)
    if (after === undefined || more.length > 0 || !/^\d+$/.test(after)) continue
    const integer = /^\d+$/.test(before) ? before : grouped(before)
    if (integer !== undefined) readings.add(Number(`${integer}.${after}`))
  }
  // A list without spaces: "1,2,3".
  if (readings.size === 0 && separators.size === 1 && separators.has(','))
    return digits.split(',').map(Number)
  return [...readings]
}

/** Digits in groups of three, or of two before the last three, all parted by one sign: without it. */
function grouped(digits: string): string | undefined {
  const [separator] = digits.replaceAll(/\d/g, '')
  if (separator === undefined) return undefined
  const [first = '', ...groups] = digits.split(separator)
  if (!/^[1-9]\d{0,2}$/.test(first)) return undefined
  const last = groups.at(-1) ?? ''
  const middle = groups.slice(0, -1)
  if (!/^\d{3}$/.test(last)) return undefined
  const threes = middle.every((group) => /^\d{3}$/.test(group))
  const twos = first.length < 3 && middle.every((group) => /^\d{2}$/.test(group))
  return threes || twos ? [first, ...groups].join('') : undefined
}
