import pc from 'picocolors'
import { fit, padTo, wrap } from '../lib/columns.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { Json } from '../schema/json.ts'
import {
  type DiffRow,
  type DiffSide,
  type DiffStep,
  diverges,
  severityOf,
  type SideDifference,
  type TraceDiff,
} from '../schema/trace-diff.ts'
import { count, duration, plural, tokens, usd } from './format.ts'
import type { Style } from './reporter.ts'
import { classCounts, guessedLine, sentenceOf, writesLine } from './diff-words.ts'

type Colours = ReturnType<typeof pc.createColors>

/** Lines of differences below a step; `--json` has more. */
const mostDifferences = 6
/** Shorter stretches of equal steps are shown whole. */
const shortestFold = 4

/**
 * Two runs side by side, a line a step: `=` the same, `~` changed, `-` left only, `+` right only, `^` `v` the same call
 * further up or down, `!` a divergence. Equal stretches are folded. What it comes to stands at the end.
 */
export function showDiff(diff: TraceDiff, style: Style): string {
  const colours = pc.createColors(style.colour)
  const width = Math.max(60, style.width)
  const lines = [
    ...titles(diff, width).map((line) => colours.bold(line)),
    '',
    ...rowLines(diff, colours, width),
    ...(diff.rows.length === 0 ? ['Neither run has a step.'] : []),
    '',
    ...summary(diff, colours, width),
  ]
  return withoutCommands(`${lines.map((line) => line.trimEnd()).join('\n')}\n`)
}

function titles({ left, right }: TraceDiff, width: number): string[] {
  return [`diff  ${titleOf(left)}`, `to    ${titleOf(right)}`].map((line) => oneLineKept(line, width))
}

function titleOf({ trace, name, task, trial }: DiffSide): string {
  const parts = [
    name,
    ...(task === undefined ? [] : [`task ${task}`]),
    ...(trial === undefined ? [] : [`trial ${trial}`]),
  ]
  return `${trace} (${parts.join(', ')})`
}

/** Two blanks in a row are ours; those inside are not kept. */
function oneLineKept(line: string, width: number): string {
  return fit(line.slice(0, 6) + oneLine(line.slice(6), 500), width)
}

function rowLines(diff: TraceDiff, colours: Colours, width: number): string[] {
  const layout = layoutOf(diff, width)
  const lines: string[] = []
  const { rows } = diff
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]
    if (row === undefined) continue
    const equal = equalFrom(rows, at)
    if (equal >= shortestFold) {
      // One step on each side of a fold stays, so that a reader knows where they are.
      const hidden = equal - 2
      lines.push(
        ...oneRow(row, at, layout, colours),
        colours.dim(`${' '.repeat(layout.number + 1)}… ${plural(hidden, 'equal step')}`),
      )
      at += hidden
      continue
    }
    if (at === diff.firstDivergence) lines.push(rule('first divergence', colours, width))
    lines.push(...oneRow(row, at, layout, colours), ...below(row, layout, colours, width))
  }
  return lines
}

function equalFrom(rows: readonly DiffRow[], start: number): number {
  let end = start
  while (rows[end]?.class === 'identical') end++
  return end - start
}

function rule(title: string, colours: Colours, width: number): string {
  return colours.red(colours.bold(`── ${title} ${'─'.repeat(Math.max(0, width - title.length - 4))}`))
}

interface Layout {
  readonly number: number
  /** Of the widest word that says how a reply was found; 0 where no step has one. */
  readonly served: { readonly left: number; readonly right: number }
  readonly column: number
}

/** Between the columns: a blank, `!`, the sign, a blank. */
const gutter = 4

function layoutOf({ rows }: TraceDiff, width: number): Layout {
  const steps = rows.flatMap(({ left, right }) => [left?.step ?? 0, right?.step ?? 0])
  const widest = (side: 'left' | 'right'): number =>
    Math.max(0, ...rows.map((row) => row[side]?.served?.length ?? 0))
  return {
    number: Math.max(2, String(steps.reduce((most, step) => Math.max(most, step), 0)).length),
    served: { left: widest('left'), right: widest('right') },
    column: Math.floor((width - gutter) / 2),
  }
}

function oneRow(row: DiffRow, at: number, layout: Layout, colours: Colours): string[] {
  const sign = signOf(row, at)
  const isBad = diverges(severityOf[row.class])
  const paint = paintOf(row, colours)
  const left = padTo(cellOf(row.left, 'left', layout), layout.column)
  const right = cellOf(row.right, 'right', layout)
  const mark = isBad ? colours.bold(colours.red('!')) : ' '
  return [`${paint(left)} ${mark}${paint(sign)} ${paint(right)}`]
}

function signOf(row: DiffRow, at: number): string {
  if (row.movedTo !== undefined) return row.movedTo > at ? 'v' : '^'
  if (row.left === undefined) return '+'
  if (row.right === undefined) return '-'
  // A blind write is the same call; what is missing stands before it.
  const isSame = row.class === 'identical' || row.class === 'blind write'
  return isSame || (row.differences.length === 0 && row.note === undefined) ? '=' : '~'
}

