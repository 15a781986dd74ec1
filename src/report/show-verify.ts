import { padTo } from '../lib/columns.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type {
  CheckedRead,
  RestingScores,
  StaleFixture,
  ToolVerified,
  VerifyReport,
} from '../schema/verify.ts'
import { percent, plural } from './format.ts'
import type { Style } from './reporter.ts'

/** Of each: the rest is in `--json`. */
const most = { fixtures: 20, reads: 3, differences: 3, names: 8 }

/** What live tools say to recorded reads, as a person reads it: by tool, then the stale fixtures, then what rests on them. */
export function showVerify(
  { reads, asked, tools, stale, scores, skipped }: VerifyReport,
  { width }: Style,
): string {
  const shown = [
    `${plural(reads, 'recorded read')}, asked again in ${plural(asked, 'call')}`,
    ...(tools.length === 0 ? [] : ['', ...table(tools, width)]),
    ...stale.slice(0, most.fixtures).flatMap((fixture) => ['', ...fixtureLines(fixture, width)]),
    ...(stale.length > most.fixtures
      ? ['', `… and ${stale.length - most.fixtures} more stale (--json has all)`]
      : []),
    ...(scores.length === 0 ? [] : ['', ...scores.map((score) => scoreLine(score, width))]),
    ...(skipped.length === 0
      ? []
      : ['', `not asked, as only their names say that they read (--include-guessed): ${some(skipped)}`]),
    '',
    verdictOf(stale, tools),
    '',
  ]
  return withoutCommands(shown.join('\n'))
}

function table(tools: readonly ToolVerified[], width: number): readonly string[] {
  const names = tools.map(({ tool, guessed }) => `${oneLine(tool, 40)}${guessed ? ' (guessed)' : ''}`)
  const first = Math.max(4, ...names.map((name) => name.length))
  const row = (name: string, cells: readonly (string | number)[], last: string | number): string =>
    `${padTo(name, first)}  ${cells.map((cell) => String(cell).padStart(7)).join('  ')}  ${String(last).padStart(14)}`
  return [
    row('tool', ['same', 'changed', 'failed'], 'not comparable'),
    ...tools.flatMap(({ counts: { same, changed, failed, ...more }, why }, at) => [
      row(names[at] ?? '', [same, changed, failed], more['not-comparable']),
      ...(why === undefined ? [] : [`  failed: ${oneLine(why, Math.max(60, width - 10))}`]),
    ]),
  ]
}

function fixtureLines({ eval: of, case: id, reads }: StaleFixture, width: number): readonly string[] {
  const more = reads.length - most.reads
  return [
    `stale: ${oneLine(id, 200)} (${of})`,
    ...reads.slice(0, most.reads).flatMap((read) => readLines(read, width)),
    ...(more > 0 ? [`  … and ${plural(more, 'more read')}`] : []),
  ]
}

function readLines({ request, step, differences }: CheckedRead, width: number): readonly string[] {
  const shown = (value: unknown): string =>
    value === undefined ? '(nothing)' : oneLine(flatJson(value), Math.max(20, width - 16))
  const more = differences.length - most.differences
  return [
    `  step ${step}  ${oneLine(`${request.name}(${flatJson(request.arguments)})`, Math.max(30, width - 12))}`,
    ...differences
      .slice(0, most.differences)
      .flatMap(({ path, expected, got }) => [
        `    at        ${oneLine(path, 200)}`,
        `    recorded  ${shown(expected)}`,
        `    live      ${shown(got)}`,
      ]),
    ...(more > 0 ? [`    … and ${plural(more, 'more difference')}`] : []),
  ]
}

function scoreLine({ eval: of, of: from, trials, resting, cases }: RestingScores, width: number): string {
  const share = trials === 0 ? '' : ` (${percent(resting / trials)})`
  const what =
    from.kind === 'run'
      ? `run "${from.name}" were served a stale reply`
      : `${from.name} are of cases with a stale fixture (no run is in the store)`
  const who = cases.length === 0 ? '' : `: ${some(cases)}`
  return oneLine(
    `${of}: ${resting} of ${plural(trials, 'trial')}${share} of ${what}${who}`,
    Math.max(80, width * 3),
  )
}

function verdictOf(stale: readonly StaleFixture[], tools: readonly ToolVerified[]): string {
  const sum = (of: keyof ToolVerified['counts']): number =>
    tools.reduce((all, { counts }) => all + counts[of], 0)
  if (stale.length > 0) {
    return `stale: ${plural(stale.length, 'case')}. Record ${stale.length === 1 ? 'it' : 'them'} anew (evalkit promote) where the new replies are right.`
  }
  if (sum('failed') > 0) return `not known: ${plural(sum('failed'), 'read')} could not be asked`
  return sum('same') > 0
    ? `fresh: ${plural(sum('same'), 'recorded read')} would be answered so today`
    : 'nothing could be compared'
}

function some(names: readonly string[]): string {
  const more = names.length - most.names
  return `${names
    .slice(0, most.names)
    .map((name) => oneLine(name, 80))
    .join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
