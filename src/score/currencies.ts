/**
 * How amounts of a currency are marked, beside its code (ISO 4217): signs, and the abbreviations that are written
 * instead of one. A sign that several currencies share stands at each of them. After CLDR
 * (https://cldr.unicode.org) and the habits of price tags; words such as "euros" belong to a language and are not
 * here.
 */
const marks: Readonly<Record<string, readonly string[]>> = {
  AUD: ['$', 'A$', 'AU$'],
  BGN: ['лв'],
  BRL: ['R$'],
  CAD: ['$', 'C$', 'CA$'],
  CHF: ['Fr', 'SFr'],
  CNY: ['¥', 'CN¥', 'RMB', '元'],
  CZK: ['Kč'],
  DKK: ['kr'],
  EUR: ['€'],
  GBP: ['£'],
  HKD: ['$', 'HK$'],
  HUF: ['Ft'],
  IDR: ['Rp'],
  ILS: ['₪'],
  INR: ['₹', 'Rs'],
  ISK: ['kr'],
  JPY: ['¥', 'JP¥', '円'],
  KRW: ['₩', '원'],
  MXN: ['$', 'MX$'],
  NGN: ['₦'],
  NOK: ['kr'],
  NZD: ['$', 'NZ$'],
  PHP: ['₱'],
  PLN: ['zł'],
  RON: ['lei'],
  RUB: ['₽', 'руб'],
  SEK: ['kr'],
  SGD: ['$', 'S$'],
  THB: ['฿'],
  TRY: ['₺', 'TL'],
  TWD: ['$', 'NT$'],
  UAH: ['₴', 'грн'],
  USD: ['$', 'US$'],
  VND: ['₫', 'đ'],
  ZAR: ['R'],
}

/** The marks of a currency, in lower case: its code first. A code that is not in the list has only itself. */
export function marksOf(code: string, more: readonly string[] = []): ReadonlySet<string> {
  const known = Object.hasOwn(marks, code) ? marks[code] : undefined
  return new Set([code, ...(known ?? []), ...more].map((mark) => mark.toLowerCase()))
}

const codesAndMarks: ReadonlySet<string> = new Set(Object.keys(marks).flatMap((code) => [...marksOf(code)]))

/** A word before or after a number as it may stand there: `EUR`, `US$`, `kr.`, `€`. */
export function isCurrencyMark(word: string): boolean {
  return codesAndMarks.has(word.toLowerCase()) || /^[A-Z]{3}$/.test(word) || /^\p{Sc}$/u.test(word)
}

/** The word that ends right before a place, a space between them aside, and where it begins. */
export function wordBefore(text: string, place: number): { readonly word: string; readonly start: number } {
  const end = text[place - 1] === ' ' ? place - 1 : place
  const [run = ''] = /[\p{L}\p{M}\p{Sc}.]*$/u.exec(text.slice(Math.max(0, end - longestWord), end)) ?? []
  return { word: run.replaceAll(/^\.+|\.+$/g, ''), start: end - run.length }
}

/** The word that begins right after a place, a space between them aside. */
export function wordAfter(text: string, place: number): string {
  const start = text[place] === ' ' ? place + 1 : place
  const [run = ''] = /^[\p{L}\p{M}\p{Sc}.]*/u.exec(text.slice(start, start + longestWord)) ?? []
  const word = run.replaceAll(/^\.+|\.+$/g, '')
  // What follows a sign, or a character of a script that does not part words, is another word.
  return /^(?:\p{Sc}|[元円원])/u.exec(word)?.[0] ?? word
}

const longestWord = 24
