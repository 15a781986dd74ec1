import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { textOf } from '../../schema/message.ts'
import type { Trace } from '../../schema/trace.ts'
import { sourceFrom } from './source.ts'
import { tauBench } from './tau-bench.ts'

function read(document: unknown) {
  const found = [
    ...tauBench.read(sourceFrom('in/runs.json', new TextEncoder().encode(JSON.stringify(document)))),
  ]
  return {
    traces: found.flatMap((item) => ('trace' in item ? [item.trace] : [])),
    problems: found.flatMap((item) => ('problem' in item ? [item.problem] : [])),
  }
}

function only(document: unknown): Trace {
  const { traces, problems } = read(document)
  const [trace] = traces
  if (trace === undefined) throw new Error(`nothing was imported: ${JSON.stringify(problems)}`)
  return trace
}

const sample: unknown = JSON.parse(readFileSync(new URL('./tau-bench.sample.json', import.meta.url), 'utf8'))
const oneTask: unknown = JSON.parse(
  readFileSync(new URL('../../../test/data/tau-bench/airline-one-task.json', import.meta.url), 'utf8'),
)

/** A run as short as one can be; `change` takes the place of its members. */
function run(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    task_id: 7,
    trial: 0,
    reward: 1,
    info: {
      task: {
        instruction: 'You want a refund.',
        actions: [{ name: 'refund', kwargs: { order: '#W1' } }],
        outputs: [],
      },
    },
    traj: [
      { role: 'system', content: '# Retail agent policy\n\nRefund nobody.' },
      { role: 'user', content: 'A refund, please.' },
      ask('call_1', '{"order":"#W1"}'),
      { role: 'tool', tool_call_id: 'call_1', name: 'refund', content: 'Error: order not found' },
      { role: 'assistant', content: 'I cannot.' },
      { role: 'user', content: '###STOP###' },
    ],
    ...change,
  }
}

function ask(id: string | null | undefined, text: unknown) {
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name: 'refund', arguments: text } }],
  }
}

function conversation(...between: unknown[]) {
  return [{ role: 'user', content: 'Hi' }, ...between, { role: 'user', content: '###STOP###' }]
}

describe('tau-bench runs', () => {
  it('carry their task, what a right answer shows, their reward and how they ended', () => {
    expect(only([run()])).toMatchObject({
      name: 'tau-bench retail',
      source: { format: 'tau-bench', at: 'runs.json#0' },
      status: 'ok',
      ended: 'user_stop',
      input: 'A refund, please.',
      output: 'I cannot.',
      task: {
        id: '7',
        instruction: 'You want a refund.',
        reference: { toolCalls: [{ name: 'refund', arguments: { order: '#W1' } }] },
      },
      trial: 0,
      dialogue: {
        opening: [],
        stopTexts: ['###STOP###'],
        stopTools: ['transfer_to_human_agents'],
        user: true,
      },
      scores: [
        { name: 'reward', source: 'environment', gating: true, status: 'scored', value: 1, passed: true },
      ],
    })
  })

  it('show the policy as the system prompt, never as a message', () => {
    const asked = only([run()]).spans.flatMap((span) => (span.kind === 'llm' ? [span.request] : []))
    expect(asked[0]?.system).toEqual([{ type: 'text', content: '# Retail agent policy\n\nRefund nobody.' }])
    expect(asked.flatMap(({ messages }) => messages).some(({ role }) => role === 'system')).toBe(false)
    expect(asked[0]).not.toHaveProperty('model')
  })

  it('mark results that start with "Error", in the span and in what the model saw', () => {
    const { spans } = only([run()])
    expect(spans.find(({ kind }) => kind === 'tool')).toMatchObject({
      status: 'error',
      request: { name: 'refund', id: 'call_1', arguments: { order: '#W1' } },
      reply: { response: 'Error: order not found', isError: true },
    })
    const last = spans.findLast((span) => span.kind === 'llm')
    expect(last?.request.messages.at(-1)?.parts[0]).toMatchObject({ isError: true })
  })

  it('count attempts of a task in the order of the file, whatever "trial" says', () => {
    const { traces } = read([run({ trial: 5 }), run({ trial: 6 }), run({ trial: 7, task_id: 8 })])
    expect(traces.map(({ task, trial }) => [task?.id, trial])).toEqual([
      ['7', 0],
      ['7', 1],
      ['8', 0],
    ])
    expect(traces.map(({ attributes }) => attributes['tau-bench.trial'])).toEqual([5, 6, 7])
  })

  it('keep user_cost as it stands, never as a cost: some files hold tokens there', () => {
    const trace = only([run({ info: { user_cost: 1324, source: 'user' } })])
    expect(trace.attributes).toMatchObject({ 'tau-bench.user_cost': 1324, 'tau-bench.source': 'user' })
    expect(trace).not.toHaveProperty('costUsd')
    expect(trace.task).toEqual({ id: '7' })
  })

  it('end by transfer, or were cut off at a number of turns', () => {
    const transfer = { name: 'transfer_to_human_agents', arguments: '{}' }
    const moved = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: '', tool_calls: [{ id: 'c', type: 'function', function: transfer }] },
      { role: 'tool', tool_call_id: 'c', name: transfer.name, content: 'Transfer successful' },
    ]
    const ended = read([run({ traj: moved }), run({ traj: conversation(ask('c', '{}')).slice(0, 2) })]).traces
    expect(ended.map((trace) => [trace.ended, trace.dialogue?.maxTurns])).toEqual([
      ['transfer', undefined],
      ['max_steps', 1],
    ])
  })

  it('are errors where the benchmark says so', () => {
    const trace = only([run({ info: { error: 'RateLimitError' } })])
    expect(trace).toMatchObject({ status: 'error', ended: 'error' })
    expect(trace.spans[0]).toMatchObject({ status: 'error', error: { message: 'RateLimitError' } })
  })
})

