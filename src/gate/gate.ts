import type { Tallies } from '../schema/run.ts'
import type { Comparison, Policy, Verdict, VerdictWord } from '../schema/verdict.ts'
import { compare } from './compare.ts'
import { byWeight, type Finding, wordOf } from './finding.ts'
import { pair } from './pair.ts'
import {
  fidelityFloor,
  floor,
  hardBreaks,
  noBaseline,
  outsideTheDifference,
  regression,
  unscoredBounds,
} from './rules.ts'
import { type Settling, settling } from './settle.ts'
import {
  duplicateCases,
  impossibleTallies,
  incomparable,
  noCases,
  noCommonCases,
  partialRun,
  removedCases,
  type Side,
  tooManyUnscored,
  unknownMetric,
} from './soundness.ts'
import { accountForTrials, countUnscored, fillUnscored } from './unscored.ts'

/** What the gate decides on. */
export interface GateInput {
  readonly candidate: Tallies
  /** Absent where there is none: the verdict is then never `pass`. */
  readonly baseline?: Tallies | undefined
  readonly policy: Policy
}

/**
 * Did the agent get worse? Pure, and closed by default: what is missing, unscored, partial or not comparable is named
 * and never counted as a pass. `invalid` outranks doubt about the numbers, doubt outranks `fail`, `fail` outranks
 * `inconclusive`, and only what is left is a `pass`. Reasons come strongest first; docs/gate.md lists their codes.
 * Never throws on tallies that fit their schema.
 */
export function gate({ candidate, baseline, policy }: GateInput): Verdict {
  const broken = [
    ...unsound(candidate, policy, 'run'),
    ...(baseline === undefined
      ? []
      : [...unsound(baseline, policy, 'baseline'), ...incomparable(candidate, baseline)]),
  ]
  if (broken.length > 0) return verdictOf(broken, policy)

  const run = accountForTrials(candidate, policy.metric)
  const accepted = baseline === undefined ? undefined : accountForTrials(baseline, policy.metric)
  const comparison = accepted === undefined ? undefined : compare(run, accepted, policy.metric, policy.margin)
  const evidence = weigh(run, accepted, policy)
  const findings = [
    ...tooManyUnscored(run, policy, 'run'),
    ...(accepted === undefined ? [] : tooManyUnscored(accepted, policy, 'baseline')),
    ...(comparison === undefined ? [] : [...noCommonCases(comparison), ...removedCases(comparison)]),
    ...fidelityFloor(run, policy, 'run'),
    ...(accepted === undefined ? [] : fidelityFloor(accepted, policy, 'baseline')),
    ...atTheBounds(evidence, run, accepted, policy),
    ...evidence,
    ...(comparison === undefined ? [] : outsideTheDifference(comparison)),
  ]
  return verdictOf(findings, policy, comparison)
}

/** What the scores themselves say: the floor, the difference, the hard breaks. */
function weigh(candidate: Tallies, baseline: Tallies | undefined, policy: Policy): Finding[] {
  const floors = floor(candidate, policy)
  if (baseline === undefined) {
    return [...floors, ...noBaseline(floors.find((finding) => finding.code === 'floor-held'))]
  }
  const comparison = compare(candidate, baseline, policy.metric, policy.margin)
  if (comparison.cases === 0) return floors
  const settle = (): Settling => settling(pair(candidate, baseline, policy.metric).pairs, policy.margin)
  return [...regression(comparison, settle), ...floors, ...hardBreaks(comparison, policy)]
}

/** What the evidence would say, had the unscored trials gone as badly or as well for the run as they can. */
function atTheBounds(
  evidence: readonly Finding[],
  candidate: Tallies,
  baseline: Tallies | undefined,
  policy: Policy,
): Finding[] {
  const { metric } = policy
  const unscored = [candidate, ...(baseline === undefined ? [] : [baseline])]
    .map((tallies) => countUnscored(tallies, metric).unscored)
    .some((trials) => trials > 0)
  if (!unscored || evidence.length === 0) return []
  const filled = (now: 0 | 1, before: 0 | 1): VerdictWord => {
    const accepted = baseline === undefined ? undefined : fillUnscored(baseline, metric, before)
    return wordOf(weigh(fillUnscored(candidate, metric, now), accepted, policy))
  }
  return unscoredBounds({ asScored: wordOf(evidence), worst: filled(0, 1), best: filled(1, 0) })
}

/** Tallies that are not what they say, before anything is computed from them. */
function unsound(tallies: Tallies, { metric }: Policy, side: Side): Finding[] {
  return [
    ...noCases(tallies, side),
    ...duplicateCases(tallies, side),
    ...partialRun(tallies, side),
    ...impossibleTallies(tallies, metric, side),
    ...unknownMetric(tallies, metric, side),
  ]
}

function verdictOf(findings: readonly Finding[], policy: Policy, comparison?: Comparison): Verdict {
  const ordered = byWeight(findings)
  return {
    word: wordOf(findings),
    sentence: ordered[0]?.headline ?? 'not gated: nothing was asked',
    reasons: ordered.map(({ code, what, hint }) => ({ code, what, ...(hint === undefined ? {} : { hint }) })),
    ...(comparison === undefined || comparison.cases === 0 ? {} : { comparison }),
    policy,
  }
}
