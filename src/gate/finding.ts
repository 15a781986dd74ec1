import type { Reason, VerdictWord } from '../schema/verdict.ts'

/**
 * What a finding does to the verdict, strongest first. `doubt` says that the numbers themselves cannot be trusted, so
 * it outranks what they say: `inconclusive` even where they look like a fail. `broken` is a fail that rests on no number, so
 * no doubt about them outranks it. `note` is said and decides nothing.
 */
const ranks = ['invalid', 'broken', 'doubt', 'fail', 'inconclusive', 'not gated', 'pass', 'note'] as const
export type Weight = (typeof ranks)[number]

/** One rule's answer. */
export interface Finding extends Reason {
  readonly weight: Weight
  /** The verdict's sentence, should this finding decide it. It stands alone in an e-mail. */
  readonly headline: string
}

const wordOfWeight = {
  invalid: 'invalid',
  broken: 'fail',
  doubt: 'inconclusive',
  fail: 'fail',
  inconclusive: 'inconclusive',
  'not gated': 'not gated',
  pass: 'pass',
  // Notes alone: nothing was asked, so nothing was answered.
  note: 'not gated',
} as const satisfies Record<Weight, VerdictWord>

/** Strongest first; of equals, the rule that spoke first. */
export function byWeight(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => ranks.indexOf(a.weight) - ranks.indexOf(b.weight))
}

/** The word of the strongest finding. */
export function wordOf(findings: readonly Finding[]): VerdictWord {
  return wordOfWeight[byWeight(findings)[0]?.weight ?? 'note']
}
