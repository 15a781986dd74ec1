import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json, type Json } from '../../schema/json.ts'
import { type Body, isRecord, readInput, recordIn, textIn } from '../../tap/wire/text.ts'
import { hidden } from '../otlp/genai-span.ts'
import { usageOf } from '../otlp/tokens.ts'
import { numberIn } from '../otlp/told.ts'
import { byRun, type Walked } from './by-run.ts'
import { skipped } from './foreign.ts'
import { importObserved } from './import-observed.ts'
import type { Imported, Importer, Source } from './importer.ts'
import { instantOf, millisBetween } from './instant.ts'
import type { Observation } from './observation.ts'
import { apart, repeatedIn, replyFrom, requestFrom } from './provider-talk.ts'
import { firstRowsOf, type Row, rowsOf, some } from './rows-of.ts'

/**
 * Traces of the OpenAI Agents SDK: what it posts to `/v1/traces/ingest` (`{ data: […] }`), or what a `TracingProcessor` was handed,
 * one event a line or in a list (https://openai.github.io/openai-agents-js/guides/tracing). Over the wire a `response` span has
 * an id and nothing that was said; a processor sees both.
 */
export const openaiAgents: Importer = {
  name: 'openai-agents',
  description: 'Traces of the OpenAI Agents SDK: as it sends them, or as a tracing processor sees them.',
  looksFor: 'JSON with objects of "object": "trace.span", in a list, under "data", or one a line',

  detect: (source) => firstRowsOf(source, 'data').some(isSpan),

  *read(source) {
    if (!some(rowsOf(source, 'data'), (row) => 'value' in row && isSpan(row))) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${openaiAgents.looksFor}.`, {
        at: { file: source.file },
      })
    }
    for (const found of byRun(() => walked(source)))
      yield 'problem' in found ? found : importTrace(found.items, source)
  },
}

function* walked(source: Source): Iterable<Walked<Told>> {
  for (const row of rowsOf(source, 'data')) {
    const data = 'value' in row ? item.safeParse(row.value).data : undefined
    if ('problem' in row) yield row
    else if (data === undefined) yield skipped(row.at, 'this is neither a trace nor a span')
    else {
      const run = data.object === 'trace' ? data.id : (data.trace_id ?? '')
      yield { run, item: { ...data, at: row.at, raw: recordIn(json.parse(row.value)) } }
    }
  }
}

function isSpan({ value }: Row): boolean {
  return item.safeParse(value).data?.object === 'trace.span'
}

const item = z.object({
  object: z.enum(['trace', 'trace.span']),
  id: z.string().min(1),
  trace_id: z.string().optional().catch(undefined),
  parent_id: z.string().nullish().catch(undefined),
  started_at: json.optional(),
  ended_at: json.optional(),
  span_data: json.optional(),
  error: json.optional(),
})

/** A trace or a span, as one of the records told it. */
type Told = z.infer<typeof item> & { readonly at: string; readonly raw: Body }

function importTrace(told: readonly Told[], source: Source): Imported {
  let trace: Body = {}
  // A span is told when it starts and when it ends: what was told last holds.
  const spans = new Map<string, Told>()
  for (const one of told) {
    if (one.object === 'trace') trace = { ...trace, ...one.raw }
    else spans.set(one.id, one)
  }
  const at = told[0]?.at ?? ''
  if (spans.size === 0) return skipped(at, 'the trace has no spans')
  const { workflow_name: name, group_id: group, metadata } = trace
  const user = recordIn(metadata).user_id
  return importObserved(
    {
      source: { format: openaiAgents.name, at: source.file },
      observations: [...spans.values()].map(observed),
      ...defined({
        name: typeof name === 'string' && name !== '' ? name : undefined,
        session: typeof group === 'string' && group !== '' ? group : undefined,
        user: typeof user === 'string' && user !== '' ? user : undefined,
        attributes: isRecord(metadata) ? { 'openai-agents.metadata': metadata } : undefined,
      }),
    },
    at,
  )
}

function observed(span: Told): Observation {
  // Members that begin with `_` stay in the process.
  const data = { ...recordIn(span.span_data), ...recordIn(span.raw._span_data) }
  const [start, end] = [instantOf(span.started_at), instantOf(span.ended_at)]
  const failed = isRecord(span.error) ? span.error : undefined
  const kind = textIn(data.type)
  const name = [data.name, data.sdk_span_type, kind].map(textIn).find((text) => text !== '') ?? 'span'
  const base = {
    id: span.id,
    ...defined({
      parent: span.parent_id ?? undefined,
      startedAt: start?.iso,
      startNanos: start?.nanos,
      durationMs: millisBetween(start, end),
    }),
    name,
    status: failed === undefined ? ('ok' as const) : ('error' as const),
    ...(failed === undefined ? {} : { error: { type: 'Error', message: messageOf(failed) } }),
  }
  switch (kind) {
    case 'generation':
    case 'response':
      return { ...base, ...modelOf(data), usageScope: 'call' }
    case 'function':
    case 'mcp_tool_call':
      return { ...base, ...toolOf(data) }
    case 'agent': {
      const { type: _, name: __, ...told } = data
      return { ...base, kind: 'agent', agent: name, attributes: prefixed(told) }
    }
    default: {
      const { type: _, name: __, input, output, ...told } = data
      return {
        ...base,
        kind: 'custom',
        ...defined({ input, output }),
        attributes: { 'openai-agents.type': kind, ...prefixed(told) },
      }
    }
  }
}

/** What went wrong, and what the tool itself said of it. */
function messageOf({ message, data }: Body): string {
  const why = recordIn(data).error
  return typeof why === 'string' && why !== '' ? `${textIn(message)}: ${why}` : textIn(message)
}

function modelOf(
  data: Body,
): Pick<Observation, 'kind' | 'request' | 'reply' | 'usage' | 'attributes' | 'fidelity'> {
  const asked = data.input ?? data._input
  const answered = data.output ?? data._response
  const {
    input: _,
    output: __,
    _input: ___,
    _response: ____,
    type: _____,
    usage: told,
    model,
    model_config: config,
    ...others
  } = data
  const reply = replyFrom(answered)
  const { usage, reply: said } = apart(reply)
  const settings = Object.fromEntries(
    Object.entries(recordIn(config)).filter(
      (entry): entry is [string, Json] => entry[1] !== null && entry[1] !== undefined,
    ),
  )
  const body = recordIn(answered)
  const used = usage ?? usageIn(recordIn(told))
  return {
    kind: 'llm',
    request: {
      ...requestFrom(asked),
      ...repeatedIn(answered),
      ...defined({ model: [model, body.model].find((one) => typeof one === 'string') }),
      ...(Object.keys(settings).length === 0 ? {} : { parameters: settings }),
    },
    ...defined({ reply: said, usage: used }),
    attributes: prefixed(others),
    ...cutIn({ request: asked, reply: answered }),
  }
}

function usageIn(usage: Body): Observation['usage'] {
  const [input, output] = [recordIn(usage.input_tokens_details), recordIn(usage.output_tokens_details)]
  return usageOf({
    counts: 'all',
    input: numberIn(usage.input_tokens) ?? numberIn(usage.prompt_tokens),
    output: numberIn(usage.output_tokens) ?? numberIn(usage.completion_tokens),
    cacheRead: numberIn(usage.cached_input_tokens) ?? numberIn(input.cached_tokens),
    cacheWrite: numberIn(usage.cache_write_input_tokens) ?? numberIn(input.cache_write_tokens),
    reasoning: numberIn(output.reasoning_tokens),
  })
}

/** A tool's arguments and result are text, whatever they were. */
function toolOf(data: Body): Pick<Observation, 'kind' | 'call' | 'result' | 'attributes' | 'fidelity'> {
  const { type: _, name, input, output, ...others } = data
  return {
    kind: 'tool',
    call: { name: textIn(name), ...(input === undefined || input === null ? {} : readInput(input)) },
    ...(output === undefined || output === null ? {} : { result: { response: output } }),
    attributes: prefixed(others),
    ...cutIn({ arguments: input, result: output }),
  }
}

/** Fields over 100 kB are cut: what is left says so, as `{ truncated: true, preview }` or at its end. */
function cutIn(
  fields: Readonly<Partial<Record<'request' | 'reply' | 'arguments' | 'result', Json | undefined>>>,
): Pick<Observation, 'fidelity'> {
  const { fidelity = {} } = hidden(fields)
  const cut = Object.entries(fields).flatMap(([field, value]) =>
    recordIn(value).truncated === true ? [[field, 'truncated'] as const] : [],
  )
  const all = { ...fidelity, ...Object.fromEntries(cut) }
  return Object.keys(all).length === 0 ? {} : { fidelity: all }
}

function prefixed(members: Body): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([key, value]) =>
      value === undefined || value === null ? [] : [[`openai-agents.${key}`, value] as const],
    ),
  )
}
