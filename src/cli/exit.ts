import type { Verdict } from '../schema/verdict.ts'

/**
 * The exit code of a verdict: the one table (DESIGN, section 4). `not gated` is 0: a first run has nothing to be
 * compared with and says so.
 */
export function exitOf({ word, policy }: Verdict): number {
  switch (word) {
    case 'pass':
    case 'not gated':
      return 0
    case 'fail':
      return 1
    case 'invalid':
      return 3
    case 'inconclusive':
      return stopsInconclusive(policy) ? 3 : 0
  }
}

/** What is still inconclusive, or could not be escalated, is no yes, where nobody says that it is. */
function stopsInconclusive({ onInconclusive, escalation }: Verdict['policy']): boolean {
  return onInconclusive === 'fail' || (onInconclusive === 'escalate' && escalation?.otherwise !== 'warn')
}

/** In `ci` what was compared with nothing is no yes: there `not gated` is 3, and no verdict at all is, too. */
export function exitInCi(verdict: Verdict | undefined, exit: number): number {
  return verdict === undefined || verdict.word === 'not gated' ? Math.max(3, exit) : exit
}

/** Of several exit codes the one that matters most: a broken machine, then a wrong command, then a no, then a doubt. */
export function worstExit(codes: readonly number[]): number {
  return [4, 2, 1, 3].find((code) => codes.includes(code)) ?? 0
}
