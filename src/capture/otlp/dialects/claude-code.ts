import { defined } from '../../../lib/defined.ts'
import { type Message, textMessage, toolMessage } from '../../../schema/message.ts'
import { readInput } from '../../../tap/wire/text.ts'
import type { Observation } from '../../importers/observation.ts'
import { byTime, type OtlpRun, seenOf } from '../run.ts'
import type { OtlpAttributes, OtlpLog, OtlpSpan } from '../shape.ts'
import { usageOf } from '../tokens.ts'
import { numberIn, parsed, told } from '../told.ts'
import type { Dialect } from './dialect.ts'

/**
 * Claude Code and the Agent SDK (`CLAUDE_CODE_ENABLE_TELEMETRY=1`, traces beta): spans without content, and log records of
 * the interaction with what was said, where `OTEL_LOG_*` let them. Put together, they tell the conversation: what was asked
 * is everything said before, so requests and replies are `derived`. https://code.claude.com/docs/en/monitoring-usage
 */
export const claudeCode: Dialect = {
  name: 'claude-code',
  description: 'Claude Code and the Agent SDK: spans `claude_code.*` and their log events',
  scopes: (scope) => scope.startsWith('com.anthropic.claude_code'),
  recognizes: ({ name }) => name.startsWith('claude_code.'),
  observe(span, run) {
    const reader = told(span.attributes)
    const type = reader.text('span.type')
    // Who was asked whether the tool may run, and how long it ran, stands with the tool.
    const above = run.spanOf(span.parentSpanId)?.attributes['span.type']
    if (above === 'tool' && (type === 'tool.execution' || type === 'tool.blocked_on_user')) return undefined
    const common = {
      ...seenOf(span),
      session: reader.text('session.id', 'gen_ai.conversation.id'),
      user: reader.text('user.id'),
    }
    reader.raw(
      'gen_ai.system',
      'gen_ai.provider.name',
      'gen_ai.operation.name',
      'duration_ms',
      'interaction.duration_ms',
    )
    if (type === 'llm_request') {
      const finishReason = reader.text('stop_reason')
      reader.raw('gen_ai.response.finish_reasons', 'model')
      const usage = usageOf({
        counts: 'uncached',
        input: reader.number('input_tokens'),
        output: reader.number('output_tokens'),
        cacheRead: reader.number('cache_read_tokens'),
        cacheWrite: reader.number('cache_creation_tokens'),
      })
      const model = reader.text('gen_ai.request.model')
      return {
        ...common,
        kind: 'llm',
        usage,
        usageScope: 'call',
        request: defined({ model }),
        attributes: {
          ...reader.rest(),
          ...(finishReason === undefined ? {} : { stop_reason: finishReason }),
        },
      }
    }
    if (type === 'tool')
      return { ...common, ...toolSeen(span, run), attributes: { ...reader.rest(), ...details(span, run) } }
    if (type === 'interaction') {
      return {
        ...common,
        kind: 'agent',
        agent: 'claude-code',
        input: reader.text('user_prompt'),
        attributes: reader.rest(),
      }
    }
    return { ...common, kind: 'custom', attributes: reader.rest() }
  },
  complete(observations, run) {
    const completed = new Map<string, Observation>()
    const within = Map.groupBy(observations, ({ parent = '' }) => parent)
    for (const { id, kind } of observations) {
      if (kind !== 'agent') continue
      for (const one of conversed(within.get(id) ?? [], logsIn(id, run))) completed.set(one.id, one)
    }
    return observations.map((one) => completed.get(one.id) ?? one)
  },
}

