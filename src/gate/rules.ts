import { oneSidedOf, usualLevel } from '../lib/confidence.ts'
import { wilson, wilsonLower } from '../lib/stats/index.ts'
import type { Tallies } from '../schema/run.ts'
import type { ToolChange } from '../schema/tool-contract.ts'
import type { Comparison, Policy, VerdictWord } from '../schema/verdict.ts'
import { smallestPassableCases } from './detectable.ts'
import type { Finding } from './finding.ts'
import type { Look } from './look.ts'
import { leftTape, metricOf, unitsOf } from './pair.ts'
import type { Settling } from './settle.ts'
import { accept } from './soundness.ts'
import {
  count,
  flipsOf,
  intervalOf,
  limitOf,
  lowerFirst,
  named,
  percent,
  type Points,
  pointsOf,
} from './words.ts'

/**
 * The mean over cases against an absolute floor. It holds where the one-sided 95 % Wilson bound does (at the level of the look,
 * where there are several), so a small dataset must do better than the floor; clusters count as one case each. Cases that left
 * their recording show nothing. At a look after which more trials come, a floor that is neither shown nor ruled out is open.
 */
export function floor(
  candidate: Tallies,
  { metric, floor: limit, fidelityFloor }: Policy,
  look?: Look,
): Finding[] {
  if (limit === undefined) return []
  const scored = candidate.cases.flatMap((tally) => {
    const { n, sum } = metricOf(tally, metric)
    return n === 0 || leftTape(tally, candidate.mode, fidelityFloor)
      ? []
      : [{ ...(tally.cluster === undefined ? {} : { cluster: tally.cluster }), difference: sum / n }]
  })
  if (scored.length === 0) return []
  const mean = Math.min(1, Math.max(0, scored.reduce((sum, it) => sum + it.difference, 0) / scored.length))
  const n = unitsOf(scored).length
  const level = look?.level ?? usualLevel
  const bound = wilsonLower(mean * n, n, 1 - level)
  const { low, high } = wilson(mean * n, n, 0.9)
  const half = (high - low) / 2
  const numbers = `${percent(mean, half)} of ${count(scored.length, 'case')}, at least ${percent(bound, half)} (${oneSidedOf(level)}), floor ${Number((limit * 100).toFixed(6))} %`
  if (bound >= limit) {
    return [
      {
        weight: 'note',
        code: 'floor-held',
        what: `The floor holds: ${numbers}.`,
        headline: `floor held: ${numbers}`,
      },
    ]
  }
  const best = wilsonLower(n, n, 1 - level)
  if (look?.isOpen === true && best >= limit && wilson(mean * n, n, 1 - 2 * level).high >= limit) {
    const what = `The floor is neither shown to hold nor ruled out: ${numbers}.`
    return [
      { weight: 'inconclusive', code: 'floor-open', what, headline: `inconclusive: ${lowerFirst(what)}` },
    ]
  }
  const hint =
    best < limit
      ? `Even if every case passed, ${n} could show no more than ${percent(best, 0.05)}: add cases, or lower the floor.`
      : undefined
  return [
    {
      weight: 'fail',
      code: 'floor-broken',
      what: `The floor is not shown to hold: ${numbers}.`,
      ...(hint === undefined ? {} : { hint }),
      headline: `below the floor: ${numbers}`,
    },
  ]
}

/** The three-way verdict of an interval: `pass` if lower > −margin, else `fail` if upper < 0, else `inconclusive`. */
export function verdictOfInterval({
  lower,
  upper,
  margin,
}: Pick<Comparison, 'lower' | 'upper' | 'margin'>): VerdictWord {
  return lower > -margin ? 'pass' : upper < 0 ? 'fail' : 'inconclusive'
}

/** Is a drop beyond the margin ruled out, shown, or neither? `settling` is asked only where it is neither. */
export function regression(comparison: Comparison, settling: () => Settling): Finding[] {
  const points = pointsOf(comparison)
  const limit = `limit ${limitOf(comparison.margin, points)}`
  const numbers = `${points(comparison.difference)} pp (${intervalOf(comparison, points)}), ${limit}: ${flipsOf(comparison)}`
  switch (verdictOfInterval(comparison)) {
    case 'pass':
      return passed(comparison, numbers)
    case 'fail':
      return [
        {
          weight: 'fail',
          code: 'regression',
          what: `The drop of "${comparison.metric}" is real, and one beyond the limit is not ruled out: ${numbers}.${detectableText(comparison, points)}`,
          hint: 'Look at the broken cases, worst first.',
          headline: `regression: ${numbers}`,
        },
      ]
    default:
      return undecided(comparison, settling(), points, limit)
  }
}

/** A case that passed every baseline trial and fails every one now, whatever the mean does; none that is in quarantine. */
export function hardBreaks({ broken }: Comparison, policy: Policy): Finding[] {
  const hard = broken.filter((flip) => flip.hard && flip.quarantined !== true).map((flip) => flip.case)
  if (hard.length === 0) return []
  const [one] = hard
  const what =
    hard.length === 1
      ? `${one} passed every baseline trial and fails every trial now.`
      : `${hard.length} cases passed every baseline trial and fail every trial now: ${named(hard)}.`
  return [
    {
      weight: policy.hardBreaks === 'fail' ? 'fail' : 'note',
      code: 'hard-breaks',
      what,
      hint: 'Look at each: with one trial a case it may be noise, with several it rarely is.',
      headline: `hard break: ${what.replace(/\.$/, '')}`,
    },
  ]
}

