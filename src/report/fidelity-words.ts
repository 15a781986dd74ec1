import type { Provenance } from '../schema/call.ts'
import type { CaseReport, Report } from '../schema/report.ts'
import { onTape } from '../schema/run.ts'
import type { OffTape } from '../schema/verdict.ts'
import { count, percent, plural } from './format.ts'
import type { Line, TrialReport } from './lists.ts'

/** How far a run rests on its recordings, as all reporters say it. */

/** `fidelity 98.2 %: 1,120 exact, 30 normalized · not from the recording: 40 live, 10 cached (20.0 % cache hits)` */
export function fidelityLine({ fidelity, stats, mode }: Pick<Report, 'fidelity' | 'stats' | 'mode'>): string {
  if (stats.trials === 0) return 'fidelity unknown: nothing ran'
  const { counts, mean, cacheHits } = fidelity
  const meant = mode.llm === 'live' || mode.llm === 'cached' || mode.tools === 'live'
  const isWorld = (how: string): boolean => meant && (how === 'live' || how === 'cached')
  const world = countsOf(counts, isWorld)
  const hits = cacheHits === undefined ? '' : ` (${percent(cacheHits)} cache hits)`
  const taped = countsOf(counts, (how) => !isWorld(how))
  const share = `fidelity ${percent(mean)}: ${taped === '' ? 'no reply had to be served' : taped}`
  return [
    ...(meant && !onTape(mode) && taped === '' ? [] : [share]),
    ...(world === '' ? [] : [`not from the recording: ${world}${hits}`]),
  ].join(' · ')
}

/** `1,120 exact, 30 normalized`, most frequent first; empty where nothing was served. */
export function countsOf(
  counts: Readonly<Partial<Record<Provenance, number>>>,
  wanted: (how: string) => boolean = () => true,
): string {
  return Object.entries(counts)
    .filter(([how]) => wanted(how))
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([how, n]) => `${count(n)} ${how}`)
    .join(', ')
}

/** Where a run left its recordings, at the earliest and at the median; empty where no trial did. */
export function offTapeLine({ fidelity: { offTape }, stats }: Pick<Report, 'fidelity' | 'stats'>): string {
  if (offTape === undefined) return ''
  const { trials, earliest, medianStep } = offTape
  const median = trials === 1 ? '' : `, step ${medianStep} at the median`
  const first = trials === 1 ? '' : ' at the earliest'
  return `${count(trials)} of ${plural(stats.trials, 'trial')} off tape: from step ${earliest.step} of ${earliest.steps}${first} (${earliest.case}, trial ${earliest.trial})${median}`
}

/** `off tape from step 3 of 5`; empty where a trial stayed on its recording. */
export function offTapeFrom({ fidelity: { firstOffTape, steps } }: Pick<TrialReport, 'fidelity'>): string {
  return firstOffTape === undefined
    ? ''
    : `off tape from step ${firstOffTape} of ${Math.max(steps, firstOffTape)}`
}

/**
 * `compared on 45 of 50 common cases`, which is not said of every case of the run, and what a pool added to the baseline; empty
 * where nothing was compared.
 */
export function comparedOn({ verdict, stats, pool }: Report): string {
  const comparison = verdict?.comparison
  if (comparison === undefined) return ''
  const { cases, common } = comparison
  const isAll = cases === common && common === stats.cases
  const added = pool === undefined || pool.runs === 0 ? undefined : pool
  return [
    ...(isAll ? [] : [`compared on ${count(cases)} of ${plural(common, 'common case')}`]),
    ...(added === undefined
      ? []
      : [`with ${plural(added.trials, 'trial')} of ${plural(added.runs, 'run')} of its branch`]),
  ].join(' · ')
}

/**
 * Cases that left their recording, or rest too little on it to be compared, lowest first: how much of them rests on it,
 * where they left, and what was different there.
 */
export function offTapeCases(report: Report): readonly Line[] {
  const left = new Map(report.verdict?.comparison?.inconclusive.map((found) => [found.case, found]))
  return report.cases
    .filter(
      (found) =>
        left.has(found.case) || found.trials.some(({ fidelity }) => fidelity.firstOffTape !== undefined),
    )
    .sort((a, b) => a.fidelity - b.fidelity || (a.case < b.case ? -1 : 1))
    .map((found) => ({
      case: found.case,
      what: `fidelity ${percent(found.fidelity)}`,
      why: whyOf(found, left.get(found.case)),
    }))
}

function whyOf({ trials }: CaseReport, left: OffTape | undefined): string {
  const gone = trials.filter((trial) => trial.fidelity.firstOffTape !== undefined)
  const [earliest] = gone.toSorted((a, b) => stepOf(a) - stepOf(b) || a.trial - b.trial)
  const some = trials.length === 1 ? '' : ` in ${gone.length} of ${plural(trials.length, 'trial')}`
  const facts = [
    ...(earliest === undefined ? [] : [`${offTapeFrom(earliest)}${some}`]),
    ...(left?.sides.includes('baseline') === true ? [`baseline ${percent(left.baseline)}`] : []),
    ...(left === undefined ? [] : ['not compared']),
  ].join(', ')
  const met = earliest?.divergences.find(({ step }) => step === earliest.fidelity.firstOffTape)?.what
  return met === undefined ? facts : `${facts}: ${met}`
}

function stepOf({ fidelity: { firstOffTape } }: TrialReport): number {
  return firstOffTape ?? Infinity
}

/** What a person should know before they run a command that records; empty where nothing was missed. */
export function missLine({ commands: { record }, misses }: Report): string {
  if (record === undefined || misses === 0) return ''
  const who = misses === 1 ? '1 trial' : plural(misses, 'trial')
  return `${who} asked for what the recording does not hold: prompt, model or tools are not those that were recorded. If that is meant, run once with a live model: its replies are kept.`
}
