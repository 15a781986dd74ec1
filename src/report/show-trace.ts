import { wrap } from '../lib/columns.ts'
import { oneLine, plain, withoutCommands } from '../lib/text.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { isAgentsModelCall, type Provenance } from '../schema/call.ts'
import { gradeOf } from '../schema/grade.ts'
import type { Json } from '../schema/json.ts'
import type { Score } from '../schema/score.ts'
import { totalsOf } from '../schema/totals.ts'
import type { Trace } from '../schema/trace.ts'
import pc from 'picocolors'
import { count, duration, plural, tokens, usd } from './format.ts'
import { countsOf } from './fidelity-words.ts'
import type { Style } from './reporter.ts'
import { clipped, shown } from './shown.ts'
import { editLine } from './show-fork.ts'
import { type Step, type StepOf, stepsOf, systemPromptOf } from './steps.ts'

export { showGroups, showTraces } from './show-traces.ts'

type Colours = ReturnType<typeof pc.createColors>

/** Lines of what somebody says, and of what a tool was given or gave back, before the rest is counted. */
const spoken = 40
const handed = 8

/** A run as a person would read it: what it was, then every step with what was said, called and answered. */
export function showTrace(trace: Trace, style: Style): string {
  const colours = pc.createColors(style.colour)
  const head = header(trace, colours, Math.max(60, style.width)).map((line) => line.trimEnd())
  return withoutCommands(`${head.join('\n')}\n\n${showSteps(trace, style)}`)
}

/** The steps alone: what was said, called and answered, and nothing of what somebody thought of it. */
export function showSteps(trace: Trace, style: Style): string {
  const colours = pc.createColors(style.colour)
  const width = Math.max(60, style.width)
  const steps = stepsOf(trace)
  const digits = Math.max(2, String(steps.length).length)
  const lines = steps.flatMap((step) => stepLines(step, digits, colours, width))
  if (steps.length === 0) lines.push('The run has no steps.')
  return withoutCommands(`${lines.map((line) => line.trimEnd()).join('\n')}\n`)
}

function header(trace: Trace, colours: Colours, width: number): string[] {
  const { task, source, usage, costUsd, durationMs, startedAt, versions } = trace
  const models = new Set(trace.spans.filter(isAgentsModelCall).map(modelOf))
  const prompt = systemPromptOf(trace)
  const facts = [
    [
      ...(task === undefined
        ? []
        : [`task ${task.id}${trace.trial === undefined ? '' : `, trial ${trace.trial}`}`]),
      trace.status === 'ok' ? 'ok' : '✗ error',
      ...(trace.ended === undefined ? [] : [`ended ${trace.ended}`]),
      `from ${source.format}${source.at === undefined ? '' : ` ${source.at}`}`,
    ],
    [
      ...[...models].filter((model) => model !== ''),
      ...(usage === undefined ? [] : [tokens(usage)]),
      ...(costUsd === undefined ? [] : [usd(costUsd)]),
      ...(durationMs === undefined ? [] : [duration(durationMs)]),
      ...(startedAt === undefined ? [] : [startedAt]),
    ],
    forkFacts(trace),
    servedFacts(trace),
    userFacts(trace),
    Object.entries(versions).map(([what, version]) => `${what} ${version}`),
    trace.tags.map((tag) => `#${tag}`),
    trace.scores.length === 0 ? [] : [`scores: ${trace.scores.map(verdictOf).join(', ')}`],
    prompt === '' ? [] : [`system prompt of ${plural(prompt.length, 'character')}`],
    [`replay grade: ${gradeLine(trace)}`],
  ]
  const lines = facts.flatMap((parts) => wrap(oneLine(parts.join(' · '), 2_000), width, '  '))
  const wanted =
    task?.instruction === undefined ? [] : wrap(`wanted: ${oneLine(task.instruction, 2_000)}`, width, '  ')
  const title = wrap(`${oneLine(trace.id, 130)} · ${oneLine(trace.name, 200)}`, width, '  ')
  const rest = [...wanted, ...planLines(trace, width)].map((line) => colours.dim(line))
  return [...title.map((line) => colours.bold(line)), ...lines, ...rest]
}

