import { flatJson } from '../lib/pretty-json.ts'
import { oneLine, plain, withoutCommands } from '../lib/text.ts'
import type { ForkEdit, ForkStory } from '../schema/fork.ts'
import type { Json } from '../schema/json.ts'
import type { Divergence, Outcome } from '../schema/outcome.ts'
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
      : [['output', insteadOf(story.output.now, story.output.was)] as const]),
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

/** `steps[7].result.status = "refunded" (was "sent")`. */
export function editLine({ path, was, value }: ForkEdit): string {
  return `${path} = ${insteadOf(value, was)}`
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

/** `step 2, approve: false (was true; deny@1)`. */
export function saidLine({ rule, step, name, now, was }: PersonSaid): string {
  const recorded = was === undefined ? 'nobody was asked that in the recording' : `was ${valueOf(was)}`
  return `step ${step}, ${name}: ${now === undefined ? 'no answer' : valueOf(now)} (${recorded}; ${rule})`
}

function endOf(outcome: Outcome, { child, unsaved }: ForkStory): readonly string[] {
  return [
    ...cameTo(outcome),
    child === undefined
      ? `not saved: ${oneLine(unsaved ?? 'nobody kept it', 300)}`
      : `saved as ${child}: evalkit replay ${child} plays it offline`,
  ]
}

/** How a what-if ended, and what is to be looked at: that it is another end is the point. */
export function cameTo({ status, reason, divergences, fidelity }: Outcome): readonly string[] {
  const [first] = divergences
  const differences = (status === 'aborted' ? (first?.differences ?? []) : []).slice(0, mostNamed)
  const findings = status === 'aborted' ? [] : divergences.filter(({ kind }) => !isThePoint(kind))
  return [
    status === 'completed' ? 'completed' : `${status}: ${plain(reason ?? 'no reason')}`,
    ...differences.flatMap(({ path, expected, got }) => [
      `  at        ${path === '' ? 'the whole value' : plain(path)}`,
      `  expected  ${valueOf(expected)}`,
      `  got       ${valueOf(got)}`,
    ]),
    ...findings.map(({ what }) => `finding: ${plain(what)}`),
    restsOf(fidelity),
  ]
}

/** What differs wherever something was made to. */
function isThePoint(kind: Divergence['kind']): boolean {
  return kind === 'unused' || kind === 'output' || kind === 'end'
}

/** `"new" (was "old")`. */
export function insteadOf(now: Json, was: Json): string {
  return `${valueOf(now)} (was ${valueOf(was)})`
}

function valueOf(value: Json | undefined): string {
  return value === undefined ? '(nothing)' : oneLine(flatJson(value), longestValue)
}
