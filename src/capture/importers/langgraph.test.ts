import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { textOf } from '../../schema/message.ts'
import { type SpanOf, trace as traceSchema, type Trace } from '../../schema/trace.ts'
import type { Imported } from './importer.ts'
import { langgraph } from './langgraph.ts'
import { sourceFrom } from './source.ts'

function importAll(document: unknown): Imported[] {
  return [...langgraph.read(sourceFrom('history.json', new TextEncoder().encode(JSON.stringify(document))))]
}

function only(document: unknown): Trace {
  const [trace, ...others] = importAll(document).flatMap((item) => ('trace' in item ? [item.trace] : []))
  if (trace === undefined || others.length > 0) throw new Error('expected one trace')
  traceSchema.parse(trace)
  return trace
}

function spansOf<K extends 'llm' | 'tool' | 'human'>(trace: Trace, kind: K): SpanOf<K>[] {
  return trace.spans.filter((span): span is SpanOf<K> => span.kind === kind)
}

function shown(trace: Trace): string[] {
  return spansOf(trace, 'llm').map(({ request }) => request.messages.map(textOf).join('|'))
}

const message = (kind: string, kwargs: object) => ({
  lc: 1,
  type: 'constructor',
  id: ['langchain_core', 'messages', `${kind}Message`],
  kwargs,
})
const human = (content: string, id?: string) => message('Human', { content, id })
const ai = (content: string, id: string, others: object = {}) =>
  message('AI', {
    content,
    id,
    usage_metadata: { input_tokens: 10, output_tokens: 2, input_token_details: { cache_read: 4 } },
    ...others,
  })
const at = (step: number, messages: unknown, others: object = {}) => ({
  values: messages === undefined ? {} : { messages },
  next: [],
  tasks: [],
  metadata: { source: 'loop', step },
  config: { configurable: { thread_id: 't', checkpoint_ns: '', checkpoint_id: `c${step}` } },
  parentConfig: { configurable: { thread_id: 't', checkpoint_id: `c${step - 1}` } },
  createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, step)).toISOString(),
  ...others,
})
const call = { tool_calls: [{ name: 'look', args: { n: 1 }, id: 'k1' }] }

