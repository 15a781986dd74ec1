import { cut, oneLine, plain, withoutCommands } from '../lib/text.ts'
import {
  isHarm,
  type FaultCell,
  type FaultVerdict,
  faultWord,
  type InjectedFault,
  worstWord,
} from '../schema/fault.ts'
import { plural } from './format.ts'
import type { Style } from './reporter.ts'
import { type Cell, table } from './table.ts'

/** Cells that are told of one by one; the rest is in `--json`. */
const mostTold = 20
const longestName = 30

/** What happened in one trial with faults, and what it did to the agent: what stands below its replay. */
export function showInjected(
  injected: readonly InjectedFault[],
  verdict: FaultVerdict,
  { width, seed }: Pick<Style, 'width'> & { readonly seed?: number | undefined },
): string {
  const lines = injected.map(({ step, name, nth, fault, times, recovered }) => {
    const often = times === 1 ? '' : `, ${times} times`
    return `  step ${step}  ${oneLine(name, longestName)} (call ${nth})  ${oneLine(fault, longestName)}${often}${recovered ? ', then the recorded reply' : ''}`
  })
  return withoutCommands(
    [
      `put in${seed === undefined ? '' : `, seed ${seed}`}:${lines.length === 0 ? ' nothing' : ''}`,
      ...lines.map((line) => cut(line, Math.max(40, width))),
      `${verdict.word}: ${plain(oneLine(verdict.why, 500))}`,
      '',
    ].join('\n'),
  )
}

/** A matrix, tools and models beside each other and faults below: the worst that happened to any call of each. */
export function showMatrix(
  title: string,
  cells: readonly FaultCell[],
  style: Style,
  command: (cell: FaultCell) => string,
): string {
  const subjects = [...new Set(cells.map(({ name }) => name))]
  const blocks = blocksOf(subjects, style.width).map((some) => block(some, cells, style))
  // Several trials of a case are one line: they are looked at by the same command.
  const bad = [
    ...Map.groupBy(
      cells.filter(({ verdict }) => isHarm(verdict.word)).toSorted(byWord),
      (cell) => `${cell.verdict.word}: ${cell.verdict.why}\n${command(cell)}`,
    ),
  ]
  const told = bad.slice(0, mostTold).flatMap(([, [cell, ...others]]) => {
    if (cell === undefined) return []
    const what = `${cell.verdict.word}: ${cell.verdict.why}`
    const often = others.length === 0 ? '' : ` (in ${others.length + 1} trials)`
    return ['', oneLine(what, 300) + often, `  ${oneLine(command(cell), 400)}`]
  })
  const rest = bad.length - Math.min(bad.length, mostTold)
  const open = cells.find(({ verdict }) => verdict.word === 'not decided')
  return withoutCommands(
    [
      oneLine(title, style.width),
      '',
      ...blocks.flatMap((text) => [text, '']),
      summaryOf(cells),
      ...(open === undefined
        ? []
        : [
            oneLine(`not decided, for one: ${open.rule}: ${open.verdict.why}`, 400),
            'What an agent does with a reply it was never shown, its recorded model cannot say: replay with live models.',
          ]),
      ...told,
      ...(rest === 0 ? [] : ['', `and ${rest} more; --json lists all`]),
      '',
    ].join('\n'),
  )
}

function summaryOf(cells: readonly FaultCell[]): string {
  const counts = faultWord.options.toReversed().flatMap((word) => {
    const count = cells.filter(({ verdict }) => verdict.word === word).length
    return count === 0 ? [] : [`${count} ${word}`]
  })
  return `${plural(cells.length, 'trial')}: ${counts.join(', ') || 'nothing could be put in'}`
}

function byWord(a: FaultCell, b: FaultCell): number {
  return faultWord.options.indexOf(a.verdict.word) - faultWord.options.indexOf(b.verdict.word)
}

function block(subjects: readonly string[], cells: readonly FaultCell[], { width }: Style): string {
  const faults = [...new Set(cells.map(({ fault }) => fault))]
  const rows = faults.map((fault): readonly Cell[] => [
    oneLine(fault, longestName),
    ...subjects.map((name) => cellText(cells.filter((cell) => cell.fault === fault && cell.name === name))),
  ])
  const columns = [
    { title: 'fault', flexible: true },
    ...subjects.map((name) => ({ title: shortName(name) })),
  ]
  return table(columns, rows, width, (head) => head)
}

/** The worst word, and of how many calls, where they differ. */
function cellText(cells: readonly FaultCell[]): string {
  const word = worstWord(cells.map(({ verdict }) => verdict.word))
  if (word === undefined) return '–'
  const count = cells.filter(({ verdict }) => verdict.word === word).length
  return count === cells.length ? word : `${word} ${count}/${cells.length}`
}

/** Subjects that stand beside each other in a terminal of this width. */
function blocksOf(subjects: readonly string[], width: number): readonly (readonly string[])[] {
  const blocks: string[][] = []
  let room = 0
  for (const name of subjects) {
    const needs = Math.max(shortName(name).length, longestCell) + 2
    const last = blocks.at(-1)
    if (last === undefined || needs > room) {
      blocks.push([name])
      room = width - longestFault - needs
    } else {
      last.push(name)
      room -= needs
    }
  }
  return blocks
}

/** `not decided 12/34`, `injected-instructions`. */
const longestCell = 17
const longestFault = 23

function shortName(name: string): string {
  return oneLine(name, longestName)
}
