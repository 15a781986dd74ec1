import { type FaultWord, faultWord, isHarm } from '../schema/fault.ts'
import type { Report } from '../schema/report.ts'
import type { Trial } from '../schema/run.ts'
import { cameToPass, type WhatIf } from '../schema/what-if.ts'
import { count, plural } from './format.ts'
import type { Line } from './lists.ts'

/** What was put into the trials of a run, as all reporters say it. */

/** Sums up what came of it. */
export function whatIfOf(put: WhatIf, trials: readonly Trial[]): NonNullable<Report['whatIf']> {
  const words = Map.groupBy(
    trials.flatMap(({ whatIf }) => whatIf?.faults?.verdict.word ?? []),
    (word) => word,
  )
  const counted: { [W in FaultWord]?: number } = {}
  for (const word of faultWord.options) {
    const found = words.get(word)
    if (found !== undefined) counted[word] = found.length
  }
  return {
    put,
    happened: trials.filter(({ whatIf }) => whatIf !== undefined && cameToPass(whatIf)).length,
    ...(words.size === 0 ? {} : { words: counted }),
  }
}

/** `put in: faults search@2: 503 · happened in 7 of 9 trials · 5 survived, 2 double write`; empty where nothing was. */
export function whatIfLine({ whatIf, stats }: Pick<Report, 'whatIf' | 'stats'>): string {
  if (whatIf === undefined) return ''
  const { put, happened, words = {} } = whatIf
  const came = faultWord.options.toReversed().flatMap((word) => {
    const times = words[word]
    return times === undefined ? [] : [`${count(times)} ${word}`]
  })
  const parts = [
    `put in: ${saidOf(put)}`,
    `happened in ${count(happened)} of ${plural(stats.trials, 'trial')}`,
  ]
  return [...parts, ...(came.length === 0 ? [] : [came.join(', ')])].join(' · ')
}

/** Trials in which the agent did harm or broke, worst first. */
export function harmOf({ cases }: Pick<Report, 'cases'>): readonly Line[] {
  return cases
    .flatMap(({ case: id, trials }) =>
      trials.flatMap(({ trial, whatIf }) => {
        const verdict = whatIf?.faults?.verdict
        return verdict === undefined || !isHarm(verdict.word) ? [] : [{ id, trial, ...verdict }]
      }),
    )
    .toSorted((a, b) => faultWord.options.indexOf(a.word) - faultWord.options.indexOf(b.word))
    .map(({ id, trial, word, why }) => ({ case: id, what: `trial ${trial} ${word}`, why }))
}

function saidOf({ faults = [], rates, people = [], from, set = [] }: WhatIf): string {
  const drawn = rates === undefined ? [] : [`faults by chance, seed ${rates.seed}`]
  return [
    ...(faults.length === 0 ? [] : [`faults ${faults.join(', ')}`]),
    ...drawn,
    ...(people.length === 0 ? [] : [`people ${people.join(', ')}`]),
    ...(from === undefined ? [] : [`a fork from step ${from}`]),
    ...(set.length === 0 ? [] : [`set ${set.join(', ')}`]),
  ].join(' · ')
}
