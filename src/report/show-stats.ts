import type { Report, RunStats } from '../schema/report.ts'
import type { Run } from '../schema/run.ts'
import { padTo } from '../lib/columns.ts'
import { oneLine } from '../lib/text.ts'
import { fidelityLine, offTapeLine } from './fidelity-words.ts'
import { modeOf, percent, plural } from './format.ts'

/**
 * The figures of a run: pass rate with its Wilson interval, pass@k and pass^k, whole and by category and tag, and how far
 * a replay rests on its recordings.
 */
export function showStats(
  run: Run,
  metric: string,
  report: Pick<Report, 'stats' | 'byCategory' | 'byTag' | 'fidelity' | 'mode'>,
): string {
  const { stats, byCategory, byTag, mode } = report
  const state = run.status === 'finished' ? '' : ` (${run.status})`
  const groups = [
    ...Object.entries(byCategory).map(([name, of]) => [`category ${name}`, of] as const),
    ...Object.entries(byTag).map(([name, of]) => [`tag ${name}`, of] as const),
  ]
  return [
    `run "${run.name}"${state}: ${plural(stats.cases, 'case')}, ${plural(stats.trials, 'trial')}, ` +
      `${stats.scored} scored, ${stats.unscored} unscored`,
    `${metric}: ${rateOf(stats)}`,
    ...kLines(stats),
    // Nothing was served in a run that was only read.
    ...(mode.llm === 'imported' ? [] : [`${modeOf(report)} · ${fidelityLine(report)}`]),
    ...[offTapeLine(report)].flatMap((line) => (line === '' ? [] : [oneLine(line, 400)])),
    ...(groups.length === 0
      ? []
      : ['', ...groups.map(([name, of]) => `${padTo(oneLine(name, 40), 28)} ${rateOf(of)}`)]),
    '',
  ].join('\n')
}

/** The runs of a store, newest first. */
export function showRuns(runs: readonly Run[]): string {
  if (runs.length === 0) return 'No run yet: evalkit run makes one, evalkit import --run files one.\n'
  const width = Math.max(...runs.map(({ name }) => name.length))
  const lines = runs.map(
    ({ name, startedAt, cases, trials, status, mode }) =>
      `${padTo(name, width)}  ${startedAt.slice(0, 19).replace('T', ' ')}  ${plural(cases, 'case')} × ${trials}  ` +
      `${mode.llm}/${mode.tools}  ${status}`,
  )
  return `${lines.join('\n')}\n`
}

function rateOf({ passRate }: RunStats): string {
  if (passRate === undefined) return 'nothing was scored'
  const { passed, of, rate, low, high } = passRate
  return `${percent(rate)} (${passed} of ${of}; 95 % interval ${percent(low)} to ${percent(high)})`
}

function kLines({ passAtK, passHatK }: RunStats): string[] {
  const ks = Object.keys(passHatK)
    .map(Number)
    .sort((a, b) => a - b)
  if (ks.length < 2) return []
  const row = (name: string, of: Readonly<Record<string, number>>): string =>
    `${name}  ${ks.map((k) => `k=${k} ${percent(of[k] ?? 0)}`).join('  ')}`
  return [row('pass^k', passHatK), row('pass@k', passAtK)]
}
