import type { OtlpSpan } from '../../capture/otlp/shape.ts'

export function traceIdOf(run: number): string {
  return (run + 1).toString(16).padStart(32, '0')
}

/** One run as five spans in the words of OpenTelemetry GenAI, ends before starts: the root comes last. */
export function spansOf(run: number): readonly OtlpSpan[] {
  const ids = [1, 2, 3, 4].map((at) => (run * 16 + at).toString(16).padStart(16, '0'))
  const [root = '', first = '', tool = '', second = ''] = ids
  const asked = [{ role: 'user', parts: [{ type: 'text', content: `Question ${run}?` }] }]
  const calls = [
    { role: 'assistant', parts: [{ type: 'tool_call', id: `c${run}`, name: 'look', arguments: { run } }] },
  ]
  const shown = { role: 'tool', parts: [{ type: 'tool_call_response', id: `c${run}`, response: { run } }] }
  const said = [{ role: 'assistant', parts: [{ type: 'text', content: `Answer ${run}.` }] }]
  const start = 1_795_240_620_000_000_000n + BigInt(run) * 1_000_000_000n
  const span = (spanId: string, at: number, attributes: OtlpSpan['attributes'], parent = root): OtlpSpan => ({
    traceId: traceIdOf(run),
    spanId,
    ...(parent === '' ? {} : { parentSpanId: parent }),
    name: `span ${at}`,
    kind: 1,
    startTimeUnixNano: String(start + BigInt(at) * 1_000_000n),
    endTimeUnixNano: String(start + BigInt(at + (parent === '' ? 100 : 1)) * 1_000_000n),
    attributes,
    events: [],
    links: [],
    status: { code: 0 },
    resource: { 'service.name': 'shop' },
    scope: { name: 'test' },
  })
  const chat = (input: unknown, output: unknown): OtlpSpan['attributes'] => ({
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'm',
    'gen_ai.usage.input_tokens': 10,
    'gen_ai.usage.output_tokens': 2,
    'gen_ai.input.messages': JSON.stringify(input),
    'gen_ai.output.messages': JSON.stringify(output),
  })
  return [
    span(first, 1, chat(asked, calls)),
    span(tool, 3, {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'look',
      'gen_ai.tool.call.id': `c${run}`,
      'gen_ai.tool.call.arguments': JSON.stringify({ run }),
      'gen_ai.tool.call.result': JSON.stringify({ run }),
    }),
    span(second, 5, chat([...asked, ...calls, shown], said)),
    span(root, 0, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'shop' }, ''),
  ]
}

/** The same as a request in OTLP's JSON. */
export function jsonRequest(spans: readonly OtlpSpan[]): object {
  return {
    resourceSpans: spans.map(({ resource, scope, ...span }) => ({
      resource: { attributes: resource },
      scopeSpans: [{ scope, spans: [span] }],
    })),
  }
}
