import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Trace } from '../../schema/trace.ts'
import { sourceFrom } from './source.ts'
import { tau2 } from './tau2.ts'

function read(document: unknown) {
  const found = [...tau2.read(sourceFrom('in/sims.json', new TextEncoder().encode(JSON.stringify(document))))]
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

function load(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
}

function llmSpans(trace: Trace) {
  return trace.spans.flatMap((span) => (span.kind === 'llm' ? [span] : []))
}

type Members = Record<string, unknown>

const time = (second: number) => `2025-08-01T15:53:${String(second).padStart(2, '0')}.500000`

const asking = {
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'c1', name: 'get_user', arguments: { id: 'noah' }, requestor: 'assistant' }],
  timestamp: time(4),
  cost: 0.01,
  usage: { prompt_tokens: 100, completion_tokens: 20 },
  raw_data: { finish_reason: 'tool_calls' },
}
const messages: readonly Members[] = [
  { role: 'assistant', content: 'Hi! How can I help you today?', timestamp: time(0), cost: 0, usage: null },
  {
    role: 'user',
    content: 'Where is my flight?',
    timestamp: time(2),
    cost: 0.5,
    usage: { prompt_tokens: 9, completion_tokens: 9 },
  },
  asking,
  {
    role: 'tool',
    id: 'c1',
    content: 'no such user',
    requestor: 'assistant',
    error: true,
    timestamp: time(4),
  },
  { role: 'user', content: '###STOP###', timestamp: time(9) },
]

function simulation(change: Members = {}): Members {
  return {
    id: 'sim-1',
    task_id: 't1',
    trial: 0,
    seed: 300,
    start_time: time(0),
    duration: 9.25,
    termination_reason: 'user_stop',
    agent_cost: 0.01,
    user_cost: 0.5,
    reward_info: {
      reward: 0,
      db_check: { db_match: true, db_reward: 1 },
      communicate_checks: [
        { info: '4', met: true },
        { info: '5', met: false },
      ],
      env_assertions: [],
      nl_assertions: null,
    },
    messages,
    ...change,
  }
}

const task = {
  id: 't1',
  ticket: 'The user cannot fly.',
  user_scenario: {
    instructions: {
      domain: 'airline',
      reason_for_call: 'You want to fly.',
      known_info: 'You are Noah.',
      unknown_info: null,
    },
  },
  evaluation_criteria: {
    actions: [
      { action_id: 'a', requestor: 'assistant', name: 'get_user', arguments: { id: 'noah' } },
      { action_id: 'b', requestor: 'user', name: 'toggle_airplane_mode', arguments: {} },
    ],
    communicate_info: ['4', '5'],
  },
}

function file(simulations: readonly unknown[], change: { agent?: Members; tasks?: unknown[] } = {}): Members {
  return {
    info: {
      git_commit: 'abc',
      agent_info: {
        implementation: 'llm_agent',
        llm: 'gpt-4.1',
        llm_args: { temperature: 0 },
        ...change.agent,
      },
      environment_info: { domain_name: 'airline', policy: '# Airline Agent Policy', tool_defs: null },
    },
    tasks: change.tasks ?? [task],
    simulations,
  }
}

