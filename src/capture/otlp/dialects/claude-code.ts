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
    for (const { id, kind } of observations) {
      if (kind !== 'agent') continue
      for (const one of conversed(id, observations, run)) completed.set(one.id, one)
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
  const log =
    id === undefined
      ? undefined
      : run.logs.find(
          ({ eventName, attributes: of }) => eventName === 'tool_result' && of['tool_use_id'] === id,
        )?.attributes
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

/** The model calls of an interaction, with what its logs say was said. */
function conversed(
  agent: string,
  observations: readonly Observation[],
  run: OtlpRun,
): readonly Observation[] {
  const within = observations
    .filter(({ parent, kind }) => parent === agent && (kind === 'llm' || kind === 'tool'))
    .toSorted((a, b) => byTime(String(a.startNanos ?? 0n), String(b.startNanos ?? 0n)))
  const models = within.filter(({ kind }) => kind === 'llm')
  const logs = run.logs.filter(({ spanId }) => spanId === agent)
  const prompt = textIn(
    logs.find(({ eventName }) => eventName === 'user_prompt')?.attributes,
    'prompt',
    'prompt_text',
  )
  const responses = byModel(logs, models, 'assistant_response')
  const requests = byModel(logs, models, 'api_request')
  const messages: Message[] | undefined = prompt === undefined ? undefined : [textMessage('user', prompt)]
  return models.map((seen) => {
    const asked = messages === undefined ? undefined : [...messages]
    const at = within.indexOf(seen)
    const next = within.findIndex(({ kind }, index) => index > at && kind === 'llm')
    const tools = within
      .slice(at + 1, next === -1 ? undefined : next)
      .flatMap(({ call, result, status }) => (call === undefined ? [] : [{ call, result, status }]))
    const response = textIn(responses.get(seen), 'response')
    const log = requests.get(seen)
    const { stop_reason: finish, ...attributes } = seen.attributes ?? {}
    const message: Message = {
      role: 'assistant',
      parts: [
        ...(response === undefined ? [] : [{ type: 'text' as const, content: response }]),
        ...tools.map(({ call }) => ({
          type: 'tool_call' as const,
          id: call.id ?? '',
          name: call.name,
          arguments: call.arguments ?? {},
        })),
      ],
    }
    const known = message.parts.length > 0
    if (known && messages !== undefined) {
      messages.push(message)
      for (const { call, result, status } of tools) {
        if (result !== undefined)
          messages.push(toolMessage(call.id ?? '', call.name, result.response, status === 'error'))
      }
    }
    const model = textIn(log, 'model')
    return {
      ...seen,
      attributes,
      ...defined({ costUsd: numberIn(log?.['cost_usd']) }),
      request: { ...seen.request, ...defined({ messages: asked }) },
      ...(known
        ? {
            reply: {
              message,
              ...defined({ model, finishReason: typeof finish === 'string' ? finish : undefined }),
            },
          }
        : {}),
      fidelity: {
        ...(asked === undefined ? {} : { request: 'derived' as const }),
        ...(known ? { reply: 'derived' as const } : {}),
      },
    }
  })
}

/** Logs name the interaction, not the call: each is of the last call that had begun when it was written. */
function byModel(
  logs: readonly OtlpLog[],
  models: readonly Observation[],
  event: string,
): ReadonlyMap<Observation, OtlpAttributes> {
  const found = new Map<Observation, OtlpAttributes>()
  for (const log of logs) {
    if (log.eventName !== event) continue
    const at = BigInt(log.timeUnixNano)
    const model = models.findLast(({ startNanos }) => startNanos !== undefined && startNanos <= at)
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