function toolSeen(
  span: OtlpSpan,
  run: OtlpRun,
): Pick<Observation, 'kind' | 'name' | 'call' | 'result' | 'status' | 'error'> {
  const { attributes } = span
  const text = (key: string): string | undefined => {
    const value = attributes[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const name = text('tool_name') ?? text('gen_ai.tool.name') ?? span.name
  const id = text('tool_use_id') ?? text('gen_ai.tool.call.id')
  const log = id === undefined ? undefined : resultLogs(run).get(id)
  const given = attributes['tool_input'] ?? log?.['tool_input']
  const output = span.events.find(({ name: event }) => event === 'tool.output')?.attributes['output']
  const execution = run.childrenOf(span).find(({ attributes: of }) => of['span.type'] === 'tool.execution')
  const seen = execution === undefined ? undefined : seenOf(execution)
  const said = log?.['error']
  const failed =
    span.status.code === 2 ||
    seen?.status === 'error' ||
    log?.['success'] === 'false' ||
    log?.['success'] === false
  const message = seen?.error?.message ?? (typeof said === 'string' ? said : undefined)
  const type = execution?.attributes['error_class'] ?? log?.['error_type']
  const response = output === undefined ? (failed ? message : undefined) : parsed(output)
  return {
    kind: 'tool',
    name,
    call: { name, ...defined({ id }), ...(given === undefined ? {} : readInput(given)) },
    status: failed ? 'error' : 'ok',
    ...(failed ? { error: { type: typeof type === 'string' ? type : 'Error', message: message ?? '' } } : {}),
    ...(response === undefined ? {} : { result: { response } }),
  }
}

const byCall = new WeakMap<OtlpRun, ReadonlyMap<string, OtlpAttributes>>()

/** The log of each call's result, by the call's id. */
function resultLogs(run: OtlpRun): ReadonlyMap<string, OtlpAttributes> {
  const known = byCall.get(run)
  if (known !== undefined) return known
  const logs = new Map<string, OtlpAttributes>()
  for (const { eventName, attributes } of run.logs) {
    const id = attributes['tool_use_id']
    if (eventName === 'tool_result' && typeof id === 'string' && !logs.has(id)) logs.set(id, attributes)
  }
  byCall.set(run, logs)
  return logs
}

/** What the spans below a tool say of it. */
function details(span: OtlpSpan, run: OtlpRun): OtlpAttributes {
  return Object.fromEntries(
    run.childrenOf(span).flatMap(({ attributes, startTimeUnixNano, endTimeUnixNano }) => {
      const type = attributes['span.type']
      if (type !== 'tool.execution' && type !== 'tool.blocked_on_user') return []
      const durationMs = Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6
      const { decision, source } = attributes
      return [[`claude_code.${type}`, defined({ durationMs, decision, source })]]
    }),
  )
}

function logsIn(id: string, run: OtlpRun): readonly OtlpLog[] {
  const span = run.spanOf(id)
  return span === undefined ? [] : run.logsOf(span)
}

/** A model call, and the tools that ran before the next one. */
interface Turn {
  readonly model: Observation
  readonly tools: (Observation & Required<Pick<Observation, 'call'>>)[]
}

/** Messages that all requests of an interaction may repeat together: beyond it nobody knows what was asked. */
const mostRepeated = 1_000_000

/** The model calls of an interaction, with what its logs say was said. */
function conversed(within: readonly Observation[], logs: readonly OtlpLog[]): readonly Observation[] {
  const turns = turnsIn(within)
  const told_ = logs.find(({ eventName }) => eventName === 'user_prompt')?.attributes
  const prompt = textIn(told_, 'prompt', 'prompt_text')
  const models = turns.map(({ model }) => model)
  const responses = byModel(logs, models, 'assistant_response')
  const requests = byModel(logs, models, 'api_request')
  const messages: Message[] | undefined = prompt === undefined ? undefined : [textMessage('user', prompt)]
  let repeated = 0
  return turns.map(({ model: seen, tools }) => {
    repeated += messages?.length ?? 0
    const asked = messages === undefined || repeated > mostRepeated ? undefined : [...messages]
    const response = textIn(responses.get(seen), 'response')
    const log = requests.get(seen)
    const { stop_reason: finish, ...attributes } = seen.attributes ?? {}
    const message: Message = {
      role: 'assistant',
      parts: [
        ...(response === undefined ? [] : [{ type: 'text' as const, content: response }]),
        ...tools.map(({ call }) => ({
          type: 'tool_call' as const,
          id: call?.id ?? '',
          name: call?.name ?? '',
          arguments: call?.arguments ?? {},
        })),
      ],
    }
    const known = message.parts.length > 0
    if (known) messages?.push(message, ...tools.flatMap(shownResult))
    const facts = {
      model: textIn(log, 'model'),
      finishReason: typeof finish === 'string' ? finish : undefined,
    }
    return {
      ...seen,
      attributes,
      ...defined({ costUsd: numberIn(log?.['cost_usd']) }),
      request: { ...seen.request, ...defined({ messages: asked }) },
      ...(known ? { reply: { message, ...defined(facts) } } : {}),
      fidelity: {
        ...(asked === undefined ? {} : { request: 'derived' as const }),
        ...(known ? { reply: 'derived' as const } : {}),
      },
    }
  })
}

function turnsIn(within: readonly Observation[]): readonly Turn[] {
  const turns: Turn[] = []
  const inTime = within.toSorted((a, b) => byTime(String(a.startNanos ?? 0n), String(b.startNanos ?? 0n)))
  for (const one of inTime) {
    const { call } = one
    if (one.kind === 'llm') turns.push({ model: one, tools: [] })
    else if (one.kind === 'tool' && call !== undefined) turns.at(-1)?.tools.push({ ...one, call })
  }
  return turns
}

function shownResult({ call, result, status }: Observation): readonly Message[] {
  if (call === undefined || result === undefined) return []
  return [toolMessage(call.id ?? '', call.name, result.response, status === 'error')]
}

/** Logs name the interaction, not the call: each is of the last call that had begun when it was written. Both in order. */
function byModel(
  logs: readonly OtlpLog[],
  models: readonly Observation[],
  event: string,
): ReadonlyMap<Observation, OtlpAttributes> {
  const found = new Map<Observation, OtlpAttributes>()
  let next = 0
  for (const log of logs) {
    if (log.eventName !== event) continue
    const at = BigInt(log.timeUnixNano)
    while ((models[next]?.startNanos ?? at + 1n) <= at) next++
    const model = models[next - 1]
    if (model !== undefined && !found.has(model)) found.set(model, log.attributes)
  }
  return found
}

function textIn(attributes: OtlpAttributes | undefined, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes?.[key]
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}
