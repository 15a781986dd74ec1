import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { textOf } from '../../schema/message.ts'
import { type SpanOf, trace as traceSchema, type Trace } from '../../schema/trace.ts'
import type { Importer } from './importer.ts'
import { inspect } from './inspect.ts'
import { sourceFrom } from './source.ts'
import { sweAgent } from './swe-agent.ts'

function tracesOf(importer: Importer, document: unknown): readonly Trace[] {
  const source = sourceFrom('log.json', new TextEncoder().encode(JSON.stringify(document)))
  return [...importer.read(source)].flatMap((item) =>
    'trace' in item ? [traceSchema.parse(item.trace) as Trace] : [],
  )
}

function only(importer: Importer, document: unknown): Trace {
  const [trace, ...others] = tracesOf(importer, document)
  if (trace === undefined || others.length > 0) throw new Error('expected one trace')
  return trace
}

function spansOf<K extends 'llm' | 'tool' | 'human' | 'custom'>(trace: Trace, kind: K): SpanOf<K>[] {
  return trace.spans.filter((span): span is SpanOf<K> => span.kind === kind)
}

describe('a log of Inspect', () => {
  const log = (sample: object) => ({
    version: 2,
    status: 'success',
    eval: { task: 't', model: 'm' },
    samples: [{ id: 1, epoch: 2, messages: [], ...sample }],
  })
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
  const usage = { input_tokens: 10, output_tokens: 3, input_tokens_cache_read: 4 }
  const output = (content: string, calls: unknown[] = [], total = 13) => ({
    model: 'm-1',
    choices: [{ message: { role: 'assistant', content, tool_calls: calls }, stop_reason: 'stop' }],
    usage: { ...usage, total_tokens: total },
  })
  const user = { role: 'user', content: 'attachment://abc' }
  const call = { id: 'k', function: 'bash', arguments: { cmd: 'ls' } }
  const result = {
    role: 'tool',
    tool_call_id: 'k',
    function: 'bash',
    content: '',
    error: { type: 'timeout', message: 'too slow' },
  }
  const events = [
    { event: 'span_begin', id: 'a', type: 'solver', name: 'loop', timestamp: at(1) },
    { event: 'model', span_id: 'a', timestamp: at(2), model: 'm', input: [user], output: output('', [call]) },
    {
      event: 'tool',
      span_id: 'a',
      timestamp: at(3),
      id: 'k',
      function: 'bash',
      arguments: { cmd: 'ls' },
      result: '',
      error: result.error,
    },
    {
      event: 'model',
      span_id: 'a',
      timestamp: at(4),
      model: 'm',
      input: [user, { role: 'assistant', content: '', tool_calls: [call] }, result],
      output: output('done', [], 17),
    },
    { event: 'span_begin', id: 'b', type: 'scorer', name: 'judge', timestamp: at(5) },
    { event: 'model', span_id: 'b', timestamp: at(6), model: 'judge', input: [user], output: output('C') },
    { event: 'new_kind', span_id: 'a', timestamp: at(7), x: 1 },
  ]
  const whole = log({
    events,
    attachments: { abc: 'list it' },
    output: output('done'),
    scores: { judge: { value: 'C' } },
  })

  it('trap 3: counts the calls of the agent, not those of a scorer, with or without the cache among the input', () => {
    expect(only(inspect, whole).usage).toEqual({ input: 16, cacheRead: 8, cacheWrite: 0, output: 6 })
    expect(spansOf(only(inspect, whole), 'llm')).toHaveLength(2)
  })

  it('has a tool that failed, and what the model was shown of it; long texts where they were', () => {
    const trace = only(inspect, whole)
    expect(spansOf(trace, 'tool')).toMatchObject([
      {
        status: 'error',
        error: { type: 'timeout' },
        request: { id: 'k', arguments: { cmd: 'ls' } },
        reply: { response: 'too slow', isError: true },
      },
    ])
    expect(spansOf(trace, 'llm').map(({ request }) => request.messages.map(textOf))).toEqual([
      ['list it'],
      ['list it', '', ''],
    ])
    expect([trace.trial, trace.task?.id, gradeOf(trace).grade]).toEqual([1, 't/1', 'B'])
  })

  it('trap 12: keeps events of a kind nobody knows', () => {
    expect(spansOf(only(inspect, whole), 'custom').find(({ name }) => name === 'new_kind')?.output).toEqual(
      events.at(-1),
    )
  })

  it('is read from its messages where it has no events', () => {
    const messages = [
      { role: 'system', content: 'be brief' },
      { ...user, source: 'input' },
      { role: 'assistant', content: '', tool_calls: [call] },
      result,
      { role: 'assistant', content: 'done' },
    ]
    const trace = only(
      inspect,
      log({ messages, attachments: { abc: 'list it' }, model_usage: { m: { ...usage, total_tokens: 13 } } }),
    )
    expect(spansOf(trace, 'llm').map(({ request }) => request.messages.length)).toEqual([1, 3])
    expect(spansOf(trace, 'tool')[0]).toMatchObject({
      status: 'error',
      reply: { response: 'too slow', isError: true },
    })
    expect(trace.usage).toEqual({ input: 6, cacheRead: 4, cacheWrite: 0, output: 3 })
  })

  it.each([
    ['C', 1],
    ['I', 0],
    ['P', 0.5],
    [true, 1],
    [0.25, 0.25],
  ])('reads the score %j as %d', (value, worth) => {
    const [score] = only(inspect, log({ messages: [user], scores: { s: { value } } })).scores
    expect(score).toMatchObject({ name: 's', status: 'scored', value: worth, passed: worth === 1 })
  })

  it('does not take for a share what is none, and knows a sample that failed', () => {
    const trace = only(
      inspect,
      log({
        messages: [user],
        scores: { s: { value: 12 }, d: { value: { a: 'C', b: null } } },
        error: { message: 'boom' },
      }),
    )
    expect(trace.scores.map(({ name, status }) => [name, status])).toEqual([
      ['s', 'unscored'],
      ['d.a', 'scored'],
      ['d.b', 'unscored'],
    ])
    expect([trace.status, trace.spans[0]?.error?.message]).toEqual(['error', 'boom'])
  })
})

