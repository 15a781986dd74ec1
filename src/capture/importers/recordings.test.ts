import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { textOf, toolCallsOf } from '../../schema/message.ts'
import { recordFrom } from '../../schema/read.ts'
import { type Span, type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { detectImporter } from './detect.ts'
import { sourceFrom } from './source.ts'

/** What a model said: start of its text, calls, finish reason, and usage as in + read + written → out (reasoning). */
type Model = readonly [text: string, calls: readonly string[], finish: string, usage: string]
/** A tool as the model was shown it, or an exchange we do not read. */
type Other = readonly [what: string, came: string]

/**
 * Every exchange of every file, in order, as it was read by eye in the file itself. Tools stand where the model was
 * shown what they gave.
 */
const recordings: Readonly<
  Record<string, { readonly grade: string; readonly steps: readonly (Model | Other)[] }>
> = {
  'har/instrumentation-anthropic__should-set-attributes-in-span-for-messages-streaming_44400664.har': {
    grade: 'A',
    steps: [
      ["Sure, here's a joke about OpenTelemetry:\n\nWhy did the developer", [], 'end_turn', '17+0+0 → 158'],
    ],
  },
  'har/instrumentation-langchain__should-set-attributes-in-span-for-BedrockChat-with-tools_4092244032.har': {
    grade: 'A',
    steps: [['One of the most popular landmarks in New York City', [], 'end_turn', '21+0+0 → 67']],
  },
  'har/instrumentation-langchain__should-set-attributes-in-span-for-agent-instrumentation_1316891278.har': {
    grade: 'B',
    steps: [
      ['', ['calculator {"input":"5 * (10 + 2)"}'], 'tool_calls', '91+0+0 → 21 (0)'],
      ['calculator {"input":"5 * (10 + 2)"}', '"60"'],
      ['The result of the expression `5 * (10 + 2)` is 60.', [], 'stop', '120+0+0 → 19 (0)'],
    ],
  },
  'har/instrumentation-langchain__should-set-attributes-in-span-for-tools-instrumentation_252498424.har': {
    grade: 'C',
    steps: [
      ['GET /w/api.php', '{"batchcomplete":"","query":{"searchinfo":{"totalhits":9'],
      ['GET /w/api.php', '{"batchcomplete":"","query":{"pages":{"73577626":{"pageid":73577626'],
      ['GET /w/api.php', '{"batchcomplete":"","query":{"pages":{"74020014":{"pageid":74020014'],
      ['GET /w/api.php', '{"batchcomplete":"","query":{"pages":{"75229858":{"pageid":75229858'],
    ],
  },
  // The deprecated `function_call`.
  'har/instrumentation-openai__should-set-attributes-in-span-for-function-calling_1703714575.har': {
    grade: 'A',
    steps: [['', ['get_current_weather {"location":"Boston"}'], 'function_call', '82+0+0 → 16 (0)']],
  },
  'har/instrumentation-openai__should-set-attributes-in-span-for-responses-non-streaming_1229494740.har': {
    grade: 'A',
    steps: [['Why did the OpenTelemetry developer break up with their', [], 'completed', '14+0+0 → 26 (0)']],
  },
  // Asked without `include_usage`: the stream does not say what it used.
  'har/instrumentation-openai__should-set-attributes-in-span-for-streaming-chat_72904453.har': {
    grade: 'A',
    steps: [['Why did the OpenTelemetry developer go broke? Because they were always', [], 'stop', '?']],
  },
  'har/instrumentation-openai__should-set-attributes-in-span-for-tool-calling_1747151373.har': {
    grade: 'A',
    steps: [['', ['get_current_weather {"location":"Boston, MA"}'], 'tool_calls', '82+0+0 → 18 (0)']],
  },
  'har/instrumentation-openai__should-set-function_call-attributes-in-span-for-stream-completion-when-multiple-tools-cal_.har':
    {
      grade: 'A',
      steps: [
        [
          '',
          [
            'get_current_weather {"location":"Boston, MA"}',
            'get_tomorrow_weather {"location":"Chicago, IL"}',
          ],
          'tool_calls',
          '?',
        ],
      ],
    },
  'har/traceloop-sdk__should-propagate-agent-name-to-tool-call-spans_3577231859.har': {
    grade: 'A',
    steps: [['', ['calculate {"operation":"add","a":5,"b":3}'], 'completed', '79+0+0 → 22 (0)']],
  },
  'har/traceloop-sdk__should-properly-scope-agent-names-in-nested-agent-scenarios_1670012146.har': {
    grade: 'A',
    steps: [
      ['', ['innerAgentTool {"query":"What is 2+2?"}'], 'completed', '65+0+0 → 22 (0)'],
      ['2 + 2 equals 4.', [], 'completed', '18+0+0 → 9 (0)'],
    ],
  },
  // Thinking, a tool that the provider runs itself, and usage that grew since the stream began.
  'vcr/test_anthropic_code_execution_tool_stream.yaml': {
    grade: 'A',
    steps: [
      [
        "I'll calculate that expression for you right away!\nFollowing the standard **order of operations",
        [],
        'end_turn',
        '4714+0+0 → 304',
      ],
    ],
  },
  'vcr/test_anthropic_mcp_servers_stream.yaml': {
    grade: 'A',
    steps: [['**Pydantic-AI** is a framework for building Generative AI', [], 'end_turn', '3042+0+0 → 354']],
  },
  'vcr/test_anthropic_model_thinking_part_stream.yaml': {
    grade: 'A',
    steps: [['Here are the basic steps for safely crossing the street:', [], 'end_turn', '43+0+0 → 282']],
  },
  'vcr/test_anthropic_tool_output.yaml': {
    grade: 'B',
    steps: [
      ['', ['get_user_country {}'], 'tool_use', '445+0+0 → 23'],
      ['get_user_country {}', '"Mexico"'],
      ['', ['final_result {"city":"Mexico City","country":"Mexico"}'], 'tool_use', '497+0+0 → 56'],
    ],
  },
  'vcr/test_anthropic_tool_with_thinking.yaml': {
    grade: 'B',
    steps: [
      [
        "I'll help you find the largest city in your country.",
        ['get_user_country {}'],
        'tool_use',
        '398+0+0 → 155',
      ],
      ['get_user_country {}', '"Mexico"'],
      ["Based on the information that you're from Mexico", [], 'end_turn', '566+0+0 → 126'],
    ],
  },
  'vcr/test_compatible_api_with_tool_calls_without_id.yaml': {
    grade: 'B',
    steps: [
      ['', ['get_current_time {}'], 'tool_calls', '35+0+0 → 12'],
      ['get_current_time {}', '"Noon"'],
      ['The current time is Noon.', [], 'stop', '66+0+0 → 6'],
    ],
  },
  // Two providers in one run; of the first we read no format, and a parsed body has no bytes to replay.
  'vcr/test_multiple_agent_tool_calls.yaml': {
    grade: 'C',
    steps: [
      [
        'POST /v1beta/models/gemini-2.0-flash-exp:generateContent',
        '{"candidates":[{"avgLogprobs":0.00000392189',
      ],
      [
        'POST /v1beta/models/gemini-2.0-flash-exp:generateContent',
        '{"candidates":[{"avgLogprobs":5.0351809477',
      ],
      ['', ['get_capital {"country":"England"}'], 'tool_calls', '104+0+0 → 16 (0)'],
      ['get_capital {"country":"England"}', '"London"'],
      ['The capital of England is London.', [], 'stop', '129+0+0 → 9 (0)'],
    ],
  },
  'vcr/test_multiple_parallel_tool_calls.yaml': {
    grade: 'B',
    steps: [
      [
        "I'll help you find out who is the youngest by retrieving",
        ['Alice', 'Bob', 'Charlie', 'Daisy'].map((name) => `retrieve_entity_info {"name":"${name}"}`),
        'tool_use',
        '423+0+0 → 202',
      ],
      ['retrieve_entity_info {"name":"Alice"}', `"alice is bob's wife"`],
      ['retrieve_entity_info {"name":"Bob"}', `"bob is alice's husband"`],
      ['retrieve_entity_info {"name":"Charlie"}', `"charlie is alice's son"`],
      ['retrieve_entity_info {"name":"Daisy"}', `"daisy is bob's daughter and charlie's younger sister"`],
      ['Based on the retrieved information, we can see', [], 'end_turn', '771+0+0 → 77'],
    ],
  },
  'vcr/test_openai_instructions_with_tool_calls_keep_instructions.yaml': {
    grade: 'B',
    steps: [
      ['', ['get_temperature {"city":"Tokyo"}'], 'tool_calls', '50+0+0 → 15 (0)'],
      ['get_temperature {"city":"Tokyo"}', '"20.0"'],
      ['The temperature in Tokyo is currently 20.0 degrees Celsius.', [], 'stop', '75+0+0 → 15 (0)'],
    ],
  },
  'vcr/test_openai_native_output_multiple.yaml': {
    grade: 'B',
    steps: [
      ['', ['get_user_country {}'], 'tool_calls', '160+0+0 → 11 (0)'],
      ['get_user_country {}', '"Mexico"'],
      ['{"result":{"kind":"CityLocation","data":{"city":"Mexico City"', [], 'stop', '181+0+0 → 25 (0)'],
    ],
  },
  'vcr/test_openai_tool_output.yaml': {
    grade: 'B',
    steps: [
      ['', ['get_user_country {}'], 'tool_calls', '68+0+0 → 12 (0)'],
      ['get_user_country {}', '"Mexico"'],
      ['', ['final_result {"city":"Mexico City","country":"Mexico"}'], 'tool_calls', '89+0+0 → 36 (0)'],
    ],
  },
  'vcr/test_run_stream_sync_streams_real_model.yaml': {
    grade: 'B',
    steps: [
      ['', ['get_capital {"country":"UK"}'], 'tool_calls', '53+0+0 → 15 (0)'],
      ['get_capital {"country":"UK"}', '"London"'],
      ['The capital of the UK is London.', [], 'stop', '78+0+0 → 9 (0)'],
    ],
  },
}

const folder = new URL('../../../test/data/wire/', import.meta.url)

describe('genuine recordings of HTTP', () => {
  it('are all in the table', () => {
    const there = ['har', 'vcr'].flatMap((kind) =>
      readdirSync(new URL(`${kind}/`, folder))
        .filter((file) => /\.(har|yaml)$/.test(file))
        .map((file) => `${kind}/${file}`),
    )
    expect(Object.keys(recordings).toSorted()).toEqual(there.toSorted())
    expect(there).toHaveLength(23)
  })

  it.each(Object.entries(recordings))('%s', (file, { grade, steps }) => {
    const { trace, spans } = load(file)
    expect(spans).toHaveLength(steps.length)
    expect(steps.map((step, at) => stepOf(spans[at], step))).toEqual(steps)
    expect(gradeOf(trace).grade).toBe(grade)
  })

  it('keep what a model thought, and what its provider ran for it, in order', () => {
    const [ran] = load('vcr/test_anthropic_code_execution_tool_stream.yaml').spans
    const parts = ran?.kind === 'llm' ? (ran.reply?.message.parts ?? []) : []
    expect(parts.map(({ type }) => type)).toEqual(['reasoning', 'text', 'opaque', 'opaque', 'text'])
    expect(parts[0]).toMatchObject({ content: 'Let me calculate this mathematical expression.' })
    expect(parts[2]).toMatchObject({
      value: { type: 'server_tool_use', input: { command: 'echo "65465-6544 * 65464-6+1.02255" | bc -l' } },
    })
  })

  it('know their times where the recorder did', () => {
    const { trace } = load(
      'har/instrumentation-langchain__should-set-attributes-in-span-for-agent-instrumentation_1316891278.har',
    )
    expect(trace).toMatchObject({
      name: 'Test Langchain instrumentation/should set attributes in span for agent instrumentation',
      startedAt: '2025-08-17T13:58:26.542Z',
      durationMs: 960 + 1029,
      input: 'Solve `5 * (10 + 2)`',
      output: 'The result of the expression `5 * (10 + 2)` is 60.',
    })
    expect(load('vcr/test_anthropic_tool_output.yaml').trace).not.toHaveProperty('startedAt')
  })

  it('keep the bytes of a body: as they were counted when they came, also where they came compressed', () => {
    const [streamed] = load('vcr/test_anthropic_code_execution_tool_stream.yaml').spans
    const attempts = streamed?.kind === 'llm' ? (streamed.attempts ?? []) : []
    expect(attempts.map(({ body = '' }) => new TextEncoder().encode(body).length)).toEqual([6023])
    const [packed] = load(
      'har/instrumentation-openai__should-set-attributes-in-span-for-tool-calling_1747151373.har',
    ).spans
    expect(packed?.kind === 'llm' ? packed.attempts?.[0]?.body : '').toMatch(/^\{\n {2}"id": "chatcmpl-/)
  })
})

function load(file: string): { readonly trace: Trace; readonly spans: readonly Span[] } {
  const source = sourceFrom(file, readFileSync(new URL(file, folder)))
  const found = [...detectImporter(source).read(source)]
  const traces = found.flatMap((item) => ('trace' in item ? [item.trace] : []))
  expect(found).toHaveLength(1)
  const [trace] = traces
  if (trace === undefined) throw new Error(`nothing was imported: ${JSON.stringify(found)}`)
  recordFrom(traceSchema, trace, { file })
  return { trace, spans: trace.spans.slice(1) }
}

/** A span as a row of the table: texts as far as the row tells them, all of one that is said to be empty. */
function stepOf(span: Span | undefined, row: Model | Other): Model | Other {
  const begun = (text: string, like: string): string => (like === '' ? text : text.slice(0, like.length))
  if (span?.kind === 'llm') {
    const { message, finishReason = '', usage } = span.reply ?? { message: { role: 'assistant', parts: [] } }
    const reasoning = usage?.reasoning === undefined ? '' : ` (${usage.reasoning})`
    const used =
      usage === undefined
        ? '?'
        : `${usage.input}+${usage.cacheRead}+${usage.cacheWrite} → ${usage.output}${reasoning}`
    const calls = toolCallsOf(message).map(({ name, arguments: given }) => `${name} ${JSON.stringify(given)}`)
    return [begun(textOf(message), row[0]), calls, finishReason, used]
  }
  if (span?.kind === 'tool') {
    const { name, arguments: given } = span.request
    const derived = span.attributes?.['evalkit.derived'] === true ? '' : 'not derived: '
    return [`${derived}${name} ${JSON.stringify(given)}`, JSON.stringify(span.reply?.response)]
  }
  const body = span?.kind === 'custom' ? span.reply?.body : undefined
  return [span?.name ?? '', begun(JSON.stringify(body) ?? '', String(row[1]))]
}