/** Steps of a plan that are shown. */
const planned = 20

/** What the agent said it was going to do. */
function planLines({ plan = [] }: Trace, width: number): string[] {
  const lines = plan.slice(0, planned).flatMap(({ step, tool }, at) => {
    const by = tool === undefined ? '' : ` [${oneLine(tool, 100)}]`
    return wrap(`plan ${at + 1}. ${oneLine(step, 500)}${by}`, width, '  ')
  })
  return plan.length > planned ? [...lines, `… ${plural(plan.length - planned, 'more step')}`] : lines
}

/** Whose what-if it is, and what was other in it. */
function forkFacts({ fork }: Trace): string[] {
  if (fork === undefined) return []
  const { parent, forkedAt, edits, people = [], model, system } = fork
  return [
    `fork of ${parent} at step ${forkedAt}`,
    ...edits.map((edit) => editLine(edit)),
    ...people.map((rule) => `people: ${rule}`),
    ...(model === undefined ? [] : [`model ${model}`]),
    ...(system === undefined ? [] : [`system prompt of ${plural(system.length, 'character')}`]),
  ]
}

/** Of a replay: how its replies were found. */
function servedFacts({ spans }: Trace): string[] {
  const counts: Partial<Record<Provenance, number>> = {}
  for (const { served } of spans) if (served !== undefined) counts[served] = (counts[served] ?? 0) + 1
  const found = countsOf(counts)
  return found === '' ? [] : [`replies: ${found}`]
}

/** What the model that played the user used: none of it is the agent's. */
function userFacts({ spans }: Trace): string[] {
  const { usage, costUsd } = totalsOf(spans, 'user')
  const facts = [
    ...(usage === undefined ? [] : [tokens(usage)]),
    ...(costUsd === undefined ? [] : [usd(costUsd)]),
  ]
  return facts.length === 0 ? [] : [`simulated user: ${facts.join(', ')}`]
}

/** What the run can be used for, and the first things that are missing for more. */
function gradeLine(trace: Trace): string {
  const { grade, missing } = gradeOf(trace)
  const [first] = missing
  if (first === undefined) return `${grade} (every exchange byte for byte)`
  const more = missing.length > 1 ? `, and ${missing.length - 1} more` : ''
  const what = grade === 'B' ? 'replays, with replies written anew' : 'scores only'
  return `${grade} (${what}; missing: ${first}${more})`
}

function stepLines(step: Step, digits: number, colours: Colours, width: number): string[] {
  const nesting = '  '.repeat(Math.min(step.depth, 4))
  const number = `${nesting}${String(step.number).padStart(digits)}  `
  const indent = ' '.repeat(number.length)
  const room = width - indent.length
  const failed = step.error !== undefined || (step.kind === 'tool' && step.failed)
  const title = wrap(oneLine(`${failed ? '✗ ' : ''}${titleOf(step)}`, 300), room, '  ')
  const colour = failed
    ? colours.red
    : step.kind === 'said'
      ? colours.cyan
      : step.kind === 'tool'
        ? colours.yellow
        : colours.green
  const facts = factsOf(step)
  const body = [
    ...bodyOf(step).flatMap(({ text, most, prefix }) => block(text, most, room, prefix)),
    ...(step.error === undefined
      ? []
      : block(`${step.error.type}: ${step.error.message}`, handed, room, '✗ ').map((line) =>
          colours.red(line),
        )),
  ]
  return [
    ...title.map((line, at) => {
      const last = at === title.length - 1
      const own =
        colours.bold(colour(line)) +
        (last && facts !== '' && line.length + facts.length + 2 <= room ? `  ${colours.dim(facts)}` : '')
      return (at === 0 ? number : indent) + own
    }),
    ...((title.at(-1)?.length ?? 0) + facts.length + 2 > room && facts !== ''
      ? wrap(facts, room).map((line) => indent + colours.dim(line))
      : []),
    ...body.map((line) => indent + line),
  ]
}