describe('tau2 simulations', () => {
  const trace = only(file([simulation()]))

  it('carry their task, times, versions and how they ended', () => {
    expect(trace).toMatchObject({
      name: 'tau2 airline',
      source: { format: 'tau2', at: 'sims.json#0' },
      status: 'ok',
      ended: 'user_stop',
      startedAt: '2025-08-01T15:53:00.500Z',
      durationMs: 9250,
      trial: 0,
      task: {
        id: 't1',
        instruction: 'Reason for call: You want to fly.\n\nKnown info: You are Noah.',
        reference: { toolCalls: [{ name: 'get_user', arguments: { id: 'noah' } }], contains: ['4', '5'] },
      },
      versions: { model: 'gpt-4.1', code: 'abc' },
      attributes: { 'tau2.agent_cost': 0.01, 'tau2.user_cost': 0.5, 'tau2.simulation': 'sim-1' },
    })
    expect(trace.dialogue).not.toHaveProperty('maxTurns')
  })

  it('carry the reward, which gates, and its parts, which do not', () => {
    expect(trace.scores.map(({ name, gating }) => [name, gating])).toEqual([
      ['reward', true],
      ['db_check', false],
      ['communicate', false],
    ])
    expect(trace.scores).toMatchObject([
      { value: 0, passed: false },
      { value: 1, passed: true },
      { value: 0.5, passed: false, reason: '1 of 2 met' },
    ])
  })

  it('count tokens and money of the agent only, and time between messages', () => {
    expect(trace.usage).toEqual({ input: 100, cacheRead: 0, cacheWrite: 0, output: 20 })
    expect(trace.costUsd).toBe(0.01)
    expect(llmSpans(trace)).toMatchObject([
      {
        startedAt: '2025-08-01T15:53:02.500Z',
        durationMs: 2000,
        request: { model: 'gpt-4.1', parameters: { temperature: 0 } },
        reply: { finishReason: 'tool_calls', costUsd: 0.01 },
      },
    ])
    expect(trace.spans.find(({ kind }) => kind === 'tool')).toMatchObject({ durationMs: 0, status: 'error' })
  })

  it('greet by script, without a model', () => {
    expect(trace.dialogue?.opening).toHaveLength(1)
    expect(llmSpans(trace)[0]?.request.messages[0]).toBe(trace.dialogue?.opening[0])
  })

  it('take a cost of 0 for tokens spent as no price known', () => {
    const free = only(file([simulation({ messages: messages.map((it) => ({ ...it, cost: 0 })) })]))
    expect(free).not.toHaveProperty('costUsd')
    expect(free.usage?.input).toBe(100)
  })

  it.each([
    [
      { input_tokens: 30, cache_read_input_tokens: 60, cache_creation_input_tokens: 10, output_tokens: 20 },
      [30, 60, 10],
    ],
    [{ prompt_tokens_details: { cached_tokens: 64 } }, [36, 64, 0]],
    [{ cache_read_input_tokens: 'many' }, [100, 0, 0]],
    [7, [100, 0, 0]],
  ])('tell cached tokens from fresh ones: %j', (usage, [input, cacheRead, cacheWrite]) => {
    const changed = messages.map((it) => (it === asking ? { ...asking, raw_data: { usage } } : it))
    expect(only(file([simulation({ messages: changed })])).usage).toEqual({
      input,
      cacheRead,
      cacheWrite,
      output: 20,
    })
  })

  it('keep what the user did with tools of its own from the agent', () => {
    const user = { role: 'user', content: null, timestamp: time(5) }
    const mine = { id: 'u1', name: 'toggle_airplane_mode', arguments: {}, requestor: 'user' }
    const found = read(
      file([
        simulation({
          messages: [
            ...messages.slice(0, 2),
            { ...user, tool_calls: [mine] },
            { role: 'tool', id: 'u1', content: 'off', requestor: 'user', error: false },
            ...messages.slice(1),
          ],
        }),
      ]),
    )
    expect(found.problems).toEqual([])
    const tools = found.traces[0]?.spans.filter((span) => span.kind === 'tool')
    expect(tools?.map(({ name, attributes }) => [name, attributes?.requestor])).toEqual([
      ['toggle_airplane_mode', 'user'],
      ['get_user', undefined],
    ])
    const shown = found.traces.flatMap(llmSpans).flatMap(({ request }) => request.messages)
    expect(JSON.stringify(shown)).not.toContain('airplane')
  })
})