describe('tau-bench runs that need mending', () => {
  it.each([
    ['{\'order\': "#W1"}', 'arguments are not JSON; kept as the text they are'],
    ['', 'arguments are not JSON; kept as the text they are'],
    ['{"__proto__":{"order":1}}', 'arguments have a key "__proto__"; kept as the text they are'],
    ['{"order":1e999}', 'arguments hold a number JSON cannot say; kept as the text they are'],
    [`${'['.repeat(300)}${']'.repeat(300)}`, 'arguments nest 300 levels deep; kept as the text they are'],
  ])('keep arguments that are not JSON as text: %s', (text, reason) => {
    const { traces, problems } = read([run({ traj: conversation(ask('c', text)) })])
    expect(problems).toEqual([
      { action: 'repaired', at: '[0].traj[1].tool_calls[0].function.arguments', reason },
    ])
    expect(traces[0]?.spans.find(({ kind }) => kind === 'tool')).toMatchObject({
      request: { arguments: text, malformed: true },
    })
  })

  it('name calls and results without ids, and absent arguments', () => {
    const traj = conversation(ask(null, undefined), { role: 'tool', name: 'refund', content: 'done' })
    const { traces, problems } = read([run({ traj })])
    expect(problems.map(({ at, reason }) => [at, reason.split(';')[0]])).toEqual([
      ['[0].traj[1].tool_calls[0].function.arguments', 'the call has no arguments'],
      ['[0].traj[1]', 'the call has no id'],
      ['[0].traj[2]', 'the result has no id'],
    ])
    expect(traces[0]?.spans.find(({ kind }) => kind === 'tool')).toMatchObject({
      reply: { response: 'done' },
    })
  })

  it('are unscored without a reward, and brought into [0,1] with one beyond it', () => {
    expect(only([run({ reward: null })]).scores).toMatchObject([{ name: 'reward', status: 'unscored' }])
    const { traces, problems } = read([run({ reward: 1.5 })])
    expect(traces[0]?.scores).toMatchObject([{ value: 1, passed: false }])
    expect(problems).toMatchObject([{ action: 'repaired', at: '[0].reward' }])
  })
})

