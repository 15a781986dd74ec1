import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { context, SpanStatusCode, trace as otel } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../lib/redact.ts'
import { trace as traceSchema, type Trace } from '../schema/trace.ts'
import { openCollector } from './collector.ts'
import { makerHere } from './maker.ts'
import { openReceiver } from './receiver.ts'
import { openRequestFolder } from './requests.ts'

/** Their enum is exported by a package below theirs. */
const gzip = 'gzip' as never

const question = { role: 'user', parts: [{ type: 'text', content: 'Umbrella in Tokyo? — 東京' }] }
const answer = { role: 'assistant', parts: [{ type: 'text', content: 'Yes.' }], finish_reason: 'stop' }

/** A run as OpenTelemetry's own SDK records it: an agent, a model call, two tools in parallel of which one fails. */
async function recorded(): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: memory })] })
  const tracer = provider.getTracer('travel', '1.0')
  const agent = tracer.startSpan('invoke_agent travel', {
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'travel' },
  })
  const below = otel.setSpan(context.active(), agent)
  const chat = tracer.startSpan(
    'chat m',
    {
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'm',
        'gen_ai.request.temperature': 0.5,
        'gen_ai.input.messages': JSON.stringify([question]),
        'gen_ai.output.messages': JSON.stringify([answer]),
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 151,
        'gen_ai.usage.output_tokens': 2 ** 33,
        'app.flags': [true, false],
      },
    },
    below,
  )
  chat.end()
  const [weather, rates] = ['get_weather', 'convert_currency'].map((name) =>
    tracer.startSpan(
      `execute_tool ${name}`,
      {
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': name,
          'gen_ai.tool.call.id': `call_${name}`,
          'gen_ai.tool.call.arguments': '{"city":"Tokyo"}',
        },
      },
      below,
    ),
  )
  weather?.setAttribute('gen_ai.tool.call.result', '{"rain":true}').end()
  rates?.recordException(new RangeError('upstream returned 503'))
  rates?.setStatus({ code: SpanStatusCode.ERROR, message: 'upstream returned 503' })
  rates?.end()
  agent.end()
  await provider.forceFlush()
  return memory.getFinishedSpans()
}

/** The traces that are stored of what an exporter sends. */
async function collected(exporterTo: (url: string) => SpanExporter, spans: ReadableSpan[]): Promise<Trace[]> {
  const folder = await mkdtemp(join(tmpdir(), 'exporters-'))
  let time = 1
  const now = (): number => time
  const stored: Trace[] = []
  const requests = await openRequestFolder(folder, now, () => 'process')
  const collector = await openCollector({
    folder,
    requests,
    now,
    maker: makerHere({
      requests,
      commit: async (changes) => void stored.push(...changes.map(({ trace }) => trace)),
    }),
  })
  const receiver = await openReceiver({ collector, redactor: createRedactor({}) })
  const exporter = exporterTo(`${receiver.origin}/v1/traces`)
  try {
    const { code, error } = await new Promise<{ code: number; error?: Error }>((resolve) => {
      exporter.export(spans, resolve)
    })
    expect([code, error]).toEqual([0, undefined])
    time += 3_600_000
    await collector.tick()
    return stored
  } finally {
    await exporter.shutdown()
    await receiver.close()
    await rm(folder, { recursive: true, force: true })
  }
}

describe("OpenTelemetry's own exporters", () => {
  it('are received, in protobuf and in JSON, compressed or not: the same trace', async () => {
    const spans = await recorded()
    const traces: Trace[] = []
    for (const exporterTo of [
      (url: string) => new ProtoExporter({ url, compression: gzip }),
      (url: string) => new ProtoExporter({ url }),
      (url: string) => new JsonExporter({ url, compression: gzip }),
      (url: string) => new JsonExporter({ url }),
    ]) {
      traces.push(...(await collected(exporterTo, spans)))
    }
    const [trace] = traces
    expect(traces).toHaveLength(4)
    expect(new Set(traces.map(({ id }) => id)).size).toBe(1)
    expect(traceSchema.safeParse(trace).error).toBeUndefined()
    expect(trace).toMatchObject({
      name: expect.stringContaining('travel'),
      usage: { input: 151, output: 2 ** 33 },
      attributes: { 'otlp.dialects': ['otel-genai'] },
    })
    const model = trace?.spans.find(({ kind }) => kind === 'llm')
    expect(model).toMatchObject({
      request: { model: 'm', messages: [question], parameters: { temperature: 0.5 } },
      reply: { message: { role: 'assistant', parts: answer.parts }, finishReason: 'stop' },
      attributes: { 'app.flags': [true, false] },
    })
    // Both may begin in the same moment of the clock: then nothing says which was first.
    const tools = trace?.spans.filter(({ kind }) => kind === 'tool')
    expect(tools?.toSorted((a, b) => (a.status < b.status ? 1 : -1))).toMatchObject([
      {
        status: 'ok',
        request: { id: 'call_get_weather', arguments: { city: 'Tokyo' } },
        reply: { response: { rain: true } },
      },
      {
        status: 'error',
        request: { id: 'call_convert_currency' },
        error: { type: 'RangeError', message: 'upstream returned 503' },
      },
    ])
  })
})
