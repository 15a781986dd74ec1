import type { Mode, Tallies } from '../schema/run.ts'
import type { Comparison, Policy } from '../schema/verdict.ts'
import type { Finding } from './finding.ts'
import { metricOf } from './pair.ts'
import { countUnscored } from './unscored.ts'
import { count, lowerFirst, named } from './words.ts'

/** The rules that ask whether anything may be concluded at all. Each answer makes the verdict `invalid`. */

/** Which of the two runs a rule looks at, in the words of its sentence. */
export type Side = 'run' | 'baseline'

/** What makes a run the new baseline; hints end in it. */
export const accept = 'evalkit baseline accept --run <name> --reason "…"'

/** A run without cases proves nothing. */
export function noCases({ cases }: Tallies, side: Side): Finding[] {
  if (cases.length > 0) return []
  return [invalid('no-cases', `The ${side} holds no cases.`, 'Check the dataset, and --case and --tag.')]
}

/** A case counted twice would weigh twice. */
export function duplicateCases({ cases }: Tallies, side: Side): Finding[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { case: id } of cases) (seen.has(id) ? twice : seen).add(id)
  if (twice.size === 0) return []
  const what = `The ${side} holds ${count(twice.size, 'case')} twice: ${named([...twice])}.`
  return [invalid('duplicate-cases', what, 'Were shards merged twice?')]
}

/** A part of a run is never a run: a missing shard, a crash, a truncated file. */
export function partialRun({ cases, planned }: Tallies, side: Side): Finding[] {
  if (cases.length === planned) return []
  const what = `The ${side} planned ${count(planned, 'case')} and holds ${cases.length}.`
  const hint = side === 'run' ? 'evalkit run --resume finishes it.' : `Accept a complete run: ${accept}`
  return [invalid(side === 'run' ? 'partial-run' : 'partial-baseline', what, hint)]
}

/** A metric that a judge makes up on its own says nothing, before somebody measured that the judge can. */
export function uncalibratedJudge({ metric }: Policy, advisory: ReadonlySet<string>): Finding[] {
  if (!advisory.has(metric)) return []
  const what = `The metric "${metric.slice(0, 100)}" is a judge's that may not decide.`
  return [
    invalid(
      'judge-may-not-gate',
      what,
      'evalkit judge calibrate measures it; until then gate on another metric.',
    ),
  ]
}

/** Sums that cannot come from scores in [0,1]. */
export function impossibleTallies({ cases }: Tallies, metric: string, side: Side): Finding[] {
  const wrong = cases.filter((tally) => {
    const { n, sum } = metricOf(tally, metric)
    return !(sum >= -1e-9 && sum <= n + 1e-9)
  })
  if (wrong.length === 0) return []
  const ids = named(wrong.map((tally) => tally.case))
  return [
    invalid(
      'impossible-tallies',
      `The ${side} holds sums of "${metric}" that no scores in [0,1] add up to: ${ids}.`,
      'The file was changed by hand or by something else: restore it, or run again.',
    ),
  ]
}

/** A metric nobody measured cannot gate. */
export function unknownMetric({ cases }: Tallies, metric: string, side: Side): Finding[] {
  if (cases.length === 0 || cases.some((tally) => Object.hasOwn(tally.metrics, metric))) return []
  const known = [...new Set(cases.flatMap((tally) => Object.keys(tally.metrics)))].sort()
  return [
    invalid(
      'unknown-metric',
      `The ${side} has no metric "${metric}".`,
      `It has: ${named(known, 10) || 'none'}.`,
    ),
  ]
}

/** What was not scored is not known; beyond the policy's share nothing may be concluded. */
export function tooManyUnscored(tallies: Tallies, policy: Policy, side: Side): Finding[] {
  const { trials, unscored, cases } = countUnscored(tallies, policy.metric)
  if (trials === 0 || unscored / trials <= policy.maxUnscored) return []
  const limit = `limit ${Number((policy.maxUnscored * 100).toFixed(6))} %`
  const what = `${unscored} of ${count(trials, 'trial')} of the ${side} are unscored (${limit}): ${named(cases)}.`
  const hint =
    side === 'run'
      ? 'Mend what kept them from being scored, and run again.'
      : `Accept a complete run: ${accept}`
  return [invalid(side === 'run' ? 'too-many-unscored' : 'baseline-unscored', what, hint)]
}

/**
 * Runs of another eval, another mode, other checks or with another user measure other things. A changed dataset and changed fixtures are
 * not here: they are settled case by case, by the hash of what was played.
 */
export function incomparable(candidate: Tallies, baseline: Tallies): Finding[] {
  const hint = `If the change is meant, accept a run that has it: ${accept}`
  const findings: Finding[] = []
  if (candidate.eval !== baseline.eval) {
    const what = `The run is of eval "${candidate.eval}", the baseline of "${baseline.eval}".`
    findings.push(invalid('other-eval', what, 'Name the baseline of the same eval.'))
  }
  if (candidate.mode.llm !== baseline.mode.llm || candidate.mode.tools !== baseline.mode.tools) {
    const what = `The run took its replies from ${sourceOf(candidate.mode)}, the baseline from ${sourceOf(baseline.mode)}.`
    findings.push(
      invalid('other-mode', what, 'Run in the mode of the baseline, or accept a run in this one.'),
    )
  }
  if (candidate.hashes.checks !== baseline.hashes.checks) {
    findings.push(invalid('other-checks', 'The checks are not those of the baseline.', hint))
  }
  if (candidate.hashes.user !== baseline.hashes.user) {
    const what = 'The user of the dialogue is not who they were in the baseline.'
    findings.push(invalid('other-user', what, hint))
  }
  return findings
}

/**
 * Nothing can be paired: every case is new, edited, or scored on one side only. Where cases are there and only left their
 * recording, that is doubt, and another rule's.
 */
export function noCommonCases({ cases, added, edited, unscored, inconclusive }: Comparison): Finding[] {
  if (cases > 0 || inconclusive.length > 0) return []
  const outside = `${added.length} added, ${edited.length} edited, ${unscored.length} unscored`
  return [
    invalid(
      'no-common-cases',
      `Run and baseline share no scored case (${outside}).`,
      `Start anew: ${accept}`,
    ),
  ]
}

/**
 * A case that is gone cannot fail any more: without this rule, deleting what fails would turn a run green. Edited
 * cases are only named, because what they ask now is in the diff somebody reviews.
 */
export function removedCases({ removed }: Comparison): Finding[] {
  if (removed.length === 0) return []
  const what = `${count(removed.length, 'case')} of the baseline ${removed.length === 1 ? 'is' : 'are'} not in this run: ${named(removed)}.`
  return [invalid('cases-removed', what, `Put back what should be there. If the removal is meant: ${accept}`)]
}

function invalid(code: string, what: string, hint: string): Finding {
  return { weight: 'invalid', code, what, hint, headline: `invalid: ${lowerFirst(what)}` }
}

function sourceOf({ llm, tools }: Mode): string {
  return `${llm} model and ${tools} tools`
}
