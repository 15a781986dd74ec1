import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { sessionOf, userOf } from '../../schema/trace-origin.ts'
import { type SpanOf, trace as traceSchema, type Trace } from '../../schema/trace.ts'
import { detectImporter } from './detect.ts'
import { sourceFrom } from './source.ts'

/** What is told of the run: each is the same in every format that has it. */
interface Facts {
  readonly question: Json | undefined
  readonly answer: Json | undefined
  readonly system: boolean
  readonly 'tool definitions': readonly string[] | undefined
  readonly 'model calls': number
  readonly model: string | undefined
  readonly tokens: unknown
  readonly calls: readonly unknown[]
  readonly 'call ids': readonly (string | undefined)[]
  readonly result: unknown
  readonly failure: unknown
  readonly 'failure text': boolean
  readonly 'model times': boolean
  readonly session: boolean
  readonly user: string | undefined
}

interface Row {
  readonly format: string
  /** Which API the agent used: the script of the model is told in its own token counts. */
  readonly api: 'openai' | 'anthropic'
  readonly read: () => Trace
  /** What the format, or the library that wrote the sample, does not tell, or tells otherwise. */
  readonly lacks: readonly (keyof Facts)[]
}

function sample(name: string): () => Trace {
  return () => {
    const source = sourceFrom(name, readFileSync(new URL(`./${name}`, import.meta.url)))
    const [trace, ...others] = [...detectImporter(source).read(source)].flatMap((item) =>
      'trace' in item ? [item.trace] : [],
    )
    if (trace === undefined || others.length > 0) throw new Error(`${name} is not one run`)
    return trace
  }
}

/**
 * One run, seen by the libraries of many: a question, two parallel calls of which one fails, one answer. A row says how to
 * get its trace, and what of the facts it lacks; whatever is not in that list has to be the same as everywhere.
 */
const rows: readonly Row[] = [
  { format: 'claude-code', api: 'anthropic', read: sample('claude-code.sample.jsonl'), lacks: ['user'] },
  {
    format: 'agent-sdk',
    api: 'anthropic',
    read: sample('agent-sdk.sample.jsonl'),
    lacks: ['question', 'system', 'tool definitions', 'model times', 'user'],
  },
  {
    format: 'otlp ai-sdk 4',
    api: 'openai',
    read: sample('otlp-ai-sdk-v4.sample.json'),
    lacks: ['failure', 'failure text'],
  },
  { format: 'otlp ai-sdk 6', api: 'openai', read: sample('otlp-ai-sdk-v6.sample.json'), lacks: [] },
  { format: 'otlp ai-sdk 7', api: 'openai', read: sample('otlp-ai-sdk-v7.sample.json'), lacks: [] },
  {
    format: 'otlp claude-code',
    api: 'anthropic',
    read: sample('otlp-claude-code.sample.jsonl'),
    lacks: ['system', 'tool definitions', 'user'],
  },
  {
    format: 'otlp otel-genai by logs',
    api: 'openai',
    read: sample('otlp-instrumentation-openai.sample.jsonl'),
    lacks: ['tool definitions', 'tokens', 'user'],
  },
  { format: 'otlp langfuse', api: 'openai', read: sample('otlp-langfuse.sample.json'), lacks: ['model'] },
  { format: 'otlp openinference', api: 'openai', read: sample('otlp-openinference.sample.json'), lacks: [] },
  {
    format: 'otlp openinference in protobuf',
    api: 'openai',
    read: sample('otlp-openinference.sample.pb'),
    lacks: [],
  },
  {
    format: 'otlp openllmetry',
    api: 'openai',
    read: sample('otlp-openllmetry.sample.json'),
    lacks: ['tokens'],
  },
  {
    format: 'otlp openllmetry in protobuf',
    api: 'openai',
    read: sample('otlp-openllmetry.sample.pb'),
    lacks: ['tokens'],
  },
  {
    format: 'otlp openllmetry, indexed',
    api: 'openai',
    read: sample('otlp-openllmetry-indexed.sample.json'),
    lacks: ['tokens', 'call ids'],
  },
  {
    format: 'mcp',
    api: 'openai',
    read: sample('mcp.sample.jsonl'),
    // A server sees the calls of an agent and nothing else of it. This one answered without the unit.
    lacks: [
      'question',
      'answer',
      'system',
      'tool definitions',
      'model calls',
      'model',
      'tokens',
      'call ids',
      'result',
      'model times',
      'session',
      'user',
    ],
  },
  {
    format: 'langgraph',
    api: 'openai',
    read: sample('langgraph.sample.json'),
    // A checkpoint tells which model answered, not which was asked, and when a step ended.
    lacks: ['tool definitions', 'model', 'model times', 'user'],
  },
  {
    format: 'openai-agents',
    api: 'openai',
    read: sample('openai-agents.sample.json'),
    // The SDK keeps to itself why a tool failed.
    lacks: ['tool definitions', 'failure text'],
  },
  { format: 'langsmith', api: 'openai', read: sample('langsmith.sample.json'), lacks: [] },
  {
    format: 'langsmith, in parts',
    api: 'openai',
    read: sample('langsmith-multipart.sample.txt'),
    lacks: [],
  },
]

