/** The one-sided level of a bound where nothing else is said: two of them are a 90 % interval. */
export const usualLevel = 0.05

/** What an interval of two bounds at a one-sided level is called: `90 % CI`, `95.7 % CI`. */
export function confidenceOf(level = usualLevel): string {
  return `${Number((100 * (1 - 2 * level)).toFixed(1))} % CI`
}

/** What one bound is called: `95 % one-sided`, `97.9 % one-sided`. */
export function oneSidedOf(level = usualLevel): string {
  return `${Number((100 * (1 - level)).toFixed(1))} % one-sided`
}
