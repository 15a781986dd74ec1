import { byCodeUnit } from '../lib/json.ts'
import { onTape, type Tallies } from '../schema/run.ts'
import type { Comparison, OffTape, Policy, VerdictWord } from '../schema/verdict.ts'
import type { Finding } from './finding.ts'
import { leftTape } from './pair.ts'
import { accept, type Side } from './soundness.ts'
import { count, lowerFirst, named } from './words.ts'

/** The rules that ask whether a replay measured the agent, or what happened after it left its recording. */

/** A replay that left its recording measures something else than the agent. */
export function fidelityFloor(
  { cases, mode }: Tallies,
  { fidelityFloor: floor }: Policy,
  side: Side,
): Finding[] {
  if (!onTape(mode) || cases.length === 0) return []
  const mean = cases.reduce((sum, tally) => sum + tally.fidelity, 0) / cases.length
  if (mean >= floor - 1e-9) return []
  const lowest = cases
    .filter((tally) => leftTape(tally, mode, floor))
    .sort((a, b) => a.fidelity - b.fidelity || byCodeUnit(a.case, b.case))
    .map((tally) => tally.case)
  const what = `Only ${shareOf(mean)} of the replies of the ${side} rest on the recording, below the floor of ${limitOf(floor)}; lowest: ${named(lowest, 3)}.`
  return [
    {
      weight: 'doubt',
      code: side === 'run' ? 'fidelity-low' : 'baseline-fidelity-low',
      what,
      hint: record,
      headline: `inconclusive: ${lowerFirst(what)}`,
    },
  ]
}

/** What little stayed on its recording does not speak for the rest. */
export function fewConclusive(comparison: Comparison, { fidelityFloor: floor }: Policy): Finding[] {
  const { cases, common, inconclusive } = comparison
  // Without a case that left its recording nothing is asked here: unscored trials have a limit of their own.
  if (inconclusive.length === 0 || cases >= common * floor - 1e-9) return []
  const what = `Only ${cases} of ${count(common, 'common case')} could be compared, fewer than ${limitOf(floor)}; ${count(inconclusive.length, 'case')} left the recording: ${named(inconclusive.map(toldOf), 3)}.`
  return [
    {
      weight: 'doubt',
      code: 'few-conclusive',
      what,
      hint: hintFor(inconclusive),
      headline: `inconclusive: ${lowerFirst(what)}`,
    },
  ]
}

/** The verdict must not hang on how the cases that left their recording would have gone on it. */
export function offTapeBounds(words: {
  asCompared: VerdictWord
  worst: VerdictWord
  best: VerdictWord
}): Finding[] {
  const { asCompared, worst, best } = words
  if (asCompared === worst && asCompared === best) return []
  const what = `The verdict hangs on cases that left the recording: ${asCompared} without them, ${worst} if they count against the run, ${best} if they count for it.`
  return [
    {
      weight: 'doubt',
      code: 'off-tape-decide',
      what,
      hint: record,
      headline: `inconclusive: ${lowerFirst(what)}`,
    },
  ]
}

/** Each case that left its recording, with the side that did and how much of it still rests on it. */
export function casesInconclusive({ inconclusive }: Comparison): Finding[] {
  if (inconclusive.length === 0) return []
  const what = `${count(inconclusive.length, 'case')} left the recording: outside the difference: ${named(inconclusive.map(toldOf))}.`
  return [{ weight: 'note', code: 'cases-inconclusive', what, hint: hintFor(inconclusive), headline: what }]
}

const record = 'Record the new behaviour: promote a new trace of these cases.'

/** `refund-42 (run 40.0 %)` */
function toldOf({ case: id, sides, baseline, candidate }: OffTape): string {
  const told = sides.map((side) =>
    side === 'candidate' ? `run ${shareOf(candidate)}` : `baseline ${shareOf(baseline)}`,
  )
  return `${id} (${told.join(', ')})`
}

/** A run that is whole again is compared with nothing as long as the baseline is not. */
function hintFor(cases: readonly OffTape[]): string {
  const onlyBaseline = cases.every(({ sides }) => !sides.includes('candidate'))
  return onlyBaseline ? `Accept a run that stays on its recording: ${accept}` : record
}

/** Rounded down: what is below the floor never reads as equal to it. */
function shareOf(share: number): string {
  return `${(Math.floor(share * 1000 + 1e-6) / 10).toFixed(1)} %`
}

function limitOf(floor: number): string {
  return `${Number((floor * 100).toFixed(6))} %`
}
