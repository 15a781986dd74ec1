import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { textOf } from '../../schema/message.ts'
import { type SpanOf, trace as traceSchema, type Trace } from '../../schema/trace.ts'
import type { Imported, Importer } from './importer.ts'
import { langfuse } from './langfuse.ts'
import { langfuseUsage } from './langfuse-usage.ts'
import { langsmith } from './langsmith.ts'
import { openaiAgents } from './openai-agents.ts'
import { sourceFrom } from './source.ts'

function importText(importer: Importer, text: string): Imported[] {
  return [...importer.read(sourceFrom('export.json', new TextEncoder().encode(text)))]
}

function only(importer: Importer, document: unknown): Trace {
  const found = importText(importer, JSON.stringify(document)).flatMap((item) =>
    'trace' in item ? [item.trace] : [],
  )
  const [trace, ...others] = found
  if (trace === undefined || others.length > 0) throw new Error('expected one trace')
  return traceSchema.parse(trace)
}

function spansOf<K extends 'llm' | 'tool' | 'custom'>(trace: Trace, kind: K): SpanOf<K>[] {
  return trace.spans.filter((span): span is SpanOf<K> => span.kind === kind)
}

function without(record: object, ...names: readonly string[]): object {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)))
}

function sample(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./${name}`, import.meta.url), 'utf8'))
}

describe('a trace of Langfuse', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
  const seen = (id: string, type: string, others: object) => ({
    id,
    traceId: 't',
    type,
    name: id,
    startTime: at(Number(id)),
    endTime: at(Number(id) + 1),
    level: 'DEFAULT',
    ...others,
  })
  const call = { id: 'k', type: 'function', function: { name: 'look', arguments: '{"n":1}' } }
  const asked = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'hi' },
  ]
  const model = (input: unknown, output: unknown) =>
    seen('1', 'GENERATION', { model: 'm', input, output, usageDetails: { input: 5, output: 2, total: 7 } })

  it.each([
    ['values', (value: unknown) => value],
    ['text', (value: unknown) => JSON.stringify(value)],
    ['text in text', (value: unknown) => JSON.stringify(JSON.stringify(value))],
  ])('trap 10: says the same with inputs and outputs as %s', (_, written) => {
    const trace = only(langfuse, {
      id: 't',
      observations: [
        model(written(asked), written({ role: 'assistant', content: '', tool_calls: [call] })),
        seen('2', 'TOOL', { name: 'look', input: written({ n: 1 }), output: written({ found: true }) }),
      ],
    })
    expect(spansOf(trace, 'llm')[0]?.request).toMatchObject({
      system: [{ content: 'be brief' }],
      messages: [{ role: 'user' }],
    })
    expect(spansOf(trace, 'tool')[0]).toMatchObject({
      request: { id: 'k', arguments: { n: 1 } },
      reply: { response: { found: true } },
    })
  })

  it('trap 11: takes an error of level ERROR for one, whatever the status of OpenTelemetry says', () => {
    const failed = seen('2', 'TOOL', {
      input: { n: 1 },
      output: null,
      level: 'ERROR',
      statusMessage: 'boom',
      metadata: { status: { code: 0 } },
    })
    const trace = only(langfuse, { id: 't', observations: [model(asked, 'hm'), failed] })
    expect(spansOf(trace, 'tool')).toMatchObject([
      { status: 'error', error: { message: 'boom' }, reply: { response: 'boom', isError: true } },
    ])
  })

  it.each([
    [
      'disjoint',
      { input: 151, input_cached_tokens: 1024, output: 61, total: 1236 },
      { input: 151, cacheRead: 1024, cacheWrite: 0, output: 61 },
    ],
    [
      'reasoning apart',
      { input: 179, output: 35, total: 278, input_audio: 0, output_reasoning: 64 },
      { input: 179, cacheRead: 0, cacheWrite: 0, output: 99, reasoning: 64 },
    ],
    [
      'inside, by the total',
      { input: 214, output: 38, total: 252, 'prompt_details.cache_read': 128 },
      { input: 86, cacheRead: 128, cacheWrite: 0, output: 38 },
    ],
    [
      'without a total',
      { input: 5, input_cache_creation: 7, output: 2 },
      { input: 5, cacheRead: 0, cacheWrite: 7, output: 2 },
    ],
    ['unknown', {}, undefined],
    [
      'text, as 64-bit integers are (trap 16)',
      { input: '5', output: '2' },
      { input: 5, cacheRead: 0, cacheWrite: 0, output: 2 },
    ],
  ])('reads usage that is %s', (_, details, usage) => {
    expect(langfuseUsage(details)).toEqual(usage)
  })

  it('knows no cost where the total is 0, and does not count what a wrapper repeats', () => {
    const wrapper = seen('0', 'GENERATION', {
      input: asked,
      output: 'yes',
      usageDetails: { input: 50, output: 20 },
      totalCost: 0,
    })
    const inner = { ...model(asked, 'yes'), parentObservationId: '0', costDetails: { total: 0.25 } }
    const trace = only(langfuse, {
      trace: { id: 't', userId: 'u', sessionId: 's' },
      observations: [wrapper, inner],
    })
    expect([trace.usage?.input, trace.costUsd, trace.user, trace.session]).toEqual([5, 0.25, 'u', 's'])
  })

  it.each([
    ['toolCallId', { toolCallId: 'k', toolName: 'look', input: '{"n":1}' }],
    ['args, as version 4 has them', { toolCallId: 'k', toolName: 'look', args: { n: 1 } }],
  ])('trap 7: reads arguments of a call as text or as a value: %s', (_, made) => {
    const trace = only(langfuse, { id: 't', observations: [model(asked, [made])] })
    expect(spansOf(trace, 'llm')[0]?.reply?.message.parts).toEqual([
      { type: 'tool_call', id: 'k', name: 'look', arguments: { n: 1 } },
    ])
  })

  it('names an observation that is none, and reads lists and lines', () => {
    const whole = { id: 't', observations: [model(asked, 'yes')] }
    const broken = { ...whole, observations: [...whole.observations, { id: 1 }] }
    const problems = importText(langfuse, JSON.stringify(broken)).flatMap((item) =>
      'problem' in item ? [item.problem.at] : [],
    )
    expect(problems).toEqual(['observations[1]'])
    const second = { id: 't2', observations: [{ ...model(asked, 'no'), traceId: 't2' }] }
    for (const text of [
      JSON.stringify([whole, second]),
      JSON.stringify({ data: [whole, second] }),
      `${JSON.stringify(whole)}\n${JSON.stringify(second)}`,
    ]) {
      expect(importText(langfuse, text)).toHaveLength(2)
    }
  })
})

describe('runs of LangSmith', () => {
  type Run = Record<string, unknown> & { readonly id: string }
  const runs = sample('langsmith.sample.json') as readonly Run[]

  it('trap 14: have their times in any spelling', () => {
    const trace = only(langsmith, runs)
    expect([trace.startedAt, Math.round(trace.durationMs ?? 0)]).toEqual(['2026-11-21T06:04:19.687Z', 123])
    const python = runs.map((run) => ({
      ...run,
      start_time: String(run.start_time).replace('Z', ''),
      end_time: Number(run.end_time) / 1000,
    }))
    expect(only(langsmith, python).spans.map(({ startedAt }) => startedAt)).toEqual(
      trace.spans.map(({ startedAt }) => startedAt),
    )
  })

  it('are asked with what was said before, though the list went on growing', () => {
    const [first, last] = spansOf(only(langsmith, runs), 'llm')
    expect([first?.request.messages.length, last?.request.messages.length]).toEqual([1, 4])
    expect(first?.fidelity?.request).toBe('derived')
  })

  it('are one with their patches, with those nested in them, and in an export of any kind', () => {
    const { id } = only(langsmith, runs)
    const posted = {
      post: runs.map((run) => without(run, 'outputs', 'end_time', 'error')),
      patch: runs.map(({ id: own, outputs, end_time, error, dotted_order }) => ({
        id: own,
        outputs,
        end_time,
        error,
        dotted_order,
      })),
    }
    const [root, ...others] = runs
    for (const document of [posted, { runs }, [{ ...root, child_runs: others }], runs.toReversed()])
      expect(only(langsmith, document).id).toBe(id)
    expect(importText(langsmith, runs.map((run) => JSON.stringify(run)).join('\n'))).toHaveLength(1)
  })

  it('find their parent by the order, where it is not named', () => {
    const nameless = runs.map((run) => without(run, 'parent_run_id'))
    expect(only(langsmith, nameless).id).toBe(only(langsmith, runs).id)
  })

  it('tell usage at the top of an export, and costs', () => {
    const [, model] = runs
    const exported = {
      ...model,
      parent_run_id: null,
      dotted_order: null,
      outputs: { content: 'yes', role: 'assistant' },
      extra: {},
      prompt_tokens: 7,
      completion_tokens: 3,
      total_cost: '0.5',
    }
    const trace = only(langsmith, [exported])
    expect([trace.usage, trace.costUsd]).toEqual([{ input: 7, cacheRead: 0, cacheWrite: 0, output: 3 }, 0.5])
  })

  it('read what LangChain gives and brings', () => {
    const message = (kind: string, kwargs: object) => ({
      lc: 1,
      type: 'constructor',
      id: ['langchain', 'schema', `${kind}Message`],
      kwargs,
    })
    const base = { trace_id: 't', start_time: 1, end_time: 2 }
    const asked = {
      messages: [[message('System', { content: 'be brief' }), message('Human', { content: 'hi' })]],
    }
    const answer = message('AI', {
      content: '',
      tool_calls: [{ id: 'k', name: 'look', args: { n: 1 } }],
      usage_metadata: { input_tokens: 9, output_tokens: 1, input_token_details: { cache_read: 4 } },
    })
    const trace = only(langsmith, [
      {
        ...base,
        id: 'a',
        name: 'model',
        run_type: 'llm',
        inputs: asked,
        outputs: { generations: [[{ text: '', message: answer }]] },
      },
      {
        ...base,
        id: 'b',
        name: 'look',
        run_type: 'tool',
        inputs: { input: '{"n":1}' },
        outputs: { output: message('Tool', { content: 'found', tool_call_id: 'k' }) },
      },
    ])
    expect(spansOf(trace, 'llm')[0]?.request.messages.map(textOf)).toEqual(['hi'])
    expect(trace.usage).toEqual({ input: 5, cacheRead: 4, cacheWrite: 0, output: 1 })
    expect(spansOf(trace, 'tool')).toMatchObject([
      { request: { id: 'k', arguments: { n: 1 } }, reply: { response: 'found', isError: false } },
    ])
  })
})

describe('traces of the OpenAI Agents SDK', () => {
  type Item = Record<string, unknown> & { readonly span_data?: Record<string, unknown> }
  const { data } = sample('openai-agents.sample.json') as { readonly data: readonly Item[] }
  const inProcess = JSON.parse(
    readFileSync(new URL('../../../test/data/imports/openai-agents.processor.json', import.meta.url), 'utf8'),
  ) as readonly Item[]

  it('trap 3: count usage on what was generated, not on turns and tasks that repeat it', () => {
    expect(only(openaiAgents, { data }).usage).toEqual({
      input: 237,
      cacheRead: 128,
      cacheWrite: 0,
      output: 85,
      reasoning: 0,
    })
  })

  it('trap 4: pair results without an id by name and arguments, and say so', () => {
    const tools = spansOf(only(openaiAgents, { data }), 'tool')
    expect(
      tools.map(({ request, status, attributes }) => [request.id, status, attributes?.['evalkit.paired_by']]),
    ).toEqual([
      ['call_W3atherT0kyo000000000001', 'ok', 'arguments'],
      ['call_C0nvertJPY000000000002', 'error', 'arguments'],
    ])
  })

  it('are the same run, sent or seen by a processor, in a list or one a line', () => {
    const account = (trace: Trace) => trace.spans.map(({ kind, name, status }) => [kind, name, status])
    const sent = account(only(openaiAgents, { data }))
    expect(account(only(openaiAgents, inProcess))).toEqual(sent)
    expect(importText(openaiAgents, inProcess.map((event) => JSON.stringify(event)).join('\n'))).toHaveLength(
      1,
    )
  })

  const responses = (stays: object) =>
    data.map((one) => {
      const { type, output } = one.span_data ?? {}
      return type === 'generation'
        ? {
            ...one,
            span_data: { type: 'response', response_id: `resp_${String(one.id)}` },
            ...(output === undefined ? {} : stays),
          }
        : one
    })

  it('trap 8: miss the request and the reply of a response that was sent without them; it is no empty conversation', () => {
    const trace = only(openaiAgents, { data: responses({}) })
    for (const { reply, fidelity, attributes } of spansOf(trace, 'llm')) {
      expect([reply, fidelity?.request, fidelity?.reply]).toEqual([undefined, 'missing', 'missing'])
      expect(attributes?.['openai-agents.response_id']).toMatch(/^resp_/)
    }
    expect([trace.usage, trace.input, trace.output]).toEqual([undefined, undefined, undefined])
    expect(gradeOf(trace)).toMatchObject({ grade: 'C' })
  })

  it('have what was said in a response where a processor saw it', () => {
    const body = {
      id: 'r',
      object: 'response',
      model: 'gpt-x',
      status: 'completed',
      instructions: 'be brief',
      tools: [{ type: 'function', name: 'look', parameters: {} }],
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'yes' }] }],
      usage: { input_tokens: 9, output_tokens: 2, input_tokens_details: { cached_tokens: 4 } },
    }
    const [first] = spansOf(
      only(
        openaiAgents,
        responses({
          _span_data: { type: 'response', _input: [{ role: 'user', content: 'hi' }], _response: body },
        }),
      ),
      'llm',
    )
    expect(first).toMatchObject({
      request: {
        model: 'gpt-x',
        system: [{ content: 'be brief' }],
        messages: [{ role: 'user' }],
        tools: [{ name: 'look' }],
      },
    })
    expect([textOf(first?.reply?.message ?? { role: 'assistant', parts: [] }), first?.reply?.usage]).toEqual([
      'yes',
      { input: 5, cacheRead: 4, cacheWrite: 0, output: 2 },
    ])
  })

  it('trap 13: say what was cut at 100 kB', () => {
    const cut = data.map((one) =>
      one.span_data?.type === 'function'
        ? { ...one, span_data: { ...one.span_data, output: { truncated: true, preview: 'so f' } } }
        : one,
    )
    const trace = only(openaiAgents, { data: cut })
    expect(spansOf(trace, 'tool').map(({ fidelity }) => fidelity?.result)).toEqual(['truncated', 'truncated'])
    expect(gradeOf(trace).grade).toBe('C')
  })

  it('trap 12: keep spans of a type nobody knows', () => {
    const odd = {
      object: 'trace.span',
      id: 'odd',
      trace_id: data[1]?.trace_id,
      parent_id: null,
      span_data: { type: 'new_kind', x: 1 },
    }
    const trace = only(openaiAgents, { data: [...data, odd] })
    expect(spansOf(trace, 'custom').find(({ name }) => name === 'new_kind')?.attributes).toMatchObject({
      'openai-agents.type': 'new_kind',
      'openai-agents.x': 1,
    })
  })
})
