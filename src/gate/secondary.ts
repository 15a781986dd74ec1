import type { Tallies } from '../schema/run.ts'
import type { Policy, SecondaryPart } from '../schema/verdict.ts'
import { comparisonOf } from './compare.ts'
import { answer, corrections, dropsOf, type Question, viewsOf } from './drop.ts'
import type { Finding } from './finding.ts'
import { type JudgeScale, marginForJudges } from './judge-margin.ts'
import { accountForTrials, countUnscored } from './unscored.ts'
import { count, flipsOf, intervalOf, limitOf, lowerFirst, named, pointsOf } from './words.ts'

/** What is known of the judges among the secondary metrics, by name. */
export interface SecondaryJudges {
  /** Those that are calibrated: their errors make the margin narrower. */
  readonly scales: readonly JudgeScale[]
  /** Those that may not decide. */
  readonly advisory: ReadonlySet<string>
}

/**
 * The secondary metrics, in the policy's order: each against the baseline by its own margin, those that gate corrected for
 * each other. One that cannot be asked is `incomparable` and says what is missing.
 */
export function secondaryParts(
  candidate: Tallies,
  baseline: Tallies,
  { secondary = {}, fidelityFloor, maxUnscored }: Policy,
  { scales, advisory }: SecondaryJudges,
  level?: number,
): SecondaryPart[] {
  const metrics = Object.entries(secondary).map(([metric, { margin }]) => {
    const scale = scales.filter(({ judge }) => judge === metric)
    const gates = !advisory.has(metric)
    const scaled = marginForJudges(margin, scale).value
    const why = missing(candidate, baseline, metric, maxUnscored)
    return { metric, margin: scaled, gates, why }
  })
  const asked = metrics.flatMap((one) => {
    if (one.why !== undefined) return []
    const { asScored, worst, best } = viewsOf(candidate, baseline, one.metric, fidelityFloor)
    const drops = dropsOf(asScored.pairs, worst.pairs, best.pairs, level)
    const question: Question = { margin: one.margin, views: drops }
    return [{ ...one, question, paired: asScored }]
  })
  const words = new Map(
    [true, false].flatMap((gates) => {
      const family = asked.filter((one) => one.gates === gates)
      const answers = answer(
        family.map(({ question }) => question),
        corrections.holm,
        level,
      )
      return family.map(
        ({ metric, paired }, index) => [metric, { answered: answers[index], paired }] as const,
      )
    }),
  )
  return metrics.map(({ metric, margin, gates, why }): SecondaryPart => {
    const { answered, paired } = words.get(metric) ?? {}
    if (answered === undefined || paired === undefined)
      return { metric, margin, gates, word: 'incomparable', ...(why && { why }) }
    return {
      metric,
      margin,
      gates,
      ...answered,
      comparison: comparisonOf(paired, metric, margin, level),
    }
  })
}

/** What the secondary metrics do to the verdict: a real drop fails, what could not be asked is no pass, the rest is said. */
export function secondaryFindings(parts: readonly SecondaryPart[]): Finding[] {
  const held = parts.filter(({ word }) => word === 'pass').map(({ metric }) => `"${metric}"`)
  return [
    ...parts.flatMap((part) => (part.word === 'pass' ? [] : [findingOf(part)])),
    ...(held.length === 0
      ? []
      : [
          said(
            'secondary-held',
            `Of the secondary metrics, ${count(held.length, 'metric')} held: ${named(held)}.`,
          ),
        ]),
  ]
}

function findingOf(part: SecondaryPart): Finding {
  const { metric, gates, word, why } = part
  const numbers = numbersOf(part)
  const because = why === undefined ? '' : ` (${why})`
  if (word === 'fail' && gates) {
    const what = `The drop of the secondary metric "${metric}" is real, and one beyond its limit is not ruled out: ${numbers}.`
    return {
      weight: 'fail',
      code: 'secondary-regression',
      what,
      hint: 'Look at its broken cases, worst first.',
      headline: `regression of "${metric}": ${numbers}`,
    }
  }
  if (word === 'incomparable') {
    const what = `The secondary metric "${metric}" is incomparable: ${why ?? 'nothing is known of it'}.`
    if (!gates) return said('secondary-incomparable', what)
    return {
      weight: 'inconclusive',
      code: 'secondary-incomparable',
      what,
      hint: 'Accept a run that has it, or take the rule out of the policy.',
      headline: `inconclusive: ${lowerFirst(what)}`,
    }
  }
  if (word === 'fail') {
    const what = `The secondary metric "${metric}" dropped: ${numbers}. It is a judge’s that may not decide.`
    return said('secondary-undecided', what)
  }
  return said(
    'secondary-undecided',
    `A drop of the secondary metric "${metric}" beyond its limit is neither ruled out nor shown${because}: ${numbers}.`,
  )
}

function numbersOf({ comparison, margin }: SecondaryPart): string {
  if (comparison === undefined) return ''
  const points = pointsOf(comparison)
  return `${points(comparison.difference)} pp (${intervalOf(comparison, points)}), limit ${limitOf(margin, points)}: ${flipsOf(comparison)}`
}

/** Why a metric cannot be held against the baseline; `undefined` where it can. */
function missing(
  candidate: Tallies,
  baseline: Tallies,
  metric: string,
  maxUnscored: number,
): string | undefined {
  if (!baseline.cases.some((tally) => Object.hasOwn(tally.metrics, metric)))
    return 'the baseline does not have it'
  // Imported runs had no plan that could have hashed its checks.
  if (candidate.mode.llm !== 'imported') {
    const [now, before] = [candidate, baseline].map(({ hashes: { secondary = {} } }) =>
      Object.hasOwn(secondary, metric) ? secondary[metric] : undefined,
    )
    if (before === undefined) return 'the baseline was not accepted with this rule'
    if (now === undefined) return 'the run was not made with this rule'
    if (now !== before) return 'its checks are not those of the baseline'
  }
  for (const [side, tallies] of [
    ['run', candidate],
    ['baseline', baseline],
  ] as const) {
    const { trials, unscored } = countUnscored(accountForTrials(tallies, metric), metric)
    if (trials > 0 && unscored / trials > maxUnscored)
      return `${unscored} of ${count(trials, 'trial')} of the ${side} are unscored`
  }
  return undefined
}

function said(code: string, what: string): Finding {
  return { weight: 'note', code, what, headline: what }
}
