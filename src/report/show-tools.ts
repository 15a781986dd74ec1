import { padTo } from '../lib/columns.ts'
import type { Difference } from '../lib/json-diff.ts'
import { prettyJson } from '../lib/pretty-json.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { FixtureCheck, ToolChange, ToolCheckReport, UnfitCall } from '../schema/tool-contract.ts'
import { count, plural } from './format.ts'
import type { Style } from './reporter.ts'

/** Of each: the rest is in `--json`. */
const most = { changes: 30, unfit: 20, names: 8, unusable: 5, differences: 60, lines: 40 }

/** What a snapshot did, or would do, as a person reads it. */
export interface ShownSnapshot {
  /** The file, as the project names it. */
  readonly file: string
  readonly sources: readonly string[]
  readonly added: readonly string[]
  readonly updated: readonly string[]
  readonly unchanged: readonly string[]
  readonly changes: readonly ToolChange[]
  readonly written: boolean
  /** Before (`expected`) and after (`got`), by path in the file; told where it is not written. */
  readonly differences?: readonly Difference[]
}

export function showSnapshot(snapshot: ShownSnapshot, { width }: Style): string {
  const { file, sources, added, updated, unchanged, changes, written, differences = [] } = snapshot
  const broken = changes.filter(({ class: of }) => of === 'breaking' || of === 'unknown')
  const counts = `${plural(added.length, 'tool')} added, ${updated.length} updated, ${unchanged.length} as before`
  const more = differences.length - most.differences
  const lines = [
    `${oneLine(file, 200)}: ${counts} (from ${some(sources)})`,
    ...(added.length === 0 ? [] : [`  added: ${some(added)}`]),
    ...(updated.length === 0 ? [] : [`  updated: ${some(updated)}`]),
    ...(differences.length === 0 ? [] : ['']),
    ...differences.slice(0, most.differences).flatMap((one) => differenceLines(one, width)),
    ...(more > 0 ? [`… and ${plural(more, 'more difference')}`] : []),
    ...changeLines(changes, width),
    ...(broken.length === 0
      ? []
      : [
          '',
          `${written ? 'Accepted' : 'To be accepted'} with this file: ${plural(broken.length, 'change')} that ${broken.length === 1 ? 'breaks' : 'break'} or cannot be decided. evalkit tools check says which fixtures to record anew.`,
        ]),
    ...(written || added.length + updated.length === 0 ? [] : ['', 'Nothing was written.']),
    '',
  ]
  return withoutCommands(lines.join('\n'))
}

/** How tools differ from their contracts, as a person reads it: what breaks first, then what recorded calls break on. */
export function showToolCheck(report: ToolCheckReport, file: string, { width }: Style): string {
  const { sources, compared, changes, added, notSeen, fixtures } = report
  const lines = [
    `${plural(compared.length, 'tool')} compared with ${oneLine(file, 200)} (${some(sources)})`,
    ...changeLines(changes, width),
    ...(added.length === 0 ? [] : ['', `without a contract yet (evalkit tools snapshot): ${some(added)}`]),
    ...(notSeen.length === 0
      ? []
      : ['', `in the file, with a schema that no source tells: ${some(notSeen)}`]),
    '',
    ...fixtureLines(fixtures, width),
    '',
    verdictOf(report),
    '',
  ]
  return withoutCommands(lines.join('\n'))
}

const headings = {
  breaking: 'breaking',
  unknown: 'cannot be decided, and counts as breaking until it is accepted',
  compatible: 'compatible',
  note: 'said otherwise',
} as const satisfies Record<ToolChange['class'], string>

function changeLines(changes: readonly ToolChange[], width: number): readonly string[] {
  return (Object.keys(headings) as ToolChange['class'][]).flatMap((of) => {
    const here = changes.filter((change) => change.class === of)
    if (here.length === 0) return []
    const shown = here.slice(0, most.changes)
    const places = shown.map(({ tool, side, path }) =>
      oneLine([tool, side, path].filter(Boolean).join(' '), 80),
    )
    const first = Math.min(48, Math.max(...places.map((place) => place.length)))
    const more = here.length - shown.length
    return [
      '',
      headings[of],
      ...shown.map(
        ({ what }, at) =>
          `  ${padTo(places[at] ?? '', first)}  ${oneLine(what, Math.max(60, width - first - 4))}`,
      ),
      ...(more > 0 ? [`  … and ${more} more (--json has all)`] : []),
    ]
  })
}

