import { normalQuantile } from './normal.ts'

/** How paired differences vary: between cases, and from trial to trial within a case in each run. */
export interface PairedVariance {
  readonly between: number
  readonly withinBaseline: number
  readonly withinCandidate: number
  /** Trials per case in each run. */
  readonly trials: number
}

export interface TestDesign {
  readonly alpha?: number
  readonly power?: number
  readonly sides?: 1 | 2
}

/**
 * Cases needed to find a true difference of `effect`: (z_α + z_power)² (ω² + (σ²_A + σ²_B)/K) / effect²
 * (Miller 2024, arXiv 2411.00640, section 5). Not rounded; a plan rounds up.
 */
export function casesNeeded(variance: PairedVariance, effect: number, design: TestDesign = {}): number {
  return (zSum(design) ** 2 * perCase(variance)) / effect ** 2
}

/** The smallest true difference that so many cases find. */
export function minimumDetectableEffect(
  variance: PairedVariance,
  cases: number,
  design: TestDesign = {},
): number {
  return zSum(design) * Math.sqrt(perCase(variance) / cases)
}

function perCase(variance: PairedVariance): number {
  return variance.between + (variance.withinBaseline + variance.withinCandidate) / variance.trials
}

function zSum({ alpha = 0.05, power = 0.8, sides = 1 }: TestDesign): number {
  return normalQuantile(1 - alpha / sides) + normalQuantile(power)
}
