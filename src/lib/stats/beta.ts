import { bisect } from './bisect.ts'
import { logGamma } from './gamma.ts'

const tiny = 1e-300
const epsilon = 1e-16

/**
 * Regularised incomplete beta function I_x(a, b), a and b > 0. `rest` is 1 − x, for callers who know it better than
 * the subtraction does. Continued fraction of NIST DLMF 8.17.22 on the side of the mean where the value is small, so
 * small tails keep their relative precision.
 */
export function regularizedBeta(x: number, a: number, b: number, rest = 1 - x): number {
  if (!(a > 0 && b > 0)) throw new RangeError(`the beta function is asked for a, b > 0, not ${a}, ${b}`)
  if (x <= 0) return 0
  if (rest <= 0) return 1
  const front = Math.exp(a * Math.log(x) + b * Math.log(rest) - (logGamma(a) + logGamma(b) - logGamma(a + b)))
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(rest, b, a)) / b
}

/** The x with I_x(a, b) = p. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability lies in [0,1]: ${p}`)
  if (p === 0) return 0
  if (p === 1) return 1
  return bisect((x) => regularizedBeta(x, a, b), p, 0, 1)
}

/** Lentz's method; converges in about √max(a, b) steps on the side it is used. */
function fraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let h = d
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    h *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    const step = d * c
    h *= step
    if (Math.abs(step - 1) < epsilon) break
  }
  return h
}

function nonZero(x: number): number {
  return Math.abs(x) < tiny ? tiny : x
}
