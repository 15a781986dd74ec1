import { studentTQuantile, studentTUpperTail } from './student-t.ts'

export interface NonInferiority {
  readonly lower: number
  readonly upper: number
  /** Evidence against "it fell by the margin or more". */
  readonly pNonInferior: number
  /** Evidence against "it did not fall". */
  readonly pDrop: number
  /** Evidence against "it fell by less than the margin". */
  readonly pDropBeyondMargin: number
  readonly nonInferior: boolean
  readonly drop: boolean
  readonly dropBeyondMargin: boolean
}

/**
 * The non-inferiority t test: is a drop of `margin` or more ruled out? Kept for comparison: the gate uses
 * `pairedInterval`, because t trusts small samples without a failure in them.
 */
export function nonInferiorityT(
  estimate: {
    readonly difference: number
    readonly standardError: number
    readonly degreesOfFreedom: number
  },
  margin: number,
  alpha = 0.05,
): NonInferiority {
  const { difference, standardError, degreesOfFreedom } = estimate
  const half = studentTQuantile(1 - alpha, degreesOfFreedom) * standardError
  const pNonInferior = studentTUpperTail((difference + margin) / standardError, degreesOfFreedom)
  const pDrop = studentTUpperTail(-difference / standardError, degreesOfFreedom)
  const pDropBeyondMargin = studentTUpperTail(-(difference + margin) / standardError, degreesOfFreedom)
  return {
    lower: difference - half,
    upper: difference + half,
    pNonInferior,
    pDrop,
    pDropBeyondMargin,
    nonInferior: pNonInferior < alpha,
    drop: pDrop < alpha,
    dropBeyondMargin: pDropBeyondMargin < alpha,
  }
}
