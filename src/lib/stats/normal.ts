import { upperGamma } from './gamma.ts'

/** P(Z ≤ z) of the standard normal distribution; relative precision holds far into the lower tail. */
export function normalCdf(z: number): number {
  const tail = upperGamma(0.5, (z * z) / 2) / 2
  return z > 0 ? 1 - tail : tail
}

/** The z with P(Z ≤ z) = p; ±Infinity at 0 and 1. Throws a `RangeError` outside [0,1]. */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability lies in [0,1]: ${p}`)
  if (p > 0.5) return -normalQuantile(1 - p)
  if (p === 0) return -Infinity
  if (p === 0.5) return 0
  // Abramowitz & Stegun 26.2.23 is right to 4.5e-4; each Halley step cubes the error.
  const t = Math.sqrt(-2 * Math.log(p))
  let z = -(
    t -
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  )
  for (let step = 0; step < 3; step++) {
    const error = ((normalCdf(z) - p) * Math.sqrt(2 * Math.PI)) / Math.exp((-z * z) / 2)
    z -= error / (1 + (z * error) / 2)
  }
  return z
}

/** The one-sided 95 % point: the bounds of a two-sided 90 % interval. */
export const z95 = 1.644_853_626_951_472_2
/** The 80 % point, for power. */
export const z80 = 0.841_621_233_572_914_3
