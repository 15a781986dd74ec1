import { flatJson } from '../lib/pretty-json.ts'
import { oneLine, plain, withoutCommands } from '../lib/text.ts'
import type { ForkEdit, ForkStory } from '../schema/fork.ts'
import type { Json } from '../schema/json.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { PersonSaid } from '../schema/person-said.ts'
import type { Trace } from '../schema/trace.ts'
import { plural } from './format.ts'
import type { Style } from './reporter.ts'
import { playedLines, restsOf } from './show-replay.ts'

/** Recorded steps that are named one by one. */
const mostNamed = 8
const longestValue = 120

/** What was played of a fork, then what was kept, set and dropped, what ran, and what came of it. */
export function showFork(
  {
    trace,
    outcome,
    story,
    people,
  }: {
    readonly trace: Trace
    readonly outcome: Outcome
    readonly story: ForkStory
    readonly people: readonly PersonSaid[]
  },
  style: Style,
): string {
  const facts: readonly (readonly [string, string])[] = [
    ['kept', keptOf(story)],
    ...story.edits.map((edit) => [edit.reached ? 'set' : 'not met', editLine(edit)] as const),
    ...people.map((said) => ['said', saidLine(said)] as const),
    ['after', afterOf(story)],
    ...(story.dropped.length === 0 ? [] : [['dropped', droppedOf(story)] as const]),
    ['tools', story.ran.length === 0 ? 'no tool was run' : `ran: ${story.ran.join(', ')}`],
    ...(story.output === undefined
      ? []
      : [['output', `${valueOf(story.output.now)} (was ${valueOf(story.output.was)})`] as const]),
  ]
  return withoutCommands(
    [
      ...playedLines(trace, outcome, style),
      '',
      `fork of ${story.parent} at step ${story.forkedAt}`,
      ...facts.map(([what, text]) => `  ${what.padEnd(8)}  ${oneLine(text, 1000)}`),
      ...endOf(outcome, story),
      '',
    ].join('\n'),
  )
}

/** Other answers of people in a replay, below it. */
export function showPeople(said: readonly PersonSaid[], unused: readonly string[]): string {
  return withoutCommands(
    [
      `said otherwise:${said.length === 0 ? ' nothing' : ''}`,
      ...said.map((one) => `  ${oneLine(saidLine(one), 1000)}`),
      ...unused.map((rule) => `  ${oneLine(rule, 200)}: nobody was asked that`),
      '',
    ].join('\n'),
  )
}

/** `steps[7].result.status = "refunded" (was "sent")`. */
export function editLine({ path, was, value }: ForkEdit): string {
  return `${path} = ${valueOf(value)} (was ${valueOf(was)})`
}

function keptOf({ kept, forkedAt }: ForkStory): string {
  if (forkedAt === 1) return 'nothing: the fork is at the first step'
  const all = kept === forkedAt - 1
  return all
    ? `${stepsTo(forkedAt - 1)}, as recorded`
    : `${plural(kept, 'step')} before the fork, as recorded`
}

function stepsTo(last: number): string {
  return last === 1 ? 'step 1' : `steps 1 to ${last}`
}

function afterOf({ after }: ForkStory): string {
  return (
    Object.entries(after)
      .map(([how, count]) => `${count} ${how}`)
      .join(', ') || 'nothing was asked any more'
  )
}

function droppedOf({ dropped }: ForkStory): string {
  const named = dropped.slice(0, mostNamed).map(({ step, what }) => `${step} (${what})`)
  const rest = dropped.length - named.length
  const steps = dropped.length === 1 ? 'recorded step' : 'recorded steps'
  return `${steps} ${named.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
}

function saidLine({ rule, step, name, now, was }: PersonSaid): string {
  const recorded = was === undefined ? 'nobody was asked that in the recording' : `was ${valueOf(was)}`
  return `step ${step}, ${name}: ${now === undefined ? 'no answer' : valueOf(now)} (${recorded}; ${rule})`
}

function endOf({ status, reason, divergences, fidelity }: Outcome, { child }: ForkStory): readonly string[] {
  const [first] = divergences
  const differences = (status === 'aborted' ? (first?.differences ?? []) : []).slice(0, mostNamed)
  return [
    status === 'completed' ? 'completed' : `${status}: ${plain(reason ?? 'no reason')}`,
    ...differences.flatMap(({ path, expected, got }) => [
      `  at        ${path === '' ? 'the whole value' : plain(path)}`,
      `  expected  ${valueOf(expected)}`,
      `  got       ${valueOf(got)}`,
    ]),
    ...(status === 'aborted' ? [] : divergences.map(({ what }) => `finding: ${plain(what)}`)),
    restsOf(fidelity),
    child === undefined
      ? 'not saved: it did not come to its end'
      : `saved as ${child}: evalkit replay ${child} plays it offline`,
  ]
}

function valueOf(value: Json | undefined): string {
  return value === undefined ? '(nothing)' : oneLine(flatJson(value), longestValue)
}
