import { z95 } from './normal.ts'

/** One independent piece of evidence: a case, or a cluster of cases that break together. */
export interface Unit {
  /** Cases in it. */
  readonly size: number
  /** Their mean difference, candidate minus baseline, in [-1,1]. */
  readonly difference: number
}

export interface PairedInterval {
  /** The raw mean difference over cases. */
  readonly difference: number
  /** The centre of the interval: the mean with the two pseudo-units, a little nearer to 0. */
  readonly centre: number
  readonly standardError: number
  readonly lower: number
  readonly upper: number
}

/**
 * The generalised Bonett–Price interval for a paired mean difference. Two pseudo-units of average size, one with
 * difference +1 and one with -1, stand for the failure not yet seen, so the interval never shrinks to nothing; with
 * one pass/fail trial a case it is Bonett & Price's adjusted Wald interval (2012, J. Educational and Behavioral
 * Statistics 37:479). With N cases in G units, n = N/G and sums over real and pseudo-units:
 * `centre = Σ n_u d_u / (N + 2n)`, `se = sqrt(Σ (n_u (d_u − centre))²) / (N + 2n)`, bounds `centre ∓ z·se`, cut to
 * [-1,1]. `z` of 1.645 gives one-sided 95 % bounds. Without units nothing is known: [-1,1].
 */
export function pairedInterval(units: readonly Unit[], z = z95): PairedInterval {
  if (units.length === 0) return { difference: 0, centre: 0, standardError: Infinity, lower: -1, upper: 1 }
  let cases = 0
  let sum = 0
  for (const unit of units) {
    cases += unit.size
    sum += unit.size * unit.difference
  }
  const pseudo = cases / units.length
  const total = cases + 2 * pseudo
  const centre = sum / total
  let squares = (pseudo * (1 - centre)) ** 2 + (pseudo * (1 + centre)) ** 2
  for (const unit of units) squares += (unit.size * (unit.difference - centre)) ** 2
  const standardError = Math.sqrt(squares) / total
  return {
    difference: sum / cases,
    centre,
    standardError,
    lower: Math.max(-1, centre - z * standardError),
    upper: Math.min(1, centre + z * standardError),
  }
}
