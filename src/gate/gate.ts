import type { Tallies } from '../schema/run.ts'
import type { ToolChange } from '../schema/tool-contract.ts'
import type { Comparison, Policy, Verdict, VerdictWord } from '../schema/verdict.ts'
import { budgetFindings, budgetParts } from './budgets.ts'
import { categoryFindings, categoryParts } from './categories.ts'
import { compare } from './compare.ts'
import { casesInconclusive, fewConclusive, fidelityFloor, offTapeBounds } from './conclusive.ts'
import { driftFindings, driftPart } from './drift.ts'
import { byWeight, type Finding, wordOf } from './finding.ts'
import { judgesBelowDemand, type RefusedJudge } from './judge-demand.ts'
import { type JudgeScale, judgeScale, onJudgeScale } from './judge-margin.ts'
import { zAt } from './detectable.ts'
import type { Look } from './look.ts'
import { leftTape, pair } from './pair.ts'
import { inQuarantine, noQuarantine, type Quarantine, quarantineFindings } from './quarantine.ts'
import {
  floor,
  hardBreaks,
  noBaseline,
  outsideTheDifference,
  regression,
  toolContracts,
  unscoredBounds,
} from './rules.ts'
import { type SecondaryJudges, secondaryFindings, secondaryParts } from './secondary.ts'
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
  uncalibratedJudge,
  unknownMetric,
} from './soundness.ts'
import { expiredBaseline, pooledBaseline, type Standing } from './standing.ts'
import { accountForTrials, countUnscored, fillOffTape, fillUnscored } from './unscored.ts'

/** What the gate decides on. */
export interface GateInput {
  readonly candidate: Tallies
  /** Absent where there is none: the verdict is then never `pass`. */
  readonly baseline?: Tallies | undefined
  readonly policy: Policy
  /** How the tools of the code differ from what evals/tools.json says of them. */
  readonly contracts?: readonly ToolChange[]
  /** The calibrations of the judges that decide the gated metric: what they err by, the rules have to bear. */
  readonly judges?: readonly JudgeScale[]
  /** Metrics of judges that may not decide: as secondary metrics they are only shown, and as the primary one they are invalid. */
  readonly advisory?: ReadonlySet<string>
  /** Judges that meet every need but the policy's own, and may not decide for that: it is said. */
  readonly refused?: readonly RefusedJudge[]
  /** Flaky cases that somebody looks after. */
  readonly quarantine?: Quarantine
  /** What is known of the baseline beside its tallies: its last day, its pool, its release. */
  readonly standing?: Standing
  /** Which look this is, where trials are added as long as the verdict is open. Default: the only one. */
  readonly look?: Look | undefined
}

/**
 * Did the agent get worse? Pure, and closed by default: what is missing, unscored, partial or not comparable is named
 * and never counted as a pass. `invalid` outranks a broken tool contract, that doubt about the numbers, doubt outranks `fail`, `fail` outranks
 * `inconclusive`, and only what is left is a `pass`. Reasons come strongest first; docs/gate.md lists their codes.
 * Never throws on tallies that fit their schema.
 */
export function gate({
  candidate,
  baseline,
  policy: given,
  contracts = [],
  judges = [],
  advisory = new Set(),
  refused = [],
  quarantine = noQuarantine,
  standing = { today: '' },
  look,
}: GateInput): Verdict {
  const policy = onJudgeScale(given, judges)
  const broken = [
    ...uncalibratedJudge(policy, advisory),
    ...unsound(candidate, policy, 'run'),
    ...(baseline === undefined
      ? []
      : [...unsound(baseline, policy, 'baseline'), ...incomparable(candidate, baseline)]),
  ]
  const promises = [...toolContracts(contracts), ...judgesBelowDemand(refused)]
  if (broken.length > 0) return verdictOf([...broken, ...promises], given)

  const run = accountForTrials(candidate, policy.metric)
  const accepted = baseline === undefined ? undefined : accountForTrials(baseline, policy.metric)
  const spared = inQuarantine(quarantine)
  const compared = accepted === undefined ? undefined : compareBy(policy, run, accepted, look)
  const comparison = compared === undefined ? undefined : withQuarantine(compared, spared)
  const rules: Rules = { policy, spared, look }
  const evidence = weigh(run, accepted, rules, comparison)
  const parts =
    baseline === undefined || comparison === undefined || comparison.cases === 0
      ? {}
      : partsOf(candidate, baseline, policy, { scales: judges, advisory }, look?.level)
  const drift = driftPart(candidate, standing.release, policy, judges, look?.level)
  const findings = [
    ...promises,
    ...expiredBaseline(standing),
    ...judgeScale(given, judges),
    ...tooManyUnscored(run, policy, 'run'),
    ...(accepted === undefined ? [] : tooManyUnscored(accepted, policy, 'baseline')),
    ...(comparison === undefined ? [] : [...noCommonCases(comparison), ...removedCases(comparison)]),
    ...fidelityFloor(run, policy, 'run'),
    ...(accepted === undefined ? [] : fidelityFloor(accepted, policy, 'baseline')),
    ...(comparison === undefined ? [] : fewConclusive(comparison, policy)),
    ...atTheBounds(evidence, run, accepted, rules),
    ...evidence,
    ...secondaryFindings(parts.secondary ?? []),
    ...categoryFindings(parts.categories ?? []),
    ...budgetFindings(parts.budgets ?? [], candidate),
    ...driftFindings(drift),
    ...pooledBaseline(standing, policy),
    ...(comparison === undefined
      ? []
      : [...outsideTheDifference(comparison), ...casesInconclusive(comparison)]),
    ...quarantineFindings(quarantine, candidate),
  ]
  const known = drift === undefined ? parts : { ...parts, drift }
  return { ...verdictOf(findings, given, comparison), ...known }
}

