import type { Json } from '../schema/json.ts'
import { isCurrencyMark, marksOf } from './currencies.ts'
import { type DateOrder, datesIn } from './dates-in-text.ts'
import { within } from './match-arguments.ts'
import { type NumberInText, numbersIn } from './numbers-in-text.ts'
import { longestText } from './search.ts'

/** One of these. */
export interface Fact {
  readonly number?: number | undefined
  readonly money?:
    | { readonly amount: number; readonly currency: string; readonly words?: readonly string[] | undefined }
    | undefined
  /** `YYYY-MM-DD`. */
  readonly date?: string | undefined
}

export interface Mentions {
  readonly mentioned: boolean
  /** The fact, and what kind of things was looked at. */
  readonly wanted: string
  readonly kind: 'numbers' | 'dates'
  /** What of that kind there is, as it is written. */
  readonly others: readonly string[]
  /** Whether there was more text than is looked at. */
  readonly cut: boolean
}

/**
 * Whether what was said mentions a fact. Of a text each number or date with all it may mean; of another JSON value the
 * texts in it, and its numbers as they stand. 100,000 characters are looked at.
 */
export function mentionsOf(
  said: Json | undefined,
  fact: Fact,
  tolerance: number,
  order: DateOrder | undefined,
): Mentions {
  const { texts, numbers, cut } = leavesOf(said)
  const { number, money, date } = fact
  if (date !== undefined) {
    const dates = texts.flatMap((text) => datesIn(text, order))
    const mentioned = dates.some(({ readings }) => readings.includes(date))
    return { mentioned, wanted: date, kind: 'dates', others: dates.map(({ text }) => text), cut }
  }
  const near = (expected: number, got: number) =>
    expected === got || within({ path: '', expected, got }, tolerance)
  const found = texts.flatMap((text) => numbersIn(text))
  const others = [
    ...found.map((one) => (money === undefined ? one.text : marked(one))),
    ...numbers.map(String),
  ]
  if (money !== undefined) {
    const marks = marksOf(money.currency, money.words)
    const mentioned = found.some(({ readings, before, after }) => {
      const ofCurrency = marks.has(before.toLowerCase()) || marks.has(after.toLowerCase())
      return ofCurrency && readings.some((reading) => near(money.amount, reading))
    })
    return { mentioned, wanted: `${money.amount} ${money.currency}`, kind: 'numbers', others, cut }
  }
  const wanted = number ?? Number.NaN
  const mentioned =
    found.some(({ readings }) => readings.some((reading) => near(wanted, reading))) ||
    numbers.some((got) => near(wanted, got))
  return { mentioned, wanted: String(wanted), kind: 'numbers', others, cut }
}

/** A number with the currency it stands beside. */
function marked({ text, before, after }: NumberInText): string {
  const words = [isCurrencyMark(before) ? before : '', text, isCurrencyMark(after) ? after : '']
  return words.filter((word) => word !== '').join(' ')
}

/** The fact that a case expects: a number, a date as text, or `{ amount, currency }`. */
export function factFrom(expected: Json | undefined): Fact | undefined {
  if (typeof expected === 'number') return { number: expected }
  if (typeof expected === 'string')
    return /^\d{4}-\d{2}-\d{2}$/.test(expected) ? { date: expected } : undefined
  if (typeof expected !== 'object' || expected === null || !('amount' in expected)) return undefined
  const { amount, currency } = expected
  if (typeof amount !== 'number' || typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency))
    return undefined
  return { money: { amount, currency } }
}

/** The texts and numbers of a value, as far as they are looked at. */
function leavesOf(value: Json | undefined) {
  const texts: string[] = []
  const numbers: number[] = []
  let left = longestText
  let cut = false
  const walk = (here: Json | undefined): void => {
    if (typeof here === 'string') {
      cut ||= here.length > left
      if (left > 0) texts.push(here.slice(0, left))
      left -= Math.min(left, here.length)
    } else if (typeof here === 'number') numbers.push(here)
    else if (Array.isArray(here)) for (const item of here as readonly Json[]) walk(item)
    else if (typeof here === 'object' && here !== null) for (const member of Object.values(here)) walk(member)
  }
  walk(value)
  return { texts, numbers, cut }
}
