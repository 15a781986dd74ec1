import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json, type Json } from '../../schema/json.ts'
import { type Body, isRecord, listIn, readInput, recordIn, textIn } from '../../tap/wire/text.ts'
import { hidden } from '../otlp/genai-span.ts'
import { toolsIn } from '../otlp/messages.ts'
import { numberIn, parsed } from '../otlp/told.ts'
import { skipped } from './foreign.ts'
import { importObserved } from './import-observed.ts'
import type { Imported, Importer, Problem } from './importer.ts'
import { instantOf, millisBetween } from './instant.ts'
import { langchainMessage } from './langchain-message.ts'
import { langfuseUsage } from './langfuse-usage.ts'
import type { Observation } from './observation.ts'
import { apart, asAsked, repeatedIn, replyFrom, requestFrom, toolResult } from './provider-talk.ts'
import { firstRowsOf, type Row, rowsOf, some } from './rows-of.ts'

/**
 * Traces of Langfuse as its API and its exports have them: a trace with its `observations`, or both beside each other
 * (https://langfuse.com/docs/api-and-data-platform/features/public-api). Inputs, outputs and metadata may be values, JSON in text, or that in text again.
 * An error is a `level`, whatever the status of OpenTelemetry says; token counts do not overlap.
 */
export const langfuse: Importer = {
  name: 'langfuse',
  description: 'Traces of Langfuse with their observations, as its API and its exports have them.',
  looksFor:
    'JSON of a trace with "observations" that have a "traceId" and a "type", one, a list, or one a line',

  detect: (source) => firstRowsOf(source, 'data').some(isTrace),

  *read(source) {
    if (!some(rowsOf(source, 'data'), isTrace)) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${langfuse.looksFor}.`, { at: { file: source.file } })
    }
    for (const row of rowsOf(source, 'data')) {
      if ('problem' in row) yield row
      else if (!isTrace(row)) yield skipped(row.at, 'this is no trace with observations')
      else yield* importTrace(recordIn(json.parse(row.value)), row.at, source.file)
    }
  },
}

function isTrace(row: Row | Problem): boolean {
  return 'value' in row && sign.safeParse(row.value).success
}

const observation = z.looseObject({ id: z.string().min(1), traceId: z.string(), type: z.string() })
const sign = z.looseObject({
  observations: z
    .array(z.unknown())
    .min(1)
    .refine((list) => list.some((one) => observation.safeParse(one).success)),
})

function* importTrace(whole: Body, at: string, file: string): Iterable<Imported> {
  const { observations: list, ...flat } = whole
  const trace = isRecord(whole.trace) ? whole.trace : flat
  const seen: Observation[] = []
  for (const [index, value] of listIn(list).entries()) {
    if (observation.safeParse(value).success) seen.push(observed(recordIn(value)))
    else
      yield skipped(
        `${at === 'the whole file' ? '' : `${at}.`}observations[${index}]`,
        'this is no observation: it has no id, no trace or no type',
      )
  }
  const { name, sessionId: session, userId: user, version, release } = trace
  const [input, output] = [parsed(trace.input), parsed(trace.output)].map((value) => value ?? undefined)
  const lost = listIn(list).length - seen.length
  yield importObserved(
    {
      source: { format: langfuse.name, at: file },
      observations: seen.map((one) =>
        one.parent === undefined
          ? {
              ...one,
              ...defined({
                input: one.input ?? input,
                output: one.output ?? output,
                codeVersion: one.codeVersion ?? firstText(version, release),
              }),
            }
          : one,
      ),
      tags: listIn(trace.tags).filter((tag) => typeof tag === 'string'),
      ...defined({ name: firstText(name), session: firstText(session), user: firstText(user) }),
      attributes: {
        ...kept('langfuse.trace', {
          id: trace.id,
          environment: trace.environment,
          metadata: parsed(trace.metadata),
          scores: trace.scores,
        }),
        ...(lost === 0 ? {} : { 'langfuse.observations_lost': lost }),
      },
    },
    at,
  )
}

const kinds: Readonly<Record<string, Observation['kind']>> = {
  GENERATION: 'llm',
  TOOL: 'tool',
  AGENT: 'agent',
  RETRIEVER: 'retrieval',
}

function observed(told: Body): Observation {
  const [start, end] = [instantOf(told.startTime), instantOf(told.endTime)]
  const metadata = recordIn(parsed(told.metadata))
  const output = parsed(told.output) ?? undefined
  // LangGraph's tools come as spans; what they brought says what they are.
  const message = langchainMessage(output)?.message
  const kind = kinds[textIn(told.type)] ?? (message?.role === 'tool' ? 'tool' : 'custom')
  const failed = told.level === 'ERROR'
  const prompt = told.promptVersion
  const base = {
    id: textIn(told.id),
    ...defined({
      parent: firstText(told.parentObservationId),
      startedAt: start?.iso,
      startNanos: start?.nanos,
      durationMs: millisBetween(start, end),
    }),
    name: textIn(told.name),
    status: failed ? ('error' as const) : ('ok' as const),
    ...(failed ? { error: { type: 'Error', message: textIn(told.statusMessage) } } : {}),
    ...defined({
      codeVersion: firstText(told.version),
      promptVersion: typeof prompt === 'number' ? `${textIn(told.promptName)}@${prompt}` : firstText(prompt),
      usage: langfuseUsage(recordIn(told.usageDetails)),
      costUsd: costOf(told),
    }),
    usageScope: kind === 'llm' ? ('call' as const) : ('aggregate' as const),
    attributes: kept('langfuse', {
      type: told.type,
      level: told.level,
      status_message: told.statusMessage,
      environment: told.environment,
      usage: told.usageDetails,
      metadata,
    }),
  }
  if (kind === 'llm') return { ...base, ...modelOf(told, metadata) }
  if (kind === 'tool') return { ...base, ...toolOf(told, metadata, message) }
  return { ...base, kind, ...defined({ input: parsed(told.input) ?? undefined, output }) }
}

/** A total of 0 is what is written where no price was known. */
function costOf(told: Body): number | undefined {
  const total =
    numberIn(recordIn(told.costDetails).total) ??
    numberIn(told.totalCost) ??
    numberIn(told.calculatedTotalCost)
  return total === undefined || total <= 0 ? undefined : total
}

function modelOf(told: Body, metadata: Body): Pick<Observation, 'kind' | 'request' | 'reply' | 'fidelity'> {
  const reply = replyFrom(told.output)
  const asked = requestFrom(told.input)
  const tools = toolsIn(metadata.tools)
  const parameters = Object.fromEntries(
    Object.entries(recordIn(parsed(told.modelParameters))).filter(
      (entry): entry is [string, Json] => entry[1] !== null && entry[1] !== undefined,
    ),
  )
  const { finishReason, ...settings } = parameters
  const { reply: rest } = apart(reply)
  const messages = asked.messages === undefined ? undefined : asAsked(asked.messages, reply?.message)
  return {
    kind: 'llm',
    request: {
      ...(tools.length === 0 ? {} : { tools }),
      ...asked,
      ...repeatedIn(told.output),
      ...defined({ messages, model: asked.model ?? firstText(told.model) }),
      ...(Object.keys(settings).length === 0 ? {} : { parameters: { ...settings, ...asked.parameters } }),
    },
    ...(rest === undefined
      ? {}
      : { reply: { ...defined({ finishReason: firstText(finishReason) }), ...rest } }),
    ...hidden({ request: told.input, reply: told.output }),
  }
}

function toolOf(
  told: Body,
  metadata: Body,
  message: ReturnType<typeof messageType>,
): Pick<Observation, 'kind' | 'call' | 'result' | 'fidelity'> {
  const attributes = recordIn(metadata.attributes)
  const [shown] = message?.role === 'tool' ? message.parts : []
  const answer = shown?.type === 'tool_call_response' ? shown : undefined
  const id = firstText(
    attributes['ai.toolCall.id'],
    attributes['gen_ai.tool.call.id'],
    metadata.tool_call_id,
    answer?.id,
  )
  const name =
    firstText(
      attributes['ai.toolCall.name'],
      attributes['gen_ai.tool.name'],
      attributes['tool.name'],
      told.name,
    ) ?? ''
  const [given, output] = [told.input ?? undefined, parsed(told.output) ?? undefined]
  return {
    kind: 'tool',
    call: { name, ...defined({ id }), ...(given === undefined ? {} : readInput(parsed(given))) },
    ...toolResult(output, answer),
    ...hidden({ arguments: given, result: told.output }),
  }
}

function messageType(value: Json) {
  return langchainMessage(value)?.message
}

function firstText(...values: readonly (Json | undefined)[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '')
}

/** What says something, under names of its own. */
function kept(prefix: string, members: Body): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([key, value]) => {
      const silent =
        value === undefined ||
        value === null ||
        (typeof value === 'object' && Object.keys(value).length === 0)
      return silent ? [] : [[`${prefix}.${key}`, value] as const]
    }),
  )
}
