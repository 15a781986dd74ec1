import type { PoolUse } from '../schema/pool.ts'
import type { Release } from '../schema/run.ts'
import type { Policy } from '../schema/verdict.ts'
import type { Finding } from './finding.ts'
import { accept } from './soundness.ts'
import { count, lowerFirst } from './words.ts'

/** What is known of a baseline beside its tallies. */
export interface Standing {
  /** Today in UTC, as `2026-11-28`. */
  readonly today: string
  /** The last day it was accepted for. */
  readonly expires?: string | undefined
  /** What a pool added to it already. */
  readonly pool?: PoolUse | undefined
  /** The baseline of the last release. */
  readonly release?: Release | undefined
}

/** A baseline whose day is over was accepted by nobody: what is held against it may not pass, and did not get worse either. */
export function expiredBaseline({ expires, today }: Standing): Finding[] {
  if (expires === undefined || today <= expires) return []
  const what = `The baseline was accepted until ${expires}, and that day is over.`
  return [
    {
      weight: 'invalid',
      code: 'baseline-expired',
      what,
      hint: `Mend what it was lowered for, or accept a run anew, with a reason: ${accept}`,
      headline: `invalid: ${lowerFirst(what)}`,
    },
  ]
}

/** How many trials of the base branch stand beside the accepted ones, and whether they tell another story. */
export function pooledBaseline({ pool }: Standing, { margin }: Policy): Finding[] {
  if (pool === undefined) return []
  const { runs, trials, cases, why, acceptedMean, pooledMean } = pool
  if (why !== undefined) return [note('pool-unused', `The pool adds nothing to the baseline: ${why}.`)]
  const moved = acceptedMean === undefined || pooledMean === undefined ? 0 : (pooledMean - acceptedMean) * 100
  const story =
    Math.abs(moved) < margin * 50
      ? []
      : [
          note(
            'pool-moves-baseline',
            `With the pool the mean of the baseline is ${Math.abs(moved).toFixed(1)} pp ${moved < 0 ? 'lower' : 'higher'} than what was accepted.`,
            'Later runs of the base branch do not say what the accepted one said: look at them, and accept a run that does.',
          ),
        ]
  const what = `${count(trials, 'trial')} of ${count(runs, 'run')} of the base branch are pooled with the baseline, in ${count(cases, 'case')}.`
  return [note('baseline-pooled', what), ...story]
}

function note(code: string, what: string, hint?: string): Finding {
  return { weight: 'note', code, what, ...(hint === undefined ? {} : { hint }), headline: what }
}
