import { type Confusion, cohenKappa, tableOf, wilson, youdenJ } from '../../lib/stats/index.ts'
import type { JudgeStanding } from '../../schema/calibration.ts'
import { count, twoDecimals } from '../show.ts'

/**
 * What a judge needs so that its verdicts may decide. Labels and fails are those it was measured on; rates are held against
 * the lower end of their Wilson 95 % interval, J against its estimate.
 */
export const gatingNeeds = { labels: 100, fails: 30, tpr: 0.8, tnr: 0.7, j: 0.5 } as const

/** A rate with its Wilson 95 % interval. Of nothing, the rate is 0 and the interval [0,1]: nothing is claimed. */
export interface MeasuredRate {
  readonly passed: number
  readonly of: number
  readonly rate: number
  readonly low: number
  readonly high: number
}

/** How a judge did on labels, and what it may do because of it. */
export interface MeasuredStanding {
  readonly standing: JudgeStanding
  /** Why, in sentences: for `can gate` what it showed, else each thing that is missing. */
  readonly why: readonly string[]
  /** Of what people passed, what it passed. */
  readonly tpr: MeasuredRate
  /** Of what people failed, what it failed. */
  readonly tnr: MeasuredRate
  /** Youden's J: tpr + tnr − 1. */
  readonly j: number
  /** The share of labels it agrees with. 0 of none. */
  readonly agreement: number
  /** `null` where there is nothing to agree on. */
  readonly kappa: number | null
}

/**
 * The standing of a judge from its verdicts on labels: `refuse` where it is no better than chance (TPR + TNR ≤ 1), `can
 * gate` where it meets every need, else `advisory`. Labels it gave no verdict on are `unscored`: they count neither for nor
 * against it, and are named.
 */
export function standingOf(verdicts: Confusion & { readonly unscored?: number }): MeasuredStanding {
  const { tp, fn, fp, tn, unscored = 0 } = verdicts
  const tpr = measured(tp, tp + fn)
  const tnr = measured(tn, tn + fp)
  const j = youdenJ(tpr.rate, tnr.rate)
  const labels = tpr.of + tnr.of
  const numbers = {
    tpr,
    tnr,
    j,
    agreement: labels === 0 ? 0 : (tp + tn) / labels,
    kappa: labels === 0 ? null : cohenKappa(tableOf(verdicts)).kappa,
  }
  const silent =
    unscored === 0 ? [] : [`It gave no verdict on ${unscored} of ${count(labels + unscored, 'label')}.`]
  if (tpr.of > 0 && tnr.of > 0 && tpr.rate + tnr.rate <= 1) {
    return { ...numbers, standing: 'refuse', why: [noBetterThanChance(tpr, tnr), ...silent] }
  }
  const missing = [
    ...tooFew(labels, tnr.of),
    ...tooLow(tpr, 'passed', gatingNeeds.tpr),
    ...tooLow(tnr, 'failed', gatingNeeds.tnr),
    ...(tpr.of > 0 && tnr.of > 0 && j <= gatingNeeds.j ? [tooWeak(j)] : []),
  ]
  if (missing.length > 0) return { ...numbers, standing: 'advisory', why: [...missing, ...silent] }
  return { ...numbers, standing: 'can gate', why: [shown(tpr, tnr, j), ...silent] }
}

function measured(passed: number, of: number): MeasuredRate {
  return of === 0
    ? { passed, of, rate: 0, low: 0, high: 1 }
    : { passed, of, rate: passed / of, ...wilson(passed, of) }
}

function tooFew(labels: number, fails: number): string[] {
  const why: string[] = []
  if (labels < gatingNeeds.labels) {
    why.push(`It was measured on ${count(labels, 'label')}; a judge that gates needs ${gatingNeeds.labels}.`)
  }
  if (fails < gatingNeeds.fails) {
    why.push(
      `People failed ${fails} of these outcomes; ${gatingNeeds.fails} fails are needed to know what it lets pass.`,
    )
  }
  return why
}

function tooLow(rate: MeasuredRate, word: 'passed' | 'failed', needed: number): string[] {
  if (rate.low >= needed) return []
  const what = `Of ${count(rate.of, 'outcome')} that people ${word} it ${word} ${rate.passed}`
  return [
    `${what}: the true rate may be as low as ${twoDecimals(rate.low)}, and ${twoDecimals(needed)} is needed.`,
  ]
}

function tooWeak(j: number): string {
  return `Its J (TPR + TNR − 1) is ${twoDecimals(j)}; it has to be over ${twoDecimals(gatingNeeds.j)}.`
}

function noBetterThanChance(tpr: MeasuredRate, tnr: MeasuredRate): string {
  const passes = `${tpr.passed} of ${tpr.of} outcomes that people passed`
  const fails = `${tnr.passed} of ${tnr.of} that they failed`
  const sum = `${twoDecimals(tpr.rate)} + ${twoDecimals(tnr.rate)}`
  return `It passed ${passes} and failed ${fails}: ${sum} is no more than 1, so it is no better than chance.`
}

function shown(tpr: MeasuredRate, tnr: MeasuredRate, j: number): string {
  const passes = `${tpr.passed} of ${tpr.of} outcomes that people passed (at least ${twoDecimals(tpr.low)})`
  const fails = `${tnr.passed} of ${tnr.of} that they failed (at least ${twoDecimals(tnr.low)})`
  return `It passed ${passes} and failed ${fails}; its J is ${twoDecimals(j)}.`
}
