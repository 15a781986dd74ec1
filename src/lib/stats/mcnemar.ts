import { binomialCdf, binomialPmf, binomialUpperTail } from './binomial.ts'

/** p-values of pass/fail pairs that disagree; all are 1 where none does. */
export interface McNemar {
  /** Exact, "something changed". */
  readonly twoSided: number
  /** Exact, "it got worse": P(broken or more) of a fair coin. */
  readonly oneSided: number
  readonly midPTwoSided: number
  readonly midPOneSided: number
}

/**
 * McNemar's exact test (1947, Psychometrika 12:153) and its mid-p forms (Fagerland, Lydersen & Laake 2013, BMC
 * Medical Research Methodology 13:91). `fixed` went from fail to pass, `broken` from pass to fail.
 */
export function mcnemar(fixed: number, broken: number): McNemar {
  const n = fixed + broken
  if (n === 0) return { twoSided: 1, oneSided: 1, midPTwoSided: 1, midPOneSided: 1 }
  const fewer = Math.min(fixed, broken)
  const twoSided = Math.min(1, 2 * binomialCdf(fewer, n, 0.5))
  const oneSided = binomialUpperTail(broken, n, 0.5)
  return {
    twoSided,
    oneSided,
    midPTwoSided: twoSided - binomialPmf(fewer, n, 0.5),
    midPOneSided: oneSided - binomialPmf(broken, n, 0.5) / 2,
  }
}
