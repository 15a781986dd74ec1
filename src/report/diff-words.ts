import {
  type DiffCounts,
  diffClass,
  type DiffRow,
  type DiffSeverity,
  type DiffStep,
  type GuessedEffect,
  endsWorse,
  type TraceDiff,
  type WriteEffects,
} from '../schema/trace-diff.ts'
import { oneLine } from '../lib/text.ts'
import { count, plural } from './format.ts'

/** What a comparison comes to, in a sentence. */
export function sentenceOf(diff: TraceDiff): string {
  const { severity, rows, firstDivergence, counts } = diff
  const broke = endsWorse(diff) ? 'the right one ended in an error' : ''
  const row = rows[firstDivergence ?? -1]
  if (row !== undefined)
    return `${severity} at ${placeOf(row)}: ${whatOf(row)}${broke === '' ? '' : `, and ${broke}`}`
  const offTape = counts['off-tape']
  const unjudged = offTape === undefined ? '' : `; ${plural(offTape, 'step')} off tape, not judged`
  return `${calm[severity] ?? ''}${broke === '' ? '' : `, but ${broke}`}${unjudged}`
}

const calm: Partial<Record<DiffSeverity, string>> = {
  same: 'identical in every step',
  excluded: 'identical as far as the tape goes',
  note: 'no divergence: what was done to the world is the same',
  warning: 'no divergence, with a warning: what was done to the world is the same',
}

/** `step 7 → 9`, `step 7`: of the left, of the right. */
function placeOf({ left, right }: DiffRow): string {
  if (left !== undefined && right !== undefined && left.step !== right.step)
    return `step ${left.step} (${right.step} on the right)`
  return `step ${left?.step ?? right?.step ?? 0}${left === undefined ? ' on the right' : ''}`
}

function nameOf(step: DiffStep | undefined): string {
  if (step?.kind === 'llm') return 'a turn of the agent'
  return step?.kind === 'human' && step.name === 'user' ? 'a turn of the user' : (step?.name ?? '')
}

/** What happened in a row, in a few words. */
export function whatOf({ class: of, left, right, note }: DiffRow): string {
  const name = nameOf(right ?? left)
  const more = note === undefined ? '' : ` (${note})`
  if (of === 'code drift') return note ?? 'the model is asked something else'
  if (of === 'argument drift') return `${name} with other arguments${more}`
  if (left !== undefined && right !== undefined) return `${name}${note === undefined ? ` (${of})` : more}`
  if (of === 'write drift' && note?.startsWith('on the other side') === true) return `${name}${more}`
  return `${name} only on the ${left === undefined ? 'right' : 'left'}${more}`
}

/** `2 the same, 1 added`; `none`. */
export function writesLine({ same, changed, removed, added, reordered }: WriteEffects): string {
  const parts = [
    [same, 'the same'],
    [changed, 'changed'],
    [removed, 'removed'],
    [added, 'added'],
    [reordered, 'reordered'],
  ] as const
  const said = parts.filter(([n]) => n > 0).map(([n, word]) => `${count(n)} ${word}`)
  return said.join(', ') || 'none on either side'
}

/** `12 identical, 3 read drift`, in the order of the classes. */
export function classCounts(counts: DiffCounts): string {
  const parts = diffClass.options.flatMap((of) =>
    counts[of] === undefined ? [] : [`${count(counts[of])} ${of}`],
  )
  return parts.join(', ') || 'none'
}

/** What rests on the names of tools alone; nothing where somebody said what each of them does. */
export function guessedLine(guessed: readonly GuessedEffect[]): string {
  if (guessed.length === 0) return ''
  const named = (wanted: 'read' | 'write'): string => {
    const tools = guessed.filter(({ effect }) => effect === wanted).map(({ tool }) => oneLine(tool, 60))
    const rest = tools.length > 6 ? ` and ${plural(tools.length - 6, 'more tool')}` : ''
    return tools.length === 0 ? '' : `${tools.slice(0, 6).join(', ')}${rest} for ${wanted}s`
  }
  const taken = [named('write'), named('read')].filter((part) => part !== '').join(', ')
  return `Taken by name: ${taken}. evals/tools.json says for sure what a tool does.`
}
