import type { Answer } from './check.ts'
import { count } from './show.ts'

/** How an amount, the limit and what is measured are said. */
export interface AmountWords {
  readonly shown: (amount: number) => string
  readonly allowed: string
  /** `tokens`: "… tell their tokens". */
  readonly what: string
}

/**
 * Whether the largest of the model calls is within a limit. A call that does not tell (`undefined`) is never taken for
 * small: it leaves the answer open, unless another one is over the limit.
 */
export function largestCall(
  calls: readonly (number | undefined)[],
  most: number,
  { shown, allowed, what }: AmountWords,
): Answer {
  const told = calls.filter((amount) => amount !== undefined)
  const largest = told.reduce((one, other) => Math.max(one, other), 0)
  if (calls.length === 0) return { unscored: 'the run has no model calls' }
  const where = calls.length === 1 ? 'the model call' : `the largest of ${count(calls.length, 'model call')}`
  const reason = `${shown(largest)} in ${where}, ${allowed}`
  if (largest > most) return { value: 0, reason }
  if (told.length === calls.length) return { value: 1, reason }
  return { unscored: `only ${told.length} of ${calls.length} model calls tell their ${what}` }
}
