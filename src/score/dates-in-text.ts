import { withPlainDigits } from './digits.ts'

/** Which way dates in digits are read where both are possible. */
export type DateOrder = 'dmy' | 'mdy'

/** A date in a text, with every day it may mean, as `YYYY-MM-DD`. */
export interface DateInText {
  readonly readings: readonly string[]
  /** As it is written. */
  readonly text: string
}

/**
 * The dates of a text: `2026-03-12` (also with `/` and `.`), `12.03.2026`, `3/12/26`, `2026年3月12日`, `12 March 2026`,
 * `March 12th, 2026`, `12 de marzo de 2026`; the names of months are those of thirty languages, long and short. A date in
 * digits that can be read day first or month first has both readings, unless `order` says which; a year of two digits
 * is one of this century and of the last.
 *
 * Not read: a date without a year or in words ("tomorrow"), the first day of a range ("12-14 March 2026"), ISO weeks and
 * dates without separators, other calendars. Linear in the text.
 */
export function datesIn(original: string, order?: DateOrder): readonly DateInText[] {
  const text = withPlainDigits(original)
  return [...digitDates(text, order), ...namedDates(text)]
}

const yearFirst = /(?<![\d./-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d|[-/.]\d)/g
const yearLast = /(?<![\d./-])(\d{1,2})([-/.] ?)(\d{1,2})\2(\d{4}|\d{2})(?!\d|[-/.]\d)/g
const eastAsian = /(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]/g

function digitDates(text: string, order: DateOrder | undefined): readonly DateInText[] {
  const dates: DateInText[] = []
  const add = (found: string, days: readonly (readonly [year: number, month: number, day: number])[]) => {
    const readings = new Set(days.flatMap(([year, month, day]) => isoDay(year, month, day) ?? []))
    if (readings.size > 0) dates.push({ readings: [...readings], text: found })
  }
  for (const [found, year, , month, day] of text.matchAll(yearFirst))
    add(found, [[Number(year), Number(month), Number(day)]])
  for (const [found, year, month, day] of text.matchAll(eastAsian))
    add(found, [[Number(year), Number(month), Number(day)]])
  for (const [found, first, , second, last = ''] of text.matchAll(yearLast)) {
    const years = last.length === 4 ? [Number(last)] : [2000 + Number(last), 1900 + Number(last)]
    const one = Number(first)
    const other = Number(second)
    add(
      found,
      years.flatMap((year) => [
        ...(order === 'mdy' ? [] : [[year, other, one] as const]),
        ...(order === 'dmy' ? [] : [[year, one, other] as const]),
      ]),
    )
  }
  return dates
}

interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Dates around the name of a month, read from its neighbours. */
function namedDates(text: string): readonly DateInText[] {
  const tokens: Token[] = [...text.matchAll(/[\p{L}\p{M}]+|\d+/gu)].map(({ index, 0: found }) => {
    return { text: found, start: index, end: index + found.length }
  })
  const dates: DateInText[] = []
  for (const [at, { text: name }] of tokens.entries()) {
    const months = /^\d/.test(name) ? undefined : monthsByName().get(plainName(name))
    if (months === undefined) continue
    const before = numberBeside(text, tokens, at, -1, 2)
    const after = numberBeside(text, tokens, at, 1, 1)
    // "12 March 2026", "2026 March 12", "March 12, 2026".
    const later = after === undefined ? undefined : numberBeside(text, tokens, after, 1, 1)
    const ways: readonly (readonly [
      day: number | undefined,
      year: number | undefined,
      from: number,
      to: number,
    ])[] = [
      [before, after, before ?? at, after ?? at],
      [after, before, before ?? at, after ?? at],
      [after, later, at, later ?? at],
    ]
    for (const [day, year, from, to] of ways) {
      const dayText = day === undefined ? '' : (tokens[day]?.text ?? '')
      const yearText = year === undefined ? '' : (tokens[year]?.text ?? '')
      if (dayText.length > 2 || yearText.length !== 4) continue
      const readings = [...months].flatMap((month) => isoDay(Number(yearText), month, Number(dayText)) ?? [])
      if (readings.length === 0) continue
      dates.push({ readings, text: text.slice(tokens[from]?.start, tokens[to]?.end) })
    }
  }
  return dates
}

/** The next number to one side, past a few words as short as "de", "of the" or "th", and little else. */
function numberBeside(
  text: string,
  tokens: readonly Token[],
  from: number,
  step: 1 | -1,
  mostWords: number,
): number | undefined {
  for (let at = from + step; at !== from + step * (mostWords + 2); at += step) {
    const token = tokens[at]
    const near = tokens[at - step]
    if (token === undefined || near === undefined) return undefined
    const gap = step === 1 ? text.slice(near.end, token.start) : text.slice(token.end, near.start)
    if (!/^[\s.,'º°॰/-]{0,3}$/.test(gap)) return undefined
    if (/^\d/.test(token.text)) return at
    if (token.text.length > 3) return undefined
  }
  return undefined
}

function isoDay(year: number, month: number, day: number): string | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  return [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join(
    '-',
  )
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

const languages =
  'ar bg ca cs da de el en-GB en-US es et fi fr he hi hr hu id it lt lv nb nl pl pt ro ru sk sl sr sv tr uk'.split(
    ' ',
  )
let names: ReadonlyMap<string, ReadonlySet<number>> | undefined

/** The names of months, long and short, alone and within a date (some languages decline them). */
function monthsByName(): ReadonlyMap<string, ReadonlySet<number>> {
  if (names !== undefined) return names
  const found = new Map<string, Set<number>>()
  for (const language of languages) {
    for (const month of ['long', 'short'] as const) {
      for (const alone of [true, false]) {
        const format = new Intl.DateTimeFormat(language, {
          month,
          ...(alone ? {} : { day: 'numeric' }),
          calendar: 'gregory',
          numberingSystem: 'latn',
          timeZone: 'UTC',
        })
        for (let at = 0; at < 12; at++) {
          const part = format.formatToParts(Date.UTC(2026, at, 12)).find(({ type }) => type === 'month')
          const name = plainName(part?.value ?? '')
          // A name of several words, or with digits, is not looked for: neighbours are.
          if (!/^[\p{L}\p{M}]{2,}$/u.test(name)) continue
          const months = found.get(name) ?? new Set<number>()
          found.set(name, months.add(at + 1))
        }
      }
    }
  }
  names = found
  return found
}

function plainName(name: string): string {
  return name.normalize('NFC').toLowerCase().replaceAll(/[.॰]/g, '')
}