function titleOf(step: Step): string {
  switch (step.kind) {
    case 'said':
      return step.who
    case 'model':
      return `agent${step.name === 'llm' ? '' : ` (${step.name})`}${step.unanswered ? ', no reply ever came' : ''}`
    case 'tool':
      return `tool ${step.name}${step.result === undefined ? ', no reply ever came' : ''}`
    case 'other':
      return `${step.what} ${step.name}`
  }
}

interface Block {
  readonly text: string
  readonly most: number
  readonly prefix: string
}

function bodyOf(step: Step): readonly Block[] {
  const json = (value: Json | undefined, prefix: string): readonly Block[] =>
    value === undefined ? [] : [{ text: shown(value), most: handed, prefix }]
  const opaque = (values: readonly Json[]): readonly Block[] =>
    values.flatMap((value) => json(value, '[other] '))
  switch (step.kind) {
    case 'said':
      return [{ text: step.text, most: spoken, prefix: '' }, ...opaque(step.opaque)]
    case 'model':
      return [
        { text: step.reasoning, most: handed, prefix: '(thinks) ' },
        { text: step.text, most: spoken, prefix: '' },
        ...step.asks.map((ask) => ({ text: askOf(ask), most: handed, prefix: '' })),
        ...opaque(step.opaque),
      ]
    case 'tool':
      return [
        { text: argumentsOf(step), most: handed, prefix: step.malformed === true ? '(not JSON) ' : '' },
        ...json(step.result, '→ '),
      ]
    case 'other':
      return [...json(step.input, '← '), ...json(step.output, '→ ')]
  }
}

/** A call that a tool step shows is only named; one that no tool ever answered is shown whole. */
function askOf({ name, arguments: args, malformed, shownBelow }: StepOf<'model'>['asks'][number]): string {
  if (shownBelow) return `asks ${name}`
  return `asks ${name} (no tool answered)${malformed === true ? ' (not JSON)' : ''} ${shown(args)}`
}

function argumentsOf({ arguments: args }: StepOf<'tool'>): string {
  if (typeof args === 'string') return args
  const flat = flatJson(args)
  return flat === '{}' ? '' : flat
}

/** Text as wrapped lines, cut at `most`; continued lines stand below the text, not below its prefix. */
export function block(text: string, most: number, room: number, prefix: string): string[] {
  const clean = plain(clipped(text, 20_000)).trimEnd()
  if (clean === '') return []
  const indent = ' '.repeat(prefix.length)
  const lines = clean.split('\n').flatMap((line) => {
    const lead = /^\s*/.exec(line)?.[0].replaceAll('\t', '  ').slice(0, 20) ?? ''
    const wrapped = wrap(line, room - indent.length - lead.length)
    return wrapped.length === 0 ? [''] : wrapped.map((part) => lead + part)
  })
  const kept = lines.slice(0, lines.length === most + 1 ? most + 1 : most)
  if (lines.length > kept.length) kept.push(`… ${plural(lines.length - kept.length, 'more line')}`)
  return kept.map((line, at) => (at === 0 ? prefix : indent) + line)
}

function factsOf(step: Step): string {
  const parts: string[] = []
  if (step.durationMs !== undefined) parts.push(duration(step.durationMs))
  if (step.kind === 'model') {
    const { usage, costUsd } = step
    if (usage !== undefined) {
      parts.push(`${count(usage.input + usage.cacheRead + usage.cacheWrite)} → ${count(usage.output)} tokens`)
    }
    if (costUsd !== undefined) parts.push(usd(costUsd))
  }
  if (step.served !== undefined) parts.push(step.served)
  return parts.join(' · ')
}

function modelOf({
  reply,
  request,
}: {
  reply?: { model?: string } | undefined
  request: { model?: string }
}): string {
  return reply?.model ?? request.model ?? ''
}

function verdictOf(score: Score): string {
  if (score.status === 'unscored') return `${score.name} unscored (${score.reason})`
  return `${score.name} ${score.passed ? '✓' : '✗'} ${Number(score.value.toFixed(4))}`
}
