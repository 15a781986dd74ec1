import { confidenceOf } from '../lib/confidence.ts'
import type { Comparison } from '../schema/verdict.ts'

/** A difference or bound in percentage points, signed: `-8.0`. */
export type Points = (share: number) => string

/**
 * How a comparison's numbers are written: two significant digits of the interval's half width, and no decimal beyond
 * (GUM, JCGM 100:2008, 7.2.6). One more where the rounded bound would read as equal to the limit it is held against,
 * so that a sentence never contradicts its verdict.
 */
export function pointsOf({ lower, upper, margin }: Pick<Comparison, 'lower' | 'upper' | 'margin'>): Points {
  let decimals = decimalsFor((upper - lower) / 2)
  const misleads = (): boolean =>
    (lower !== -margin && signed(lower, decimals) === signed(-margin, decimals)) ||
    (upper !== 0 && Number(signed(upper, decimals)) === 0)
  while (decimals < 4 && misleads()) decimals++
  return (share) => signed(share, decimals)
}

/** A limit is exact: it keeps all of its own decimals. */
export function limitOf(margin: number, points: Points): string {
  const written = points(-margin)
  return Math.abs(Number(written) / 100 + margin) < 1e-9
    ? written
    : String(-Number((margin * 100).toFixed(6)))
}

/** `82 %`, with no more decimals than an uncertainty of `half` supports. */
export function percent(share: number, half: number): string {
  return `${(share * 100).toFixed(decimalsFor(half))} %`
}

/** `90 % CI -13.7 to -1.9` */
export function intervalOf(
  { lower, upper, level }: Pick<Comparison, 'lower' | 'upper' | 'level'>,
  points: Points,
): string {
  return `${confidenceOf(level)} ${points(lower)} to ${points(upper)}`
}

/** `10 cases broke, 2 were fixed of 100`; with graded or repeated trials, what is true then. */
export function flipsOf(comparison: Comparison): string {
  const { broken, fixed, cases } = comparison
  const whole = [...broken, ...fixed].every((flip) => flip.hard)
  if (whole) {
    return `${count(broken.length, 'case')} broke, ${fixed.length} ${fixed.length === 1 ? 'was' : 'were'} fixed of ${cases}`
  }
  const hard = broken.filter((flip) => flip.hard).length
  const completely = hard === 0 ? '' : ` (${hard} broke completely)`
  return `${count(broken.length, 'case')} got worse${completely}, ${fixed.length} got better of ${cases}`
}

/** `1 case`, `3 cases` */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** The first few names, and how many more there are. */
export function named(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}

/** A sentence as it goes on after a colon. */
export function lowerFirst(what: string): string {
  return `${what.charAt(0).toLowerCase()}${what.slice(1).replace(/\.$/, '')}`
}

function decimalsFor(half: number): number {
  const points = half * 100
  return points >= 10 ? 0 : points >= 1 ? 1 : points >= 0.1 ? 2 : 3
}

function signed(share: number, decimals: number): string {
  const text = (share * 100).toFixed(decimals)
  const zero = Number(text) === 0
  return zero ? text.replace('-', '') : share > 0 ? `+${text}` : text
}
