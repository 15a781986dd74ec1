import { betaQuantile } from './beta.ts'
import { normalQuantile } from './normal.ts'

export interface Bounds {
  readonly low: number
  readonly high: number
}

/**
 * Wilson's score interval, two-sided (Wilson 1927, JASA 22:209). `passed` may be a sum of graded scores in [0,1]:
 * their variance is at most that of pass or fail, so the interval is then wide rather than wrong.
 */
export function wilson(passed: number, of: number, level = 0.95): Bounds {
  assertCounts(passed, of)
  const z = normalQuantile(0.5 + level / 2)
  return { low: wilsonBound(passed, of, -z), high: wilsonBound(passed, of, z) }
}

/** The one-sided lower Wilson bound: what a floor is held against. */
export function wilsonLower(passed: number, of: number, level = 0.95): number {
  assertCounts(passed, of)
  return wilsonBound(passed, of, -normalQuantile(level))
}

/** Clopper and Pearson's exact interval (1934, Biometrika 26:404), where a guarantee is asked. */
export function clopperPearson(passed: number, of: number, level = 0.95): Bounds {
  assertCounts(passed, of)
  const outside = (1 - level) / 2
  return {
    low: passed === 0 ? 0 : betaQuantile(outside, passed, of - passed + 1),
    high: passed === of ? 1 : betaQuantile(1 - outside, passed + 1, of - passed),
  }
}

/** Agresti and Coull's adjusted interval (1998, American Statistician 52:119), clipped to [0,1]. */
export function agrestiCoull(passed: number, of: number, level = 0.95): Bounds {
  assertCounts(passed, of)
  const z = normalQuantile(0.5 + level / 2)
  const n = of + z * z
  const p = (passed + (z * z) / 2) / n
  const half = z * Math.sqrt((p * (1 - p)) / n)
  return { low: Math.max(0, p - half), high: Math.min(1, p + half) }
}

function wilsonBound(passed: number, of: number, z: number): number {
  // At the ends the formula is exactly 0 or 1, but its rounding is not.
  if (z < 0 && passed === 0) return 0
  if (z > 0 && passed === of) return 1
  const p = passed / of
  const spread = z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of))
  return Math.min(1, Math.max(0, (p + (z * z) / (2 * of) + spread) / (1 + (z * z) / of)))
}

function assertCounts(passed: number, of: number): void {
  if (!(of > 0 && passed >= 0 && passed <= of)) {
    throw new RangeError(`a proportion needs 0 <= passed <= of and of > 0, not ${passed} of ${of}`)
  }
}
