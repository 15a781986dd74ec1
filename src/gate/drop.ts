import { usualLevel } from '../lib/confidence.ts'
import { benjaminiHochberg, holm, normalCdf, pairedInterval } from '../lib/stats/index.ts'
import type { Tallies } from '../schema/run.ts'
import type { PartWord } from '../schema/verdict.ts'
import { smallestPassableCases, zAt } from './detectable.ts'
import { leftTape, type Pair, type Pairing, pair, unitsOf } from './pair.ts'
import { accountForTrials, countUnscored, fillOffTape, fillUnscored } from './unscored.ts'
import { count } from './words.ts'

/**
 * One metric of two runs, as it was scored, and had all that is not known (unscored trials, cases that left their
 * recording) gone against the run, and for it. Where all is known, the three are one.
 */
export interface Views {
  readonly asScored: Pairing
  readonly worst: Pairing
  readonly best: Pairing
}

/** What is known of a drop among some cases. Shares of 1; `p` is one-sided, of no drop at all. */
export interface Drop {
  readonly cases: number
  readonly units: number
  readonly baselineMean: number
  readonly candidateMean: number
  readonly difference: number
  readonly lower: number
  readonly upper: number
  readonly p: number
}

/** One question among others of its kind, with what it is asked about in each view. */
export interface Question {
  readonly margin: number
  readonly views: Readonly<Record<keyof Views, Drop>>
}

/** Its answer: the word, the corrected p of what was scored, and why nothing was settled. */
export interface Answered {
  readonly word: Exclude<PartWord, 'incomparable'>
  readonly p: number
  readonly why?: string
}

/** How p-values of one family are corrected for each other. */
export const corrections = { holm, benjaminiHochberg } as const

const views = ['asScored', 'worst', 'best'] as const

/** Pairs the cases of a metric, three times where something is not known. */
export function viewsOf(run: Tallies, accepted: Tallies, metric: string, fidelityFloor: number): Views {
  const [candidate, baseline] = [accountForTrials(run, metric), accountForTrials(accepted, metric)]
  const asScored = pair(candidate, baseline, metric, fidelityFloor)
  const isKnown = [candidate, baseline].every(
    (tallies) =>
      countUnscored(tallies, metric).unscored === 0 &&
      !tallies.cases.some((tally) => leftTape(tally, tallies.mode, fidelityFloor)),
  )
  if (isKnown) return { asScored, worst: asScored, best: asScored }
  const filled = (tallies: Tallies, value: 0 | 1): Tallies =>
    fillUnscored(fillOffTape(tallies, metric, fidelityFloor, value), metric, value)
  const at = (now: 0 | 1, before: 0 | 1): Pairing =>
    pair(filled(candidate, now), filled(baseline, before), metric, fidelityFloor)
  return { asScored, worst: at(0, 1), best: at(1, 0) }
}

/** What is known of a drop in each view; computed once where the views are the same pairs. */
export function dropsOf(
  asScored: readonly Pair[],
  worst: readonly Pair[],
  best: readonly Pair[],
  level?: number,
): Question['views'] {
  const known = dropAmong(asScored, level)
  const of = (pairs: readonly Pair[]): Drop => (pairs === asScored ? known : dropAmong(pairs, level))
  return { asScored: known, worst: of(worst), best: of(best) }
}

/** What is known of a drop among these pairs. Its interval is the primary metric's (docs/gate.md). */
function dropAmong(pairs: readonly Pair[], level?: number): Drop {
  const units = unitsOf(pairs)
  const { difference, lower, upper, centre, standardError } = pairedInterval(units, zAt(level))
  const mean = (of: (one: Pair) => number): number =>
    pairs.length === 0 ? 0 : pairs.reduce((sum, one) => sum + of(one), 0) / pairs.length
  return {
    cases: pairs.length,
    units: units.length,
    baselineMean: mean((one) => one.baselineMean),
    candidateMean: mean((one) => one.candidateMean),
    difference,
    lower,
    upper,
    // Below the level exactly where the upper bound lies below 0.
    p: normalCdf(centre / standardError),
  }
}

/**
 * Answers questions of one family. As for the primary metric, `pass` where a drop beyond the margin is ruled out, else
 * `fail` where the drop is real, else `inconclusive`; but what is real is corrected for how many are asked. That nothing
 * dropped is claimed only where every rule passes, so passing needs no correction (Berger 1982, Technometrics 24:295). A
 * word that hangs on what is not known is `inconclusive`. A drop is real where its corrected p lies below `level`, the one-sided
 * one of the bounds.
 */
export function answer(
  questions: readonly Question[],
  correct: (ps: readonly number[]) => number[],
  level = usualLevel,
): Answered[] {
  const told = views.map((view) => {
    const ps = correct(questions.map((question) => question.views[view].p))
    return questions.map((question, index) => {
      const p = ps[index] ?? 1
      return { word: wordAt(question.views[view], question.margin, p, level), p }
    })
  })
  return questions.map((question, index) => {
    const [asScored, ...bounds] = told.map((answers) => answers[index])
    const { word, p } = asScored ?? { word: 'inconclusive', p: 1 }
    if (bounds.some((bound) => bound?.word !== word)) {
      return { word: 'inconclusive', p, why: 'it hangs on what was not scored, or left its recording' }
    }
    const why = word === 'inconclusive' ? tooFew(question, level) : undefined
    return { word, p, ...(why === undefined ? {} : { why }) }
  })
}

function wordAt({ lower }: Drop, margin: number, p: number, level: number): Answered['word'] {
  return lower > -margin ? 'pass' : p < level ? 'fail' : 'inconclusive'
}

function tooFew({ margin, views: { asScored } }: Question, level: number): string | undefined {
  const fewest = smallestPassableCases(margin, level)
  if (asScored.units >= fewest) return undefined
  const noun = asScored.units < asScored.cases ? 'cluster' : 'case'
  return `${count(asScored.units, noun)} cannot pass it even when nothing changes: it takes ${fewest}`
}
