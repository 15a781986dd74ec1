import { describe, expect, it } from 'vitest'
import { columnsOf } from '../lib/columns.ts'
import { textMessage } from '../schema/message.ts'
import type { Span, Trace } from '../schema/trace.ts'
import type { TraceGroup, TraceSummary } from '../schema/trace-query.ts'
import { hostileTexts, sampleTrace } from './report.sample.ts'
import { traceOf } from './html-trace.ts'
import { showGroups, showTrace, showTraces } from './show-trace.ts'
import { stepsOf } from './steps.ts'

const style = { colour: false, width: 80 }

describe('stepsOf', () => {
  it('shows each thing once, though every model request repeats the conversation', () => {
    const steps = stepsOf(sampleTrace('t_1', true))
    expect(steps.map(({ kind }) => kind)).toEqual(['said', 'model', 'tool', 'model', 'tool', 'model'])
    expect(steps.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('finds the user in the request where nobody recorded one as a span', () => {
    const asked = [
      textMessage('user', 'Where is my bag?'),
      textMessage('assistant', 'Lost.'),
      textMessage('user', 'And now?'),
    ]
    const steps = stepsOf(
      traceWith([llm('s1', asked.slice(0, 1), 'Lost.'), llm('s2', asked, 'We look for it.')]),
    )
    expect(steps.map((step) => (step.kind === 'said' || step.kind === 'model' ? step.text : ''))).toEqual([
      'Where is my bag?',
      'Lost.',
      'And now?',
      'We look for it.',
    ])
  })

  it('shows a simulated user as the user, once, and what their model used apart', () => {
    const hi = textMessage('user', 'Where is my bag?')
    const asks = llm('s1', [textMessage('user', '{"agent":null}')], 'Where is my bag?')
    if (asks.kind !== 'llm' || asks.reply === undefined) throw new Error('no model call')
    const usage = { input: 1000, cacheRead: 0, cacheWrite: 0, output: 20 }
    const system = [{ type: 'text', content: 'You play a person.' }] as const
    const request = { ...asks.request, system }
    const users: Span = {
      ...asks,
      by: 'user',
      name: 'small',
      request,
      reply: { ...asks.reply, usage, costUsd: 0.01 },
    }
    const talk = traceWith([users, llm('s2', [hi], 'Lost.')])
    const steps = stepsOf(talk)
    expect(steps).toMatchObject([
      { kind: 'said', who: 'user, played by small', text: 'Where is my bag?' },
      { kind: 'model', text: 'Lost.' },
    ])
    const text = showTrace(talk, style)
    expect(text).toContain('simulated user: 1,000 tokens in, 20 out, $0.01')
    // The prompt that is shown is the agent's.
    expect(text).not.toContain('system prompt of')
  })

  it('shows a turn that was said twice twice', () => {
    const yes = textMessage('user', 'Yes.')
    const human = (id: string): Span => ({
      id,
      parent: null,
      name: 'user',
      status: 'ok',
      kind: 'human',
      request: { name: 'user' },
      reply: { message: yes },
    })
    const steps = stepsOf(
      traceWith([
        human('s1'),
        llm('s2', [yes], 'Sure?'),
        human('s3'),
        llm('s4', [yes, textMessage('assistant', 'Sure?'), yes], 'Done.'),
      ]),
    )
    expect(steps.map(({ kind }) => kind)).toEqual(['said', 'model', 'said', 'model'])
  })

  it('survives spans whose parents are missing or go in a ring', () => {
    const ring: Span[] = ['s1', 's2'].map((id) => ({
      id,
      parent: id === 's1' ? 's2' : 's1',
      name: 'x',
      status: 'ok',
      kind: 'custom',
    }))
    expect(stepsOf(traceWith(ring))).toHaveLength(2)
  })
})

describe('showTrace', () => {
  it('shows the plan, cut, and nothing a terminal would obey', () => {
    const step = { step: 'Look \u001b[31mit up.', tool: 'get_order' }
    const plan = [step, ...Array.from({ length: 22 }, () => ({ step: 'Wait.' }))]
    const text = showTrace({ ...sampleTrace('t_1', false), plan }, style)
    expect(text).toContain('\nplan 1. Look it up. [get_order]\nplan 2. Wait.\n')
    expect(text).toContain('\nplan 20. Wait.\n… 3 more steps\n')
    const page = traceOf({ ...sampleTrace('t_1', false), plan: [{ step: '<b>Pay.</b>', tool: 'refund' }] })
    expect(page.html).toContain('<p class="quiet">plan 1. &lt;b&gt;Pay.&lt;/b&gt; [refund]</p>')
  })

  it('reads as it happened', () => {
    expect(showTrace(sampleTrace('t_1', false), style)).toBe(`t_1 · refund desk
task refund-late, trial 0 · ok · ended user_stop · from sample sample#1
gpt-4o · 1,506 tokens in (300 of them from the cache), 84 out · $0.0041 · 2.3 s
  · 2025-03-01T08:00:00.000Z
replies: 5 exact, 1 normalized
#money
scores: reward ✗ 0
system prompt of 61 characters
replay grade: B (replays, with replies written anew; missing: the bytes of llm
  span s3 (gpt-4o), and 2 more)
wanted: You want money back for one cup.

 1  user  exact
    Hi, one of the two cups in order #W17 came broken. I want my money back for
    it.
 2  agent (gpt-4o)  812 ms · 502 → 28 tokens · $0.0021 · exact
    (thinks) I need the order first.
    Let me look.
    asks get_order
 3  tool get_order  35 ms · normalized
    { "order": "#W17" }
    → {
        "items": [{ "price": 12.5, "sku": "cup" }, { "price": 12.5, "sku": "cup"
        }],
        "order": "#W17",
        "status": "delivered"
      }
 4  agent (gpt-4o)  640 ms · 502 → 28 tokens · $0.0020 · exact
    asks refund_full
 5  ✗ tool refund_full  50 ms · exact
    { "order": "#W17" }
    → Error: a full refund needs an approval
    ✗ ToolError: a full refund needs an approval
 6  agent (gpt-4o)  598 ms · 502 → 28 tokens · exact
    I am sorry, that did not work.
`)
  })

  it('cuts long results and counts what it left out', () => {
    const long = sampleTrace('t_1', true, Array.from({ length: 100 }, (_, at) => `line ${at}`).join('\n'))
    expect(showTrace(long, style)).toContain('… 92 more lines')
  })

  it('names a call that no tool answered, and one that never came back', () => {
    const reply = {
      message: {
        role: 'assistant',
        parts: [{ type: 'tool_call', id: 'c1', name: 'refund', arguments: '{"a":', malformed: true }],
      },
    } as const
    const asks: Span = {
      id: 's1',
      parent: null,
      name: 'm',
      status: 'ok',
      kind: 'llm',
      request: { messages: [] },
      reply,
    }
    const lost: Span = {
      id: 's2',
      parent: null,
      name: 'look',
      status: 'error',
      kind: 'tool',
      request: { name: 'look', arguments: {} },
    }
    const text = showTrace(traceWith([asks, lost]), style)
    expect(text).toContain('asks refund (no tool answered) (not JSON) {"a":')
    expect(text).toContain('✗ tool look, no reply ever came')
  })

  it('keeps hostile text inert and within the width', () => {
    for (const hostile of hostileTexts()) {
      const text = showTrace(sampleTrace('t_1', false, hostile), style)
      expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]|\p{Cs}/u)
      for (const line of text.split('\n')) {
        expect(line.trimStart().startsWith('::')).toBe(false)
        // A command that was broken up takes a column more.
        expect(columnsOf(line)).toBeLessThanOrEqual(style.width + 2)
      }
      expect(text).not.toMatch(/##\w*\[/)
    }
  })
})

describe('showTraces', () => {
  it('is a table of what is known; what nobody knows takes no column', () => {
    const scores = [{ name: 'reward', value: 0.25, passed: false }]
    const failed = summary({ id: 't_2', status: 'error', toolErrors: 3, scores })
    expect(showTraces([summary({}), failed], style)).toBe(
      `trace  name         task            status       scores        calls  errors
────────────────────────────────────────────────────────────────────────────
t_1    refund desk  refund-late #0  user_stop    reward ✓          4
t_2    refund desk  refund-late #0  ✗ user_stop  reward ✗0.25      4       3
`,
    )
  })
})

describe('showGroups', () => {
  it('shows counts, rates, percentiles and pass rates', () => {
    const group: TraceGroup = {
      key: 'refund_full',
      count: 1_200,
      traces: 90,
      errors: 12,
      errorRate: 0.01,
      durationMs: { known: 1_200, sum: 72_000, mean: 60, p50: 40, p90: 90, p95: 120, p99: 1_500 },
      costUsd: { known: 1, sum: 1.2, mean: 1.2, p50: 1.2, p90: 1.2, p95: 1.2, p99: 1.2 },
      unpriced: 3,
      scores: [{ name: 'reward', scored: 90, passed: 45, passRate: 0.5 }],
    }
    expect(showGroups([group], 'tool', { colour: false, width: 120 })).toBe(
      `tool         calls  in traces  errors   rate  time p50    p90     p95    p99              cost  reward
──────────────────────────────────────────────────────────────────────────────────────────────────────
refund_full  1,200         90      12  1.0 %     40 ms  90 ms  120 ms  1.5 s  $1.20, 3 unknown  50.0 %
`,
    )
  })
})

function traceWith(spans: readonly Span[]): Trace {
  return {
    v: 1,
    id: 't_1',
    name: 'desk',
    source: { format: 'sample' },
    status: 'ok',
    versions: {},
    tags: [],
    attributes: {},
    scores: [],
    spans,
  }
}

function llm(id: string, messages: readonly ReturnType<typeof textMessage>[], answer: string): Span {
  return {
    id,
    parent: null,
    name: 'm',
    status: 'ok',
    kind: 'llm',
    request: { messages },
    reply: { message: textMessage('assistant', answer) },
  }
}

function summary(change: Partial<TraceSummary>): TraceSummary {
  return {
    id: 't_1',
    name: 'refund desk',
    format: 'sample',
    task: 'refund-late',
    trial: 0,
    status: 'ok',
    ended: 'user_stop',
    models: [],
    spans: 7,
    toolCalls: 4,
    toolErrors: 0,
    tags: [],
    scores: [{ name: 'reward', value: 1, passed: true }],
    ...change,
  }
}
