import { marginOnJudgeScale } from '../lib/stats/index.ts'
import type { Calibration } from '../schema/calibration.ts'
import type { Policy } from '../schema/verdict.ts'
import type { Finding } from './finding.ts'

/** What of a calibration scales are made of. */
export type JudgeScale = Pick<Calibration, 'judge' | 'j' | 'tpr' | 'tnr'>

/** A rule of the team on the scale of what judges say. */
export interface OnJudgeScale {
  /** In [0,1]. */
  readonly value: number
  /** How it came to be, for people; empty where no judge decides and nothing is scaled. */
  readonly told: string
}

/**
 * The margin on the scale of what judges say. A judge that errs sees only J of a true drop (J = TPR + TNR − 1), so a drop of the
 * whole margin looks smaller than it: unscaled, 5 points let a true drop of 5 points pass in 14.7 % of runs instead of 5 % (200
 * cases, TPR 0.9, TNR 0.8). Where several judges decide, the one that hides most. J is the point estimate; its uncertainty is
 * what the rule for gating bounds. Throws `RangeError` for a judge with J ≤ 0: it sees nothing, and must not gate.
 */
export function marginForJudges(margin: number, deciding: readonly JudgeScale[]): OnJudgeScale {
  const [worst] = deciding.toSorted((a, b) => a.j - b.j)
  if (worst === undefined) return { value: margin, told: '' }
  assertSees(worst)
  const value = marginOnJudgeScale(margin, worst.j)
  const told = `margin ${points(margin)} × J ${rate(worst.j)} of the judge "${worst.judge}" = ${points(value)} of what it says`
  return { value, told }
}

/**
 * A floor on the scale of what judges say: the share of passes a judge gives where the true share is the floor, floor × TPR +
 * (1 − floor) × (1 − TNR), which is what Rogan and Gladen solve for the true share (1978, American Journal of Epidemiology
 * 107:71). Where several judges decide, the strictest. Throws `RangeError` for a judge with J ≤ 0.
 */
export function floorForJudges(floor: number, deciding: readonly JudgeScale[]): OnJudgeScale {
  const [strictest] = deciding
    .map((judge) => ({ judge, value: floor * judge.tpr.rate + (1 - floor) * (1 - judge.tnr.rate) }))
    .toSorted((a, b) => b.value - a.value)
  if (strictest === undefined) return { value: floor, told: '' }
  const { judge, value } = strictest
  assertSees(judge)
  const told = `floor ${percent(floor)} looks like ${percent(value)} to the judge "${judge.judge}" (TPR ${rate(judge.tpr.rate)}, TNR ${rate(judge.tnr.rate)})`
  return { value, told }
}

/** The rules on the scale of what judges say. Nothing changes where none decides. */
export function onJudgeScale(policy: Policy, deciding: readonly JudgeScale[]): Policy {
  if (deciding.length === 0) return policy
  const margin = marginForJudges(policy.margin, deciding).value
  return policy.floor === undefined
    ? { ...policy, margin }
    : { ...policy, margin, floor: floorForJudges(policy.floor, deciding).value }
}

/** How the rules came to be what they are, where judges decide. */
export function judgeScale(policy: Policy, deciding: readonly JudgeScale[]): Finding[] {
  if (deciding.length === 0) return []
  const told = [
    marginForJudges(policy.margin, deciding).told,
    ...(policy.floor === undefined ? [] : [floorForJudges(policy.floor, deciding).told]),
  ].join('; ')
  return [
    {
      code: 'judge-scale',
      weight: 'note',
      what: `A judge decides, and errs: ${told}.`,
      headline: `a judge decides: ${told}`,
    },
  ]
}

function assertSees({ judge, j }: JudgeScale): void {
  if (!(j > 0)) throw new RangeError(`the judge "${judge}" has J ${j}: nothing can be told from what it says`)
}

function points(share: number): string {
  return `${Number((share * 100).toFixed(2))} points`
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}

function rate(value: number): string {
  return value.toFixed(2)
}
