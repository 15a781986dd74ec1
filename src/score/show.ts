import { flatJson } from '../lib/pretty-json.ts'

/** How much of a value a reason shows. */
const longestValue = 120

/** A value as a reason shows it: one line of JSON, cut. Whatever is no JSON is named, never thrown over. */
export function shown(value: unknown, longest = longestValue): string {
  if (value === undefined) return 'nothing'
  try {
    return short(flatJson(value), longest)
  } catch (error) {
    if (error instanceof TypeError) return `(a ${typeof value})`
    throw error
  }
}

/** Text, cut. */
export function short(text: string, longest = longestValue): string {
  if (text.length <= longest) return text.toWellFormed()
  return `${text.slice(0, longest - 1).toWellFormed()}…`
}

/** `1 call`, `2 calls`, `1,200 calls`. */
export function count(number: number, noun: string): string {
  return `${withThousands(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** `1,234.5`: grouped by three, as many decimals as the number has. */
export function withThousands(number: number): string {
  const [whole = '', decimals] = String(number).split('.')
  if (!/^-?\d+$/.test(whole)) return String(number)
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return decimals === undefined ? grouped : `${grouped}.${decimals}`
}

/** The first few of many, and how many more there are. */
export function listed(items: readonly string[], most: number): string {
  const rest = items.length - most
  return rest > 0 ? `${items.slice(0, most).join(', ')} and ${rest} more` : items.join(', ')
}

/** A share with two decimals, cut and not rounded: 0.799 must not look like the 0.8 that it misses. */
export function twoDecimals(share: number): string {
  // A hair is added for what is 0.29 in decimals and less in binary.
  return (Math.floor(share * 100 + 1e-9) / 100).toFixed(2)
}
