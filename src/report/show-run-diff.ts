import pc from 'picocolors'
import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { RunDiff, TrialDiff } from '../schema/run-diff.ts'
import { diverges, type WriteEffects } from '../schema/trace-diff.ts'
import { classCounts, guessedLine, whatOf, writesLine } from './diff-words.ts'
import { plural } from './format.ts'
import type { Style } from './reporter.ts'
import { type Column, table } from './table.ts'

/** Trials that are listed; `--json` has all. */
const mostTrials = 40

/** Two runs trial by trial: those that are not the same, worst first, then what it comes to. */
export function showRunDiff(diff: RunDiff, style: Style): string {
  const colours = pc.createColors(style.colour)
  const width = Math.max(60, style.width)
  const { left, right, trials, uncompared, identical, severity, guessed } = diff
  const compared = trials.length + identical
  const bad = trials.filter((trial) => diverges(trial.severity)).length
  const shown = trials.slice(0, mostTrials)
  const rows = shown.map((trial) => cellsOf(trial, colours))
  const rest = trials.length - shown.length
  const verdict =
    compared === 0
      ? 'nothing could be compared'
      : bad === 0
        ? `no divergence in ${plural(compared, 'trial')}`
        : `${severity}: ${bad} of ${plural(compared, 'trial')} diverge`
  const paint = bad > 0 ? (text: string) => colours.bold(colours.red(text)) : colours.bold
  const lines = [
    colours.bold(oneLine(`diff of run ${left.name} (${left.run}) and ${right.name} (${right.run})`, width)),
    '',
    ...(rows.length === 0 ? [] : [table(columns, rows, width, colours.dim)]),
    ...(rest > 0 ? [`… and ${plural(rest, 'trial')} more (--json lists all)`] : []),
    ...(rows.length === 0 ? [] : ['']),
    paint(verdict),
    ...wrap(
      `trials: ${identical} identical, ${trials.length} not, ${uncompared.length} not compared`,
      width,
      '  ',
    ),
    ...(left.eval === right.eval
      ? []
      : wrap(
          oneLine(
            `The runs are of different evals, ${left.eval} and ${right.eval}: compared are cases of the same name.`,
            300,
          ),
          width,
          '  ',
        )),
    ...wrap(`writes: ${writesLine(diff.writes)}`, width, '  '),
    ...wrap(`steps: ${classCounts(diff.counts)}`, width, '  '),
    ...reasons(uncompared).flatMap((line) => wrap(line, width, '  ')),
    ...(trials[0] === undefined
      ? []
      : wrap(
          `Step by step: evalkit diff ${oneLine(trials[0].left, 130)} ${oneLine(trials[0].right, 130)}`,
          width,
          '  ',
        )),
    ...wrap(guessedLine(guessed), width, '  ').map((line) => colours.dim(line)),
  ]
  return withoutCommands(`${lines.join('\n')}\n`)
}

const columns: readonly Column[] = [
  { title: 'case' },
  { title: 'trial', right: true },
  { title: 'is' },
  { title: 'writes' },
  { title: 'ended', drop: 1 },
  { title: 'first', flexible: true },
  { title: 'left', drop: 3 },
  { title: 'right', drop: 2 },
]

function cellsOf(
  trial: TrialDiff,
  colours: ReturnType<typeof pc.createColors>,
): (string | { text: string; paint: (text: string) => string })[] {
  const { severity, first, caseChanged } = trial
  const paint = diverges(severity) ? colours.red : (text: string) => text
  return [
    oneLine(trial.case, 40),
    String(trial.trial),
    { text: caseChanged === true ? `${severity} (other case)` : severity, paint },
    signs(trial.writes),
    oneLine(
      trial.ends
        .filter(({ path }) => path === 'status' || path.startsWith('scores.'))
        .map(endOf)
        .join(', '),
      40,
    ),
    first === undefined ? '' : oneLine(whatOf(first), 200),
    idOf(trial.left),
    idOf(trial.right),
  ]
}

/** As much of an id as is enough to ask for it; without an ellipsis, so that it can be copied. */
function idOf(trace: string): string {
  return oneLine(trace, 130).slice(0, 14)
}

/** `+1 -2 ~1`: writes added, removed, changed; `^v` reordered. */
function signs({ added, removed, changed, reordered }: WriteEffects): string {
  const parts = [
    [added, '+'],
    [removed, '-'],
    [changed, '~'],
    [reordered, '^v'],
  ] as const
  return parts.flatMap(([n, sign]) => (n === 0 ? [] : [`${sign}${n}`])).join(' ') || 'same'
}

function endOf({ path, left, right }: TrialDiff['ends'][number]): string {
  const value = (of: unknown): string =>
    typeof of === 'number' ? String(Number(of.toFixed(4))) : typeof of === 'string' ? of : '–'
  return `${path.replace(/^(?:scores\.|status$)/, '')} ${value(left)} → ${value(right)}`.trim()
}

function reasons(uncompared: RunDiff['uncompared']): string[] {
  const byReason = new Map<string, number>()
  for (const { reason } of uncompared) byReason.set(reason, (byReason.get(reason) ?? 0) + 1)
  return [...byReason].map(([reason, n]) => `not compared: ${plural(n, 'trial')}, ${oneLine(reason, 200)}`)
}