function fixtureLines(
  { fixtures, fit, unfit, neverFit, notChecked, unusable }: FixtureCheck,
  width: number,
): readonly string[] {
  const aside = [
    ...(neverFit === 0 ? [] : [`${neverFit} never did`]),
    ...(notChecked === 0 ? [] : [`${notChecked} cannot be checked`]),
  ]
  const counts = `${count(fit)} recorded ${fit === 1 ? 'argument or result' : 'arguments and results'} of ${plural(fixtures, 'fixture')} fit`
  const more = unfit.length - most.unfit
  return [
    `${counts}${aside.length === 0 ? '' : `; ${aside.join(', ')}`}`,
    ...unusable
      .slice(0, most.unusable)
      .map(
        ({ tool, side, why }) => `  ${oneLine(`not checked: ${tool} ${side}: ${why}`, Math.max(80, width))}`,
      ),
    ...unfit.slice(0, most.unfit).flatMap((call) => unfitLines(call, width)),
    ...(more > 0 ? [`  … and ${plural(more, 'more call')} (--json has all)`] : []),
  ]
}

function unfitLines(call: UnfitCall, width: number): readonly string[] {
  const { dataset, case: id, trial, rerecorded, step, tool, side, problems } = call
  const where = `${dataset}/${id} trial ${trial}${rerecorded === true ? ' (recorded again)' : ''} step ${step}`
  return [
    `  ${oneLine(`no longer fits: ${where}, ${tool} ${side}`, Math.max(80, width))}`,
    ...problems.map(({ path, what }) => {
      const at = `${side === 'input' ? 'arguments' : 'result'}${path === '' ? '' : ` ${path}`}`
      return `    ${oneLine(`${at}: ${what}`, Math.max(80, width))}`
    }),
  ]
}

function differenceLines({ path, ...sides }: Difference, width: number): readonly string[] {
  const room = Math.max(40, width - 4)
  return [
    oneLine(path, room),
    ...('expected' in sides ? valueLines('-', sides.expected, room) : []),
    ...('got' in sides ? valueLines('+', sides.got, room) : []),
  ]
}

function valueLines(sign: '-' | '+', value: unknown, room: number): readonly string[] {
  const lines = prettyJson(value).split('\n')
  const more = lines.length - most.lines
  return [
    ...lines.slice(0, most.lines).map((line) => {
      const text = line.trimStart()
      return `  ${sign} ${' '.repeat(line.length - text.length)}${oneLine(text, room)}`
    }),
    ...(more > 0 ? [`  ${sign} … and ${plural(more, 'more line')}`] : []),
  ]
}

function verdictOf({ changes, fixtures, compared }: ToolCheckReport): string {
  const broken = changes.filter(({ class: of }) => of === 'breaking' || of === 'unknown').length
  const unfit = fixtures.unfit.length
  if (broken + unfit > 0) {
    const parts = [
      ...(broken === 0
        ? []
        : [`${plural(broken, 'change')} that ${broken === 1 ? 'breaks' : 'break'} or cannot be decided`]),
      ...(unfit === 0
        ? []
        : [`${plural(unfit, 'recorded call')} that no longer ${unfit === 1 ? 'fits' : 'fit'}`]),
    ]
    const cures = [
      ...(broken === 0 ? [] : ['evalkit tools snapshot accepts it']),
      ...(unfit === 0
        ? []
        : ['what no longer fits is recorded anew (evalkit run --llm live --record, or promote)']),
    ]
    return `broken: ${parts.join(', ')}. If it is meant: ${cures.join('; ')}.`
  }
  return compared.length === 0 ? 'nothing could be compared' : 'the contracts hold'
}

function some(names: readonly string[]): string {
  const more = names.length - most.names
  const shown = names.slice(0, most.names).map((name) => oneLine(name, 80))
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