describe('tau-bench runs that cannot be taken', () => {
  it('are skipped one by one, with their place and reason', () => {
    const good = run()
    const rows = [
      run({ traj: [] }),
      run({ traj: null, info: { error: 'Timeout' } }),
      run({ traj: [{ role: 'user', content: 5 }] }),
      run({ traj: conversation({ role: 'robot' }) }),
      run({ task_id: undefined }),
      run({ reward: 'one' }),
      42,
      good,
      { ...good },
    ]
    const { traces, problems } = read(rows)
    expect(traces).toHaveLength(1)
    expect(problems.every(({ action }) => action === 'skipped')).toBe(true)
    expect(problems.map(({ at }) => at)).toEqual([
      '[0]',
      '[1]',
      '[2].traj[0].content',
      '[3].traj[1].role',
      '[4].task_id',
      '[5].reward',
      '[6]',
      '[8]',
    ])
    expect(problems[0]?.reason).toBe('the run has no messages')
    expect(problems[1]?.reason).toBe('the run has no messages (it failed: Timeout)')
    expect(problems.at(-1)?.reason).toBe('same run as [7]')
  })

  it('are skipped where their requests would repeat more than is hashed in a minute', () => {
    const turn = { role: 'assistant', content: 'x' }
    const traj = [{ role: 'user', content: 'Hi' }, ...Array.from({ length: 50_000 }, () => turn)]
    const { traces, problems } = read([run({ traj }), run()])
    expect(traces).toHaveLength(1)
    expect(problems).toMatchObject([{ action: 'skipped', at: '[0]' }])
    expect(problems[0]?.reason).toContain('too long')
  })

  it('are skipped where a number is beyond JSON', () => {
    const text = JSON.stringify([run()]).replace('"reward":1', '"reward":1e999')
    const found = [...tauBench.read(sourceFrom('a.json', new TextEncoder().encode(text)))]
    expect(found).toMatchObject([{ problem: { action: 'skipped', at: '[0]' } }])
  })

  it.each([
    ['{"traj":[]}', 'EVK_SCHEMA'],
    ['[]', 'EVK_FILE_EMPTY'],
  ])('are not there in %s', (text, code) => {
    expect(() => [...tauBench.read(sourceFrom('a.json', new TextEncoder().encode(text)))]).toThrow(
      expect.objectContaining({ code }),
    )
  })
})

describe('genuine tau-bench runs', () => {
  it('pair a reused call id by order', () => {
    const { traces, problems } = read(sample)
    const reused = problems.filter(({ reason }) => reason.includes('is used again'))
    expect(reused.map(({ at }) => at.slice(0, 3))).toEqual(['[0]'])
    const tools = (traces[0]?.spans ?? []).flatMap((span) => (span.kind === 'tool' ? [span] : []))
    const recorded = (sample as [{ traj: { role: string; content: unknown }[] }])[0].traj
    expect(tools.map(({ reply }) => reply?.response)).toEqual(
      recorded.filter(({ role }) => role === 'tool').map(({ content }) => content),
    )
    expect(new Set(tools.map(({ request }) => request.id)).size).toBe(tools.length - 1)
  })

  it('say which arguments are malformed', () => {
    const { traces, problems } = read(sample)
    expect(problems.map(({ at }) => at)).toContain('[1].traj[12].tool_calls[0].function.arguments')
    const malformed = traces.flatMap(({ spans }) =>
      spans.flatMap((span) => (span.kind === 'tool' && span.request.malformed ? [span.request.name] : [])),
    )
    expect(malformed).toEqual(['think'])
  })

  it('are four trials of one task', () => {
    const { traces, problems } = read(oneTask)
    expect(problems).toEqual([])
    expect(traces.map(({ trial }) => trial)).toEqual([0, 1, 2, 3])
    expect(new Set(traces.map(({ task }) => task?.id))).toEqual(new Set(['44']))
    expect(traces.map(({ name }) => name)).toEqual(Array(4).fill('tau-bench airline'))
    const last = traces[0]?.spans.at(-1)
    expect(last?.kind === 'human' && last.reply ? textOf(last.reply.message) : '').toContain('###STOP###')
  })
})
