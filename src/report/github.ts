import { oneLine, withoutCommands } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import { plural, sentenceOf, share, signOf } from './format.ts'
import { brokenOf, casesById, unscoredOf, wentOffAt, whyOf } from './lists.ts'
import type { Place, Places, Reporter } from './reporter.ts'

/** GitHub shows 10 of each level a step, and drops the rest without a word. */
export const mostAnnotations = 10

/**
 * Annotations of GitHub's workflow commands, one a line
 * (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands): the verdict at the eval file,
 * broken and unscored cases at their lines of the dataset, where these places are known. These lines command the runner,
 * by intent: whatever else goes to the same log stands between `::stop-commands::<token>` and `::<token>::`, which is the
 * business of who prints it.
 */
export const github: Reporter = {
  name: 'github',
  description: 'annotations of GitHub Actions: the verdict, broken and unscored cases, at most 10 of a level',
  wantsTraces: false,
  render: (report, { places }) => annotationsOf([{ report, places }]),
}

/** A run, and where what it speaks of stands. */
export interface PlacedReport {
  readonly report: Report
  readonly places?: Places | undefined
}

/** The annotations of all runs of one step, which share its limit: verdicts first, then cases, in the order of runs. */
export function annotationsOf(placed: readonly PlacedReport[]): string {
  const all = [
    ...placed.map(verdictNote),
    ...placed.flatMap(({ report, places }) => brokenNotes(report, places)),
    ...placed.flatMap(({ report, places }) => unscoredNotes(report, places)),
  ]
  const taken = { error: 0, warning: 0, notice: 0 }
  const kept = all.filter(({ level }) => taken[level]++ < mostAnnotations)
  return `${kept.map(commandOf).join('\n')}\n`
}

interface Note {
  readonly level: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
  readonly place?: Place | undefined
}

function verdictNote({ report, places }: PlacedReport): Note {
  const { word, tone } = signOf(report.verdict)
  const level =
    tone === 'bad' ? 'error' : report.verdict?.word === 'inconclusive' ? 'warning' : ('notice' as const)
  const title = `${word} ${report.eval}`
  return { level, title, message: sentenceOf(report), place: places?.eval }
}

/** Broken cases of a run that passed all the same are no errors: the drop is one the team accepts. */
function brokenNotes(report: Report, places: Places | undefined): readonly Note[] {
  const level = signOf(report.verdict).tone === 'bad' ? 'error' : 'warning'
  const found = casesById(report)
  return brokenOf(report)
    .slice(0, mostAnnotations)
    .map((flip) => {
      const own = found.get(flip.case)
      const facts = [whyOf(own, report.metric), wentOffAt(own, report.metric)].filter((fact) => fact !== '')
      const moved = `${share(flip.baseline)} → ${share(flip.candidate)}`
      return {
        level,
        title: `${report.eval}: ${flip.case} got worse`,
        message: [moved, ...facts].join(' · '),
        place: places?.cases?.get(flip.case) ?? places?.eval,
      }
    })
}

/** One for each case with trials that have no score: the first one says why. */
function unscoredNotes(report: Report, places: Places | undefined): readonly Note[] {
  return [...Map.groupBy(unscoredOf(report), (line) => line.case)]
    .slice(0, mostAnnotations)
    .map(([id, lines]) => ({
      level: 'warning',
      title: `${report.eval}: ${id} has no score`,
      message: `${plural(lines.length, 'trial')}: ${lines[0]?.why ?? ''}`,
      place: places?.cases?.get(id) ?? places?.eval,
    }))
}

function commandOf({ level, title, message, place }: Note): string {
  const properties = [
    ...(place === undefined ? [] : [`file=${property(place.file)}`]),
    ...(place?.line === undefined ? [] : [`line=${place.line}`]),
    `title=${property(title)}`,
  ]
  return `::${level} ${properties.join(',')}::${data(message)}`
}

/** As the toolkit escapes what stands behind the second `::` (actions/toolkit, `packages/core/src/command.ts`). */
function data(text: string): string {
  return withoutCommands(oneLine(text, 1_000)).replaceAll('%', '%25')
}

/** As the toolkit escapes a value before the second `::`. One line: there is no `\r` or `\n` to escape. */
function property(text: string): string {
  return withoutCommands(oneLine(text, 200))
    .replaceAll('%', '%25')
    .replaceAll(':', '%3A')
    .replaceAll(',', '%2C')
}
