const halfLogTwoPi = 0.918_938_533_204_672_8
const tiny = 1e-300
const epsilon = 1e-16

/**
 * Natural logarithm of the gamma function for x > 0: Stirling's series (NIST DLMF 5.11.1) from 15 on, where seven
 * terms are exact to a double; smaller arguments climb there by the recurrence Γ(x+1) = xΓ(x).
 * Throws a `RangeError` where x is not positive.
 */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`the gamma function is asked for x > 0, not ${x}`)
  let climbed = 1
  let at = x
  while (at < 15) {
    climbed *= at
    at += 1
  }
  const s = 1 / (at * at)
  const series =
    (1 / 12 +
      s * (-1 / 360 + s * (1 / 1260 + s * (-1 / 1680 + s * (1 / 1188 + s * (-691 / 360360 + s / 156)))))) /
    at
  return (at - 0.5) * Math.log(at) - at + halfLogTwoPi + series - Math.log(climbed)
}

/** Logarithm of the number of ways to choose k of n. */
export function logChoose(n: number, k: number): number {
  if (k === 0 || k === n) return 0
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
}

/**
 * Regularised upper incomplete gamma function Q(a, x), a > 0, x ≥ 0. Small values keep their relative precision:
 * beyond the mean the continued fraction (DLMF 8.9.2) gives Q itself, not 1 − P.
 */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1
  return x < a + 1 ? 1 - lowerSeries(a, x) : upperFraction(a, x)
}

/** P(a, x) by its power series (DLMF 8.7.1). */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; term > sum * epsilon; n++) {
    term *= x / (a + n)
    sum += term
  }
  return sum * Math.exp(-x + a * Math.log(x) - logGamma(a))
}

/** Q(a, x) by its continued fraction, evaluated by Lentz's method. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / tiny
  let d = 1 / b
  let h = d
  for (let n = 1; n < 10_000; n++) {
    const an = -n * (n - a)
    b += 2
    d = 1 / nonZero(an * d + b)
    c = nonZero(b + an / c)
    const step = d * c
    h *= step
    if (Math.abs(step - 1) < epsilon) break
  }
  return h * Math.exp(-x + a * Math.log(x) - logGamma(a))
}

function nonZero(x: number): number {
  return Math.abs(x) < tiny ? tiny : x
}