describe('a trajectory of SWE-agent', () => {
  const sample = JSON.parse(readFileSync(new URL('./swe-agent.sample.json', import.meta.url), 'utf8')) as {
    history: { role: string }[]
  }

  it('is the run, not the examples that the model was shown', () => {
    const demo = { role: 'assistant', content: 'as I once did', is_demo: true, agent: 'main' }
    const [system, ...others] = sample.history
    const trace = only(sweAgent, { history: [system, demo, ...others] })
    const models = spansOf(trace, 'llm')
    expect(models).toHaveLength(spansOf(only(sweAgent, sample), 'llm').length)
    expect(models[0]?.request.messages[0]).toMatchObject({
      role: 'assistant',
      parts: [{ content: 'as I once did' }],
    })
  })

  it('tells how long an action took, how the run ended and what it cost', () => {
    const steps = sample.history
      .filter(({ role }) => role === 'assistant')
      .map((_, at) => ({ execution_time: at + 0.5 }))
    const info = {
      exit_status: 'exit_cost',
      submission: 'diff',
      model_stats: { instance_cost: 0.5, tokens_sent: 7 },
    }
    const trace = only(sweAgent, { ...sample, trajectory: steps, info })
    expect(spansOf(trace, 'tool').map(({ durationMs }) => durationMs)).toEqual([500, 1500, 2500, 3500, 4500])
    expect(trace).toMatchObject({ status: 'error', ended: 'exit_cost', output: 'diff', costUsd: 0.5 })
    expect(trace.usage).toBeUndefined()
  })

  it('keeps an action that is text, and shows the model what it did as it was shown', () => {
    const history = [
      { role: 'user', content: 'fix it', message_type: 'observation', agent: 'main' },
      { role: 'assistant', content: 'I look.\n```\nls\n```', action: 'ls', agent: 'main' },
      { role: 'user', content: 'a.py', message_type: 'observation', agent: 'main' },
      { role: 'assistant', content: 'done', action: 'submit', agent: 'main' },
    ]
    const trace = only(sweAgent, {
      history,
      trajectory: [
        { action: 'ls', observation: 'a.py' },
        { action: 'submit', observation: '' },
      ],
    })
    expect(spansOf(trace, 'human')).toHaveLength(1)
    expect(spansOf(trace, 'llm').map(({ request }) => request.messages.map(textOf).at(-1))).toEqual([
      'fix it',
      'a.py',
    ])
    expect(spansOf(trace, 'custom')).toMatchObject([
      { name: 'action', output: { action: 'ls', observation: 'a.py' } },
    ])
  })

  it('takes nothing but what was run from the configuration, which may hold keys', () => {
    const config = {
      agent: { model: { name: 'gpt', api_key: 'secret-1', temperature: 0 } },
      problem_statement: { id: 'p1' },
      env: { token: 'secret-2' },
    }
    const trace = only(sweAgent, { ...sample, replay_config: JSON.stringify(config) })
    expect([trace.versions.model, trace.task?.id]).toEqual(['gpt', 'p1'])
    expect(JSON.stringify(trace)).not.toContain('secret-')
  })
})
