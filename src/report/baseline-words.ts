import { oneLine } from '../lib/text.ts'
import type { BaselineChange } from '../schema/baseline-change.ts'
import type { Report } from '../schema/report.ts'
import { count, interval, percent, plural, points } from './format.ts'

/** One thing that became of the accepted state. Free text in it is not made inert here. */
export interface Announcement {
  /** Nobody decided it, or nobody knows: it must not be passed over. */
  readonly loud: boolean
  readonly text: string
}

/**
 * What a change does to what is accepted: who lowered a baseline, by how much and why, what moved without a line in the log, or
 * that nobody knows. Empty where nothing moved, or nobody asked.
 */
export function announcements(
  { baselineChanges }: Report,
  where: 'run' | 'pull request',
): readonly Announcement[] {
  if (baselineChanges === undefined) return []
  const { since, unknown, changes } = baselineChanges
  if (unknown !== undefined) {
    return [{ loud: true, text: `Whether what is accepted was changed is not known: ${unknown}.` }]
  }
  const here = where === 'pull request' ? 'in this pull request' : `since ${(since ?? '').slice(0, 12)}`
  return changes.map((change) => announced(change, here))
}

function announced(change: BaselineChange, here: string): Announcement {
  switch (change.kind) {
    case 'baseline':
      return { loud: change.undecided !== undefined, text: baselineText(change, here) }
    case 'release':
      return { loud: change.undecided !== undefined, text: releaseText(change, here) }
    case 'calibration': {
      const { judge, before, after, j, by, reason } = change
      const was = before === undefined ? '' : `, ${before} before`
      const text = `Calibration of the judge ${judge} accepted ${here} by ${oneLine(by, 100)}: ${after} (J ${j.toFixed(2)}${was})${because(reason)}`
      return { loud: false, text: ended(text) }
    }
    case 'log':
      return {
        loud: true,
        text: `The log of decisions lost ${plural(change.lost, 'line')} ${here}: lines of it are never changed.`,
      }
  }
}

const verbs = {
  first: 'accepted for the first time',
  lowered: 'lowered',
  raised: 'raised',
  same: 'accepted anew, no case of it moved',
  replaced: 'replaced by one that measures something else',
  deleted: 'deleted',
} as const

type Baselined = Extract<BaselineChange, { kind: 'baseline' }>

function baselineText(change: Baselined, here: string): string {
  const { how, decision, undecided, broken, removed, edited } = change
  const by = decision === undefined ? '' : ` by ${oneLine(decision.by, 100)}`
  const head = `Baseline ${verbs[how]}${numbersOf(change)} ${here}${by}${because(decision?.reason)}`
  const gone = how === 'deleted' ? '' : ' without a decision in the log'
  return [
    ...(undecided === undefined ? [] : [`Baseline changed${gone}: ${undecided}.`]),
    ended(head),
    ...named(broken, 'got worse'),
    ...named(removed, 'removed'),
    ...named(edited, 'edited'),
    ...(decision?.expires === undefined ? [] : [`It holds until ${decision.expires}.`]),
    ...(decision?.dirty === true ? ['It was accepted with changes that were not committed.'] : []),
  ].join(' ')
}

/** ` by 8.0 pp (90 % CI -13.7 … -1.9, 100 cases)`; where the two cannot be compared, both means. */
function numbersOf({ how, change, before, after, metric }: Baselined): string {
  if (how === 'first') return after === undefined ? '' : ` with ${metric} ${percent(after)}`
  if (change !== undefined) {
    const of = `(90 % CI ${interval(change.lower, change.upper)}, ${plural(change.cases, 'case')})`
    return how === 'same' ? '' : ` by ${points(Math.abs(change.difference)).replace('+', '')} pp ${of}`
  }
  const means = [before, after].map((mean) => (mean === undefined ? 'nothing' : percent(mean)))
  return how === 'deleted' ? '' : ` (${metric} ${means.join(' before, now ')})`
}

function releaseText(change: Extract<BaselineChange, { kind: 'release' }>, here: string): string {
  const { how, name = '', before, decision, undecided } = change
  const by = decision === undefined ? '' : ` by ${oneLine(decision.by, 100)}`
  const head =
    how === 'deleted'
      ? `Baseline of the release ${before ?? ''} deleted ${here}`
      : `Baseline marked as that of the release ${name} ${here}${by}${before === undefined ? '' : `, ${before} before`}`
  const loud = undecided === undefined ? [] : [`Release changed without a decision in the log: ${undecided}.`]
  const anew = how === 'first' ? [] : ['Drift is counted anew from it.']
  return [...loud, ended(head), ...anew].join(' ')
}

function because(reason: string | undefined): string {
  // What a person wrote must not push out of sight what became of the cases.
  const said = oneLine(reason ?? '', 200).trim()
  return said === '' ? '' : `: ${said}`
}

function named(cases: readonly string[], what: string): string[] {
  if (cases.length === 0) return []
  const shown = cases.slice(0, 5).map((name) => oneLine(name, 40))
  const more = cases.length > 5 ? ` and ${count(cases.length - 5)} more` : ''
  return [`${plural(cases.length, 'case')} ${what}: ${shown.join(', ')}${more}.`]
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
