/**
 * pass@k: the chance that at least one of k trials passes, without bias: 1 − C(n−c, k)/C(n, k) (Chen et al. 2021,
 * arXiv 2107.03374). Undefined where fewer than k trials were made: it is neither 0 nor 1.
 */
export function passAtK(trials: number, passed: number, k: number): number | undefined {
  assertCounts(trials, passed, k)
  if (k > trials) return undefined
  if (trials - passed < k) return 1
  let allFail = 1
  for (let i = 0; i < k; i++) allFail *= (trials - passed - i) / (trials - i)
  return 1 - allFail
}

/**
 * pass^k: the chance that all of k trials pass, without bias: C(c, k)/C(n, k) (τ-bench, Yao et al. 2024, arXiv
 * 2406.12045). Undefined where fewer than k trials were made.
 */
export function passHatK(trials: number, passed: number, k: number): number | undefined {
  assertCounts(trials, passed, k)
  if (k > trials) return undefined
  if (passed < k) return 0
  let allPass = 1
  for (let i = 0; i < k; i++) allPass *= (passed - i) / (trials - i)
  return allPass
}

/** The mean of `passAtK` or `passHatK` over cases; undefined where one case has fewer than k trials, or none is. */
export function meanOverCases(
  estimator: typeof passAtK,
  cases: readonly { readonly trials: number; readonly passed: number }[],
  k: number,
): number | undefined {
  let sum = 0
  for (const { trials, passed } of cases) {
    const value = estimator(trials, passed, k)
    if (value === undefined) return undefined
    sum += value
  }
  return cases.length === 0 ? undefined : sum / cases.length
}

function assertCounts(trials: number, passed: number, k: number): void {
  const whole = Number.isInteger(trials) && Number.isInteger(passed) && Number.isInteger(k)
  if (!whole || passed < 0 || passed > trials || k < 1) {
    throw new RangeError(
      `pass@k needs 0 <= passed <= trials and k >= 1, not ${passed} of ${trials}, k = ${k}`,
    )
  }
}
