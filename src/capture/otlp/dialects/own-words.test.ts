import { describe, expect, it } from 'vitest'
import type { Json } from '../../../schema/json.ts'
import type { Trace } from '../../../schema/trace.ts'
import type { OtlpSpan } from '../shape.ts'
import { spanOf, traceOfRun } from '../testing/dialect-run.ts'

/** Spans as the sources of each library write them: those say the most in words of their own. */
const span = spanOf
const traceOf = (...spans: readonly OtlpSpan[]): Trace => traceOfRun(spans)

function all<K extends Trace['spans'][number]['kind']>(trace: Trace, kind: K) {
  return trace.spans.filter((one): one is Extract<Trace['spans'][number], { kind: K }> => one.kind === kind)
}

const question = { role: 'user', parts: [{ type: 'text', content: 'Umbrella?' }] }
const answer = { role: 'assistant', parts: [{ type: 'text', content: 'Yes.' }] }
const call = { type: 'tool_call', id: 'c1', name: 'look', arguments: { city: 'Tokyo' } }

describe('Google ADK', () => {
  const adk = 'gcp.vertex.agent'
  const agent = span(
    adk,
    {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'travel',
      'gen_ai.conversation.id': 'session-1',
    },
    { name: 'invoke_agent travel' },
  )
  const contents = [
    { role: 'user', parts: [{ text: 'Umbrella?' }] },
    { role: 'model', parts: [{ function_call: { id: 'c1', name: 'look', args: { city: 'Tokyo' } } }] },
    {
      role: 'user',
      parts: [{ function_response: { id: 'c1', name: 'look', response: { result: 'rain' } } }],
    },
  ]
  const model = span(
    adk,
    {
      'gen_ai.system': adk,
      'gen_ai.request.model': 'gemini-3-flash',
      'gcp.vertex.agent.invocation_id': 'e-1',
      'gcp.vertex.agent.session_id': 'session-1',
      'gcp.vertex.agent.llm_request': JSON.stringify({
        model: 'gemini-3-flash',
        config: {
          system_instruction: 'Be brief.',
          temperature: 0.5,
          tools: [
            {
              function_declarations: [
                { name: 'look', description: 'Looks.', parameters: { type: 'OBJECT' } },
              ],
            },
          ],
        },
        contents,
      }),
      'gcp.vertex.agent.llm_response': JSON.stringify({
        content: { role: 'model', parts: [{ text: 'Hm.', thought: true }, { text: 'Yes.' }] },
        finish_reason: 'STOP',
        usage_metadata: {
          prompt_token_count: 90,
          tool_use_prompt_token_count: 10,
          cached_content_token_count: 60,
          candidates_token_count: 5,
          thoughts_token_count: 7,
        },
      }),
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.response.finish_reasons': ['stop'],
    },
    { name: 'call_llm', parentSpanId: agent.spanId },
  )
  const tool = span(
    adk,
    {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'look',
      'gen_ai.tool.call.id': 'c1',
      'gcp.vertex.agent.llm_request': '{}',
      'gcp.vertex.agent.llm_response': '{}',
      'gcp.vertex.agent.tool_call_args': '{"city": "Tokyo"}',
      'gcp.vertex.agent.tool_response': '{"result": "rain"}',
    },
    { name: 'execute_tool look', parentSpanId: agent.spanId },
  )
  const merged = span(
    adk,
    {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': '(merged tools)',
      'gen_ai.tool.call.id': 'e-2',
      'gcp.vertex.agent.tool_call_args': 'N/A',
      'gcp.vertex.agent.tool_response': '<not serializable>',
    },
    { name: 'execute_tool (merged)', parentSpanId: agent.spanId },
  )

  it('says requests and replies in the words of Gemini, and counts what was cached and thought', () => {
    const trace = traceOf(agent, model)
    const [seen] = all(trace, 'llm')
    expect(seen).toMatchObject({
      request: {
        model: 'gemini-3-flash',
        system: [{ type: 'text', content: 'Be brief.' }],
        messages: [
          question,
          { role: 'assistant', parts: [call] },
          { role: 'tool', name: 'look', parts: [{ id: 'c1', response: { result: 'rain' } }] },
        ],
        tools: [{ name: 'look', description: 'Looks.', inputSchema: { type: 'OBJECT' } }],
        parameters: { temperature: 0.5 },
      },
      reply: {
        message: {
          parts: [
            { type: 'reasoning', content: 'Hm.' },
            { type: 'text', content: 'Yes.' },
          ],
        },
        finishReason: 'stop',
        usage: { input: 40, cacheRead: 60, cacheWrite: 0, output: 12, reasoning: 7 },
      },
    })
    expect(seen?.fidelity).toBeUndefined()
    expect(JSON.stringify(seen?.attributes)).not.toContain('llm_request')
    expect(trace.session).toBe('session-1')
  })

  it('runs a tool once, whatever its merged results say, and has no id where none was specified', () => {
    const nameless = span(
      adk,
      {
        ...tool.attributes,
        'gen_ai.tool.call.id': '<not specified>',
        'gcp.vertex.agent.tool_call_args': '{}',
      },
      { name: 'execute_tool look', parentSpanId: agent.spanId },
    )
    const tools = all(traceOf(agent, tool, merged, nameless), 'tool')
    expect(tools.map(({ request, reply }) => [request.name, request.arguments, reply?.response])).toEqual([
      ['look', { city: 'Tokyo' }, { result: 'rain' }],
      ['look', {}, { result: 'rain' }],
    ])
    expect(JSON.stringify(tools)).not.toContain('not specified')
  })

  it('keeps what is no request, and what is opaque in one', () => {
    const odd = span(adk, {
      'gen_ai.system': adk,
      'gen_ai.request.model': 'm',
      'gcp.vertex.agent.llm_request': '<not serializable>',
      'gcp.vertex.agent.llm_response': '{"error_code":"429"}',
    })
    expect(all(traceOf(odd), 'llm')[0]).toMatchObject({
      attributes: {
        'gcp.vertex.agent.llm_request': '<not serializable>',
        'gcp.vertex.agent.llm_response': '{"error_code":"429"}',
      },
    })
    const image = { inlineData: { mimeType: 'image/png', data: 'AA==' } }
    const api = span(adk, {
      'gen_ai.request.model': 'm',
      'gcp.vertex.agent.llm_request': JSON.stringify({
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        contents: [{ role: 'user', parts: [image] }],
      }),
      'gcp.vertex.agent.llm_response': JSON.stringify({
        candidates: [
          { content: { parts: [{ functionCall: { name: 'look', args: {} } }] }, finishReason: 'STOP' },
        ],
      }),
    })
    expect(all(traceOf(api), 'llm')[0]).toMatchObject({
      request: {
        system: [{ content: 'Be brief.' }],
        messages: [{ role: 'user', parts: [{ type: 'opaque', value: image }] }],
      },
      reply: {
        message: { parts: [{ type: 'tool_call', name: 'look', arguments: {} }] },
        finishReason: 'STOP',
      },
    })
  })
})

