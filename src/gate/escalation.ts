import { confidenceOf } from '../lib/confidence.ts'
import { sequentialLevel } from '../lib/stats/index.ts'
import type { Escalation, EscalationEnd, Policy, Reason, Verdict } from '../schema/verdict.ts'
import type { Look } from './look.ts'
import { count, pointsOf } from './words.ts'

/** Trials a case at each look, where the policy does not say. */
const usualLooks: readonly number[] = [1, 3, 5]

/** Trials a case, in all, at each look the policy lets a live run take. */
export function looksOf({ escalation }: Policy): readonly number[] {
  return escalation?.trials ?? usualLooks
}

/** The look at so many trials a case. */
export function lookAt(looks: readonly number[], trials: number): Look {
  return { level: levelOf(looks), isOpen: trials < (looks.at(-1) ?? 0) }
}

const levels = new Map<string, number>()

/** It is an integral, and asked for at every look. */
function levelOf(looks: readonly number[]): number {
  const key = looks.join()
  const level = levels.get(key) ?? sequentialLevel(looks)
  levels.set(key, level)
  return level
}

/**
 * Whether more trials could settle a verdict. One that passes, fails or is invalid is settled; so is one that has nothing to
 * be compared with; and what could not be asked at all cannot be asked of more trials either.
 */
export function isOpen(verdict: Verdict): boolean {
  const { word, secondary = [], categories = [], budgets = [], drift, reasons } = verdict
  const isUnasked = [...secondary, ...categories, ...budgets, ...(drift === undefined ? [] : [drift])].some(
    (part) => part.gates && part.word === 'incomparable',
  )
  const isBaselines = reasons.some(({ code }) => code === 'baseline-fidelity-low')
  return word === 'inconclusive' && !isUnasked && !isBaselines
}

/** What of the looks not taken is told: `trials` in all, and what they would have used. */
export type Saved = NonNullable<Escalation['saved']>

/** What came of the looks that were taken, from what each of them said: `taken` is not empty, and in their order. */
export function escalationOf(
  looks: readonly number[],
  taken: readonly { readonly trials: number; readonly verdict: Verdict }[],
  { unfinished, saved }: Pick<Escalation, 'unfinished' | 'saved'>,
): Escalation {
  const last = taken.at(-1)
  const ended: EscalationEnd =
    unfinished !== undefined
      ? 'spend cap'
      : last?.verdict.word !== 'inconclusive'
        ? 'settled'
        : last.trials === looks.at(-1)
          ? 'last look'
          : 'hopeless'
  return {
    looks: [...looks],
    level: levelOf(looks),
    taken: taken.map(({ trials, verdict: { word, sentence, comparison } }) => {
      const bounds =
        comparison === undefined
          ? {}
          : { difference: comparison.difference, lower: comparison.lower, upper: comparison.upper }
      return { trials, word, sentence, ...bounds }
    }),
    ended,
    ...(unfinished === undefined ? {} : { unfinished }),
    ...(saved === undefined || ended === 'last look' ? {} : { saved }),
  }
}

/** The same verdict, with how it was come to: behind what decided it, because it says what was, or was not, spent. */
export function withEscalation(verdict: Verdict, escalation: Escalation): Verdict {
  const { margin } = verdict.comparison ?? verdict.policy
  const looks = escalation.taken.map(
    (look) => `${count(look.trials, 'trial')} ${toldOf(look, margin, escalation)}`,
  )
  const hints: Partial<Record<EscalationEnd, string>> = {
    'spend cap': 'Go on where it stopped: evalkit run --resume, with a higher --spend.',
    hopeless: 'What could not be asked is named beside: mend that first.',
  }
  const hint = hints[escalation.ended]
  const told: Reason = {
    code: 'escalation',
    what: `${endOf(escalation)} Looks: ${looks.join('; ')}.`,
    ...(hint === undefined ? {} : { hint }),
  }
  const [first, ...others] = verdict.reasons
  return { ...verdict, reasons: [...(first === undefined ? [] : [first]), told, ...others], escalation }
}

/** A verdict that is open, and that `escalate` could do nothing for, with the reason. */
export function notEscalated(verdict: Verdict, why: string): Verdict {
  if (verdict.word !== 'inconclusive' || verdict.policy.onInconclusive !== 'escalate') return verdict
  const stops = verdict.policy.escalation?.otherwise !== 'warn'
  const what = `It was not escalated: ${why}. ${stops ? 'It stops as under "fail".' : 'It is only said, as `escalation.otherwise` has it.'}`
  return { ...verdict, reasons: [...verdict.reasons, { code: 'not-escalated', what }] }
}

function endOf({ looks, taken, ended, unfinished, saved }: Escalation): string {
  const { trials: reached, word } = taken.at(-1) ?? { trials: 0, word: 'invalid' }
  const most = `up to ${count(looks.at(-1) ?? 0, 'trial')} a case`
  const spared = saved === undefined ? '' : `: ${savedOf(saved)} not spent`
  switch (ended) {
    case 'settled':
      return `${word === 'pass' || word === 'fail' ? 'Settled' : 'Ended'} after ${reached} of ${most}${spared}.`
    case 'last look':
      return `Still open after the last look, at ${count(reached, 'trial')} a case.`
    case 'hopeless':
      return `Ended after ${reached} of ${most}, because what is open is nothing that more trials settle${spared}.`
    case 'spend cap':
      return `The spend cap was reached in the look after ${count(reached, 'trial')} a case: ${count(unfinished?.trials ?? 0, 'further trial')} of it ${unfinished?.trials === 1 ? 'is' : 'are'} kept${unfinished?.costUsd === undefined ? '' : ` (${dollars(unfinished.costUsd)})`}, and the verdict is that of the look before.`
  }
}

/** `400 model calls and about $3.20` */
function savedOf({ trials, modelCalls, costUsd }: Saved): string {
  const calls = modelCalls === undefined ? count(trials, 'trial') : `about ${count(modelCalls, 'model call')}`
  return costUsd === undefined ? calls : `${calls} and about ${dollars(costUsd)}`
}

function toldOf(
  { word, difference, lower, upper }: Escalation['taken'][number],
  margin: number,
  { level }: Escalation,
): string {
  if (difference === undefined || lower === undefined || upper === undefined) return word
  const points = pointsOf({ lower, upper, margin })
  return `${word} (${points(difference)} pp, ${confidenceOf(level)} ${points(lower)} to ${points(upper)})`
}

/** Two decimals, and more of what is less than a dime: `$3.20`, `$0.0031`. */
function dollars(usd: number): string {
  return `$${usd >= 0.1 || usd === 0 ? usd.toFixed(2) : String(Number(usd.toPrecision(2)))}`
}