/** What scores are held against. */
interface Rules {
  readonly policy: Policy
  readonly spared: ReadonlySet<string>
  readonly look: Look | undefined
}

type Parts = Pick<Verdict, 'secondary' | 'categories' | 'budgets'>

/** The rules beside the primary metric that the policy has. */
function partsOf(
  candidate: Tallies,
  baseline: Tallies,
  policy: Policy,
  judges: SecondaryJudges,
  level?: number,
): Parts {
  const { secondary, categories, budgets } = policy
  return {
    ...(secondary === undefined
      ? {}
      : { secondary: secondaryParts(candidate, baseline, policy, judges, level) }),
    ...(categories === undefined
      ? {}
      : { categories: categoryParts(candidate, baseline, policy, judges.scales, level) }),
    ...(budgets === undefined ? {} : { budgets: budgetParts(candidate, baseline, policy, level) }),
  }
}

/** The same comparison, in which it is said of each flip whether it is in quarantine. */
function withQuarantine(comparison: Comparison, spared: ReadonlySet<string>): Comparison {
  if (spared.size === 0) return comparison
  const marked = (flips: Comparison['broken']): Comparison['broken'] =>
    flips.map((flip) => (spared.has(flip.case) ? { ...flip, quarantined: true } : flip))
  return { ...comparison, broken: marked(comparison.broken), fixed: marked(comparison.fixed) }
}

/** What the scores themselves say: the floor, the difference, the hard breaks. */
function weigh(
  candidate: Tallies,
  baseline: Tallies | undefined,
  { policy, spared, look }: Rules,
  compared?: Comparison,
): Finding[] {
  const floors = floor(candidate, policy, look)
  if (baseline === undefined) {
    return [...floors, ...noBaseline(floors.find((finding) => finding.code === 'floor-held'))]
  }
  const comparison = compared ?? withQuarantine(compareBy(policy, candidate, baseline, look), spared)
  if (comparison.cases === 0) return floors
  const { metric, margin, fidelityFloor: lowest } = policy
  const settle = (): Settling =>
    settling(pair(candidate, baseline, metric, lowest).pairs, margin, zAt(look?.level))
  return [...regression(comparison, settle), ...floors, ...hardBreaks(comparison, policy)]
}

function compareBy(
  { metric, margin, fidelityFloor: lowest }: Policy,
  candidate: Tallies,
  baseline: Tallies,
  look: Look | undefined,
): Comparison {
  return compare(candidate, baseline, metric, margin, lowest, look?.level)
}

/**
 * What the evidence would say, had what is not known gone as badly or as well for the run as it can: first the unscored
 * trials, then also the cases that left their recording. Without the second, a change that drives just the cases it
 * breaks off their recordings would pass.
 */
function atTheBounds(
  evidence: readonly Finding[],
  candidate: Tallies,
  baseline: Tallies | undefined,
  rules: Rules,
): Finding[] {
  if (evidence.length === 0) return []
  const { metric, fidelityFloor: lowest } = rules.policy
  const sides = [candidate, ...(baseline === undefined ? [] : [baseline])]
  const asScored = wordOf(evidence)
  const wordAt = (
    fill: (tallies: Tallies, value: 0 | 1) => Tallies,
    now: 0 | 1,
    before: 0 | 1,
  ): VerdictWord =>
    wordOf(weigh(fill(candidate, now), baseline === undefined ? undefined : fill(baseline, before), rules))
  const scored = (tallies: Tallies, value: 0 | 1): Tallies => fillUnscored(tallies, metric, value)
  const known = (tallies: Tallies, value: 0 | 1): Tallies =>
    scored(fillOffTape(tallies, metric, lowest, value), value)
  const unscored = sides.some((tallies) => countUnscored(tallies, metric).unscored > 0)
  const offTape = sides.some(({ cases, mode }) => cases.some((tally) => leftTape(tally, mode, lowest)))
  return [
    ...(unscored
      ? unscoredBounds({ asScored, worst: wordAt(scored, 0, 1), best: wordAt(scored, 1, 0) })
      : []),
    ...(offTape
      ? offTapeBounds({ asCompared: asScored, worst: wordAt(known, 0, 1), best: wordAt(known, 1, 0) })
      : []),
  ]
}

/** Tallies that are not what they say, before anything is computed from them. */
function unsound(tallies: Tallies, { metric, secondary = {} }: Policy, side: Side): Finding[] {
  const others = Object.keys(secondary).filter((name) => name !== metric)
  return [
    ...noCases(tallies, side),
    ...duplicateCases(tallies, side),
    ...partialRun(tallies, side),
    ...[metric, ...others].flatMap((name) => impossibleTallies(tallies, name, side)),
    // A baseline may be older than a secondary metric: that alone is then not comparable.
    ...[metric, ...(side === 'run' ? others : [])].flatMap((name) => unknownMetric(tallies, name, side)),
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