describe('pydantic-ai', () => {
  const scope = 'pydantic-ai'

  it('keeps the events of its first version in one attribute, and the tools in another', () => {
    const events = [
      { 'event.name': 'gen_ai.system.message', role: 'system', content: 'Be brief.' },
      { 'event.name': 'gen_ai.user.message', 'gen_ai.message.index': 0, role: 'user', content: 'Umbrella?' },
      {
        'event.name': 'gen_ai.assistant.message',
        'gen_ai.message.index': 1,
        role: 'assistant',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'look', arguments: { city: 'Tokyo' } } },
        ],
      },
      { 'event.name': 'gen_ai.tool.message', role: 'tool', id: 'c1', name: 'look', content: 'rain' },
      { 'event.name': 'gen_ai.choice', index: 0, message: { role: 'assistant', content: 'Yes.' } },
    ]
    const one = span(scope, {
      'gen_ai.operation.name': 'chat',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'm',
      'gen_ai.response.model': 'm-1',
      events: JSON.stringify(events),
      model_request_parameters: JSON.stringify({
        function_tools: [{ name: 'look', description: 'Looks.', parameters_json_schema: { type: 'object' } }],
        output_mode: 'text',
      }),
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 3,
    })
    expect(all(traceOf(one), 'llm')[0]).toMatchObject({
      request: {
        system: [{ content: 'Be brief.' }],
        messages: [
          question,
          { role: 'assistant', parts: [call] },
          { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'rain' }] },
        ],
        tools: [{ name: 'look', description: 'Looks.', inputSchema: { type: 'object' } }],
      },
      reply: { message: answer, model: 'm-1', usage: { input: 12, output: 3 } },
    })
  })

  it('speaks the conventions from its second version on, but for the agent and its tools', () => {
    const messages = JSON.stringify([question, { ...answer, finish_reason: 'stop' }])
    const agent = span(
      scope,
      {
        model_name: 'm',
        agent_name: 'travel',
        'gen_ai.agent.name': 'travel',
        'pydantic_ai.all_messages': messages,
        final_result: 'Yes.',
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.output_tokens': 3,
      },
      { name: 'agent run' },
    )
    const model = span(
      scope,
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'm',
        'gen_ai.input.messages': JSON.stringify([question]),
        'gen_ai.output.messages': JSON.stringify([{ ...answer, finish_reason: 'stop' }]),
        'gen_ai.system_instructions': JSON.stringify([{ type: 'text', content: 'Be brief.' }]),
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.output_tokens': 3,
      },
      { name: 'chat m', parentSpanId: agent.spanId },
    )
    const tool = span(
      scope,
      {
        'gen_ai.tool.name': 'look',
        'gen_ai.tool.call.id': 'c1',
        tool_arguments: '{"city":"Tokyo"}',
        tool_response: 'rain',
      },
      { name: 'running tool', parentSpanId: agent.spanId },
    )
    const trace = traceOf(agent, model, tool)
    expect(trace).toMatchObject({
      input: 'Umbrella?',
      output: 'Yes.',
      usage: { input: 12, output: 3 },
      spans: [{ kind: 'agent' }, { kind: 'llm' }, { kind: 'tool' }],
    })
    expect(all(trace, 'llm')[0]).toMatchObject({
      request: { system: [{ content: 'Be brief.' }], messages: [question] },
      reply: { message: answer },
    })
    expect(all(trace, 'tool')[0]).toMatchObject({
      request: { name: 'look', id: 'c1', arguments: { city: 'Tokyo' } },
      reply: { response: 'rain' },
    })
  })
})

