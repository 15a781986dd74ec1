import { flatJson } from '../lib/pretty-json.ts'
import { oneLine, plain } from '../lib/text.ts'
import type { Json } from '../schema/json.ts'
import { answerIn, textOf, toolCallsOf } from '../schema/message.ts'
import type { Outcome } from '../schema/outcome.ts'
import { type Span, type SpanOf, type Trace, stepsOf } from '../schema/trace.ts'
import { percent, plural } from './format.ts'
import type { Style } from './reporter.ts'

/** Differences shown; the rest is in `--json`. */
const mostDifferences = 8

/**
 * A replay as a person reads it: step by step what was served and how, then `reproduced`, or where it diverged and
 * what was different.
 */
export function showReplay(trace: Trace, outcome: Outcome, style: Style): string {
  return [...playedLines(trace, outcome, style), '', ...endOf(outcome, style.width), ''].join('\n')
}

/** What was played again, and each step of it: what was served, and how. */
export function playedLines(trace: Trace, outcome: Outcome, { width }: Style): readonly string[] {
  const spans = stepsOf(outcome.trace)
  const served = Math.max(6, ...spans.map((span) => (span.served ?? '').length))
  const lines = spans.map((span, index) => {
    const head = `${String(index + 1).padStart(4)}  ${(span.served ?? '').padEnd(served)}  ${whoOf(span).padEnd(5)}  `
    return head + oneLine(sayOf(span), Math.max(20, width - head.length))
  })
  return [`replay of ${oneLine(titleOf(trace), width - 10)}`, ...lines]
}

function titleOf({ id, name, task, trial }: Trace): string {
  const of = task === undefined ? '' : `, task ${task.id}`
  return `${id} (${name}${of}${trial === undefined ? '' : `, trial ${trial}`})`
}

function whoOf(span: Span): string {
  return span.kind === 'llm' && span.by === 'user' ? 'user' : span.kind
}

function sayOf(span: Span): string {
  switch (span.kind) {
    case 'llm': {
      if (span.reply === undefined) return 'not answered'
      const calls = toolCallsOf(span.reply.message).map((call) => `${call.name}(${flatJson(call.arguments)})`)
      return [textOf(span.reply.message), ...calls.map((call) => `→ ${call}`)]
        .filter((text) => text !== '')
        .join(' ')
    }
    case 'tool': {
      const asked = `${span.name}(${flatJson(span.request.arguments)})`
      return span.reply === undefined
        ? `${asked} not answered`
        : `${asked} = ${flatJson(span.reply.response)}`
    }
    case 'human':
      return asked(span)
    default:
      return span.name
  }
}

/** What a person said; where they were asked something, that too. */
function asked({ name, request, reply }: SpanOf<'human'>): string {
  const answer = reply === undefined ? undefined : answerIn(reply.message)
  // In a dialogue the question is what the agent said last, which is shown already.
  if (request.name === 'user') return answer === undefined ? 'not answered' : textIn(answer)
  const question = `${name}(${request.question === undefined ? '' : flatJson(request.question)})`
  return answer === undefined ? `${question} not answered` : `${question} = ${textIn(answer)}`
}

function textIn(answer: Json): string {
  return typeof answer === 'string' ? answer : flatJson(answer)
}

/** How far a replay rests on its recording, in a line. */
export function restsOf({ share, counts }: Outcome['fidelity']): string {
  const kinds = Object.entries(counts).map(([how, n]) => `${n} ${how}`)
  return `fidelity ${percent(share)}: ${kinds.join(', ') || 'nothing was asked'}`
}

function endOf({ status, reason, divergences, fidelity }: Outcome, width: number): string[] {
  const rests = restsOf(fidelity)
  const [first, ...others] = divergences
  if (first === undefined) {
    if (status === 'aborted') return [`aborted: ${plain(reason ?? 'no reason')}`]
    const cut = status === 'failed' ? ', cut off where the recorded run was' : ''
    return [`reproduced: ${plural(fidelity.steps, 'step')}${cut}; ${rests}`]
  }
  const shown = first.differences.slice(0, mostDifferences)
  const rest = first.differences.length - shown.length
  return [
    `diverged at step ${first.step}: ${plain(first.what)}`,
    ...shown.flatMap(({ path, expected, got }) => [
      `  at        ${path === '' ? 'the whole value' : plain(path)}`,
      `  expected  ${valueOf(expected, width)}`,
      `  got       ${valueOf(got, width)}`,
    ]),
    ...(rest > 0 ? [`  … and ${plural(rest, 'more difference')}`] : []),
    ...(first.nearest ?? [])
      .slice(1)
      .map((near) => `  or        ${oneLine(alsoNear(near), Math.max(20, width - 12))}`),
    ...others.map((other) => `also: ${plain(other.what)}`),
    rests,
  ]
}

/** Another recorded call that comes near: where it differs, as `volatile` takes it, and whether it was served already. */
function alsoNear({ step, differences, consumedBy }: Nearest): string {
  const taken = consumedBy === undefined ? '' : `, served already at step ${consumedBy}`
  const [first, ...others] = differences
  if (first === undefined) return `recorded step ${step}, the same${taken}`
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  const values = `${flatJson(first.expected ?? null)} → ${flatJson(first.got ?? null)}`
  return `recorded step ${step}${taken}: ${first.path === '' ? 'the whole value' : first.path} ${values}${more}`
}

type Nearest = NonNullable<Outcome['divergences'][number]['nearest']>[number]

function valueOf(value: unknown, width: number): string {
  return value === undefined ? '(nothing)' : oneLine(flatJson(value), Math.max(20, width - 12))
}
