import CliTable from 'cli-table3'
import { columnsOf, fit } from '../lib/columns.ts'
import { withoutCommands } from '../lib/text.ts'

export type Paint = (text: string) => string

export interface Column {
  readonly title: string
  /** Numbers stand right. */
  readonly right?: boolean
  /** The column that gives way where the terminal is narrow; the first one if none says so. */
  readonly flexible?: boolean
  /** Left out, highest first, where even that is not enough. */
  readonly drop?: number
}

export type Cell = string | { readonly text: string; readonly paint: Paint }

const gap = 2
const narrowest = 8

const chars = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '─',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
}

/** A table with one rule below its head, at most `width` columns wide. Cells are single lines of plain text. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
  head: Paint,
): string {
  const shown = new Set(columns.keys())
  const widths = columns.map((column, at) =>
    Math.max(columnsOf(column.title), ...rows.map((row) => columnsOf(textOf(row[at])))),
  )
  const flexible = Math.max(
    0,
    columns.findIndex((column) => column.flexible === true),
  )
  const wanted = (): number => [...shown].reduce((sum, at) => sum + (widths[at] ?? 0) + gap, 0) - gap
  const least = (): number => wanted() - (widths[flexible] ?? 0) + Math.min(narrowest, widths[flexible] ?? 0)
  for (const at of dropOrder(columns)) if (least() > width) shown.delete(at)
  if (wanted() > width) {
    const room = width - (wanted() - (widths[flexible] ?? 0))
    widths[flexible] = Math.max(Math.min(narrowest, widths[flexible] ?? 0), room)
  }
  const order = [...shown]
  // The gap belongs to the column, so that right-aligned numbers end where their column does.
  const placed = (at: number, index: number, text: string, paint: Paint): string =>
    paint(text) + (columns[at]?.right === true && index < order.length - 1 ? ' '.repeat(gap) : '')
  const drawn = new CliTable({
    chars,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    head: order.map((at, index) => placed(at, index, fit(columns[at]?.title ?? '', widths[at] ?? 0), head)),
    colAligns: order.map((at) => (columns[at]?.right === true ? 'right' : 'left')),
    colWidths: order.map((at, index) => (widths[at] ?? 0) + (index === order.length - 1 ? 0 : gap)),
  })
  for (const row of rows) {
    drawn.push(
      order.map((at, index) => {
        const cell = row[at] ?? ''
        const text = fit(textOf(cell), widths[at] ?? 0)
        return placed(at, index, text, typeof cell === 'string' ? (same) => same : cell.paint)
      }),
    )
  }
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

function dropOrder(columns: readonly Column[]): readonly number[] {
  return [...columns.keys()]
    .filter((at) => columns[at]?.drop !== undefined)
    .sort((a, b) => (columns[b]?.drop ?? 0) - (columns[a]?.drop ?? 0))
}

function textOf(cell: Cell | undefined): string {
  // Before it is measured: breaking a command up makes it longer.
  return cell === undefined ? '' : withoutCommands(typeof cell === 'string' ? cell : cell.text)
}
