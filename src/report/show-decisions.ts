import pc from 'picocolors'
import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { Decision } from '../schema/run.ts'
import { percent, plural } from './format.ts'
import type { Style } from './reporter.ts'

/** Decisions that are told of one by one; the rest is in `--json`. */
const mostTold = 50

/** Who accepted what, when and why, in the order they are given in. */
export function showDecisions(decisions: readonly Decision[], style: Style): string {
  if (decisions.length === 0) return 'Nobody has accepted anything yet.\n'
  const colours = pc.createColors(style.colour)
  const width = Math.max(60, style.width)
  const lines = decisions
    .slice(0, mostTold)
    .flatMap((one) => [
      ...wrap(oneLine(headOf(one), 500), width, '  ').map((line) => colours.bold(line)),
      ...wrap(oneLine(effectOf(one), 1_000), width - 2).map((line) => `  ${line}`),
      ...(one.reason === undefined
        ? []
        : wrap(oneLine(one.reason, 2_000), width - 2).map((line) => colours.dim(`  ${line}`))),
    ])
  const rest = decisions.length - mostTold
  return withoutCommands(
    `${[...lines, ...(rest > 0 ? [`and ${rest} more; --json lists all`] : [])].join('\n')}\n`,
  )
}

function headOf({ at, by, eval: of, action }: Decision): string {
  const what = action === 'baseline-accept' ? `baseline of ${of}` : `calibration of a judge of ${of}`
  return `${at}  ${by} accepted the ${what}`
}

function effectOf(one: Decision): string {
  if (one.action === 'calibration-accept') {
    const before = one.before === undefined ? '' : ` (${one.before} before)`
    return `${one.judge}: ${one.after}${before}, J ${one.j.toFixed(2)}`
  }
  const { metric, before, after, broken, run } = one
  const was = before === undefined ? 'the first baseline' : `${percent(before)} before`
  const cases = broken.length === 0 ? '' : `; ${plural(broken.length, 'case')} got worse: ${listed(broken)}`
  return `${metric} ${percent(after)} (${was}), run ${run}${cases}`
}

function listed(names: readonly string[]): string {
  const more = names.length - 5
  return `${names.slice(0, 5).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
