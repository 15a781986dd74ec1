import { describe, expect, it } from 'vitest'
import type { Json } from '../../../schema/json.ts'
import { gradeOf } from '../../../schema/grade.ts'
import type { Trace } from '../../../schema/trace.ts'
import type { OtlpLog, OtlpSpan } from '../shape.ts'
import { spanOf, traceId, traceOfRun as traceOf } from '../testing/dialect-run.ts'
import { dialectOf, dialects } from './index.ts'

function span(
  attributes: Record<string, Json>,
  { scopeName = 'test', ...more }: Partial<OtlpSpan> & { scopeName?: string } = {},
): OtlpSpan {
  return spanOf(scopeName, attributes, more)
}

function first<K extends Trace['spans'][number]['kind']>(trace: Trace, kind: K) {
  const found = trace.spans.find((one) => one.kind === kind)
  if (found === undefined) throw new Error(`no ${kind} span in ${JSON.stringify(trace.spans)}`)
  return found as Extract<Trace['spans'][number], { kind: K }>
}

const question = { role: 'user', parts: [{ type: 'text', content: 'Umbrella?' }] }
const answer = { role: 'assistant', parts: [{ type: 'text', content: 'Yes.' }] }

describe('dialects', () => {
  it('are dispatched by the name of the scope first, then by attributes', () => {
    const both = { 'openinference.span.kind': 'LLM', 'gen_ai.operation.name': 'chat' }
    expect(dialectOf(span(both)).name).toBe('openinference')
    expect(dialectOf(span(both, { scopeName: '@traceloop/instrumentation-openai' })).name).toBe('openllmetry')
    expect(dialectOf(span({ 'gen_ai.system': 'x' })).name).toBe('otel-genai')
    expect(dialectOf(span({})).name).toBe('other-keys')
    expect(Object.entries(dialects).every(([name, dialect]) => dialect.name === name)).toBe(true)
  })

  it('read messages in whole JSON, as OpenTelemetry GenAI had them to 1.27, as attributes and as events', () => {
    const prompt = JSON.stringify([{ role: 'user', content: 'Umbrella?' }])
    const completion = JSON.stringify([{ role: 'assistant', content: 'Yes.' }])
    const usage = { 'gen_ai.usage.prompt_tokens': 12, 'gen_ai.usage.completion_tokens': 3 }
    const asAttributes = span({
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'm',
      ...usage,
      'gen_ai.prompt': prompt,
      'gen_ai.completion': completion,
    })
    const asEvents = span(
      { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'm', ...usage },
      {
        events: [
          { timeUnixNano: '1', name: 'gen_ai.content.prompt', attributes: { 'gen_ai.prompt': prompt } },
          {
            timeUnixNano: '2',
            name: 'gen_ai.content.completion',
            attributes: { 'gen_ai.completion': completion },
          },
        ],
      },
    )
    for (const one of [asAttributes, asEvents]) {
      const { request, reply } = first(traceOf([one]), 'llm')
      expect(request).toMatchObject({ model: 'm', messages: [question] })
      expect(reply).toMatchObject({ message: answer, usage: { input: 12, output: 3 } })
    }
  })

  it('read events of the span as they read log records (1.28 to 1.36)', () => {
    const events: OtlpSpan['events'] = [
      { timeUnixNano: '1', name: 'gen_ai.system.message', attributes: { content: 'Be brief.' } },
      { timeUnixNano: '2', name: 'gen_ai.user.message', attributes: { content: 'Umbrella?' } },
      {
        timeUnixNano: '3',
        name: 'gen_ai.choice',
        attributes: { finish_reason: 'stop', message: '{"content":"Yes."}' },
      },
    ]
    const { request, reply } = first(traceOf([span({ 'gen_ai.operation.name': 'chat' }, { events })]), 'llm')
    expect(request).toMatchObject({ system: [{ content: 'Be brief.' }], messages: [question] })
    expect(reply).toMatchObject({ message: answer, finishReason: 'stop' })
  })

  it('read the event of the whole operation (from 1.37), structured, and the newest names of usage', () => {
    const body = span({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
      'gen_ai.usage.cache_read.input_tokens': 60,
      'gen_ai.usage.cache_write.input_tokens': 30,
      'gen_ai.usage.reasoning.output_tokens': 5,
      'gen_ai.prompt.version': 'v7',
      'gen_ai.conversation.id': 'thread-1',
    })
    const log: OtlpLog = {
      traceId,
      spanId: body.spanId,
      timeUnixNano: '1',
      eventName: 'gen_ai.client.inference.operation.details',
      attributes: {
        'gen_ai.input.messages': [question],
        'gen_ai.output.messages': [{ ...answer, finish_reason: 'stop' }],
        'gen_ai.system_instructions': [{ type: 'text', content: 'Be brief.' }],
        'gen_ai.tool.definitions': [{ type: 'function', name: 'look', parameters: { type: 'object' } }],
      },
      resource: {},
      scope: { name: 'test' },
    }
    const trace = traceOf([body], [log])
    expect(first(trace, 'llm').request).toMatchObject({
      messages: [question],
      system: [{ type: 'text', content: 'Be brief.' }],
      tools: [{ name: 'look', inputSchema: { type: 'object' } }],
    })
    expect(trace.usage).toEqual({ input: 10, cacheRead: 60, cacheWrite: 30, output: 20, reasoning: 5 })
    expect([trace.versions.prompt, trace.session]).toEqual(['v7', 'thread-1'])
  })

  it('take the parts of messages they do not know as they are, and both names of a result', () => {
    const input = [
      question,
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'hm' },
          { type: 'tool_call', id: 'c1', name: 'look', arguments: '{"a":1}' },
        ],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', result: 'rain' }] },
      { role: 'user', parts: [{ type: 'blob', modality: 'image', content: 'AA==' }] },
    ]
    const { request } = first(
      traceOf([span({ 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': JSON.stringify(input) })]),
      'llm',
    )
    expect(request.messages.slice(1)).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'hm' },
          { type: 'tool_call', id: 'c1', name: 'look', arguments: { a: 1 } },
        ],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'rain' }] },
      {
        role: 'user',
        parts: [{ type: 'opaque', value: { type: 'blob', modality: 'image', content: 'AA==' } }],
      },
    ])
  })

  it('make custom spans of operations nobody knows, with all they say', () => {
    const trace = traceOf([span({ 'gen_ai.operation.name': 'guardrail.run', verdict: 'ok' })])
    expect(trace.spans[0]).toMatchObject({
      attributes: { 'gen_ai.operation.name': 'guardrail.run', verdict: 'ok' },
    })
    const plain = traceOf([
      span({ 'gen_ai.operation.name': 'invoke_agent' }),
      span({ 'db.system': 'postgres', n: 1 }, { name: 'SELECT' }),
    ])
    expect(plain.spans.find(({ name }) => name === 'SELECT')).toMatchObject({
      kind: 'custom',
      attributes: { 'db.system': 'postgres', n: 1 },
    })
  })

  it('count a tool that is called over MCP once', () => {
    const tool = span({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'look' })
    const client = span(
      { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'look' },
      { parentSpanId: tool.spanId, kind: 3 },
    )
    const server = span(
      { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'look' },
      { parentSpanId: client.spanId, kind: 2 },
    )
    expect(traceOf([tool, client, server]).spans.filter(({ kind }) => kind === 'tool')).toHaveLength(1)
    const alone = span(
      { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'look', 'error.type': 'tool_error' },
      { kind: 3, status: { code: 2 } },
    )
    expect(first(traceOf([alone]), 'tool')).toMatchObject({ status: 'error', error: { type: 'tool_error' } })
  })

  it('count what a reply used where its content was not recorded, and do not replay it', () => {
    const trace = traceOf([
      span({
        'gen_ai.operation.name': 'chat',
        'gen_ai.response.model': 'm',
        'gen_ai.usage.input_tokens': 5,
        'gen_ai.usage.output_tokens': 2,
      }),
    ])
    expect(trace.usage).toMatchObject({ input: 5, output: 2 })
    expect(first(trace, 'llm').fidelity).toEqual({ request: 'missing', reply: 'missing' })
    expect(gradeOf(trace)).toMatchObject({
      grade: 'C',
      missing: expect.arrayContaining(['the reply of llm span s2 (span) (missing)']),
    })
  })

  it('say what an exporter hid or cut, and do not replay it', () => {
    const trace = traceOf([
      span({
        'openinference.span.kind': 'TOOL',
        'input.value': '__REDACTED__',
        'output.value': `${'x'.repeat(10)}... [truncated]`,
      }),
    ])
    expect(first(trace, 'tool').fidelity).toEqual({ arguments: 'redacted', result: 'truncated' })
  })

  it('read the raw request of OpenInference before its flattened form, which may lack results', () => {
    const request = {
      model: 'claude',
      max_tokens: 10,
      system: 'Be brief.',
      messages: [
        { role: 'user', content: 'Umbrella?' },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'a', name: 'look', input: { n: 1 } },
            { type: 'tool_use', id: 'b', name: 'look', input: { n: 2 } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', content: 'rain' },
            { type: 'tool_result', tool_use_id: 'b', content: 'broken', is_error: true },
          ],
        },
      ],
    }
    const one = span({
      'openinference.span.kind': 'LLM',
      'llm.model_name': 'claude-1',
      'input.value': JSON.stringify(request),
      'llm.input_messages.2.message.role': 'user',
      'llm.input_messages.2.message.tool_call_id': 'b',
      'llm.input_messages.2.message.content': 'broken',
      'llm.token_count.prompt': 1175,
      'llm.token_count.prompt_details.cache_write': 1024,
      'llm.token_count.completion': 61,
      'llm.output_messages.0.message.role': 'assistant',
      'llm.output_messages.0.message.content': 'Yes.',
    })
    const trace = traceOf([one])
    const { request: asked, reply } = first(trace, 'llm')
    expect(asked.system).toEqual([{ type: 'text', content: 'Be brief.' }])
    expect(asked.messages.flatMap(({ role, parts }) => (role === 'tool' ? parts : []))).toEqual([
      { type: 'tool_call_response', id: 'a', response: 'rain' },
      { type: 'tool_call_response', id: 'b', response: 'broken', isError: true },
    ])
    expect(reply).toMatchObject({ message: answer, model: 'claude-1' })
    expect(trace.usage).toEqual({ input: 151, cacheRead: 0, cacheWrite: 1024, output: 61 })
  })

  it('read the spans of LangSmith', () => {
    const agent = span({
      'langsmith.span.kind': 'chain',
      'langsmith.metadata.thread_id': 't1',
      'gen_ai.prompt': '{"q":1}',
    })
    const llm = span(
      {
        'langsmith.span.kind': 'llm',
        'gen_ai.request.model': 'm',
        'gen_ai.prompt': JSON.stringify({ messages: [{ role: 'user', content: 'Umbrella?' }] }),
        'gen_ai.completion': JSON.stringify({
          choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }],
        }),
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.output_tokens': 3,
      },
      { parentSpanId: agent.spanId },
    )
    const tool = span(
      { 'langsmith.span.kind': 'tool', 'gen_ai.prompt': '{"a":1}', 'gen_ai.completion': '"rain"' },
      { parentSpanId: agent.spanId, name: 'look' },
    )
    const trace = traceOf([agent, llm, tool])
    expect(trace).toMatchObject({ session: 't1', usage: { input: 12, output: 3 } })
    expect(first(trace, 'llm')).toMatchObject({
      request: { messages: [question] },
      reply: { message: answer, finishReason: 'stop' },
    })
    expect(first(trace, 'tool')).toMatchObject({
      request: { name: 'look', arguments: { a: 1 } },
      reply: { response: 'rain' },
    })
  })

  it('read what pydantic-ai, ADK and others put under names of their own', () => {
    const logfire = span(
      {
        all_messages_events: JSON.stringify([question, answer]),
        'gen_ai.request.model': 'm',
        'gen_ai.response.model': 'm-1',
      },
      { scopeName: 'x' },
    )
    const read = first(traceOf([logfire]), 'llm')
    expect(read).toMatchObject({
      request: { messages: [question] },
      reply: { message: answer, model: 'm-1' },
    })
    expect(read.fidelity).toBeUndefined()
    const adk = span(
      { 'gcp.vertex.agent.tool_call_args': '{"a":1}', 'gcp.vertex.agent.tool_response': '{"b":2}' },
      { name: 'execute_tool look' },
    )
    expect(first(traceOf([adk]), 'tool')).toMatchObject({
      request: { name: 'look', arguments: { a: 1 } },
      reply: { response: { b: 2 } },
    })
    const other = span({ 'input.value': 'in', 'output.value': 'out', more: true })
    expect(traceOf([other])).toMatchObject({ input: 'in', output: 'out' })
  })

  it('read the AI SDK whatever form arguments come in, and what it streams and structures', () => {
    for (const calls of [
      [{ toolCallType: 'function', toolCallId: 'c', toolName: 'look', args: '{"a":1}' }],
      [{ toolCallId: 'c', toolName: 'look', input: '{"a":1}' }],
      [{ toolCallId: 'c', toolName: 'look', input: { a: 1 } }],
    ]) {
      const one = span(
        { 'ai.operationId': 'ai.streamText.doStream', 'ai.response.toolCalls': JSON.stringify(calls) },
        { scopeName: 'ai' },
      )
      expect(first(traceOf([one]), 'llm').reply?.message.parts).toEqual([
        { type: 'tool_call', id: 'c', name: 'look', arguments: { a: 1 } },
      ])
    }
    const structured = span({
      'ai.operationId': 'ai.generateObject.doGenerate',
      'ai.response.object': '{"a":1}',
      'ai.usage.promptTokens': 5,
      'ai.usage.completionTokens': 1,
      'ai.response.providerMetadata': '{"anthropic":{"cacheCreationInputTokens":7,"cacheReadInputTokens":2}}',
    })
    expect(first(traceOf([structured]), 'llm').reply).toMatchObject({
      message: { parts: [{ content: '{"a":1}' }] },
      usage: { input: 5, cacheRead: 2, cacheWrite: 7, output: 1 },
    })
  })

  it('count Anthropic’s tokens as OpenLLMetry sends them: without the cache', () => {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': 2000,
      'gen_ai.usage.cache_read_input_tokens': 500,
      'gen_ai.usage.output_tokens': 1,
    }
    const anthropic = traceOf([span(attributes, { scopeName: '@traceloop/instrumentation-anthropic' })])
    expect(anthropic.usage?.input).toBe(2000)
    expect(traceOf([span(attributes, { scopeName: '@traceloop/instrumentation-openai' })]).usage?.input).toBe(
      1500,
    )
  })
})