/**
 * Tools that ask or promise something else than evals/tools.json says, in a way that breaks who relies on it. What cannot
 * be decided counts as broken until somebody accepts it. It rests on no number, so no doubt about them outranks it.
 */
export function toolContracts(changes: readonly ToolChange[]): Finding[] {
  const broken = changes.filter((change) => change.class === 'breaking' || change.class === 'unknown')
  if (broken.length === 0) return []
  const tools = [...new Set(broken.map((change) => change.tool))]
  const [first] = broken
  const at =
    first === undefined
      ? ''
      : `: ${[first.tool, first.side, first.path].filter(Boolean).join(' ')}: ${first.what}`
  const more = broken.length === 1 ? '' : `, and ${count(broken.length - 1, 'more change')}`
  const what = `The contract of ${count(tools.length, 'tool')} is broken (${named(tools)})${at}${more}.`
  const hint =
    'evalkit tools check lists the changes and the fixtures they break. If they are meant: evalkit tools snapshot, and record those fixtures anew.'
  return [
    {
      weight: 'broken',
      code: 'tool-contract',
      what,
      hint,
      headline: `broken tool contract: ${lowerFirst(what)}`,
    },
  ]
}

/** What stands outside the difference, each case by name. */
export function outsideTheDifference({ added, edited, unscored }: Comparison): Finding[] {
  const hint = `They enter the comparison once a run with them is accepted: ${accept}`
  return [
    ...note('cases-added', added, 'new: outside the difference', hint),
    ...note('cases-edited', edited, 'edited since the baseline: outside the difference', hint),
    ...note('cases-unscored', unscored, 'without a scored trial on one side: outside the difference'),
  ]
}

/** The verdict must not hang on what unscored trials would have scored. */
export function unscoredBounds(words: {
  asScored: VerdictWord
  worst: VerdictWord
  best: VerdictWord
}): Finding[] {
  const { asScored, worst, best } = words
  if (asScored === worst && asScored === best) return []
  const what = `The verdict hangs on unscored trials: ${asScored} without them, ${worst} if they count against the run, ${best} if they count for it.`
  const hint = 'Mend what kept them from being scored, and run again.'
  return [
    { weight: 'doubt', code: 'unscored-decide', what, hint, headline: `inconclusive: ${lowerFirst(what)}` },
  ]
}

/** Nothing to compare with is never a pass. */
export function noBaseline(floorHolds: Finding | undefined): Finding[] {
  const held = floorHolds === undefined ? '' : `; ${floorHolds.headline}`
  return [
    {
      weight: 'not gated',
      code: 'no-baseline',
      what: 'There is no baseline to compare with.',
      hint: `If this run is good: ${accept}`,
      headline: `not gated: there is no baseline to compare with${held}`,
    },
  ]
}

function passed(comparison: Comparison, numbers: string): Finding[] {
  const real = comparison.upper < 0
  const points = pointsOf(comparison)
  const headline = real ? `small drop within the limit: ${numbers}` : `no regression: ${numbers}`
  const what = `A drop of "${comparison.metric}" beyond the limit is ruled out: ${numbers}.${detectableText(comparison, points)}`
  const findings: Finding[] = [{ weight: 'pass', code: 'no-regression', what, headline }]
  if (real) {
    findings.push({
      weight: 'note',
      code: 'small-real-drop',
      what: 'The drop is smaller than the limit, but real: the whole interval lies below 0.',
      hint: 'Accepted step by step, small drops add up.',
      headline,
    })
  }
  return findings
}

function undecided(comparison: Comparison, settling: Settling, points: Points, limit: string): Finding[] {
  const { lower, upper, units, margin, clustered, level } = comparison
  const noun = clustered ? 'cluster' : 'case'
  const between = `between ${points(lower)} and ${points(upper)} pp, ${limit}: ${flipsOf(comparison)}`
  const ways = [
    ...(settling.trials === undefined ? [] : [`${settling.trials} trials a case in both runs`]),
    ...(settling.moreUnits === undefined
      ? []
      : [`about ${twoDigits(settling.moreUnits)} more ${noun}${settling.moreUnits === 1 ? '' : 's'}`]),
  ]
  const cure = ways.length === 0 ? undefined : `${ways.join(', or ')} would probably settle it`
  const fewest = smallestPassableCases(margin, level)
  const hints = [
    ...(units < fewest
      ? [`${count(units, noun)} cannot pass this limit even when nothing changes: it takes ${fewest}.`]
      : []),
    ...(cure === undefined ? [] : [`${upperFirst(cure)}.`]),
  ]
  return [
    {
      weight: 'inconclusive',
      code: 'undecided',
      what: `A drop of "${comparison.metric}" beyond the limit is neither ruled out nor shown: ${between}.${detectableText(comparison, points)}`,
      ...(hints.length === 0 ? {} : { hint: hints.join(' ') }),
      headline: `inconclusive: ${between}${cure === undefined ? '' : `; ${cure}`}`,
    },
  ]
}

function detectableText({ detectable }: Comparison, points: Points): string {
  return detectable === undefined
    ? ''
    : ` The smallest drop this comparison could find 4 times in 5: ${points(detectable).replace('+', '')} pp.`
}

function note(code: string, cases: readonly string[], state: string, hint?: string): Finding[] {
  if (cases.length === 0) return []
  const what = `${count(cases.length, 'case')} ${state}: ${named(cases)}.`
  return [{ weight: 'note', code, what, ...(hint === undefined ? {} : { hint }), headline: what }]
}

/** A guess is written as one. */
function twoDigits(n: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1)
  return Math.ceil(n / step) * step
}

function upperFirst(what: string): string {
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}`
}