describe('checkpoints of LangGraph', () => {
  const whole = JSON.parse(readFileSync(new URL('./langgraph.sample.json', import.meta.url), 'utf8')) as {
    values: { messages?: unknown[] }
    tasks: unknown
  }[]

  it('trap 3: count what a reply used once, however many checkpoints repeat it', () => {
    expect(only(whole).usage).toEqual({ input: 237, cacheRead: 128, cacheWrite: 0, output: 85, reasoning: 0 })
  })

  it('are the same run in any order, from a saver, and as rows of its tables', () => {
    const { id } = only(whole)
    expect(only(whole.toReversed()).id).toBe(id)
    const rows = whole.map((one) => {
      const { values, createdAt, config, metadata, parentConfig } = one as unknown as Record<
        'values' | 'createdAt' | 'metadata',
        unknown
      > &
        Record<'config' | 'parentConfig', { configurable: Record<string, string> } | undefined>
      const tuple = {
        config,
        metadata,
        parentConfig,
        checkpoint: { v: 4, ts: createdAt, channel_values: values },
      }
      const row = {
        ...config?.configurable,
        parent_checkpoint_id: parentConfig?.configurable.checkpoint_id,
        checkpoint: JSON.stringify(tuple.checkpoint),
        metadata: JSON.stringify(metadata),
      }
      return { tuple, row }
    })
    expect(only(rows.map(({ tuple }) => tuple)).id).toBe(id)
    expect(only({ checkpoints: rows.map(({ row }) => row), writes: [] }).id).toBe(id)
  })

  it('are put together again, where only what was written stands between snapshots', () => {
    const wrote = (value: unknown) => ({ tasks: [{ name: 'n', result: { messages: value } }] })
    const trace = only([
      at(1, { lc: 2, type: 'delta_snapshot', value: [human('hi', 'h')] }, wrote([ai('', 'a', call)])),
      at(2, undefined, {
        pendingWrites: [['task', 'messages', message('Tool', { content: 'x', tool_call_id: 'k1' })]],
      }),
      at(3, undefined),
    ])
    expect(spansOf(trace, 'tool').map(({ request, reply }) => [request.arguments, reply?.response])).toEqual([
      [{ n: 1 }, 'x'],
    ])
    const rows = {
      checkpoints: [at(1, [human('hi', 'h')]), at(2, undefined)],
      writes: [{ checkpoint_id: 'c1', channel: 'messages', value: JSON.stringify([ai('yes', 'a')]) }],
    }
    expect(only(rows).output).toBe('yes')
  })

  it('show what the model was shown after messages were taken out, changed or gone back on', () => {
    const [h1, a1, h2, a2] = [human('one', 'h1'), ai('yes', 'a1'), human('two', 'h2'), ai('no', 'a2')]
    const changed = ai('yes!', 'a1')
    const trace = only([
      at(1, [h1, a1]),
      at(2, [h1, a1, h2, a2]),
      at(3, [h1, a1, human('other', 'h3'), ai('good', 'a3')]),
      at(4, [human('summary', 's'), human('three', 'h4'), ai('bye', 'a4')]),
      at(5, [
        human('summary', 's'),
        human('three', 'h4'),
        ai('bye', 'a4'),
        changed,
        human('last', 'h5'),
        ai('end', 'a5'),
      ]),
    ])
    expect(shown(trace)).toEqual([
      'one',
      'one|yes|two',
      'one|yes|other',
      'summary|three',
      'summary|three|bye|yes!|last',
    ])
    expect(trace.usage?.output).toBe(10)
  })

  it('do not take two turns that say the same for one', () => {
    expect(
      spansOf(only([at(1, [human('yes'), ai('?', 'a'), human('yes'), ai('ok', 'b')])]), 'human'),
    ).toHaveLength(2)
  })

  it('trap 4: tell a tool that failed by its status, and a call that could not be read', () => {
    const broken = { invalid_tool_calls: [{ name: 'look', args: '{"n":', id: 'k2' }] }
    const failed = message('Tool', { content: 'boom', tool_call_id: 'k1', status: 'error' })
    const trace = only([at(1, [human('hi'), ai('', 'a', { ...call, ...broken }), failed])])
    expect(spansOf(trace, 'tool')).toMatchObject([
      { status: 'error', reply: { response: 'boom', isError: true } },
      { request: { id: 'k2', malformed: true, arguments: '{"n":' } },
    ])
  })

  it('have what was written in a step that did not end, and why it did not', () => {
    const results = {
      tasks: [
        { name: 'tools', result: { messages: [message('Tool', { content: 'x', tool_call_id: 'k1' })] } },
        { name: 'other', error: 'boom' },
      ],
    }
    const failed = only([at(1, [human('hi'), ai('', 'a', call)], { next: ['tools'], ...results })])
    expect([failed.status, failed.ended, spansOf(failed, 'tool')[0]?.reply?.response]).toEqual([
      'error',
      'unfinished',
      'x',
    ])
    const asked = only([
      at(1, [human('hi'), ai('', 'a', call)], {
        next: ['tools'],
        tasks: [{ interrupts: [{ value: 'Sure?' }] }],
      }),
    ])
    expect([asked.ended, gradeOf(asked).grade]).toEqual(['interrupted', 'C'])
    expect(asked.spans.at(-1)).toMatchObject({
      kind: 'custom',
      name: 'interrupt',
      output: { value: 'Sure?' },
    })
  })

  it('keep apart what a subgraph said by itself, and read once what the graph says, too', () => {
    const inside = (messages: unknown) =>
      at(1, messages, {
        config: { configurable: { thread_id: 't', checkpoint_ns: 'helper:1', checkpoint_id: 'x1' } },
      })
    const own = only([
      at(1, [human('hi', 'h'), ai('yes', 'a')]),
      inside([human('sub', 's'), ai('found', 'b')]),
    ])
    expect(spansOf(own, 'llm').map(({ parent }) => parent)).toEqual(['s1', 's4'])
    const shared = importAll([
      at(1, [human('hi', 'h'), ai('yes', 'a')]),
      inside([human('hi', 'h'), ai('yes', 'a')]),
    ])
    expect(
      shared.map((item) => ('problem' in item ? item.problem.action : spansOf(item.trace, 'llm').length)),
    ).toEqual(['repaired', 1])
  })

  it('trap 12: keep messages of a kind nobody knows, and the rest of the state', () => {
    const odd = { lc: 1, type: 'constructor', id: ['x', 'OddThing'], kwargs: { a: 1 } }
    const trace = only([
      at(1, [human('hi'), odd, ai('yes', 'a')], {
        values: { messages: [human('hi'), odd, ai('yes', 'a')], plan: ['b'] },
      }),
    ])
    expect(trace.spans).toContainEqual(
      expect.objectContaining({ kind: 'custom', name: 'message', output: odd }),
    )
    expect(trace.attributes['langgraph.state.plan']).toEqual(['b'])
  })

  it('name what is no checkpoint, and a thread without messages', () => {
    const problems = importAll([at(1, undefined), { nothing: 1 }, null]).map((item) =>
      'problem' in item ? item.problem.at : 'trace',
    )
    expect(problems).toEqual(['[1]', '[2]', '[0]'])
  })
})
