import { upperGamma } from './gamma.ts'

/** P(X ≥ x) of the chi-square distribution. */
export function chiSquareUpperTail(x: number, degreesOfFreedom: number): number {
  return upperGamma(degreesOfFreedom / 2, x / 2)
}