const expected: Omit<Facts, 'tokens' | 'model' | 'call ids'> = {
  question: 'I am flying to Tokyo tomorrow. Do I need an umbrella, and how much is 100 USD in JPY?',
  answer:
    'Tokyo is 18°C with light rain, so pack an umbrella. I could not convert 100 USD to JPY because the rate service was unavailable.',
  system: true,
  'tool definitions': ['convert_currency', 'get_weather'],
  'model calls': 2,
  calls: [
    ['get_weather', { city: 'Tokyo', unit: 'celsius' }],
    ['convert_currency', { amount: 100, from: 'USD', to: 'JPY' }],
  ],
  result: { city: 'Tokyo', temperature: 18, unit: 'celsius', conditions: 'light rain' },
  failure: ['ok', 'error'],
  'failure text': true,
  'model times': true,
  session: true,
  user: 'user-42',
}
const byApi = {
  openai: {
    model: 'gpt-4o-mini',
    'call ids': ['call_W3atherT0kyo000000000001', 'call_C0nvertJPY000000000002'],
    tokens: { input: 237, cacheRead: 128, cacheWrite: 0, output: 85 },
  },
  anthropic: {
    model: 'claude-sonnet-4-5',
    'call ids': ['toolu_W3atherT0kyo000000000001', 'toolu_C0nvertJPY000000000002'],
    tokens: { input: 237, cacheRead: 1024, cacheWrite: 1024, output: 99 },
  },
} as const

function factsOf(trace: Trace): Facts {
  const models = trace.spans.filter((span): span is SpanOf<'llm'> => span.kind === 'llm')
  const [weather, currency] = trace.spans.filter((span): span is SpanOf<'tool'> => span.kind === 'tool')
  const [first] = models
  const tools = [weather, currency].flatMap((span) => span ?? [])
  const { input, cacheRead, cacheWrite, output } = trace.usage ?? {}
  return {
    question: asked(trace.input),
    answer: asked(trace.output),
    system:
      models.length > 0 &&
      models.every(({ request }) =>
        textOf({ role: 'system', parts: request.system ?? [] }).includes(
          'You are a concise travel assistant. Use tools when useful.',
        ),
      ),
    'tool definitions': first?.request.tools?.map(({ name }) => plain(name)).toSorted(),
    'model calls': models.length,
    model: first?.request.model,
    tokens: trace.usage === undefined ? undefined : { input, cacheRead, cacheWrite, output },
    calls: tools.map(({ request }) => [plain(request.name), request.arguments]),
    'call ids': tools.map(({ request }) => request.id),
    result: parsed(weather?.reply?.response),
    failure: tools.map(({ status }) => status),
    'failure text': JSON.stringify([currency?.reply, currency?.error]).includes(
      'RateServiceUnavailable: upstream returned 503',
    ),
    'model times':
      models.length > 0 &&
      models.every(({ startedAt, durationMs }) => startedAt !== undefined && durationMs !== undefined),
    session: sessionOf(trace) !== undefined,
    user: userOf(trace),
  }
}

/** A question may be a member of what a program was given, an answer of what it gave. */
function asked(value: Json | undefined): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const [only, ...others] = Object.values(value)
  return others.length === 0 ? only : value
}

function plain(name: string): string {
  return name.replace(/^mcp__travel__/, '')
}

/** A result as data: tools that answer in JSON are shown to a model as its text. */
function parsed(value: Json | undefined): unknown {
  const read = typeof value === 'string' ? readJson(value) : undefined
  return read?.ok === true ? read.value : value
}

describe.each(rows)('the same run in $format', ({ api, read, lacks }) => {
  const trace = read()
  const found = factsOf(trace)
  const all: Facts = { ...expected, ...byApi[api] }
  const names = Object.keys(all).filter((name): name is keyof Facts => name in found)

  it('is a valid trace', () => {
    expect(traceSchema.safeParse(trace).error).toBeUndefined()
  })

  it('tells the same as in every other format that has it', () => {
    const kept = names.filter((name) => !lacks.includes(name))
    const pick = (facts: Facts) => Object.fromEntries(kept.map((name) => [name, facts[name]]))
    expect(pick(found)).toEqual(pick(all))
  })

  it('lacks what it is said to lack, and no more', () => {
    const other = names.filter((name) => JSON.stringify(found[name]) !== JSON.stringify(all[name]))
    expect(other.filter((name) => lacks.includes(name)).toSorted()).toEqual([...lacks].toSorted())
  })

  it('shows the model the failure that it answered to', () => {
    const last = trace.spans.findLast((span) => span.kind === 'llm')
    if (last?.kind !== 'llm' || lacks.includes('model calls')) return
    expect(JSON.stringify(last.request.messages)).toMatch(
      /RateServiceUnavailable|An error occurred while running the tool/,
    )
  })
})
