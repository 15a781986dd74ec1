import { confidenceOf } from '../lib/confidence.ts'
import type { Release, Tallies } from '../schema/run.ts'
import type { DriftPart, Policy } from '../schema/verdict.ts'
import { answer, dropsOf, viewsOf } from './drop.ts'
import type { Finding } from './finding.ts'
import { type JudgeScale, marginForJudges } from './judge-margin.ts'
import {
  duplicateCases,
  impossibleTallies,
  incomparable,
  noCases,
  partialRun,
  unknownMetric,
} from './soundness.ts'
import { accountForTrials, countUnscored } from './unscored.ts'
import { count, limitOf, lowerFirst, pointsOf } from './words.ts'

/** The largest drift where the policy names none: this many times the margin of one step. */
const steps = 2
/** Of the cases of a release, the share that must still be there as they were: on fewer nothing is said of the release. */
const enough = 0.5

/**
 * The primary metric against the baseline of the last release, so that steps which were each accepted cannot add up unseen. None
 * where there is no release and the policy asks for none. `policy` is on the scale of its judges already, but for the drift's
 * own margin. What cannot be held against it is `incomparable`, and says why.
 */
export function driftPart(
  candidate: Tallies,
  release: Release | undefined,
  policy: Policy,
  judges: readonly JudgeScale[] = [],
  level?: number,
): DriftPart | undefined {
  const { drift, metric, fidelityFloor } = policy
  if (release === undefined && drift === undefined) return undefined
  const margin =
    drift === undefined ? Math.min(0.99, steps * policy.margin) : marginForJudges(drift.margin, judges).value
  const of = { gates: true, margin, ...(release === undefined ? {} : { release: release.released.name }) }
  if (release === undefined)
    return { ...of, word: 'incomparable', why: 'no baseline is marked as that of a release' }
  const unfit = unfitFor(candidate, release, policy)
  if (unfit !== undefined) return { ...of, word: 'incomparable', why: unfit }
  const { asScored, worst, best } = viewsOf(candidate, release, metric, fidelityFloor)
  const outside = release.cases.length - asScored.pairs.length
  if (asScored.pairs.length < enough * release.cases.length) {
    const left = `${asScored.pairs.length} of the ${count(release.cases.length, 'case')} of the release can be compared`
    return { ...of, word: 'incomparable', why: `only ${left}`, outside }
  }
  const views = dropsOf(asScored.pairs, worst.pairs, best.pairs, level)
  const [said] = answer([{ margin, views }], (ps) => [...ps], level)
  const { p: _p, ...numbers } = views.asScored
  const { word = 'inconclusive', why } = said ?? {}
  return {
    ...of,
    word,
    ...(why === undefined ? {} : { why }),
    ...numbers,
    outside,
    ...(level === undefined ? {} : { level }),
  }
}

/** What a drift does to the verdict: a real one beyond its limit fails, what could not be asked is no pass, the rest is said. */
export function driftFindings(part: DriftPart | undefined): Finding[] {
  if (part === undefined) return []
  const { word, why, outside = 0 } = part
  const since = part.release === undefined ? 'the last release' : `the release ${part.release}`
  const left = outside === 0 ? '' : `, ${outside} of its cases not among them`
  const numbers = `${numbersOf(part)}${left}`
  switch (word) {
    case 'fail':
      return [
        {
          weight: 'fail',
          code: 'drift',
          what: `Since ${since} the metric dropped, and a drop beyond the limit is not ruled out: ${numbers}.`,
          hint: 'Small steps that were each accepted add up. If all of it is meant to stay: evalkit baseline release --name <name>',
          headline: `drift since ${since}: ${numbers}`,
        },
      ]
    case 'incomparable': {
      const what = `The run is incomparable with ${since}: ${lowerFirst(why ?? 'nothing is known of it')}.`
      return [
        {
          weight: 'inconclusive',
          code: 'drift-incomparable',
          what,
          hint: 'Mark the accepted baseline as that of a release: evalkit baseline release --name <name>',
          headline: `inconclusive: ${lowerFirst(what)}`,
        },
      ]
    }
    case 'pass':
      return [said('drift-held', `Since ${since} no drop beyond the limit: ${numbers}.`)]
    default: {
      const because = why === undefined ? '' : ` (${why})`
      return [
        said(
          'drift-undecided',
          `A drop since ${since} is neither ruled out nor shown${because}: ${numbers}.`,
        ),
      ]
    }
  }
}

function numbersOf({ difference = 0, lower = 0, upper = 0, level, margin, cases = 0 }: DriftPart): string {
  const points = pointsOf({ lower, upper, margin })
  return `${points(difference)} pp (${confidenceOf(level)} ${points(lower)} to ${points(upper)}), limit ${limitOf(margin, points)}, ${count(cases, 'case')}`
}

function unfitFor(candidate: Tallies, release: Release, { metric, maxUnscored }: Policy): string | undefined {
  const [problem] = [
    ...noCases(release, 'baseline'),
    ...duplicateCases(release, 'baseline'),
    ...partialRun(release, 'baseline'),
    ...impossibleTallies(release, metric, 'baseline'),
    ...unknownMetric(release, metric, 'baseline'),
    ...incomparable(candidate, release),
  ]
  if (problem !== undefined) return problem.what.replace(/\.$/, '')
  const { trials, unscored } = countUnscored(accountForTrials(release, metric), metric)
  return trials > 0 && unscored / trials > maxUnscored
    ? `${unscored} of ${count(trials, 'trial')} of the release are unscored`
    : undefined
}

function said(code: string, what: string): Finding {
  return { weight: 'note', code, what, headline: what }
}
