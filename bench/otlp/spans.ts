import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { OtlpAttributes, OtlpSpan } from '../../src/capture/otlp/shape.ts'
import { message, traceRequest } from '../../src/capture/otlp/testing/proto-writer.ts'
import { spansOf } from '../../src/collect/testing/spans.ts'
import { readFixture } from '../../src/dataset/fixture-file.ts'
import type { Call, CallOf } from '../../src/schema/call.ts'
import { unpackRecording } from '../../src/schema/recording.ts'

/** What is sent to a receiver: requests in protobuf, of so many spans in all. */
export interface Workload {
  readonly name: string
  readonly spans: number
  readonly requests: readonly Buffer[]
}

/** Which spans: so many short runs from one number on, or copies of the recorded runs, as sessions of so many. */
export type Batch =
  | { readonly short: number; readonly from?: number }
  | { readonly recorded: readonly number[]; readonly together?: number }

export function workloadOf(batch: Batch): Workload {
  return 'short' in batch ? shortRuns(batch.short, batch.from) : recordedRuns(batch.recorded, batch.together)
}

/** Runs of two model calls and a tool call, from one number on: four spans of 1.4 kB on average. */
export function shortRuns(runs: number, from = 0): Workload {
  const all = Array.from({ length: runs }, (_, run) => spansOf(from + run)).flat()
  return workload(
    'short runs',
    all.map((span) => {
      const asks = 'gen_ai.input.messages' in span.attributes
      return asks ? { ...span, attributes: { ...span.attributes, ...shortPrompt } } : span
    }),
  )
}

/**
 * The recorded runs of `fixtures/airline` as an instrumentation of OpenTelemetry GenAI tells them: a span for the run, one for each
 * model call with the whole conversation so far, and one for each tool call. Each copy says something else: its vowels are others.
 * With `together`, so many runs are one session, whose conversation goes on.
 */
export function recordedRuns(copies: readonly number[], together = 1): Workload {
  const folder = new URL('../../fixtures/', import.meta.url).pathname
  const cases = readdirSync(join(folder, 'airline')).filter((file) => file.endsWith('.json'))
  const runs = cases.flatMap((file) =>
    readFixture(folder, 'airline', basename(file, '.json')).fixture.recordings.map(
      (packed) => unpackRecording(packed).calls,
    ),
  )
  const sessions = Array.from({ length: Math.floor(runs.length / together) }, (_, at) =>
    runs.slice(at * together, (at + 1) * together).reduce(continued),
  )
  return workload(
    together === 1 ? 'recorded runs' : `sessions of ${together} recorded runs`,
    copies.flatMap((copy) =>
      sessions.flatMap((calls, at) =>
        spansOfCalls(varied(calls, copy) as readonly Call[], copy * sessions.length + at),
      ),
    ),
  )
}

/** The calls of a session that goes on with those of another run. */
function continued(calls: readonly Call[], more: readonly Call[]): readonly Call[] {
  const last = calls.findLast((call) => call.kind === 'llm')
  const before = last === undefined ? [] : [...last.request.messages, last.reply.message]
  return [
    ...calls,
    ...more.map((call): Call => {
      if (call.kind !== 'llm') return call
      return { ...call, request: { ...call.request, messages: [...before, ...call.request.messages] } }
    }),
  ]
}

const vowels = 'aeiou'
const kept: ReadonlySet<string> = new Set(['kind', 'type', 'role', 'id', 'name'])

function varied(value: unknown, by: number, name = ''): unknown {
  if (typeof value === 'string') {
    if (kept.has(name)) return value
    return value.replaceAll(/[aeiou]/g, (vowel) => vowels[(vowels.indexOf(vowel) + by) % 5] ?? vowel)
  }
  if (Array.isArray(value)) return value.map((item) => varied(item, by, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, varied(member, by, key)]))
}

/** Spans of one request, as the batch processors of OpenTelemetry send them. */
export const batch = 512

function workload(name: string, spans: readonly OtlpSpan[]): Workload {
  const requests: Buffer[] = []
  for (let from = 0; from < spans.length; from += batch)
    requests.push(traceRequest(spans.slice(from, from + batch).map(encodedSpan)))
  return { name, spans: spans.length, requests }
}

function spansOfCalls(calls: readonly Call[], run: number): readonly OtlpSpan[] {
  const base = spansOf(run).at(-1)
  if (base === undefined) throw new Error('there is a root')
  const start = BigInt(base.startTimeUnixNano)
  const told = calls.flatMap((call, at): OtlpSpan[] => {
    if (call.kind !== 'llm' && call.kind !== 'tool') return []
    return [
      {
        ...base,
        spanId: `${run.toString(16).padStart(8, '0')}${(at + 1).toString(16).padStart(8, '0')}`,
        parentSpanId: base.spanId,
        name: call.kind === 'llm' ? 'chat m' : `execute_tool ${call.request.name}`,
        startTimeUnixNano: String(start + BigInt(at + 1) * 1_000_000n),
        endTimeUnixNano: String(start + BigInt(at + 1) * 1_000_000n + 900_000n),
        attributes: call.kind === 'llm' ? chatOf(call) : toolOf(call),
      },
    ]
  })
  const end = start + BigInt(calls.length + 2) * 1_000_000n
  return [...told, { ...base, endTimeUnixNano: String(end) }]
}

function chatOf({ request, reply }: CallOf<'llm'>): OtlpAttributes {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'm',
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 20,
    'gen_ai.system_instructions': JSON.stringify(request.system ?? []),
    'gen_ai.input.messages': JSON.stringify(request.messages),
    'gen_ai.output.messages': JSON.stringify([reply.message]),
  }
}

function toolOf({ request, reply }: CallOf<'tool'>): OtlpAttributes {
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': request.name,
    'gen_ai.tool.call.id': request.id ?? '',
    'gen_ai.tool.call.arguments': JSON.stringify(request.arguments),
    'gen_ai.tool.call.result':
      typeof reply.response === 'string' ? reply.response : JSON.stringify(reply.response),
  }
}

export function encodedSpan(span: OtlpSpan): Buffer {
  const { traceId, spanId, parentSpanId, name, startTimeUnixNano, endTimeUnixNano, attributes } = span
  return message([
    [1, Buffer.from(traceId, 'hex')],
    [2, Buffer.from(spanId, 'hex')],
    ...(parentSpanId === undefined ? [] : [[4, Buffer.from(parentSpanId, 'hex')] as const]),
    [5, name],
    [7, BigInt(startTimeUnixNano), 'fixed64'],
    [8, BigInt(endTimeUnixNano), 'fixed64'],
    ...Object.entries(attributes).map(
      ([key, value]) =>
        [
          9,
          message([
            [1, key],
            [
              2,
              message([
                typeof value === 'number'
                  ? [3, BigInt(value)]
                  : [1, typeof value === 'string' ? value : JSON.stringify(value)],
              ]),
            ],
          ]),
        ] as const,
    ),
  ])
}

/** A system prompt and definitions of tools, as model calls carry them. */
const shortPrompt = {
  'gen_ai.system_instructions': JSON.stringify([
    { type: 'text', content: 'You help people with their orders. '.repeat(40) },
  ]),
  'gen_ai.tool.definitions': JSON.stringify(
    ['look', 'refund', 'ship'].map((name) => ({
      type: 'function',
      name,
      description: 'Does what its name says, and tells what came of it.',
      parameters: {
        type: 'object',
        properties: { run: { type: 'number' }, why: { type: 'string' } },
        required: ['run'],
      },
    })),
  ),
}
