import { sameJson } from '../lib/json.ts'
import { oneLine, plain, withoutCommands } from '../lib/text.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { PersonSaid } from '../schema/person-said.ts'
import type { Trace } from '../schema/trace.ts'
import type { Style } from './reporter.ts'
import { cameTo, insteadOf, saidLine } from './show-fork.ts'
import { playedLines } from './show-replay.ts'

/** A replay in which people answered otherwise: each step, what they said instead, and what came of it. */
export function showPeople(
  {
    trace,
    outcome,
    said,
    unused,
  }: {
    readonly trace: Trace
    readonly outcome: Outcome
    readonly said: readonly PersonSaid[]
    /** Rules that nobody was asked for. */
    readonly unused: readonly string[]
  },
  style: Style,
): string {
  const { output: now } = outcome
  const { output: was } = trace
  const other = now !== undefined && was !== undefined && !sameJson(now, was)
  const left = outcome.divergences.filter(({ kind }) => kind === 'unused')
  return withoutCommands(
    [
      ...playedLines(trace, outcome, style),
      '',
      `said otherwise:${said.length === 0 ? ' nothing' : ''}`,
      ...said.map((one) => `  ${oneLine(saidLine(one), 1000)}`),
      ...unused.map((rule) => `  ${oneLine(rule, 200)}: nobody was asked that`),
      ...left.map(({ what }) => `dropped: ${plain(what)}`),
      ...(other ? [`output: ${insteadOf(now, was)}`] : []),
      ...cameTo(outcome),
      '',
    ].join('\n'),
  )
}
