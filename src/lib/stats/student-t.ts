import { betaQuantile, regularizedBeta } from './beta.ts'

/** P(T ≤ t) of Student's t distribution. */
export function studentTCdf(t: number, degreesOfFreedom: number): number {
  return studentTUpperTail(-t, degreesOfFreedom)
}

/** P(T ≥ t), with relative precision where it is small (NIST DLMF 8.17 through the incomplete beta function). */
export function studentTUpperTail(t: number, degreesOfFreedom: number): number {
  if (t === 0) return 0.5
  const sum = degreesOfFreedom + t * t
  const tail = regularizedBeta(degreesOfFreedom / sum, degreesOfFreedom / 2, 0.5, (t * t) / sum) / 2
  return t > 0 ? tail : 1 - tail
}

/** The t with P(T ≤ t) = p, 0 < p < 1. */
export function studentTQuantile(p: number, degreesOfFreedom: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a probability lies in (0,1): ${p}`)
  const tail = Math.min(p, 1 - p)
  const sign = p < 0.5 ? -1 : 1
  // The two ends of the beta distribution: the one near 0 is taken, where doubles are dense.
  if (tail <= 0.25) {
    const x = betaQuantile(2 * tail, degreesOfFreedom / 2, 0.5)
    return sign * Math.sqrt((degreesOfFreedom * (1 - x)) / x)
  }
  const y = betaQuantile(1 - 2 * tail, 0.5, degreesOfFreedom / 2)
  return sign * Math.sqrt((degreesOfFreedom * y) / (1 - y))
}