describe('tau2 simulations that need mending', () => {
  it('lose a time that is none, and keep the rest', () => {
    const { traces, problems } = read(file([simulation({ start_time: 'yesterday' })]))
    expect(traces[0]).not.toHaveProperty('startedAt')
    expect(problems).toEqual([
      { action: 'repaired', at: 'simulations[0].start_time', reason: 'not a time; left out' },
    ])
  })

  it('expect nothing where the task is missing or unreadable', () => {
    const missing = read(file([simulation({ task_id: 'other' })]))
    expect(missing.problems).toMatchObject([{ action: 'repaired', at: 'simulations[0].task_id' }])
    expect(missing.traces[0]?.task).toEqual({ id: 'other' })
    const unreadable = read(
      file([simulation()], { tasks: [{ id: 't1', evaluation_criteria: { actions: 'none' } }] }),
    )
    expect(unreadable.problems).toMatchObject([
      { action: 'repaired', at: 'tasks[0].evaluation_criteria.actions' },
    ])
    expect(unreadable.traces[0]?.task).toEqual({ id: 't1' })
  })

  it('give two runs of the same trial numbers of their own', () => {
    const { traces, problems } = read(
      file([simulation(), simulation({ id: 'sim-2' }), simulation({ id: 'sim-3', trial: 1 })]),
    )
    expect(traces.map(({ trial }) => trial)).toEqual([0, 1, 2])
    expect(problems.map(({ at }) => at)).toEqual(['simulations[1].trial', 'simulations[2].trial'])
  })

  it('are skipped one by one where they cannot be taken', () => {
    const { traces, problems } = read(
      file([
        simulation({ messages: [] }),
        simulation({
          messages: [{ role: 'assistant', content: 'x', usage: { prompt_tokens: -1, completion_tokens: 0 } }],
        }),
        null,
        simulation(),
        simulation(),
      ]),
    )
    expect(traces).toHaveLength(1)
    expect(problems).toMatchObject([
      {
        action: 'skipped',
        at: 'simulations[0]',
        reason: 'the run has no messages (it ended with user_stop)',
      },
      { action: 'skipped', at: 'simulations[1].messages[0].usage.prompt_tokens' },
      { action: 'skipped', at: 'simulations[2]' },
      { action: 'skipped', at: 'simulations[4]', reason: 'same run as simulations[3]' },
    ])
  })

  it('are skipped where a number would overflow', () => {
    const { problems } = read(file([simulation({ duration: 1e308 }), simulation({ duration: -1 })]))
    expect(problems.map(({ action, at }) => [action, at])).toEqual([
      ['skipped', 'simulations[0].duration'],
      ['skipped', 'simulations[1].duration'],
    ])
  })

  it.each([
    [{ simulations: [] }, 'EVK_SCHEMA'],
    [file([]), 'EVK_FILE_EMPTY'],
    [{ ...file([simulation()]), info: 'none' }, 'EVK_SCHEMA'],
  ])('are refused as a whole where the file is wrong: case %#', (document, code) => {
    expect(() => read(document)).toThrow(expect.objectContaining({ code }))
  })
})

describe('genuine tau2 simulations', () => {
  it('keep reasoning with its signature, before the text', () => {
    const { traces, problems } = read(load('./tau2.sample.json'))
    expect(problems).toEqual([])
    const replies = traces.flatMap(llmSpans).map(({ reply }) => reply)
    expect(replies.every((reply) => reply?.message.parts[0]?.type === 'reasoning')).toBe(true)
    expect(replies[0]?.message.parts[0]).toHaveProperty('signature')
    expect(replies[0]).toMatchObject({ model: 'claude-sonnet-4-5-20250929' })
    expect(traces.map(({ scores }) => scores[0]?.status === 'scored' && scores[0].passed)).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  it('in solo mode have no user, the ticket in the system prompt, and end when the agent stops', () => {
    const { traces, problems } = read(load('../../../test/data/tau2/telecom-solo.json'))
    expect(problems).toEqual([])
    for (const trace of traces) {
      expect(trace.dialogue).toEqual({ opening: [], stopTexts: [], stopTools: [], user: false })
      expect(trace.spans.some(({ kind }) => kind === 'human')).toBe(false)
      const [first] = llmSpans(trace)
      expect(first?.request.messages).toEqual([])
      expect(first?.request.system?.[1]).toEqual({ type: 'text', content: trace.task?.instruction })
      expect(trace).toMatchObject({ ended: 'agent_stop', output: '###STOP###' })
      // The benchmark rewrote the last reply; the reason it was recorded with belongs to the one before.
      expect(llmSpans(trace).at(-1)?.reply).not.toHaveProperty('finishReason')
      expect(trace.task?.reference?.toolCalls?.length).toBeGreaterThan(0)
    }
  })

  it('say that the agent failed', () => {
    const trace = only(load('../../../test/data/tau2/agent-error.json'))
    expect(trace).toMatchObject({ status: 'error', ended: 'agent_error', output: '' })
    expect(trace.dialogue?.maxTurns).toBe(llmSpans(trace).length)
    expect(trace).not.toHaveProperty('costUsd')
  })
})
