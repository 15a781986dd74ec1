import pc from 'picocolors'
import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { Decision } from '../schema/run.ts'
import { percent, plural, points } from './format.ts'
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
      ...wrap(oneLine(reasonOf(one), 2_000), width - 2).map((line) => colours.dim(`  ${line}`)),
    ])
  const rest = decisions.length - mostTold
  return withoutCommands(
    `${[...lines, ...(rest > 0 ? [`and ${rest} more; --json lists all`] : [])].join('\n')}\n`,
  )
}

function headOf(one: Decision): string {
  const { at, by, eval: of } = one
  switch (one.action) {
    case 'baseline-accept':
      return `${at}  ${by} accepted the baseline of ${of}`
    case 'baseline-release':
      return `${at}  ${by} marked the baseline of ${of} as that of the release ${one.name}`
    case 'calibration-accept':
      return `${at}  ${by} accepted the calibration of a judge of ${of}`
  }
}

function effectOf(one: Decision): string {
  switch (one.action) {
    case 'calibration-accept': {
      const before = one.before === undefined ? '' : ` (${one.before} before)`
      return `${one.judge}: ${one.after}${before}, J ${one.j.toFixed(2)}`
    }
    case 'baseline-release':
      return [`${one.metric} ${percent(one.after)}, run ${one.run}`, ...treeOf(one)].join('; ')
    case 'baseline-accept':
      return acceptedEffect(one)
  }
}

function acceptedEffect(one: Extract<Decision, { action: 'baseline-accept' }>): string {
  const { metric, before, after, change, broken, removed = [], edited = [], run, expires } = one
  const was = before === undefined ? 'the first baseline' : `${percent(before)} before`
  const cases = (names: readonly string[], what: string): string[] =>
    names.length === 0 ? [] : [`${plural(names.length, 'case')} ${what}: ${listed(names)}`]
  return [
    `${metric} ${percent(after)} (${was}), run ${run}`,
    ...(change === undefined
      ? []
      : [
          `${points(change.difference)} pp over ${plural(change.cases, 'case')} (90 % CI ${points(change.lower)} to ${points(change.upper)})`,
        ]),
    ...cases(broken, 'got worse'),
    ...cases(removed, 'removed'),
    ...cases(edited, 'edited'),
    ...(expires === undefined ? [] : [`until ${expires}`]),
    ...treeOf(one),
  ].join('; ')
}

function treeOf({
  commit,
  dirty,
}: {
  readonly commit?: string | undefined
  readonly dirty?: true | undefined
}): string[] {
  if (commit === undefined) return []
  return [`commit ${commit.slice(0, 12)}${dirty === true ? ' with changes that were not committed' : ''}`]
}

function reasonOf(one: Decision): string {
  return 'reason' in one ? (one.reason ?? '') : ''
}

function listed(names: readonly string[]): string {
  const more = names.length - 5
  return `${names.slice(0, 5).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
