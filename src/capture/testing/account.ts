import type { Json } from '../../schema/json.ts'
import { gradeOf } from '../../schema/grade.ts'
import { textOf, toolCallsOf } from '../../schema/message.ts'
import type { Span, Trace } from '../../schema/trace.ts'
import type { Imported } from '../importers/importer.ts'

/** What was imported, for a person to read and compare: turns, calls, results, usage, cost, and what was not taken. */
export function accountOf(format: string, found: readonly Imported[]): string {
  return [
    `format ${format}`,
    ...found.flatMap((item) =>
      'trace' in item
        ? traceLines(item.trace)
        : [`${item.problem.action} ${item.problem.at}: ${item.problem.reason}`],
    ),
    '',
  ].join('\n')
}

function traceLines(trace: Trace): readonly string[] {
  const { name, status, ended, task, trial, input, output, scores, spans } = trace
  const grade = gradeOf(trace)
  const depth = new Map<string, number>()
  for (const { id, parent } of spans) depth.set(id, parent === null ? 0 : (depth.get(parent) ?? 0) + 1)
  return [
    '',
    `trace ${name} ${status}${ended === undefined ? '' : ` (${ended})`}`,
    ...said('task', task === undefined ? undefined : `${task.id}${trial === undefined ? '' : ` #${trial}`}`),
    ...said('session', trace.session),
    ...said('user', trace.user),
    ...said('input', input),
    ...said('output', output),
    ...said('usage', used(trace.usage)),
    ...said('cost', trace.costUsd),
    ...scores.map(
      (score) => `  score ${score.name} ${score.status === 'scored' ? score.value : score.status}`,
    ),
    `  grade ${grade.grade}${grade.grade === 'C' ? `: ${grade.missing.map((what) => short(what, 100)).join('; ')}` : ''}`,
    ...spans.flatMap((span) =>
      spanLines(span).map((line) => `${'  '.repeat((depth.get(span.id) ?? 0) + 1)}${line}`),
    ),
  ]
}

function spanLines(span: Span): readonly string[] {
  const head = `${span.kind} ${short(span.name)}${span.status === 'ok' ? '' : ` ERROR ${short(span.error?.message ?? '')}`}`
  const time = span.durationMs === undefined ? '' : ` ${Math.round(span.durationMs)} ms`
  const known = Object.entries(span.fidelity ?? {}).map(([field, fidelity]) => `${field} ${fidelity}`)
  const doubt = [
    ...known,
    ...(span.attributes?.['evalkit.paired_by'] === undefined
      ? []
      : [`paired by ${short(span.attributes['evalkit.paired_by'])}`]),
  ]
  const first = `${head}${time}${doubt.length === 0 ? '' : ` [${doubt.join(', ')}]`}`
  switch (span.kind) {
    case 'llm': {
      const { request, reply } = span
      const calls = reply === undefined ? [] : toolCallsOf(reply.message)
      return [
        `${first} · ${request.model ?? '?'} asked with ${request.messages.length} messages, ${request.tools?.length ?? '?'} tools`,
        ...said('said', reply === undefined ? undefined : textOf(reply.message)),
        ...calls.map((call) => `  calls ${call.name} ${short(call.arguments)} as ${call.id}`),
        ...said('finish', reply?.finishReason),
        ...said('usage', used(reply?.usage)),
        ...said('cost', reply?.costUsd),
      ]
    }
    case 'tool':
      return [
        `${first} ${short(span.request.arguments)}`,
        ...said(span.reply?.isError === true ? 'failed with' : 'result', span.reply?.response),
      ]
    case 'human':
      return [first, ...said('answered', span.reply === undefined ? undefined : textOf(span.reply.message))]
    default:
      return [first]
  }
}

function used(usage: Trace['usage']): string | undefined {
  if (usage === undefined) return undefined
  const { input, cacheRead, cacheWrite, output, reasoning } = usage
  const thought = reasoning === undefined ? '' : ` (${reasoning} reasoning)`
  return `${input} in, ${cacheRead} from cache, ${cacheWrite} to cache, ${output} out${thought}`
}

function said(what: string, value: Json | undefined): readonly string[] {
  return value === undefined || value === '' ? [] : [`  ${what} ${short(value)}`]
}

function short(value: Json, longest = 160): string {
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/\s+/g, ' ')
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length})`
}
