import * as z from 'zod'
import { defined } from '../lib/defined.ts'
import { isAgentsModelCall } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { answerIn, textOf } from '../schema/message.ts'
import { totalsOf } from '../schema/totals.ts'
import type { Span } from '../schema/trace.ts'
import type { Answer, Subject } from './check.ts'
import { short } from './show.ts'

/** Which part of a run a check looks at, where it is not the whole. */
export const runPart = z.union([
  z.strictObject({
    /** What this agent did itself: not what those did that it handed over to. */
    agent: z.string().min(1).max(200),
  }),
  z.strictObject({
    span: z.enum(['llm', 'tool', 'human', 'agent', 'retrieval', 'custom']),
    name: z.string().min(1).max(200).optional(),
    /** Which of them, from 1, or the last. Left out: each. */
    nth: z.union([z.number().int().positive(), z.literal('last')]).optional(),
  }),
])
export type RunPart = Readonly<z.infer<typeof runPart>>

/**
 * Asks about a part of a run, as if it were the whole: its spans are all there are, its output is what came out of it, and
 * tokens and cost are those of its models. Of several spans each is asked: the value is their mean, and it passes where all
 * do. Where there is no such part, or one of its spans cannot be told of, it is unscored.
 */
export async function answerOn(
  part: RunPart,
  subject: Subject,
  answer: (subject: Subject) => Answer | Promise<Answer>,
): Promise<Answer> {
  const parts = partsOf(subject, part)
  if (parts.length === 0) return { unscored: noPart(part) }
  const told: Exclude<Answer, { unscored: string }>[] = []
  for (const { name, subject: alone } of parts) {
    const one = await answer(alone)
    if ('unscored' in one) return { unscored: `${name}: ${one.unscored}` }
    const { reason } = one
    told.push({ ...one, ...(reason === undefined ? {} : { reason: `${name}: ${reason}` }) })
  }
  const passes = ({ value, passed = value === 1 }: { value: number; passed?: boolean }): boolean => passed
  const telling = told.find((one) => !passes(one)) ?? told[0]
  return {
    value: told.reduce((sum, { value }) => sum + value, 0) / told.length,
    passed: told.every((one) => passes(one)),
    ...defined({ reason: telling?.reason }),
  }
}

export interface NamedPart {
  readonly name: string
  readonly subject: Subject
}

/** The parts of a run that are meant, each as if it were the whole. */
export function partsOf(subject: Subject, part: RunPart): readonly NamedPart[] {
  const { spans } = subject.outcome.trace
  if ('agent' in part) {
    const agents = spans.filter(({ kind, name }) => kind === 'agent' && name === part.agent)
    const [last] = agents.slice(-1)
    if (last === undefined) return []
    const own = new Set(agents.flatMap(({ id }) => ownSpans(spans, id)))
    const inOrder = spans.filter((span) => own.has(span))
    return [{ name: partName(part), subject: narrowed(subject, inOrder, outputOf(last), last) }]
  }
  const found = spans.filter((span) => fits(span, part))
  const wanted = part.nth === undefined ? found : found.slice(...placeOf(part.nth))
  return wanted.map((span) => ({
    name: `${span.kind} ${short(nameOf(span), 60)} (${found.indexOf(span) + 1} of ${found.length})`,
    subject: narrowed(subject, [span], outputOf(span), span),
  }))
}

function fits(span: Span, { span: kind, name }: Extract<RunPart, { span: unknown }>): boolean {
  if (span.kind !== kind || (name !== undefined && nameOf(span) !== name)) return false
  return span.kind !== 'llm' || isAgentsModelCall(span)
}

function placeOf(nth: number | 'last'): [number, number?] {
  return nth === 'last' ? [-1] : [nth - 1, nth]
}

/** A tool is called by its name, whatever its span is called. */
function nameOf(span: Span): string {
  return span.kind === 'tool' || span.kind === 'human' ? span.request.name : span.name
}

/** An agent's span and what was done in it, down to where another agent begins. */
function ownSpans(spans: readonly Span[], agent: string): readonly Span[] {
  const children = Map.groupBy(spans, ({ parent }) => parent)
  const own: Span[] = spans.filter(({ id }) => id === agent)
  const open = [agent]
  // Each span has one parent, so each is met once; a cycle of parents is never reached from an agent outside of it.
  const met = new Set(open)
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const child of children.get(id) ?? []) {
      if (child.kind === 'agent' || met.has(child.id)) continue
      met.add(child.id)
      own.push(child)
      open.push(child.id)
    }
  }
  return own
}

function narrowed(
  { outcome, ...rest }: Subject,
  spans: readonly Span[],
  output: Json | undefined,
  { durationMs }: Span,
): Subject {
  const { trace, output: _, usage: __, costUsd: ___, ...whole } = outcome
  const { usage: ____, costUsd: _____, output: ______, durationMs: _______, ...head } = trace
  const totals = totalsOf(spans)
  const narrow = { ...head, ...defined({ output, durationMs }), ...totals, spans }
  const at = durationMs ?? whole.durationMs
  return { ...rest, outcome: { ...whole, ...defined({ output }), ...totals, durationMs: at, trace: narrow } }
}

/** What came out of a span: what a model said, what a tool gave, what a person answered. */
function outputOf(span: Span): Json | undefined {
  switch (span.kind) {
    case 'llm':
      return span.reply && textOf(span.reply.message)
    case 'tool':
      return span.reply?.response
    case 'human':
      return span.reply && answerIn(span.reply.message)
    default:
      return span.output
  }
}

/** Why nothing can be said where a run has no such part. */
export function noPart(part: RunPart): string {
  return `the run has no ${partName(part)}`
}

function partName(part: RunPart): string {
  if ('agent' in part) return `agent ${short(part.agent, 60)}`
  const name = part.name === undefined ? '' : ` ${short(part.name, 60)}`
  const nth = part.nth === undefined || part.nth === 'last' ? '' : ` number ${part.nth}`
  return `${part.span} span${name}${nth}`
}
