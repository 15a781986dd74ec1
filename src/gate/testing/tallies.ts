import type { CaseTally, Tallies } from '../../schema/run.ts'
import { type Policy, type PolicyInput, policy } from '../../schema/verdict.ts'

/** How a case did: trials passed of trials made, and what else a test wants to say of it. */
export interface Did extends Partial<Omit<CaseTally, 'metrics'>> {
  /** Sum of the scores. */
  readonly sum: number
  readonly n?: number
  readonly unscored?: number
}

/** Tallies of a run whose i-th case is `c00i`, under `success`. A bare number is the sum of one trial. */
export function talliesOf(cases: readonly (number | Did)[], change: Partial<Tallies> = {}): Tallies {
  const trials = Math.max(
    1,
    ...cases.map((did) => (typeof did === 'number' ? 1 : (did.n ?? 1) + (did.unscored ?? 0))),
  )
  return {
    eval: 'refunds',
    run: 'candidate',
    mode: { llm: 'recorded', tools: 'recorded' },
    hashes: { dataset: 'd1', checks: 'k1', fixtures: 'f1' },
    versions: {},
    planned: cases.length,
    trials,
    cases: cases.map(caseTallyOf),
    ...change,
  }
}

/** So many cases that all did the same. */
export function many(count: number, did: number | Did): (number | Did)[] {
  return Array.from({ length: count }, () => did)
}

/** The default policy with changes. */
export function policyOf(change: PolicyInput = {}): Policy {
  return policy.parse(change)
}

function caseTallyOf(did: number | Did, index: number): CaseTally {
  const { sum, n, unscored, ...rest } = typeof did === 'number' ? { sum: did, n: 1, unscored: 0 } : did
  return {
    case: `c${String(index).padStart(3, '0')}`,
    hash: 'h1',
    fidelity: 1,
    ...rest,
    metrics: { success: { n: n ?? 1, sum, unscored: unscored ?? 0 } },
  }
}