function paintOf(row: DiffRow, colours: Colours): (text: string) => string {
  if (row.class === 'off-tape' || row.class === 'identical') return colours.dim
  if (diverges(severityOf[row.class])) return colours.red
  if (row.movedTo !== undefined) return colours.cyan
  if (row.left === undefined) return colours.green
  if (row.right === undefined) return colours.magenta
  return row.class === 'model drift' ? (text) => text : colours.yellow
}

function cellOf(step: DiffStep | undefined, side: 'left' | 'right', layout: Layout): string {
  if (step === undefined) return ''
  const served = layout.served[side]
  const badge = served === 0 ? '' : `${padTo(step.served ?? '', served)} `
  const head = `${String(step.step).padStart(layout.number)} ${badge}${speaker(step)}`
  return fit(head + oneLine(`${step.failed === true ? '✗ ' : ''}${step.says}`, 400), layout.column)
}

function speaker({ kind, name }: DiffStep): string {
  if (kind === 'llm') return 'agent: '
  if (kind === 'human' && name === 'user') return 'user: '
  if (kind === 'tool') return ''
  return kind === 'human' ? 'asks ' : ''
}

/** Why a line is what it is, and the leaves that differ. What was said stands in the columns already. */
function below(row: DiffRow, layout: Layout, colours: Colours, width: number): string[] {
  const indent = ' '.repeat(layout.number + 1)
  const isTold = row.note !== undefined || diverges(severityOf[row.class]) || row.class === 'blind write'
  const why = row.note === undefined ? row.class : `${row.class}: ${row.note}`
  const paint = diverges(severityOf[row.class]) ? colours.red : colours.dim
  const lines = isTold && row.class !== 'off-tape' ? wrap(oneLine(why, 500), width - indent.length) : []
  const isTalk = row.class === 'model drift' || row.class === 'off-tape' || row.left?.effect === 'pure'
  const differences = isTalk ? [] : row.differences
  return [
    ...lines.map((line) => paint(indent + line)),
    ...differenceLines(differences, mostDifferences, width - indent.length).map((line) =>
      colours.dim(indent + line),
    ),
  ]
}

/** `arguments.cabin  "economy" → "business"`, a line each; the rest is counted. */
export function differenceLines(
  differences: readonly SideDifference[],
  most: number,
  width: number,
): string[] {
  const shown = differences.slice(0, most)
  const rest = differences.length - shown.length
  return [
    ...shown.map(({ path, left, right }) => {
      const place = `${oneLine(path, Math.max(20, Math.floor(width / 2)))}  `
      const room = Math.max(10, Math.floor((width - place.length - 3) / 2))
      return fit(`${place}${valueOf(left, room)} → ${valueOf(right, room)}`, width)
    }),
    ...(rest > 0 ? [`… and ${plural(rest, 'more difference')}`] : []),
  ]
}

function valueOf(value: Json | undefined, room: number): string {
  return value === undefined ? '(nothing)' : oneLine(flatJson(value), room)
}

function summary(diff: TraceDiff, colours: Colours, width: number): string[] {
  const { severity, ends, settings, guessed, left, right } = diff
  const isBad = diverges(severity)
  const verdict = wrap(oneLine(sentenceOf(diff), 1_000), width, '  ')
  const labelled = (label: string, lines: readonly string[]): string[] =>
    lines.flatMap((line) =>
      wrap(line, width - label.length).map(
        (part, at) => (at === 0 ? label : ' '.repeat(label.length)) + part,
      ),
    )
  const told = (label: string, differences: readonly SideDifference[]): string[] =>
    differenceLines(differences, mostDifferences, width - label.length).map(
      (line, at) => (at === 0 ? label : ' '.repeat(label.length)) + line,
    )
  return [
    ...verdict.map((line) => (isBad ? colours.bold(colours.red(line)) : colours.bold(line))),
    ...labelled('writes: ', [writesLine(diff.writes)]),
    ...labelled('steps:  ', [classCounts(diff.counts)]),
    ...told(
      'ended:  ',
      ends.filter(({ path }) => !path.startsWith('output')),
    ),
    ...told('asked:  ', settings),
    ...labelled('took:   ', [spent(left, right)]),
    ...wrap(guessedLine(guessed), width, '  ').map((line) => colours.dim(line)),
  ]
}

/** What both took. A number that one side does not know is not shown. */
function spent(left: DiffSide, right: DiffSide): string {
  const change = <V>(
    one: V | undefined,
    other: V | undefined,
    say: (value: V) => string,
    noun = '',
  ): string[] => {
    if (one === undefined || other === undefined) return []
    const [before, after] = [say(one), say(other)]
    return [`${before === after ? before : `${before} → ${after}`}${noun}`]
  }
  return [
    ...change(left.llmCalls, right.llmCalls, count, ' model calls'),
    ...change(left.toolCalls, right.toolCalls, count, ' tool calls'),
    ...change(left.usage, right.usage, tokens),
    ...change(left.costUsd, right.costUsd, usd),
    ...change(left.durationMs, right.durationMs, duration),
  ].join(' · ')
}