describe('Logfire', () => {
  it('keeps the body of a request, and the message of its reply', () => {
    const one = span('logfire.openai', {
      'gen_ai.request.model': 'm',
      request_data: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Umbrella?' }] }),
      response_data: JSON.stringify({
        message: { role: 'assistant', content: 'Yes.' },
        usage: { total_tokens: 15 },
      }),
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 3,
    })
    expect(all(traceOf(one), 'llm')[0]).toMatchObject({
      request: { messages: [question] },
      reply: { message: answer, usage: { input: 12, output: 3 } },
    })
  })
})

describe('LangSmith', () => {
  const scope = 'langsmith'
  const model = (attributes: Record<string, Json>) =>
    all(
      traceOf(
        span(scope, {
          'langsmith.span.kind': 'llm',
          'gen_ai.operation.name': 'chat',
          'gen_ai.system': 'openai',
          'gen_ai.request.model': 'm',
          ...attributes,
        }),
      ),
      'llm',
    )[0]

  it('says what LangChain asked and was answered in its messages, and what of it was cached', () => {
    const human = {
      lc: 1,
      type: 'constructor',
      id: ['langchain', 'HumanMessage'],
      kwargs: { content: 'Umbrella?' },
    }
    const ai = {
      lc: 1,
      type: 'constructor',
      id: ['langchain', 'AIMessage'],
      kwargs: {
        content: '',
        tool_calls: [{ id: 'c1', name: 'look', args: { city: 'Tokyo' } }],
        response_metadata: { model_name: 'm-1', finish_reason: 'tool_calls' },
      },
    }
    const whole = {
      'gen_ai.prompt': JSON.stringify({ messages: [[human]] }),
      'gen_ai.completion': JSON.stringify({ generations: [[{ text: '', message: ai }]] }),
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
    }
    const details = [
      { 'gen_ai.usage.input_token_details': '{"cache_read":60,"cache_creation":10}' },
      { 'gen_ai.usage.input_token_details': "{'cache_read': 60, 'cache_creation': 10}" },
    ]
    for (const detail of details) {
      expect(
        model({ ...whole, ...detail, 'gen_ai.usage.output_token_details': '{"reasoning":5}' }),
      ).toMatchObject({
        request: { model: 'm', messages: [question] },
        reply: {
          message: { role: 'assistant', parts: [call] },
          usage: { input: 30, cacheRead: 60, cacheWrite: 10, output: 20, reasoning: 5 },
        },
      })
    }
  })

  it('says what a client of OpenAI was wrapped for: the list of messages may hold the reply already', () => {
    const messages = [
      { role: 'user', content: 'Umbrella?' },
      { role: 'assistant', content: 'Yes.' },
    ]
    expect(
      model({
        'gen_ai.prompt': JSON.stringify({ model: 'm', messages, temperature: 0 }),
        'gen_ai.completion': JSON.stringify({
          id: 'r1',
          model: 'm-1',
          choices: [{ index: 0, message: messages[1], finish_reason: 'stop' }],
          usage_metadata: { input_tokens: 12, output_tokens: 3, input_token_details: { cache_read: 2 } },
        }),
        'gen_ai.response.id': 'r1',
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.output_tokens': 3,
      }),
    ).toMatchObject({
      request: { messages: [question], parameters: { temperature: 0 } },
      reply: { message: answer, responseId: 'r1', usage: { input: 10, cacheRead: 2, output: 3 } },
    })
  })

  it('reads what programs set by hand, as its guide shows: indexed messages', () => {
    expect(
      model({
        'langsmith.span.kind': 'LLM',
        'llm.request.type': 'chat',
        'gen_ai.prompt.0.role': 'user',
        'gen_ai.prompt.0.content': 'Umbrella?',
        'gen_ai.completion.0.role': 'assistant',
        'gen_ai.completion.0.content': 'Yes.',
        'gen_ai.usage.prompt_tokens': 12,
        'gen_ai.usage.completion_tokens': 3,
      }),
    ).toMatchObject({ request: { messages: [question] }, reply: { message: answer, usage: { input: 12 } } })
  })
})
